"""Vorbis comments: the title among them; mutagen decodes it."""

from __future__ import annotations

import io
import struct
from typing import Any, Final

from picora_sync.content.formats.found import Title

MOST_BYTES: Final = 4 << 20
"""So much of a comment is read: a cover may lie before the title."""
_MOST_TITLE_BYTES: Final = 64 << 10
_MOST_COMMENTS: Final = 10_000
_KEY: Final = b"title="


def title_in(comment: bytes) -> Title:
    """The first title of a comment that begins with the vendor's name; it may be cut off."""
    if len(comment) < 8:  # noqa: PLR2004
        return Title()
    offset = 4 + int.from_bytes(comment[:4], "little")
    number = int.from_bytes(comment[offset : offset + 4], "little")
    offset += 4
    for _ in range(min(number, _MOST_COMMENTS)):
        length = int.from_bytes(comment[offset : offset + 4], "little")
        offset += 4
        if offset >= len(comment):
            return Title(unread=len(comment) >= MOST_BYTES)
        if comment[offset : offset + len(_KEY)].lower() == _KEY:
            if length > _MOST_TITLE_BYTES or offset + length > len(comment):
                return Title(unread=True)
            if text := _decoded(comment[offset : offset + length]):
                return Title(text)
        offset += length
    return Title(unread=number > _MOST_COMMENTS)


def _decoded(entry: bytes) -> str:
    from mutagen import _vorbis  # noqa: PLC0415  (not for a folder of notes)

    parser: Any = _vorbis

    alone = struct.pack("<III", 0, 1, len(entry)) + entry
    return str(parser.VCommentDict(io.BytesIO(alone), framing=False)["title"][0]).strip()
