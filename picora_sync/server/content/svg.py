"""SVG made harmless (contract §9.2, §10): py-svg-hush filters, and what it does not bound or cut is done here."""

from __future__ import annotations

import re
from xml.parsers import expat

from py_svg_hush import filter_svg

from picora_sync.server.content.svg_references import without_outside_references

MAX_BYTES = 2 * 1024 * 1024
_NAMESPACE = "http://www.w3.org/2000/svg"
_MAX_DEPTH = 256
# The filter indents its output: the sum of all depths is what that costs, in memory and bytes.
_MAX_TOTAL_DEPTH = 2_000_000
# Nothing in it is tried twice: a drawing may consist of its beginnings.
_IMPORT = re.compile(
    rb"@import\s++(?:url\(\s*+)?+(?:\"[^\"<>]*+\"|'[^'<>]*+'|[^\"'@;<>\s]*+)[^\"'@;<>]*+;", re.IGNORECASE
)
_BARE_ROOT = re.compile(r"<svg(?![^>]*\sxmlns=)(?=[\s/>])")
_KEPT_DATA = {"image": ["png", "jpeg", "gif", "webp"]}
_LENGTH = re.compile(r"\s*([0-9]{1,5})(?:\.[0-9]+)?\s*(?:px)?\s*")


class SvgInvalid(Exception):
    """It is no SVG document, or one that nobody draws by hand."""


class SvgTooLarge(SvgInvalid):
    """It is over 2 MB."""


def sanitise(content: bytes) -> bytes:
    """The drawing without scripts, event handlers, ``foreignObject``, outside references, DOCTYPE.

    Raises:
        SvgTooLarge: over 2 MB.
        SvgInvalid: not well-formed, another root, entities of its own, or nested without end.
    """
    if len(content) > MAX_BYTES:
        raise SvgTooLarge(f"an SVG may have {MAX_BYTES} bytes")
    content = _IMPORT.sub(b"", content)  # the filter would cut it in two, and lose the rules behind it
    _Inspector().inspect(content)
    try:
        filtered = filter_svg(content, _KEPT_DATA)
    except ValueError as error:
        raise SvgInvalid(f"not a valid SVG: {error}") from error
    # The filter turns outside references into paths on this host; they would still be requests.
    # And it drops prefixes, with the namespace of the root if that was bound to one.
    return without_outside_references(_BARE_ROOT.sub(f'<svg xmlns="{_NAMESPACE}"', filtered.decode(), 1)).encode()


def dimensions(content: bytes) -> tuple[int | None, int | None]:
    """Width and height in pixels as far as the root element states them."""
    found = _Inspector()
    try:
        found.inspect(content)
    except SvgInvalid:
        return None, None
    return _pixels(found.root.get("width")), _pixels(found.root.get("height"))


class _Inspector:
    """One pass of expat over the document: root, depth, entities."""

    def __init__(self) -> None:
        self.root: dict[str, str] = {}
        self._depth = 0
        self._total_depth = 0

    def inspect(self, content: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.EntityDeclHandler = self._entity
        try:
            parser.Parse(content, True)  # noqa: FBT003 - expat's own signature
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise SvgInvalid(f"not well-formed: {error}") from error

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._depth == 0:
            if name != f"{_NAMESPACE} svg":
                raise SvgInvalid("the root element is not svg")
            self.root = attributes
        self._depth += 1
        self._total_depth += self._depth
        if self._depth > _MAX_DEPTH or self._total_depth > _MAX_TOTAL_DEPTH:
            raise SvgInvalid("nested too deeply")

    def _end(self, _name: str) -> None:
        self._depth -= 1

    def _entity(self, *_declaration: object) -> None:
        raise SvgInvalid("it declares entities")


def _pixels(value: str | None) -> int | None:
    match = _LENGTH.fullmatch(value or "")
    return int(match[1]) if match else None
