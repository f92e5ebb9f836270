"""Tables: as wide as they need to be, or as a terminal is. Cells are safe already (:mod:`picora_sync.cli.words`)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from picora_sync.cli.words import width

Cells = Sequence[str]
Paint = Callable[[str], str]
"""How a cell is shown on a terminal, in colours."""

_GAP = "  "
_LEAST_COLUMNS = 12
"""A folded column is never narrower."""


class Table:
    """Lines of at most so many columns (None: of as many as it takes). Where that is too few, what stands ``alone``
    comes below its row, whole, and the ``folded`` columns are folded; what is too long even so runs over the edge.
    """

    def __init__(
        self,
        headings: Cells,
        columns: int | None,
        folded: Collection[int] = (),
        alone: Collection[int] = (),
        paint: Paint = str,
    ) -> None:
        self._headings = headings
        self._columns = columns if folded or alone else None
        self._folded = folded
        self._alone = sorted(alone)
        self._paint = paint
        self._widths = [0] * len(headings)

    def begin(self, rows: Sequence[Cells]) -> Iterator[str]:
        """The headings, and the first rows."""
        self._measure([self._headings, *rows])
        yield from self._row(self._headings, str, headings=True)
        yield from (line for row in rows for line in self._row(row, self._paint))

    def more(self, rows: Sequence[Cells]) -> Iterator[str]:
        """The next rows."""
        self._measure(rows)
        yield from (line for row in rows for line in self._row(row, self._paint))

    def _measure(self, rows: Sequence[Cells]) -> None:
        for column, least in enumerate(self._widths):
            self._widths[column] = max(least, *(width(row[column]) for row in rows))

    def _row(self, row: Cells, paint: Paint, *, headings: bool = False) -> Iterator[str]:
        if self._columns is None or _total(self._widths) <= self._columns:
            yield _joined(row, self._widths, paint)
            return
        shown = [column for column in range(len(row)) if column not in self._alone]
        folded = [shown.index(column) for column in self._folded]
        widths = _shrunk([self._widths[column] for column in shown], folded, self._columns)
        cells = [_folded(row[column], widths[place]) for place, column in enumerate(shown)]
        for line in range(max(map(len, cells))):
            yield _joined([cell[line] if line < len(cell) else "" for cell in cells], widths, paint)
        if not headings:
            yield from self._below(row, self._columns)

    def _below(self, row: Cells, columns: int) -> Iterator[str]:
        """The first as it is, the others with the name of their column."""
        for column in self._alone:
            label = "" if column == self._alone[0] else f"{self._headings[column].lower()} "
            if row[column] and width(row[column]) + len(_GAP + label) <= columns:
                yield f"{_GAP}{label}{row[column]}"
            elif row[column]:
                yield from [f"{_GAP}{label.strip()}"] if label else []
                yield row[column]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _shrunk(widths: Sequence[int], folded: Sequence[int], columns: int) -> list[int]:
    """The widest folded columns give way, until all fit."""
    shrunk = list(widths)
    while (excess := _total(shrunk) - columns) > 0 and folded:
        widest, *others = sorted(folded, key=lambda each: -shrunk[each])
        beside = shrunk[others[0]] if others else 0
        least = max(_LEAST_COLUMNS, min(beside, shrunk[widest] - 1))
        if shrunk[widest] <= least:
            break
        shrunk[widest] = max(least, shrunk[widest] - excess)
    return shrunk


def _folded(text: str, most: int) -> list[str]:
    """Parts of at most so many columns, ended by a space or a slash if there is one."""
    parts = []
    while width(text) > most:
        end = _end(text, most)
        cut = max(text.rfind(" ", 0, end + 1), text.rfind("/", 0, end) + 1)
        cut = cut if cut > 0 else end
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*parts, text]


def _end(text: str, most: int) -> int:
    """How many characters fit; one at least."""
    taken = 0
    for place, character in enumerate(text):
        taken += width(character)
        if taken > most:
            return max(1, place)
    return len(text)


def _joined(cells: Cells, widths: Sequence[int], paint: Paint) -> str:
    padded = (paint(cell) + " " * (most - width(cell)) for cell, most in zip(cells, widths, strict=True))
    return _GAP.join(padded).rstrip()


def wrapped(text: str, columns: int) -> list[str]:
    """A sentence in lines of at most so many columns, the later ones indented like the first; no word is broken: it may
    be a URL.
    """
    indent = " " * (len(text) - len(text.lstrip()))
    parts, line = list[str](), indent
    for word in text.split():
        if line.strip() and width(line) + 1 + width(word) > columns:
            parts.append(line)
            line = indent
        line += word if not line.strip() else f" {word}"
    return [*parts, line] if width(text) > columns else [text]
