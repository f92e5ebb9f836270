"""Images as data URIs: only what has an image's signature is ever embedded (design §5; contract §9.2)."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from picora_sync.content.markdown import Html

_SIGNATURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    # An XML prologue in any order, then the root element.
    (
        re.compile(
            rb"(?:\xef\xbb\xbf)?(?:\s++|<\?[^>]*+>|<!--(?:[^-]|-(?!->))*+-->|<!DOCTYPE[^>\[]*+(?:\[[^\]]*+\]\s*+)?>)*+"
            rb"<(?:svg:)?svg[\s/>]",
            re.IGNORECASE,
        ),
        "image/svg+xml",
    ),
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:|//")
_TAG = re.compile(rb"<!--.*?(?:-->|\Z)|<img(?=[\s/])(?:[^<>\"']|\"[^\"<]*+\"|'[^'<]*+')*+>", re.DOTALL | re.IGNORECASE)
_ATTRIBUTE = re.compile(rb"([^\s=>\"'/]+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>\"']+))?")


def media_type(data: bytes) -> str | None:
    """The type that these bytes are by their signature; None if Picora would not take them as an image."""
    return next((name for signature, name in _SIGNATURES if signature.match(data)), None)


def data_uri(data: bytes, kind: str) -> str:
    """The image as text (contract §9.2)."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def data_uri_bytes(size_bytes: int, kind: str) -> int:
    """How long the data URI of an image of this size is."""
    return len("data:;base64,") + len(kind) + 4 * ((size_bytes + 2) // 3)


def local_target(dest: str) -> str | None:
    """The file name that a destination stands for: fragment cut, percent-decoded. None for anything with a host."""
    if not dest or dest.startswith("#") or _SCHEME.match(dest):
        return None
    return unquote(dest.partition("#")[0], errors="surrogateescape")


@dataclass(frozen=True, slots=True)
class HtmlImage:
    """The ``src`` value of an ``<img>``, quotes included, and where it stands in the source."""

    start: int
    end: int
    dest: str


def html_images(data: bytes, span: Html) -> Iterator[HtmlImage]:
    """The images of a stretch of HTML, those in its comments left out."""
    for tag in _TAG.finditer(data, span.start, span.end):
        if tag[0].startswith(b"<!--"):
            continue
        for attribute in _ATTRIBUTE.finditer(data, tag.start() + len(b"<img"), tag.end()):
            if attribute[1].lower() == b"src" and attribute[2]:
                value = attribute[2].decode()
                unquoted = value[1:-1] if value[0] in "\"'" else value
                yield HtmlImage(*attribute.span(2), html.unescape(unquoted).strip())
                break
