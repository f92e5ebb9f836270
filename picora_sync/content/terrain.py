"""Where a ``%%`` of a note may stand for itself: in code, in a link, in what only perhaps is code (decision 0215).

Only what is code without doubt keeps a pair of ``%%`` from being a comment. Math, HTML and destinations do not: their
author sees no ``%%`` there either, and a pair of prices is easily taken for math.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from picora_sync.content.markdown import (
    INLINE,
    LOOKBACK_BYTES,
    Span,
    events,
    merged,
    panics_as_unparsable,
    stands_alone,
)

_MARK = b"%%"
"""Only what holds one matters."""
_FENCE = re.compile(rb"`{3,}|~{3,}")
_END_OF_FENCE = re.compile(rb"[ \t>]*(`{3,}|~{3,})[ \t]*")
_MOST_BLANKS = 3
"""A fence may be indented by so many (CommonMark 4.5)."""
_LETTER = re.compile(rb"[\w\x80-\xff\\]")
_URL = re.compile(rb"://[^\s<>]+")
_BREAK = re.compile(rb"[\r\n]")
_BLANK_LINE = re.compile(rb"[ \t\r]*+(?:\n|\Z)")


class Stretches:
    """Sorted stretches without overlaps, and which of them an offset lies in."""

    def __init__(self, spans: list[Span]) -> None:
        self.spans = merged(spans)
        self._starts = [span.start for span in self.spans]

    def at(self, offset: int) -> Span | None:
        """The stretch that holds this offset."""
        if not self._starts:
            return None
        index = bisect_right(self._starts, offset) - 1
        return self.spans[index] if index >= 0 and offset < self.spans[index].end else None


@dataclass(frozen=True, slots=True)
class Terrain:
    """What a text is made of, for whoever looks for comments.

    ``code`` never begins a comment. What begins one in ``sealed`` (a destination, a wikilink) ends there as well.
    ``blocks`` (an open fence, math between lines, tags) and ``spans`` (perhaps code, addresses) may hold a ``%%`` that
    stands for itself. ``borders`` are the offsets at which any block begins or ends.
    """

    code: Stretches
    sealed: Stretches
    blocks: Stretches
    spans: Stretches
    borders: list[int]

    def next_border(self, offset: int) -> int | None:
        """Where the block that holds this offset ends, or another one begins in it."""
        index = bisect_right(self.borders, offset)
        return self.borders[index] if index < len(self.borders) else None

    def cuts(self, offset: int) -> bool:
        """Whether something that begins before this offset goes on after it."""
        for stretches in (self.code, self.sealed, self.blocks, self.spans):
            span = stretches.at(offset)
            if span is not None and span.start < offset:
                return True
        return False


_NOTHING = Stretches([])


def unsurveyed(data: bytes) -> Terrain:
    """What is assumed of a note whose structure would take too long to read: no code, and a block ends in its line."""
    borders = [match.start() for match in _BREAK.finditer(data)]
    return Terrain(_NOTHING, _NOTHING, _NOTHING, _NOTHING, borders)


def survey(data: bytes) -> Terrain:
    """Read the structure of a note. Raises Unparsable."""
    surveyor = _Surveyor(data)
    with panics_as_unparsable():
        for event, where in events(data.decode()):
            if surveyor.links or "Text" not in event:
                surveyor.take(event, where["start"], where["end"])
    spans = surveyor.spans + [Span(match.start(), match.end()) for match in _URL.finditer(data)]
    return Terrain(
        Stretches(surveyor.code),
        Stretches(surveyor.sealed),
        Stretches(surveyor.blocks),
        Stretches(spans),
        sorted(surveyor.borders),
    )


@dataclass(slots=True)
class _Surveyor:
    data: bytes
    code: list[Span] = field(default_factory=list)
    sealed: list[Span] = field(default_factory=list)
    blocks: list[Span] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    borders: set[int] = field(default_factory=set)
    containers: int = 0
    links: list[tuple[int, str | dict[str, object], int]] = field(default_factory=list)
    """The open ones: start, type, and the end of what is between the brackets."""

    def take(self, event: object, start: int, end: int) -> None:
        if isinstance(event, str):
            if event == "Rule":
                self.borders |= {start, end}
            return
        ((kind, value),) = event.items()  # type: ignore[attr-defined]  # a single-key dict, by pyromark's definition
        if kind == "Start":
            self._start(value, start, end)
        elif kind == "End":
            self._end(value, end)
        elif kind == "Code" and _MARK in self.data[start:end]:
            (self.code if _is_code(self.data, start, end) else self.spans).append(Span(start, end))
        elif kind == "DisplayMath" and stands_alone(self.data, start, end):
            self.blocks.append(Span(start, end))
        elif kind == "InlineHtml" and _MARK in self.data[start:end]:
            unseen = self.data.startswith(b"<!--", start)
            self.blocks.append(Span(start, end - len(b"-->"))) if unseen else self.spans.append(Span(start, end))
        if self.links and kind != "Start":
            first, link_type, inner_end = self.links[-1]
            self.links[-1] = (first, link_type, max(inner_end, end))

    def _start(self, tag: str | dict[str, object], start: int, end: int) -> None:
        name, value = (tag, None) if isinstance(tag, str) else next(iter(tag.items()))
        if name in INLINE:
            if name in ("Link", "Image"):
                self.links.append((start, value["link_type"], start + 1))  # type: ignore[index]  # a dict for these two
            return
        self.borders |= {start, end}
        if name in ("Item", "BlockQuote", "FootnoteDefinition"):
            self.containers += 1
        elif name == "CodeBlock":
            self._code_block(value, start, end)
        elif name == "HtmlBlock":
            comments = list(_comments(self.data, start, end))
            if comments and comments[-1].end == end < len(self.data):
                comments.pop()  # a blank line ended the block, and not the comment
            self.blocks += comments
            self.spans += _between(comments, start, end)

    def _code_block(self, kind: object, start: int, end: int) -> None:
        if kind == "Indented":
            if not self.containers and _stands_apart(self.data, start, end):
                self.code.append(Span(start, end))
            elif self.containers:
                self.blocks.append(Span(start, end))
            return
        info_end = self.data.find(b"\n", start, end) + 1
        if not info_end or not is_closed(self.data, start, end):
            self.blocks.append(Span(start, end))
            return
        self.borders.add(info_end)
        self.blocks.append(Span(start, info_end))
        self.code.append(Span(info_end, end))

    def _end(self, tag: str | dict[str, object], end: int) -> None:
        name = tag if isinstance(tag, str) else next(iter(tag))
        if name in ("Item", "BlockQuote", "FootnoteDefinition"):
            self.containers -= 1
        elif name in ("Link", "Image"):
            start, kind, inner_end = self.links.pop()
            whole = isinstance(kind, dict) or kind in ("Autolink", "Email")
            span = Span(start if whole else inner_end, end)
            if _MARK not in self.data[span.start : end]:
                return
            lines = _BREAK.search(self.data, span.start, span.end) is not None
            (self.spans if lines else self.sealed).append(span)


def _stands_apart(data: bytes, start: int, end: int) -> bool:
    """Whether nothing but blank lines is around indented code: else somebody may have meant lines of a paragraph."""
    line_start = data.rfind(b"\n", 0, start) + 1
    before = data[data.rfind(b"\n", 0, max(line_start - 1, 0)) + 1 : line_start]
    return not (data[line_start:start].strip() or before.strip()) and _BLANK_LINE.match(data, end) is not None


def is_closed(data: bytes, start: int, end: int) -> bool:
    """Whether a fenced block ends with a fence of its own."""
    opening = _FENCE.match(data, start, end)
    text_end = end
    while text_end > start and data[text_end - 1] in b"\r\n":
        text_end -= 1
    last = max(data.rfind(b"\n", start, text_end), data.rfind(b"\r", start, text_end)) + 1
    closing = _END_OF_FENCE.fullmatch(data, last, text_end) if last > start else None
    if opening is None or closing is None or not closing[1].startswith(opening[0]):
        return False
    begin = max(0, start - LOOKBACK_BYTES)
    begin = max(begin, data.rfind(b"\n", begin, start) + 1)
    indented = closing.start(1) - last > max(_MOST_BLANKS, start - begin)  # that is code, or at least doubtful
    return not indented and data.count(b">", begin, start) == data.count(b">", last, text_end)


def _is_code(data: bytes, start: int, end: int) -> bool:
    """Whether a code span was meant as one: two stray backticks, or an apostrophe's, make one as well."""
    ticks = 1
    while data[start + ticks : start + ticks + 1] == b"`":
        ticks += 1
    inner = data[start + ticks : end - ticks]
    if b"\n" in inner or b"\r" in inner or (start and _LETTER.match(data, start - 1)) or _LETTER.match(data, end):
        return False
    return ticks > 1 or not (inner[:1] in b" )]},.;:!?" or inner[-1:] in b" ([{")


def _comments(data: bytes, start: int, end: int) -> Iterator[Span]:
    """The comments of an HTML block, without their last signs."""
    while (opening := data.find(b"<!--", start, end)) >= 0:
        close = data.find(b"-->", opening, end)
        start = end if close < 0 else close
        yield Span(opening, start)


def _between(spans: list[Span], start: int, end: int) -> Iterator[Span]:
    for span in spans:
        yield Span(start, span.start)
        start = span.end
    yield Span(start, end)
