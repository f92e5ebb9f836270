"""ID3 tags: only the frames of wanted fields are read, and mutagen decodes these alone. Nothing is inflated."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from picora_sync.content.formats.found import (
    ALBUM,
    ARTIST,
    DATE,
    EPISODE,
    MOST_TEXT_BYTES,
    SEASON,
    TITLE,
    TRACK,
    Tags,
    first_number,
    is_foreign,
)
from picora_sync.content.formats.window import ReadWindow

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
_V1_MARK: Final = b"TAG"
_FOOT: Final = b"3DI"

_FRAMES: Final = {TITLE: "TIT2", ARTIST: "TPE1", ALBUM: "TALB", TRACK: "TRCK", DATE: "TDRC"}
"""Which frame of version 2.4 holds a field; mutagen translates those of the others."""
_WANTED: Final = {
    2: frozenset({b"TT2", b"TP1", b"TAL", b"TRK", b"TYE", b"TDA", b"TXX"}),
    3: frozenset({b"TIT2", b"TPE1", b"TALB", b"TRCK", b"TYER", b"TDAT", b"TDRC", b"TDRL", b"TXXX"}),
}
_TITLES: Final = (b"TT2", b"TIT2")
_OF_ONES_OWN: Final = (b"TXX", b"TXXX")
_OWN: Final = {SEASON: ("season", "season_number"), EPISODE: ("episode", "episode_number", "episode_sort")}
"""Fields without a frame, and what the frames of a tagger's own are called that hold them."""
_MOST_OWN_BYTES: Final = 256
_MOST_OWN: Final = 50
_MOST_ALIKE: Final = 4


@dataclass(frozen=True, slots=True)
class Id3Tag:
    """One ID3v2 tag: its frames lie between ``start`` and ``end``; what follows it begins at ``after``."""

    version: int
    flags: int
    start: int
    end: int
    after: int


def tags(window: ReadWindow, offset: int = 0) -> Iterator[Id3Tag]:
    """The ID3v2 tags that follow each other there; what one of them claims may lie beyond the end of the file."""
    for _ in range(_MOST_TAGS):
        head = window.at(offset, _HEADER_BYTES)
        if len(head) < _HEADER_BYTES or not head.startswith(b"ID3") or max(head[6:10]) > 0x7F:  # noqa: PLR2004
            return
        version, flags = head[3], head[5]
        start, end = offset + _HEADER_BYTES, offset + _HEADER_BYTES + syncsafe(head[6:10])
        offset = end + (_HEADER_BYTES if version == _V24 and flags & _FOOTER else 0)
        yield Id3Tag(version, flags, start, min(end, window.size_bytes), offset)


def tags_in(window: ReadWindow, tag: Id3Tag) -> Tags:
    """What one tag says."""
    if not _V22 <= tag.version <= _V24:
        return Tags()
    if tag.flags & _UNSYNCHRONISED and tag.version < _V24:
        length = min(tag.end - tag.start, _MOST_UNSYNCHRONISED)
        data = window.at(tag.start, length).replace(b"\xff\x00", b"\xff")
        window = ReadWindow(io.BytesIO(data), len(data))
        tag = Id3Tag(tag.version, tag.flags & ~_UNSYNCHRONISED, 0, len(data), len(data))
    frames, unread = _frames(window, tag)
    found = _decoded(tag, frames) if frames else Tags()
    return Tags(found.values, unread and not found.title, found.foreign)


def tags_at_end(window: ReadWindow, end: int) -> Tags:
    """What a tag says that ends there with a footer (version 2.4, 3.4 of its specification)."""
    foot = window.at(end - _HEADER_BYTES, _HEADER_BYTES)
    if not foot.startswith(_FOOT):
        return Tags()
    start = end - 2 * _HEADER_BYTES - syncsafe(foot[6:10])
    return next((tags_in(window, tag) for tag in tags(window, start) if tag.after == end), Tags())


def tags_v1(window: ReadWindow) -> Tags:
    """What the tag at the very end of the file says."""
    data = window.at(max(0, window.size_bytes - _V1_BYTES), _V1_BYTES)
    if not data.startswith(_V1_MARK):
        return Tags()
    from mutagen import id3  # noqa: PLC0415  (a folder of notes never loads it)

    parser: Any = id3  # not typed
    return _told(parser.ParseID3v1(data) or {})


