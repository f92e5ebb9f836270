"""What is left of outside references in a filtered SVG is taken out: showing it asks nobody for anything (§9.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from xml.sax.saxutils import escape

# The filter writes one form: no prefixes, double quotes, and no angle bracket inside of them.
_TAG = re.compile(r"<[A-Za-z][^>]*>")
_ATTRIBUTE = re.compile(r"(?<!\s)\s++(?P<name>[^\s=]++)=\"(?P<value>[^\"]*+)\"")
_ENTITIES = {'"': "&quot;", "'": "&apos;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"}  # as the filter writes them
_STYLE_TAG = re.compile(r"<(?P<end>/?)style(?=[\s/>])[^>]*?(?P<empty>/?)>")
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_URL = re.compile(r"url\(\s*(?P<target>\"[^\"]*\"|'[^']*'|[^)]*)\s*\)?", re.IGNORECASE)
_INSIDE = re.compile(r"#|data:image/(?:png|jpeg|gif|webp)[;,]", re.IGNORECASE)
# Escapes hide what they spell, two slashes begin a host, the rest are the other words that fetch or run something.
_OUTSIDE = re.compile(
    r"\\|//|@import|@namespace|(?:image-set|image|src|cross-fade|expression)\(|(?:java|vb)script:|data:|-moz-binding",
    re.IGNORECASE,
)


def without_outside_references(drawing: str) -> str:
    """The drawing with references to its own parts and to images inside it only; text that people read stays."""
    drawing = _TAG.sub(lambda tag: _ATTRIBUTE.sub(_attribute, tag[0]), drawing)
    pieces: list[str] = []
    position = 0
    for start, end in _styles(drawing):
        pieces += (drawing[position:start], _css(drawing[start:end]))
        position = end
    return "".join((*pieces, drawing[position:]))


def _attribute(match: re.Match[str]) -> str:
    name, value = match["name"], unescape(match["value"])
    if name.partition(":")[0] == "xmlns":
        return match[0]
    if name.rpartition(":")[2] == "href":
        return match[0] if _INSIDE.match(value) else ""
    cleaned = _URL.sub(_local, value)
    if _OUTSIDE.search(cleaned):
        return ""
    return match[0] if cleaned == value else f' {name}="{escape(cleaned, _ENTITIES)}"'


def _styles(drawing: str) -> Iterator[tuple[int, int]]:
    """Where the contents of the outermost style elements are."""
    depth = start = 0
    for tag in _STYLE_TAG.finditer(drawing):
        if tag["end"]:
            depth -= 1
            if depth == 0:
                yield start, tag.start()
        elif not tag["empty"]:
            start = start if depth else tag.end()
            depth += 1


def _css(content: str) -> str:
    """Rules without outside references; none at all where elements could cut a word in two."""
    cleaned = _URL.sub(_local, _COMMENT.sub("", unescape(content)))
    return "" if "<" in content or _OUTSIDE.search(cleaned) else escape(cleaned)


def _local(url: re.Match[str]) -> str:
    return url[0] if url["target"].strip("\"' \t\r\n\f").startswith("#") else "none"
