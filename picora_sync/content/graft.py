"""Makes an embedded text safe for the note that it is put into (design §5, decision 0273).

What it leaves open ends with it, it takes along the definitions that it names, and its labels are its own.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from picora_sync.content.markdown import (
    INLINE,
    Heading,
    Span,
    edited,
    events,
    named_tag,
    panics_as_unparsable,
    parse,
    without_prices,
)
from picora_sync.content.terrain import Stretches, is_closed

_FENCE = re.compile(rb"`{3,}|~{3,}")
_HTML_ENDS = (
    (re.compile(rb"<!--"), "-->"),
    (re.compile(rb"<\?"), "?>"),
    (re.compile(rb"<!\[CDATA\["), "]]>"),
    (re.compile(rb"<![A-Za-z]"), ">"),
)
"""The blocks of HTML that no blank line ends, and what does (CommonMark 4.6)."""
_RAW = re.compile(rb"<(pre|script|style|textarea)(?=[\s>]|\Z)", re.IGNORECASE)
_RAW_END = re.compile(rb"</(?:pre|script|style|textarea)>", re.IGNORECASE)
_MATH = re.compile(rb"(^[ \t>]*+)?\$\$([ \t]*+(?:\r|$))?", re.MULTILINE)
_DEFINITION = re.compile(
    rb"(?:^|(?<=\r))(?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t])*+(\[(\^?(?:\\.|[^\[\]\\]){1,999}+)\]):",
    re.MULTILINE | re.DOTALL,
)
_LABEL = re.compile(r"(?<!\\)\[(\^?(?:\\.|[^\[\]\\]){1,999}+)\]", re.DOTALL)
_ATX = re.compile(rb"[ \t]*(#{1,6})(?=\s|\Z)")
LOWEST = 6
"""The level of the lowest headings (CommonMark 4.2)."""
_LEAVES = frozenset({"Paragraph", "Heading", "CodeBlock", "Indented", "HtmlBlock", "Table"})
_BY_LABEL = frozenset({"Reference", "Collapsed", "Shortcut"})


@dataclass(frozen=True, slots=True)
class Definition:
    """A footnote or a reference definition: its label as compared, its text, and where its label ends."""

    label: str
    text: str
    label_end: int


@dataclass(slots=True)
class Layout:
    """What a text is made of, as far as it matters to another one around it."""

    data: bytes
    last: tuple[str, Span] | None = None
    """The last block at the top level."""
    code: list[Span] = field(default_factory=list)
    uses: list[tuple[int, int, str]] = field(default_factory=list)
    """Where labels are used: what to replace, ``{}`` being what is put behind the label."""
    definitions: list[Definition] = field(default_factory=list)
    firsts: dict[str, Definition] = field(default_factory=dict)
    """The definition of each label that counts."""

    @classmethod
    def of(cls, text: str) -> Layout:
        """Raises Unparsable."""
        reader = _Reader(cls(text.encode()))
        with panics_as_unparsable():
            for event, where in events(without_prices(text)[0]):
                reader.take(event, where["start"], where["end"])
        reader.define()
        return reader.layout

    def completed(self, part: str) -> str:
        """A part of this text, with the definitions that it names and does not hold."""
        waiting = [label for label in _labels(part) if label in self.firsts]
        known = {each.label for each in Layout.of(part).definitions} if waiting else set()
        taken = list[Definition]()
        while waiting:
            label = waiting.pop()
            if label not in known and label in self.firsts:
                known.add(label)
                taken.append(self.firsts[label])
                waiting += _labels(taken[-1].text)  # a footnote may name another one
        taken.sort(key=lambda each: each.label_end)
        return "\n\n".join((part.rstrip("\r\n"), *(each.text for each in taken))) if taken else part


def grafted(text: str, suffix: str, newline: str) -> str:
    """The text with an end for a fence, HTML or math that it leaves open, and ``suffix`` behind each of its labels."""
    if not any(sign in text for sign in ("```", "~~~", "$$", "<", "]:")):
        return text
    layout = Layout.of(text)
    edits = [(start, end, put.format(suffix)) for start, end, put in layout.uses]
    edits += [(each.label_end, each.label_end, suffix) for each in layout.definitions]
    ending = _missing_end(layout)
    made = edited(layout.data, edits)
    return made.rstrip("\r\n") + newline + ending if ending else made


def lowered(text: str, level: int) -> str:
    """The text with its headings below this level, as far apart as they were; six is the lowest."""
    source = parse(text) if "#" in text or "\n=" in text or "\n-" in text else None
    if source is None or not source.headings:
        return text
    by = level + 1 - min(heading.level for heading in source.headings)
    return edited(source.data, [_lower(source.data, each, by) for each in source.headings]) if by > 0 else text


def _lower(data: bytes, heading: Heading, by: int) -> tuple[int, int, str]:
    signs = "#" * min(heading.level + by, LOWEST)
    marked = _ATX.match(data, heading.start)
    if marked:
        return *marked.span(1), signs
    *lines, _ = data[heading.start : heading.end].decode().rstrip().splitlines()
    end = heading.start + len(data[heading.start : heading.end].rstrip())
    return heading.start, end, f"{signs} {' '.join(line.strip() for line in lines)}"


def _missing_end(layout: Layout) -> str:
    name, span = layout.last or ("", Span(0, 0))
    if name == "CodeBlock":
        fence = _FENCE.match(layout.data, span.start)
        return fence[0].decode() if fence and not is_closed(layout.data, span.start, span.end) else ""
    if name == "HtmlBlock":
        html = layout.data[span.start : span.end].lstrip()
        raw = _RAW.match(html)
        if raw:
            return "" if _RAW_END.search(html) else f"</{raw[1].decode()}>"
        return next((end for begin, end in _HTML_ENDS if begin.match(html) and end.encode() not in html), "")
    return "$$" if _leaves_math_open(layout) else ""


def _leaves_math_open(layout: Layout) -> bool:
    """Whether a ``$$`` alone on its line opens math, for programs that go on to the next one, and none follows."""
    code, is_open = Stretches(layout.code), False
    for match in _MATH.finditer(layout.data):
        alone = match[1] is not None and match[2] is not None
        if (is_open or alone) and code.at(match.end(1) if match[1] else match.start()) is None:
            is_open = not is_open
    return is_open


def _labels(text: str) -> set[str]:
    return {_folded(found[1]) for found in _LABEL.finditer(text)}


def _folded(label: str) -> str:
    return " ".join(label.split()).casefold()


@dataclass(slots=True)
class _Reader:
    layout: Layout
    names: list[str] = field(default_factory=list)
    leaves: list[Span] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    footnotes: dict[int, int] = field(default_factory=dict)

    def take(self, event: object, start: int, end: int) -> None:
        kind, tag = next(iter(event.items())) if isinstance(event, dict) else (event, "")
        name, value = named_tag(tag) if kind in ("Start", "End") else ("", {})
        if kind == "Start" and name not in INLINE:
            self._block("Indented" if str(value) == "Indented" else name, start, end)
        elif kind == "End" and name not in INLINE:
            self.names.pop()
        elif self.names and self.names[-1] == "Item":
            self.leaves.append(Span(start, end))
        if kind == "Start" and name in ("Link", "Image") and str(value["link_type"]) in _BY_LABEL:
            self._use(str(value["link_type"]), start + (2 if name == "Image" else 1), end)
        elif kind == "FootnoteReference":
            self.layout.uses.append((end - 1, end, "{}]"))
        elif kind == "Code":
            self.layout.code.append(Span(start, end))

    def _block(self, name: str, start: int, end: int) -> None:
        if not self.names:
            self.layout.last = (name, Span(start, end))
        self.names.append(name)
        self.starts.append(start)
        if name in _LEAVES:
            self.leaves.append(Span(start, end))
        if name in ("CodeBlock", "Indented", "HtmlBlock"):
            self.layout.code.append(Span(start, end))
        if name == "FootnoteDefinition":
            self.footnotes[start] = end

    def _use(self, kind: str, text_start: int, end: int) -> None:
        data = self.layout.data
        if kind == "Reference":
            self.layout.uses.append((end - 1, end, "{}]"))
            return
        label = data[text_start : end - 1].decode().replace("{", "{{").replace("}", "}}")
        behind = end + len(b"[]") if data.startswith(b"[]", end) else end
        self.layout.uses.append((end, behind, f"[{label}{{}}]"))

    def define(self) -> None:
        """Definitions are what stands where no block does."""
        data, leaves = self.layout.data, Stretches(self.leaves)
        found = [match for match in _DEFINITION.finditer(data) if leaves.at(match.start(1)) is None]
        begins = sorted({*self.starts, *(match.start(1) for match in found), len(data)})
        for match in found:
            start = match.start(1)
            end = self.footnotes.get(start) or begins[bisect_right(begins, start)]
            text = data[start:end].decode().rstrip()
            definition = Definition(_folded(match[2].decode()), text, match.end(1) - 1)
            self.layout.definitions.append(definition)
            self.layout.firsts.setdefault(definition.label, definition)
