"""Finding the images of a document with a real parser (contract §9.2): code spans and blocks hold none.

CommonMark is parsed by pulldown-cmark (pyromark), which gives byte ranges. Edits are made at those ranges, never by
global replacement, so the same text in a code block stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from typing import Any

import pyromark

from picora_sync.server.content.markdown_nesting import require_shallow

Span = tuple[int, int]

_DESTINATION = re.compile(rb"\]\([\s>]*(?P<dest><(?:\\.|[^<>\\\n])*>|[^\s)]+)")
_DEFINITION = re.compile(rb"\s*\[(?:\\.|[^\[\]\\])*\]:[\s>]*(?P<dest><(?:\\.|[^<>\\\n])*>|\S+)")
_TAG_NAME = re.compile(rb"[A-Za-z][^\s/>]*")
_ATTRIBUTE = re.compile(rb"[\s/]*(?P<name>[^\s/>][^\s/>=]*)(?:\s*=\s*(?P<value>\"[^\"]*\"|'[^']*'|[^\s>\"'][^\s>]*))?")
_TAG_END = re.compile(rb"[\s/]*>")
_RAW_TEXT = frozenset({b"script", b"style", b"textarea", b"title", b"xmp", b"noscript", b"iframe"})


@dataclass(frozen=True, slots=True)
class ImageReference:
    """One use of an image: which of all, its URL, and where that stands in the UTF-8 text (None: it cannot be told)."""

    index: int
    url: str
    span: Span | None


@dataclass(frozen=True)
class Outline:
    """What the server needs to know of a document's structure, in document order."""

    heading: str | None
    images: list[ImageReference]


def outline(body: str, wanted: Callable[[str], bool]) -> Outline:
    """The first H1 as plain text, and every image reference that is wanted.

    ``wanted`` is asked once for the URL of each reference, in document order: five megabytes hold a million of them.

    Raises:
        NestedTooDeeply: reading it would take more than linear time.
    """
    source = body.encode()
    require_shallow(source)
    heading = _Heading()
    images = _Images(body, source, wanted)
    for event, place in pyromark.events_with_range(body):
        if heading.text is None:
            heading.see(event)
        if type(event) is dict:
            images.see(event, place)
    images.found.sort(key=lambda image: image.index)
    return Outline(heading.text, images.found)


def html_images(source: bytes, start: int, end: int) -> Iterator[tuple[str, Span]]:
    """``src`` of each ``<img>`` in a piece of HTML and its place, in one pass that is linear for any input.

    A tag or comment that is not closed swallows the rest, as it does in a browser.
    """
    position = start
    while (position := source.find(b"<", position, end)) >= 0:
        if source.startswith(b"<!--", position):
            closed = source.find(b"-->", position + 4, end)
            if closed < 0:
                return
            position = closed + 3
            continue
        name = _TAG_NAME.match(source, position + 1, end)
        if name is None:
            position += 1
            continue
        attributes, position = _attributes(source, name.end(), end)
        closing = _TAG_END.match(source, position, end)
        if closing is None:
            return
        position = closing.end()
        element = name[0].lower()
        if element == b"img" and (value := attributes.get(b"src")):
            yield unescape(source[slice(*value)].decode()).strip(), value
        if element in _RAW_TEXT:
            closed = _raw_text_end(source, element, position, end)
            if closed < 0:
                return
            position = closed


def replace(body: str, replacements: Iterable[tuple[Span, str]]) -> str:
    """The text with each span's bytes replaced; spans do not overlap, repeated ones are replaced once."""
    source = body.encode()
    pieces: list[bytes] = []
    position = 0
    for (start, end), text in sorted(dict(replacements).items()):
        pieces += (source[position:start], text.encode())
        position = end
    pieces.append(source[position:])
    return b"".join(pieces).decode()


