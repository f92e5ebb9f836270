"""The parser: finds, by source offset, what may be edited in a note and what must not be (design §5).

The only home of pyromark (pulldown-cmark). All offsets count UTF-8 bytes; see docs/decisions/0020.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pyromark
from pyromark import Options

_PLAIN = Options.ENABLE_TABLES | Options.ENABLE_FOOTNOTES | Options.ENABLE_MATH
_OBSIDIAN = _PLAIN | Options.ENABLE_WIKILINKS

_DATA_URI_IN_HTML = re.compile(r"<img[^<>]*\ssrc\s*=\s*[\"']?data:image/", re.IGNORECASE)
_CONTAINERS = frozenset({"BlockQuote", "Item", "FootnoteDefinition"})
_FLAT = frozenset({"Table", "Heading"})
_STAND_INS = "\x1a\x1f\x1e\x1d\x1c\x19\x18\x17"
_ROUNDS = 2
_LINKED_EMBED = re.compile(rb"!\[\[([^\[\]\r\n]+)\]\](?![(\[])")
_BLANK = re.compile(rb"\s")
_BESIDE_NO_MATH = re.compile(rb"[\w\x80-\xff\\]")
_BRACKETS = ((b"(", b")"), (b"[", b"]"), (b"{", b"}"))
_CONTAINER = re.compile(rb"[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*")
LOOKBACK_BYTES = 256
"""The longest beginning of a line that is looked at."""
INLINE = frozenset({"Emphasis", "Strong", "Strikethrough", "Link", "Image", "Superscript", "Subscript"})
"""The parser's names of what stands in a line."""
_LITERAL = frozenset({"Code", "InlineMath", "DisplayMath"})


class Unparsable(Exception):
    """The parser gave up on this text; that is its fault, and nothing is known of the text's structure."""


@dataclass(slots=True)
class Span:
    """A stretch of the source, in bytes. Not frozen, like its kind: a large note has some hundred thousand of them."""

    start: int
    end: int


@dataclass(slots=True)
class Image(Span):
    """``![alt](dest)`` or a reference form. The source of its alt text ends at ``alt_end``; ``dest`` is decoded."""

    alt_end: int
    dest: str
    title: str
    inline: bool


@dataclass(slots=True)
class Wikilink(Span):
    """``[[…]]``, or ``![[…]]`` if ``embed``. Where it is ``flat`` (a table cell, a heading) no block fits."""

    inner: str
    embed: bool
    flat: bool


@dataclass(slots=True)
class Html(Span):
    """An HTML block or a single inline tag or comment."""


@dataclass(slots=True)
class Heading(Span):
    """A heading outside quotes and lists, its level, and its text without markup."""

    level: int
    text: str


@dataclass(slots=True)
class Source:
    """A parsed text: its bytes, how its lines end, and what is in it, in source order."""

    data: bytes
    newline: str = "\n"
    images: list[Image] = field(default_factory=list)
    wikilinks: list[Wikilink] = field(default_factory=list)
    html: list[Html] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)

    def level_at(self, offset: int) -> int:
        """The level of the heading that this offset stands under; 0 if there is none."""
        at = bisect_right(self.headings, offset, key=lambda heading: heading.start)
        return self.headings[at - 1].level if at else 0


def parse(text: str) -> Source:
    """Everything that the transformation needs to know of an Obsidian note. Raises Unparsable."""
    collector = _Collector(text.encode())
    with panics_as_unparsable():
        for event, where in _events(without_prices(text)[0], _OBSIDIAN):
            if "Text" not in event or collector.listens:
                collector.take(event, where["start"], where["end"])
    return collector.source


def first_h1(text: str, *, obsidian: bool) -> str:
    """The text of the first level-one heading outside quotes and lists, without markup; ``""`` if there is none.

    Raises Unparsable.
    """
    if "#" not in text and "\n=" not in text:
        return ""
    collector = _Collector(text.encode())
    with panics_as_unparsable():
        text, sign = without_prices(text)
        for event, where in _events(text, _OBSIDIAN if obsidian else _PLAIN):
            collector.take(event, where["start"], where["end"])
            if collector.source.headings and collector.source.headings[-1].level == 1:
                return collector.source.headings[-1].text.replace(sign, "$")
    return ""


