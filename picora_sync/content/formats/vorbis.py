"""Vorbis comments: the fields that are wanted among them; mutagen decodes these."""

from __future__ import annotations

import io
import struct
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
)

MOST_BYTES: Final = 4 << 20
"""So much of a comment is read: a cover may lie before the title."""
_MOST_COMMENTS: Final = 10_000
_MOST_KEY_BYTES: Final = 16
_FIELDS: Final = {
    b"title": TITLE,
    b"artist": ARTIST,
    b"album": ALBUM,
    b"tracknumber": TRACK,
    b"track": TRACK,
    b"date": DATE,
    b"season": SEASON,
    b"season_number": SEASON,
    b"episode": EPISODE,
    b"episode_number": EPISODE,
    b"episode_sort": EPISODE,
}


def tags_in(comment: bytes) -> Tags:
    """What a comment says that begins with the vendor's name; it may be cut off."""
    if len(comment) < 8:  # noqa: PLR2004
        return Tags()
    offset = 4 + int.from_bytes(comment[:4], "little")
    number = int.from_bytes(comment[offset : offset + 4], "little")
    offset += 4
    entries: dict[str, bytes] = {}
    unread = number > _MOST_COMMENTS
    for _ in range(min(number, _MOST_COMMENTS)):
        length = int.from_bytes(comment[offset : offset + 4], "little")
        offset += 4
        if offset >= len(comment):
            unread = unread or len(comment) >= MOST_BYTES
            break
        key, equals, _ = comment[offset : offset + _MOST_KEY_BYTES].partition(b"=")
        field = _FIELDS.get(key.lower()) if equals else None
        if field is not None and field not in entries:
            if length > MOST_TEXT_BYTES or offset + length > len(comment):
                unread = unread or field == TITLE
            elif text := comment[offset + len(key) + 1 : offset + length].strip():
                entries[field] = text
        offset += length
    texts = _decoded(entries) if entries else {}
    return Tags(texts, unread and TITLE not in texts)


def _decoded(entries: dict[str, bytes]) -> dict[str, str]:
    from mutagen import _vorbis  # noqa: PLC0415  (not for a folder of notes)

    parser: Any = _vorbis
    pairs = [field.encode() + b"=" + text for field, text in entries.items()]
    alone = struct.pack("<II", 0, len(pairs)) + b"".join(struct.pack("<I", len(pair)) + pair for pair in pairs)
    read = parser.VCommentDict(io.BytesIO(alone), framing=False)
    texts = {field: str(read[field][0]).strip() for field in entries}
    if TRACK in texts:
        texts[TRACK] = first_number(texts[TRACK])
    return {field: text for field, text in texts.items() if text}
