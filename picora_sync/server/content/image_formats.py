"""What an image is, by its first bytes: type and size in pixels (contract §10)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

PNG = "image/png"
JPEG = "image/jpeg"
GIF = "image/gif"
WEBP = "image/webp"
SVG = "image/svg+xml"
EXTENSIONS = {PNG: "png", JPEG: "jpg", WEBP: "webp", GIF: "gif", SVG: "svg"}
Size = tuple[int | None, int | None]
_UNKNOWN: Size = (None, None)
_JPEG_FILL = 0xFF
_JPEG_WITHOUT_LENGTH = range(0xD0, 0xDA)
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start of a frame, of any coding


@dataclass(frozen=True)
class ImageInfo:
    """Media type, and width and height if they could be read."""

    mime: str
    width: int | None
    height: int | None


def identify(head: bytes) -> ImageInfo | None:
    """The raster format that these first bytes announce; None if it is none that is accepted."""
    for mime, matches, size in _FORMATS:
        if matches(head):
            try:
                return ImageInfo(mime, *size(head))
            except (struct.error, IndexError):
                return ImageInfo(mime, None, None)
    return None


def _png_size(head: bytes) -> Size:
    return struct.unpack_from(">II", head, 16) if head[12:16] == b"IHDR" else _UNKNOWN


def _gif_size(head: bytes) -> Size:
    return struct.unpack_from("<HH", head, 6)


def _webp_size(head: bytes) -> Size:
    match head[12:16]:
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", head, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", head, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    return _UNKNOWN


def _jpeg_size(head: bytes) -> Size:
    position = 2
    while position + 9 < len(head):
        if head[position] != _JPEG_FILL:
            break
        marker = head[position + 1]
        if marker == _JPEG_FILL:
            position += 1
            continue
        if marker in _JPEG_WITHOUT_LENGTH:
            position += 2
            continue
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", head, position + 5)
            return width, height
        position += 2 + struct.unpack_from(">H", head, position + 2)[0]
    return _UNKNOWN


_FORMATS: tuple[tuple[str, Callable[[bytes], bool], Callable[[bytes], Size]], ...] = (
    (PNG, lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), _png_size),
    (JPEG, lambda head: head.startswith(b"\xff\xd8\xff"), _jpeg_size),
    (GIF, lambda head: head[:6] in (b"GIF87a", b"GIF89a"), _gif_size),
    (WEBP, lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", _webp_size),
)
