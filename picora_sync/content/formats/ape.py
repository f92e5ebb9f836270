"""APEv2 tags: items of a name and a text, before a footer at the end of a file."""

from __future__ import annotations

from typing import Final

from picora_sync.content.formats.found import ALBUM, ARTIST, DATE, MOST_TEXT_BYTES, TITLE, TRACK, Tags, first_number
from picora_sync.content.formats.window import ReadWindow

_MARK: Final = b"APETAGEX"
_FOOT_BYTES: Final = 32
_MOST_ITEMS: Final = 500
_MOST_KEY_BYTES: Final = 255
_HAS_HEAD: Final = 1 << 31
_KIND: Final = 0b110
"""The bits that are 0 for a text."""
_FIELDS: Final = {b"title": TITLE, b"artist": ARTIST, b"album": ALBUM, b"track": TRACK, b"year": DATE}


def read(window: ReadWindow, end: int) -> tuple[int, Tags]:
    """Where the tag begins that ends there, and what it says; ``end`` itself if there is none."""
    foot = window.at(end - _FOOT_BYTES, _FOOT_BYTES)
    if not foot.startswith(_MARK):
        return end, Tags()
    length, items, flags = (int.from_bytes(foot[at : at + 4], "little") for at in (12, 16, 20))
    start = end - length
    whole = length + (_FOOT_BYTES if flags & _HAS_HEAD else 0)
    if length < _FOOT_BYTES or whole > end:
        return end - _FOOT_BYTES, Tags()
    return end - whole, _items(window, start, end - _FOOT_BYTES, items)


def _items(window: ReadWindow, offset: int, end: int, number: int) -> Tags:
    texts: dict[str, str] = {}
    for _ in range(min(number, _MOST_ITEMS)):
        head = window.at(offset, 8 + _MOST_KEY_BYTES + 1)[: max(0, end - offset)]
        key, nul, _ = head[8:].partition(b"\0")
        length, flags = int.from_bytes(head[:4], "little"), int.from_bytes(head[4:8], "little")
        start = offset + 8 + len(key) + 1
        if not nul or start + length > end:
            return Tags(texts)
        field = _FIELDS.get(key.lower())
        if field and field not in texts and not flags & _KIND and length <= MOST_TEXT_BYTES:
            text = window.at(start, length).partition(b"\0")[0].decode(errors="replace").strip()
            text = first_number(text) if field == TRACK else text
            if text:
                texts[field] = text
        offset = start + length
    return Tags(texts, unread=number > _MOST_ITEMS and TITLE not in texts)
