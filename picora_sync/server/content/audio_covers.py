"""The cover in an MP3 or FLAC file: only picture frames are read, of a size that is kept, and never inflated."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, NamedTuple

from mutagen import flac, id3

from picora_sync.server.content import image_formats
from picora_sync.server.content.audio_frames import id3_number
from picora_sync.server.content.audio_source import Source

# mutagen is hardly annotated: what is used of it is taken as it is.
_flac: Any = flac
_id3: Any = id3
MAX_COVER_BYTES = 10 * 1024 * 1024
_DESCRIPTION_BYTES = 64 * 1024
_TYPES = (image_formats.JPEG, image_formats.PNG)
_FRONT = 3
_MOST_FRAMES = 2000
_MOST_UNSYNCHRONISED = 12 * 1024 * 1024
# Compressed or encrypted, by minor version of ID3v2.
_CLOSED = {3: 0xC0, 4: 0x0C}
_UNSYNCHRONISED, _WITH_LENGTH = 0x02, 0x01  # of a frame of 2.4
_HEAD = 10
_PICTURE_BLOCK = 6


class Cover(NamedTuple):
    """Bytes of a picture, and its true media type."""

    data: bytes
    mime: str


def cover(source: Source, ext: str) -> Cover | None:
    """The front cover, else the first picture, that is a JPEG or PNG of sensible size.

    Raises:
        ValueError: the file is too intricate.
    """
    best: Cover | None = None
    for kind, data in _PICTURES[ext](source):
        info = image_formats.identify(data)
        if info is None or info.mime not in _TYPES or len(data) > MAX_COVER_BYTES:
            continue
        if kind == _FRONT:
            return Cover(data, info.mime)
        best = best or Cover(data, info.mime)
    return best


def _of_flac(source: Source) -> Iterator[tuple[int, bytes]]:
    position = 4
    for _ in range(_MOST_FRAMES):
        kind, size = source.number(position, 1), source.number(position + 1, 3)
        if kind & 0x7F == _PICTURE_BLOCK and _is_kept(source, position + 4, size):
            try:
                picture = _flac.Picture(source.get(position + 4, size))
            except _flac.error:
                pass
            else:
                yield picture.type, bytes(picture.data)
        position += 4 + size
        if kind & 0x80:
            return


def _of_mp3(source: Source) -> Iterator[tuple[int, bytes]]:
    head = source.get(0, _HEAD)
    if len(head) < _HEAD or not head.startswith(b"ID3") or head[3] not in (2, 3, 4):
        return
    version, flags, end = head[3], head[5], _HEAD + id3_number(head[6:])
    if flags & 0x80 and version < 4:  # noqa: PLR2004  (all of the tag was changed: its frames begin elsewhere)
        source.allow(_MOST_UNSYNCHRONISED)
        data = source.get(_HEAD, min(end - _HEAD, _MOST_UNSYNCHRONISED)).replace(b"\xff\0", b"\xff")
        yield from _frames(_Bytes(data), version, flags & 0x40, 0, len(data))
    else:
        yield from _frames(source, version, flags, _HEAD, min(end, source.size))


def _frames(source: Source | _Bytes, version: int, flags: int, position: int, end: int) -> Iterator[tuple[int, bytes]]:
    if flags & 0x40 and version > 2:  # noqa: PLR2004
        length = source.get(position, 4)
        position += id3_number(length) if version == 4 else 4 + int.from_bytes(length, "big")  # noqa: PLR2004
    name_size = 3 if version == 2 else 4  # noqa: PLR2004
    head_size = 2 * name_size + (0 if version == 2 else 2)  # noqa: PLR2004
    for _ in range(_MOST_FRAMES):
        head = source.get(position, head_size)
        if len(head) < head_size or head[0] == 0 or position + head_size > end:
            return
        plain = int.from_bytes(head[name_size : 2 * name_size], "big")
        size = plain
        if version == 4 and max(head[4:8]) < 0x80:  # noqa: PLR2004  (some write plain numbers in 2.4, too)
            sizes = (id3_number(head[4:8]), plain)
            size = next((each for each in sizes if _fits(source, position + _HEAD + each, end)), sizes[0])
        is_open = version == 2 or not head[9] & _CLOSED[version]  # noqa: PLR2004
        if head[:name_size] in (b"PIC", b"APIC") and is_open and _is_kept(source, position + head_size, size):
            yield from _decoded(version, flags, head, source.get(position + head_size, size))
        position += head_size + size


def _fits(source: Source | _Bytes, position: int, end: int) -> bool:
    """Whether another frame, or the end of the tag, follows there."""
    following = source.get(position, 4)
    return position == end or (position < end and following.isalnum() and following.upper() == following)


def _is_kept(source: Source | _Bytes, position: int, size: int) -> bool:
    """Whether a picture is whole and small enough to be read; its bytes are then allowed for."""
    if size > MAX_COVER_BYTES + _DESCRIPTION_BYTES or position + size > source.size:
        return False
    return source.grant(size) if isinstance(source, Source) else True


def _decoded(version: int, flags: int, head: bytes, body: bytes) -> Iterator[tuple[int, bytes]]:
    """What mutagen makes of a tag that holds this frame alone."""
    if version == 4:  # noqa: PLR2004
        if flags & 0x80 or head[9] & _UNSYNCHRONISED:  # undone here: mutagen takes 90 times the memory for that
            kept = 4 if head[9] & _WITH_LENGTH else 0
            body = body[:kept] + body[kept:].replace(b"\xff\0", b"\xff")
        head = head[:4] + _id3_bytes(len(body)) + head[8:9] + bytes([head[9] & ~_UNSYNCHRONISED])
    alone = b"ID3" + bytes((version, 0, 0)) + _id3_bytes(len(head) + len(body)) + head + body
    for picture in _id3.ID3(io.BytesIO(alone), load_v1=False).getall("APIC"):
        yield picture.type, bytes(picture.data)


def _id3_bytes(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


class _Bytes:
    """A part of a file that was read already."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def get(self, position: int, count: int) -> bytes:
        return self._data[position : position + count]


_PICTURES = {"mp3": _of_mp3, "flac": _of_flac}