def count_data_uris(text: str) -> int:
    """How many image references of this Markdown are data URIs, as the server counts them (contract §9.2).

    Raises Unparsable.
    """
    if "data:image/" not in text.lower():
        return 0
    count = 0
    with panics_as_unparsable():
        for event, _ in _events(text, _PLAIN):
            if "Text" in event or "End" in event:
                continue
            match event:
                case {"Start": {"Image": {"dest_url": dest}}}:
                    count += dest[: len("data:image/")].lower() == "data:image/"
                case {"Html": html} | {"InlineHtml": html}:
                    count += len(_DATA_URI_IN_HTML.findall(str(html)))
    return count


@contextmanager
def panics_as_unparsable() -> Iterator[None]:
    """A panic of the Rust parser is no Exception, so that it would otherwise end the daemon (design §13, 10)."""
    try:
        yield
    except BaseException as error:
        if type(error).__module__ != "pyo3_runtime":
            raise
        raise Unparsable(str(error)) from error


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same stretches in order, without overlaps."""
    result: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if result and span.start < result[-1].end:
            result[-1] = Span(result[-1].start, max(result[-1].end, span.end))
        else:
            result.append(span)
    return result


def edited(data: bytes, edits: Iterable[tuple[int, int, str]]) -> str:
    """The text after replacing stretches; of two that overlap, the one that begins first (or is longer) wins."""
    parts: list[bytes] = []
    position = 0
    for start, end, replacement in sorted(edits, key=lambda edit: (edit[0], -edit[1])):
        if start >= position:
            parts += (data[position:start], replacement.encode())
            position = end
    parts.append(data[position:])
    return b"".join(parts).decode()


def events(text: str) -> Iterator[tuple[pyromark.event.Event, pyromark.event.Range]]:
    """What the parser finds in an Obsidian note. A panic of it is for :func:`panics_as_unparsable`."""
    return _events(text, _OBSIDIAN)


def without_prices(text: str) -> tuple[str, str]:
    """The text with a control character for each ``$`` that only perhaps is the sign of math; and that character.

    When in doubt whether something is math, it is not (decision 0215): links and comments between prices are such.
    """
    sign = next((each for each in _STAND_INS if each not in text), _STAND_INS[0])
    if "$" not in text:
        return text, sign
    data = bytearray(text.encode())
    for _ in range(_ROUNDS):
        doubtful = [span for span in _math(data.decode()) if not is_math(data, span.start, span.end)]
        if not doubtful:
            return data.decode(), sign
        for span in doubtful:
            signs = sign.encode() * (2 if data.startswith(b"$$", span.start) else 1)
            data[span.start : span.start + len(signs)] = data[span.end - len(signs) : span.end] = signs
    return text.replace("$", sign), sign


def _math(text: str) -> Iterator[Span]:
    for event, where in _events(text, _OBSIDIAN):
        if "InlineMath" in event or "DisplayMath" in event:
            yield Span(where["start"], where["end"])


def is_math(data: bytes | bytearray, start: int, end: int) -> bool:
    """Whether what the parser takes for math is that without doubt: alone on its lines, or a formula in a sentence."""
    signs = 2 if data.startswith(b"$$", start) else 1
    inner = bytes(data[start + signs : end - signs])
    if b"\n" in inner or b"\r" in inner:
        between_lines = inner[:1] in b"\r\n" and inner.rstrip(b" \t>")[-1:] in b"\r\n"
        return signs > 1 and (between_lines or stands_alone(data, start, end))
    prose = bool(_BLANK.search(inner)) and any(each in inner for each in (b"[[", b"](", b"]["))
    beside = bytes(data[max(0, start - 1) : start]), bytes(data[end : end + 1])
    blank = inner[:1].isspace() or inner[-1:].isspace()
    return not (
        prose
        or any(map(_BESIDE_NO_MATH.match, beside))
        or (blank and signs == 1)
        or any(inner.count(left) != inner.count(right) for left, right in _BRACKETS)
    )


def stands_alone(data: bytes | bytearray, start: int, end: int) -> bool:
    """Whether nothing else is on the lines of this stretch: prices and sums stand in sentences."""
    begin = max(0, start - LOOKBACK_BYTES)
    line = data[max(data.rfind(b"\n", begin, start) + 1, begin) : start]
    return data[end : end + 1] in (b"", b"\n", b"\r") and _CONTAINER.fullmatch(line) is not None


def _events(text: str, options: Options) -> Iterator[tuple[pyromark.event.Event, pyromark.event.Range]]:
    return pyromark.events_with_range(text, options=options, merge_text=True)


@dataclass(slots=True)
class _Open:
    """A link or image whose end was not seen yet."""

    start: int
    data: dict[str, object]
    image: bool
    inner_end: int


class _Collector:
    """Sorts parser events into a :class:`Source`."""

    def __init__(self, data: bytes) -> None:
        self.source = Source(data, "\r\n" if b"\r\n" in data else "\n")
        self._open: list[_Open] = []
        self._containers = 0
        self._flat = 0
        self._heading: list[str] | None = None

    @property
    def listens(self) -> bool:
        """Whether text matters where we are: in a heading, a link or an image."""
        return self._heading is not None or bool(self._open)

    def take(self, event: object, start: int, end: int) -> None:
        if isinstance(event, str):  # a break or a rule
            if self._heading is not None:
                self._heading.append(" ")
            return
        ((kind, value),) = event.items()  # type: ignore[attr-defined]  # a single-key dict, by pyromark's definition
        if kind == "Start":
            self._start(value, start, end)
        elif kind == "End":
            self._end(value, start, end)
        elif kind in _LITERAL:
            self._text(value)
        elif kind == "InlineHtml":
            self.source.html.append(Html(start, end))
        elif kind == "Text":
            self._text(value)
        if self._open and not (kind == "Start" and self._open[-1].start == start):
            self._open[-1].inner_end = max(self._open[-1].inner_end, end)

    def _text(self, text: str) -> None:
        if self._heading is not None:
            self._heading.append(text)

    def _start(self, tag: str | dict[str, object], start: int, end: int) -> None:
        name, data = named_tag(tag)
        if name in {"Link", "Image"}:
            image = name == "Image"
            self._open.append(_Open(start, data, image, start + (2 if image else 1)))
        elif name in _CONTAINERS:
            self._containers += 1
        elif name in _FLAT:
            self._flat += 1
            if name == "Heading" and not self._containers:
                self._heading = []
        elif name == "HtmlBlock":
            self.source.html.append(Html(start, end))

    def _end(self, tag: str | dict[str, object], start: int, end: int) -> None:
        name, data = named_tag(tag)
        if name in {"Link", "Image"}:
            self._close(self._open.pop(), end)
        elif name in _CONTAINERS:
            self._containers -= 1
        elif name in _FLAT:
            self._flat -= 1
            if name == "Heading" and self._heading is not None:
                text = " ".join("".join(self._heading).split())
                self.source.headings.append(Heading(start, end, int(str(data)[1:]), text))
                self._heading = None

    def _close(self, link: _Open, end: int) -> None:
        kind = link.data["link_type"]
        if isinstance(kind, dict):
            inner = self.source.data[link.start + (3 if link.image else 2) : end - 2].decode()
            if "\n" in inner or "\r" in inner:
                return  # no link for Obsidian (decision 0274)
            self.source.wikilinks.append(Wikilink(link.start, end, inner, link.image, self._flat > 0))
            return
        embed = _LINKED_EMBED.match(self.source.data, link.start) if link.image else None
        if embed:  # ``[![[image.png]]](address)``: the parser loses the brackets
            self.source.wikilinks.append(Wikilink(*embed.span(), embed[1].decode(), embed=True, flat=True))
        elif link.image:
            dest, title = str(link.data["dest_url"]), str(link.data["title"])
            self.source.images.append(Image(link.start, end, link.inner_end, dest, title, kind == "Inline"))


def named_tag(tag: str | dict[str, object]) -> tuple[str, dict[str, object]]:
    """What a block or span is called, and what the parser says of it."""
    if isinstance(tag, str):
        return tag, {}
    ((name, data),) = tag.items()
    return name, data  # type: ignore[return-value]  # a dict for what we look into