def _frames(window: ReadWindow, tag: Id3Tag) -> tuple[list[bytes], bool]:
    """The frames that are wanted; and whether there may be a title that is not among them."""
    head_bytes = 6 if tag.version == _V22 else _HEADER_BYTES
    name_bytes = 3 if tag.version == _V22 else 4
    wanted = _WANTED[min(tag.version, 3)]
    offset, unread = _after_extended(window, tag), False
    found: list[bytes] = []
    seen: Counter[bytes] = Counter()
    for _ in range(_MOST_FRAMES):
        head = window.at(offset, head_bytes)
        if offset + head_bytes > tag.end or len(head) < head_bytes or head[0] == 0:
            return found, unread
        start, length = offset + head_bytes, _length_of(window, tag, offset, head)
        name = head[:name_bytes]
        most, most_bytes = (_MOST_OWN, _MOST_OWN_BYTES) if name in _OF_ONES_OWN else (_MOST_ALIKE, MOST_TEXT_BYTES)
        if name in wanted:
            seen[name] += 1
            is_packed = tag.version != _V22 and bool(head[9] & _PACKED[tag.version])
            if is_packed or seen[name] > most or length > most_bytes or start + length > tag.end:
                unread = unread or name in _TITLES
            else:
                found.append(head + window.at(start, length))
        offset = start + length
    return found, True


def _length_of(window: ReadWindow, tag: Id3Tag, offset: int, head: bytes) -> int:
    if tag.version == _V22:
        return int.from_bytes(head[3:6], "big")
    plain = int.from_bytes(head[4:8], "big")
    if tag.version < _V24 or max(head[4:8]) > 0x7F:  # noqa: PLR2004  (iTunes writes plain lengths there, too)
        return plain
    length = syncsafe(head[4:8])
    likely = (size for size in (length, plain) if _begins_frame(window, tag, offset + _HEADER_BYTES + size))
    return next(likely, length)


def _begins_frame(window: ReadWindow, tag: Id3Tag, offset: int) -> bool:
    """Whether another frame, or the end of the tag, is there."""
    head = window.at(offset, 4)
    return offset == tag.end or (offset < tag.end and head.isalnum() and head.upper() == head)


def _after_extended(window: ReadWindow, tag: Id3Tag) -> int:
    if not tag.flags & _EXTENDED or tag.version == _V22:
        return tag.start
    head = window.at(tag.start, 4)
    if head.isalnum() and head.isupper():
        return tag.start  # the flag is wrong: a frame is there
    return tag.start + (syncsafe(head) if tag.version == _V24 else 4 + int.from_bytes(head, "big"))


def _decoded(tag: Id3Tag, frames: list[bytes]) -> Tags:
    """What mutagen reads in a tag that holds these frames alone."""
    from mutagen import id3  # noqa: PLC0415

    parser: Any = id3
    if tag.version == _V24:  # a plain length is right only where iTunes wrote all of the tag
        frames = [frame[:4] + _as_syncsafe(len(frame) - _HEADER_BYTES) + frame[8:] for frame in frames]
    body = b"".join(frames)
    head = b"ID3" + bytes((tag.version, 0, tag.flags & _UNSYNCHRONISED)) + _as_syncsafe(len(body))
    return _told(parser.ID3(io.BytesIO(head + body), load_v1=False))


def _told(frames: Mapping[str, Any]) -> Tags:
    texts = {name: _text_of(frames.get(frame)) for name, frame in _FRAMES.items()}
    texts[TRACK] = first_number(texts[TRACK])
    texts[DATE] = texts[DATE] or _text_of(frames.get("TDRL"))
    own = {key[5:].lower(): _text_of(frame) for key, frame in frames.items() if key.startswith("TXXX:")}
    for name, keys in _OWN.items():
        texts[name] = next((own[key] for key in keys if own.get(key)), "")
    is_latin = getattr(frames.get(_FRAMES[TITLE]), "encoding", None) == 0
    return Tags({name: text for name, text in texts.items() if text}, foreign=is_latin and is_foreign(texts[TITLE]))


def _text_of(frame: object) -> str:
    return next((text for each in getattr(frame, "text", ()) if (text := str(each).strip())), "")


def _as_syncsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def syncsafe(data: bytes) -> int:
    """A number of seven bits a byte."""
    return sum((byte & 0x7F) << shift for byte, shift in zip(reversed(data), range(0, 28, 7), strict=False))