class _Images:
    """Collects the wanted image references; nested ones end before those around them."""

    def __init__(self, body: str, source: bytes, wanted: Callable[[str], bool]) -> None:
        self.found: list[ImageReference] = []
        self._count = 0
        self._body = body
        self._source = source
        self._wanted = wanted
        # Images whose end has not come; None for those that are not wanted.
        self._open: list[_Open | None] = []

    def see(self, event: Any, place: Any) -> None:  # noqa: ANN401 - the parser's events are open unions
        started = event.get("Start")
        if started is not None:
            if type(started) is dict and (image := started.get("Image")) is not None:
                index, wanted = self._take(image["dest_url"])
                self._open.append(_Open(index, image, place["start"] + len("![")) if wanted else None)
            elif started == "HtmlBlock":
                self._html(place)
            return
        if event.get("End") == "Image":
            ended = self._open.pop()
            if ended is not None:
                span = self._span(ended.image, ended.inner, place["end"])
                self.found.append(ImageReference(ended.index, ended.image["dest_url"], span))
        elif "InlineHtml" in event:
            self._html(place)
        if self._open and (around := self._open[-1]) is not None:
            around.inner = max(around.inner, place["end"])

    def _take(self, url: str) -> tuple[int, bool]:
        index = self._count
        self._count += 1
        return index, self._wanted(url)

    def _html(self, place: Any) -> None:  # noqa: ANN401 - as above
        for url, span in html_images(self._source, place["start"], place["end"]):
            index, wanted = self._take(url)
            if wanted:
                self.found.append(ImageReference(index, url, span))

    def _span(self, image: dict[str, str], inner: int, end: int) -> Span | None:
        if image["link_type"] == "Inline":
            return _inner(_DESTINATION.search(self._source, inner, end))
        return self._definitions.get(_label(image["id"]))

    @cached_property
    def _definitions(self) -> dict[str, Span]:
        spans: dict[str, Span] = {}
        for label, definition in pyromark.reference_definitions(self._body).items():
            place = definition["span"]
            span = _inner(_DEFINITION.match(self._source, place["start"], place["end"]))
            if span is not None:
                spans.setdefault(_label(label), span)
        return spans


@dataclass(slots=True)
class _Open:
    """A wanted image that is being read: the parser's description, and the end of the last thing inside."""

    index: int
    image: dict[str, str]
    inner: int


class _Heading:
    """Collects the text of the first H1 that has any."""

    def __init__(self) -> None:
        self.text: str | None = None
        self._parts: list[str] | None = None

    def see(self, event: Any) -> None:  # noqa: ANN401 - the parser's events are open unions
        if self._parts is None:
            if type(event) is dict and _is_h1(event.get("Start")):
                self._parts = []
        elif event in ("SoftBreak", "HardBreak"):
            self._parts.append(" ")
        elif isinstance(event, dict):
            if event.get("End") == {"Heading": "H1"}:
                self.text = "".join(self._parts).strip() or None
                self._parts = None
            else:
                self._parts.append(event.get("Text") or event.get("Code") or "")


def _is_h1(started: Any) -> bool:  # noqa: ANN401 - the parser's events are open unions
    return type(started) is dict and (heading := started.get("Heading")) is not None and heading["level"] == "H1"


def _inner(match: re.Match[bytes] | None) -> Span | None:
    """The span of a destination, without angle brackets."""
    if match is None:
        return None
    first, last = match.span("dest")
    return (first + 1, last - 1) if match["dest"].startswith(b"<") else (first, last)


def _label(text: str) -> str:
    """Labels match without regard to case and runs of white space."""
    return " ".join(text.split()).casefold()


def _attributes(source: bytes, position: int, end: int) -> tuple[dict[bytes, Span], int]:
    """The value spans of a tag's attributes, the first of each name, and where the attributes end."""
    values: dict[bytes, Span] = {}
    while match := _ATTRIBUTE.match(source, position, end):
        position = match.end()
        first, last = match.span("value")
        if first < 0:
            continue
        if source[first : first + 1] in (b'"', b"'"):
            first, last = first + 1, last - 1
        values.setdefault(match["name"].lower(), (first, last))
    return values, position


def _raw_text_end(source: bytes, element: bytes, position: int, end: int) -> int:
    """Where the end tag of a raw text element begins, or -1."""
    match = re.compile(b"</" + element, re.IGNORECASE).search(source, position, end)
    return match.start() if match else -1
