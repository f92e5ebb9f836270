"""FLAC: metadata blocks are stepped over; the length is that of the last frame, where one is found."""

from __future__ import annotations

from typing import Final

from picora_sync.content.formats import vorbis
from picora_sync.content.formats.found import Embedded, Tags
from picora_sync.content.formats.window import ReadWindow

_MOST_BLOCKS: Final = 1000
_STREAMINFO, _COMMENT = 0, 4
_STREAMINFO_BYTES: Final = 18
_TAIL_BYTES: Final = 192 << 10
"""A frame of 65,535 samples of eight channels may be larger; then what STREAMINFO says is believed."""
_LEAST_FRAME_BYTES: Final = 8
_MOST_SYNCS: Final = 5000
_NUMBERS: Final = ((0x80, 0x00, 0), (0xE0, 0xC0, 1), (0xF0, 0xE0, 2), (0xF8, 0xF0, 3), (0xFC, 0xF8, 4), (0xFE, 0xFC, 5))
_SEVEN: Final = (0xFF, 0xFE, 6)
_SIZES: Final = {
    1: 192,
    **{code: 576 << (code - 2) for code in (2, 3, 4, 5)},
    **{c: 256 << (c - 8) for c in range(8, 16)},
}


def read(window: ReadWindow) -> Embedded:
    """Title and length of a FLAC file."""
    offset, info, tags = 4, b"", Tags()
    for _ in range(_MOST_BLOCKS):
        head = window.at(offset, 4)
        if len(head) < 4:  # noqa: PLR2004
            return Embedded(tags)
        kind, length = head[0] & 0x7F, int.from_bytes(head[1:], "big")
        if kind == _STREAMINFO and not info:
            info = window.at(offset + 4, min(length, _STREAMINFO_BYTES))
        elif kind == _COMMENT and not tags.title:
            tags = vorbis.tags_in(window.at(offset + 4, min(length, vorbis.MOST_BYTES)))
        offset += 4 + length
        if head[0] & 0x80:
            break
    else:
        return Embedded(Tags(tags.values, unread=not tags.title))
    return Embedded(tags, _length_s(window, info, offset))


def _length_s(window: ReadWindow, info: bytes, start: int) -> float:
    """By the last frame, else by what STREAMINFO says, if so many samples fit into the bytes that are there."""
    packed = int.from_bytes(info[10:18], "big")
    rate_hz, total = packed >> 44, packed & (1 << 36) - 1
    if not rate_hz:
        return 0.0
    samples = _last_sample(window, start, int.from_bytes(info[:2], "big"))
    if samples is None:
        most = (window.size_bytes - start) // _LEAST_FRAME_BYTES * int.from_bytes(info[2:4], "big")
        samples = total if total <= most else 0
    return samples / rate_hz


def _last_sample(window: ReadWindow, start: int, block_samples: int) -> int | None:
    """How many samples there are up to the end of the last frame; None if no frame is found near the end."""
    start = max(start, window.size_bytes - _TAIL_BYTES)
    data = window.at(start, window.size_bytes - start)
    at = len(data)
    for _ in range(_MOST_SYNCS):
        at = data.rfind(b"\xff", 0, at)
        if at < 0:
            return None
        samples = _frame_end(data[at : at + 16], block_samples)
        if samples is not None:
            return samples
    return None


def _frame_end(head: bytes, block_samples: int) -> int | None:
    """The number of the sample after this frame; None if no frame is here."""
    if len(head) < 6 or head[1] & 0xFE != 0xF8 or head[2] >> 4 == 0 or head[2] & 0x0F == 0x0F:  # noqa: PLR2004
        return None
    if head[3] >> 4 > 10 or head[3] & 1:  # noqa: PLR2004  (reserved)
        return None
    number, at = _coded(head, 4)
    if number is None:
        return None
    code = head[2] >> 4
    if code in (6, 7):
        size = int.from_bytes(head[at : at + code - 5], "big") + 1
        at += code - 5
    else:
        size = _SIZES[code]
    at += {12: 1, 13: 2, 14: 2}.get(head[2] & 0x0F, 0)
    if at >= len(head) or _crc8(head[:at]) != head[at]:
        return None
    return number + size if head[1] & 1 else number * block_samples + size


def _coded(head: bytes, at: int) -> tuple[int | None, int]:
    """A number of one to seven bytes, as UTF-8 has them, and where it ends."""
    for mask, lead, more in (*_NUMBERS, _SEVEN):
        if head[at] & mask == lead:
            number = head[at] & ~mask & 0xFF
            for byte in head[at + 1 : at + 1 + more]:
                if byte & 0xC0 != 0x80:  # noqa: PLR2004
                    return None, at
                number = number << 6 | byte & 0x3F
            return number, at + 1 + more
    return None, at


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc << 1 ^ (0x107 if crc & 0x80 else 0)
    return crc
