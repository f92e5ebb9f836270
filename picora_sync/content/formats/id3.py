"""ID3 tags: only the frame of the title is read, and mutagen decodes it alone. Nothing is inflated."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from picora_sync.content.formats.found import Title
from picora_sync.content.formats.window import Window

MOST_TITLE_BYTES: Final = 64 << 10
_HEADER_BYTES: Final = 10
_V22, _V24 = 2, 4
_MOST_FRAMES: Final = 2000
_MOST_TAGS: Final = 16
_UNSYNCHRONISED, _EXTENDED, _FOOTER = 0x80, 0x40, 0x10
_MOST_UNSYNCHRONISED: Final = 1 << 20
"""So much of a tag is read whose frames can only be found by undoing what was done to all of it."""
_PACKED: Final = {3: 0xC0, 4: 0x0C}
"""The flags of compressed and encrypted frames, by minor version."""
_V1_BYTES: Final = 128


@dataclass(frozen=True, slots=True)
class Tag:
    """One ID3v2 tag: its frames lie between ``start`` and ``end``; what follows it begins at ``after``."""

    version: int
    flags: int
    start: int
    end: int
    after: int


def tags(window: Window, offset: int = 0) -> Iterator[Tag]:
    """The ID3v2 tags that follow each other there; what one of them claims may lie beyond the end of the file."""
    for _ in range(_MOST_TAGS):
        head = window.at(offset, _HEADER_BYTES)
        if len(head) < _HEADER_BYTES or not head.startswith(b"ID3") or max(head[6:10]) > 0x7F:  # noqa: PLR2004
            return
        version, flags = head[3], head[5]
        start, end = offset + _HEADER_BYTES, offset + _HEADER_BYTES + syncsafe(head[6:10])
        offset = end + (_HEADER_BYTES if version == _V24 and flags & _FOOTER else 0)
        yield Tag(version, flags, start, min(end, window.size_bytes), offset)


def title_in(window: Window, tag: Tag) -> Title:
    """The title of a tag."""
    if not _V22 <= tag.version <= _V24:
        return Title()
    if tag.flags & _UNSYNCHRONISED and tag.version < _V24:
        length = min(tag.end - tag.start, _MOST_UNSYNCHRONISED)
        data = window.at(tag.start, length).replace(b"\xff\x00", b"\xff")
        window = Window(io.BytesIO(data), len(data))
        tag = Tag(tag.version, tag.flags & ~_UNSYNCHRONISED, 0, len(data), len(data))
    return _title_in_frames(window, tag)


def title_v1(window: Window) -> Title:
    """The title of the tag at the very end of the file."""
    from mutagen import id3  # noqa: PLC0415  (a folder of notes never loads it)

    parser: Any = id3  # not typed
    frames = parser.ParseID3v1(window.at(max(0, window.size_bytes - _V1_BYTES), _V1_BYTES)) or {}
    return Title(_text_of(frames.get("TIT2")))


def _title_in_frames(window: Window, tag: Tag) -> Title:
    wanted, head_bytes = (b"TT2", 6) if tag.version == _V22 else (b"TIT2", 10)
    offset, unread = _after_extended(window, tag), False
    for _ in range(_MOST_FRAMES):
        head = window.at(offset, head_bytes)
        if offset + head_bytes > tag.end or len(head) < head_bytes or head[0] == 0:
            return Title(unread=unread)
        start, length = offset + head_bytes, _length_of(window, tag, offset, head)
        if head.startswith(wanted):
            if head_bytes > len(b"TT2") * 2 and head[9] & _PACKED[tag.version]:
                unread = True
            elif length > MOST_TITLE_BYTES or start + length > tag.end:
                return Title(unread=True)
            elif text := _decoded(tag, head + window.at(start, length)):
                return Title(text)
        offset = start + length
    return Title(unread=True)


def _length_of(window: Window, tag: Tag, offset: int, head: bytes) -> int:
    if tag.version == _V22:
        return int.from_bytes(head[3:6], "big")
    plain = int.from_bytes(head[4:8], "big")
    if tag.version < _V24 or max(head[4:8]) > 0x7F:  # noqa: PLR2004  (iTunes writes plain lengths there, too)
        return plain
    length = syncsafe(head[4:8])
    likely = (size for size in (length, plain) if _begins_frame(window, tag, offset + _HEADER_BYTES + size))
    return next(likely, length)


def _begins_frame(window: Window, tag: Tag, offset: int) -> bool:
    """Whether another frame, or the end of the tag, is there."""
    head = window.at(offset, 4)
    return offset == tag.end or (offset < tag.end and head.isalnum() and head.upper() == head)


def _after_extended(window: Window, tag: Tag) -> int:
    if not tag.flags & _EXTENDED or tag.version == _V22:
        return tag.start
    head = window.at(tag.start, 4)
    if head.isalnum() and head.isupper():
        return tag.start  # the flag is wrong: a frame is there
    return tag.start + (syncsafe(head) if tag.version == _V24 else 4 + int.from_bytes(head, "big"))


def _decoded(tag: Tag, frame: bytes) -> str:
    """What mutagen reads in a tag that holds this frame alone."""
    from mutagen import id3  # noqa: PLC0415

    parser: Any = id3

    flags = tag.flags & _UNSYNCHRONISED
    length = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    if tag.version == _V24:  # a plain length is right only where iTunes wrote all of the tag
        body = len(frame) - _HEADER_BYTES
        frame = frame[:4] + bytes(body >> shift & 0x7F for shift in (21, 14, 7, 0)) + frame[8:]
    alone = io.BytesIO(b"ID3" + bytes((tag.version, 0, flags)) + length + frame)
    return _text_of(parser.ID3(alone, load_v1=False).get("TIT2"))


def _text_of(frame: object) -> str:
    texts = getattr(frame, "text", ())
    return str(texts[0]).strip() if texts else ""


def syncsafe(data: bytes) -> int:
    """A number of seven bits a byte."""
    return sum((byte & 0x7F) << shift for byte, shift in zip(reversed(data), range(0, 28, 7), strict=False))
