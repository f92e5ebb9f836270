"""Images as data URIs: only what has an image's signature is ever embedded (design §5; contract §9.2)."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from picora_sync.content.markdown import Html, Span
from picora_sync.core.model import ASSET_SUFFIXES, suffix_of

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
_TAG = re.compile(
    rb"<!--.*?(?:-->|\Z)|<(img|source|video)(?=[\s/])(?:[^<>\"']|\"[^\"<]*+\"|'[^'<]*+')*+>", re.DOTALL | re.IGNORECASE
)
_ATTRIBUTE = re.compile(rb"([^\s=>\"'/]+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>\"']+))?")
_CANDIDATE = re.compile(rb"[\s,]*+(\S*[^\s,])(?:,+|[^,]*+,?)")
"""One image of a ``srcset``: an address without blanks, and what is said of its size (HTML, "Srcset attributes")."""
_ONE, _SEVERAL = "one", "several"
_IMAGES_OF = {
    (b"img", b"src"): _ONE,
    (b"video", b"poster"): _ONE,
    (b"img", b"srcset"): _SEVERAL,
    (b"source", b"srcset"): _SEVERAL,
}


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
    """The file name that a destination stands for: fragment cut, percent-decoded. None for anything with a host.

    What follows a ``?`` goes, too, unless it is part of the name of an image.
    """
    if not dest or dest.startswith("#") or _SCHEME.match(dest):
        return None
    name = dest.partition("#")[0]
    if "?" in name and suffix_of(name) not in ASSET_SUFFIXES:
        name = name.partition("?")[0]
    return unquote(name, errors="surrogateescape")


@dataclass(frozen=True, slots=True)
class HtmlImage:
    """An image that a tag names, where its address stands in the source, and the quotes that belong around it."""

    start: int
    end: int
    dest: str
    quote: str = ""


def html_images(data: bytes, span: Html) -> Iterator[HtmlImage]:
    """The images of a stretch of HTML, those in its comments left out."""
    for tag in _TAG.finditer(data, span.start, span.end):
        if tag[1] is None:
            continue
        seen = set[bytes]()
        for attribute in _ATTRIBUTE.finditer(data, tag.end(1), tag.end()):
            name = attribute[1].lower()
            kind = _IMAGES_OF.get((tag[1].lower(), name))
            if kind and attribute[2] and name not in seen:  # of equal attributes the first counts
                seen.add(name)
                yield from _images_of(data, *attribute.span(2), several=kind is _SEVERAL)


def _images_of(data: bytes, start: int, end: int, *, several: bool) -> Iterator[HtmlImage]:
    quoted = data[start : start + 1] in (b'"', b"'")
    inner = Span(start + quoted, end - quoted)
    if not (several and quoted):
        yield HtmlImage(start, end, _address(data[inner.start : inner.end]), '"')
        return
    for candidate in _CANDIDATE.finditer(data, inner.start, inner.end):
        yield HtmlImage(*candidate.span(1), _address(candidate[1]))


def _address(value: bytes) -> str:
    return html.unescape(value.decode()).strip()
