"""Blocks that ``^id`` names: which they are, and where the marks stand (Obsidian's help, "Link to a block in a note").

A mark stands at the end of a paragraph, heading or list item, or on a line of its own behind a list, quote, table or
any other block. Obsidian shows no marks, so none is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from picora_sync.content.markdown import INLINE, Span, events, named_tag, panics_as_unparsable, without_prices

MARK = re.compile(
    rb"(?:\A|(?<=[ \t\r\n>]))(?:\^[A-Za-z0-9-]++[ \t]++(?=\^)){0,8}+\^([A-Za-z0-9-]++)(?=[ \t]*+(?:[\r\n]|\Z))"
)
"""Marks with nothing behind them; the last one counts, as in Obsidian."""
MOST_MARKS = 20_000
"""Where there are more, none is looked for: each of them costs time, and nobody embeds so many blocks."""
_MARK_AT_END = re.compile(r"\s*(?:\A|(?<=\s))\^[A-Za-z0-9-]+\s*\Z")
_WITH_TEXT = frozenset({"Paragraph", "Heading", "Item"})
_PREFIX = b" \t>"


@dataclass(slots=True)
class Mark(Span):
    """What goes when the mark is left out; its name, and the block that it names."""

    name: str
    block: Span


def marks_of(data: bytes) -> list[Mark]:
    """All marks of a note, in order. Raises Unparsable."""
    candidates = {match.end(): match for match in MARK.finditer(data)}
    if not 0 < len(candidates) <= MOST_MARKS:
        return []
    reader = _Reader(data, candidates)
    with panics_as_unparsable():
        for event, where in events(without_prices(data.decode())[0]):
            reader.take(event, where["start"], where["end"])
    return sorted(reader.marks, key=lambda mark: mark.start)


def without_mark(heading: str) -> str:
    """The text of a heading without the mark at its end."""
    return _MARK_AT_END.sub("", heading) if "^" in heading else heading


def text_of(data: bytes, block: Span) -> bytes:
    """The source of a block, as if it stood in no list and no quote."""
    depth = block.start - max(data.rfind(b"\n", 0, block.start), data.rfind(b"\r", 0, block.start)) - 1
    text = data[block.start : block.end]
    return re.sub(rb"(\r\n|\n|\r)[ \t>]{1,%d}" % depth, rb"\1", text) if depth else text


@dataclass(slots=True)
class _Frame:
    name: str
    start: int
    end: int
    text: Span | None = None
    before: Span | None = None
    """The block that came last in it."""
    is_mark: bool = False
    rows: list[tuple[re.Match[bytes], int]] = field(default_factory=list)
    """The marks that are the last rows of a table, and where these rows begin."""


@dataclass(slots=True)
class _Reader:
    data: bytes
    candidates: dict[int, re.Match[bytes]]
    marks: list[Mark] = field(default_factory=list)
    frames: list[_Frame] = field(default_factory=lambda: [_Frame("", 0, 0)])

    def take(self, event: object, start: int, end: int) -> None:
        kind, tag = next(iter(event.items())) if isinstance(event, dict) else (event, "")
        name = named_tag(tag)[0] if kind in ("Start", "End") else ""
        if kind == "Start" and name not in INLINE:
            self._close_text()
            self.frames.append(_Frame(name, start, end))
        elif kind == "End" and name not in INLINE:
            self._close_text()
            frame = self.frames.pop()
            self._add_rows(frame)
            if not frame.is_mark:
                self.frames[-1].before = Span(frame.start, frame.end)
        elif kind == "Rule":
            self.frames[-1].before = Span(start, end)
        elif self.frames[-1].name in _WITH_TEXT:
            text = self.frames[-1].text
            self.frames[-1].text = Span(start if text is None else text.start, end)

    def _close_text(self) -> None:
        frame = self.frames[-1]
        if frame.text is None:
            return
        text, frame.text = frame.text, None
        match = self._mark_at(text.end)
        while match is not None and match.start() > text.start:
            mark = self._add(match, self._around(frame))
            match = self._mark_at(mark.start) if mark.start > text.start else None
        if match is not None and frame.name == "Paragraph" and self.frames[-2].before is not None:
            frame.is_mark = True
            self._add(match, self.frames[-2].before)

    def _mark_at(self, end: int) -> re.Match[bytes] | None:
        while end and self.data[end - 1] in b" \t\r\n":
            end -= 1
        return self.candidates.get(end)

    def _around(self, leaf: _Frame) -> Span:
        """The nearest list item or whole quote that a text is in, else the text's own block."""
        found = leaf
        for frame in reversed(self.frames):
            if frame.name == "Item" and found is leaf:
                return Span(frame.start, frame.end)
            if frame.name == "BlockQuote":
                found = frame
            elif frame is not leaf:
                break
        return Span(found.start, found.end)

    def _add_rows(self, ended: _Frame) -> None:
        """Right behind a table marks are read as its last rows."""
        if ended.name == "TableRow":
            match, table = self._mark_at(ended.end), self.frames[-1]
            if match is None or self.data[ended.start : match.start()].strip(_PREFIX):
                table.rows.clear()
            else:
                table.rows.append((match, ended.start))
        for match, _ in ended.rows:
            self._add(match, Span(ended.start, ended.rows[0][1]))

    def _add(self, match: re.Match[bytes], block: Span) -> Mark:
        mark = Mark(*self._with_blanks(*match.span()), match[1].decode(), block)
        self.marks.append(mark)
        return mark

    def _with_blanks(self, start: int, end: int) -> tuple[int, int]:
        """With the blanks before it, and with its line if nothing else is there."""
        while start and self.data[start - 1] in b" \t":
            start -= 1
        line_start = start
        while line_start and self.data[line_start - 1] in _PREFIX:
            line_start -= 1
        if not line_start or self.data[line_start - 1] not in b"\r\n":
            return start, end
        return line_start - (2 if self.data.endswith(b"\r\n", 0, line_start) else 1), end
