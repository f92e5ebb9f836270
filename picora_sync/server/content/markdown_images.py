"""Finding the images of a document with a real parser (contract §9.2): code spans and blocks hold none.

CommonMark is parsed by pulldown-cmark (pyromark), which gives byte ranges. Edits are made at those ranges, never by
global replacement, so the same text in a code block stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from typing import Any

import pyromark

Span = tuple[int, int]

_DESTINATION = re.compile(rb"\]\([\s>]*(?P<dest><(?:\\.|[^<>\\\n])*>|[^\s)]+)")
_DEFINITION = re.compile(rb"\s*\[(?:\\.|[^\[\]\\])*\]:[\s>]*(?P<dest><(?:\\.|[^<>\\\n])*>|\S+)")
_TAG_NAME = re.compile(rb"[A-Za-z][^\s/>]*")
_ATTRIBUTE = re.compile(rb"[\s/]*(?P<name>[^\s/>][^\s/>=]*)(?:\s*=\s*(?P<value>\"[^\"]*\"|'[^']*'|[^\s>\"'][^\s>]*))?")
_TAG_END = re.compile(rb"[\s/]*>")
_RAW_TEXT = frozenset({b"script", b"style", b"textarea", b"title", b"xmp", b"noscript", b"iframe"})


@dataclass(frozen=True, slots=True)
class ImageReference:
    """One use of an image: its URL, and where the URL stands in the UTF-8 text (None if it cannot be told)."""

    url: str
    span: Span | None


@dataclass(frozen=True)
class Outline:
    """What the server needs to know of a document's structure, in document order."""

    heading: str | None
    images: list[ImageReference]


def outline(body: str) -> Outline:
    """The first H1 as plain text, and every image reference."""
    source = body.encode()
    heading = _Heading()
    images = _Images(body, source)
    for event, place in pyromark.events_with_range(body):
        heading.see(event)
        images.see(event, place["start"], place["end"])
    return Outline(heading.text, images.found)


def html_images(source: bytes, start: int, end: int) -> Iterator[ImageReference]:
    """``src`` of each ``<img>`` in a piece of HTML, in one pass that is linear for any input.

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
            yield ImageReference(unescape(source[slice(*value)].decode()).strip(), value)
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
    """Collects image references in the order in which they begin."""

    def __init__(self, body: str, source: bytes) -> None:
        self.found: list[ImageReference] = []
        self._body = body
        self._source = source
        # Images whose end has not come: index in found, the parser's description, end of the last thing inside.
        self._open: list[tuple[int, dict[str, str], int]] = []

    def see(self, event: Any, start: int, end: int) -> None:  # noqa: ANN401 - the parser's events are open unions
        image = _started(event, "Image")
        if image is not None:
            self._open.append((len(self.found), image, start + len("![")))
            self.found.append(ImageReference(image["dest_url"], None))
            return
        if not isinstance(event, dict):
            return
        if event.get("End") == "Image":
            index, image, inner = self._open.pop()
            self.found[index] = ImageReference(image["dest_url"], self._span(image, inner, end))
        elif event.get("Start") == "HtmlBlock" or "InlineHtml" in event:
            self.found.extend(html_images(self._source, start, end))
        if self._open and "Start" not in event:
            index, image, inner = self._open[-1]
            self._open[-1] = (index, image, max(inner, end))

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


class _Heading:
    """Collects the text of the first H1 that has any."""

    def __init__(self) -> None:
        self.text: str | None = None
        self._parts: list[str] | None = None

    def see(self, event: Any) -> None:  # noqa: ANN401 - the parser's events are open unions
        if self.text is not None:
            return
        started = _started(event, "Heading")
        if started is not None and started["level"] == "H1":
            self._parts = []
        elif self._parts is None:
            return
        elif event in ("SoftBreak", "HardBreak"):
            self._parts.append(" ")
        elif isinstance(event, dict):
            if event.get("End") == {"Heading": "H1"}:
                self.text = "".join(self._parts).strip() or None
                self._parts = None
            else:
                self._parts.append(event.get("Text") or event.get("Code") or "")


def _started(event: Any, name: str) -> dict[str, str] | None:  # noqa: ANN401 - the parser's events are open unions
    if isinstance(event, dict):
        started = event.get("Start")
        if isinstance(started, dict) and name in started:
            found: dict[str, str] = started[name]
            return found
    return None


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
