"""WAV: chunk by chunk; the length is that of the bytes that are there, whatever the headers claim."""

from __future__ import annotations

import struct
from typing import Final

from picora_sync.content.formats import id3, mpeg
from picora_sync.content.formats.found import Embedded, Title
from picora_sync.content.formats.window import LEAST_BYTES_PER_S, Window

_MOST_CHUNKS: Final = 2000
_PCM: Final = frozenset({1, 3, 6, 7})
"""Samples of one size each: integers, floats, A-law, µ-law."""
_EXTENSIBLE: Final = 0xFFFE
_BLOCKS: Final = frozenset({0x02, 0x11, 0x31})
"""ADPCM and GSM: the ``fmt`` chunk says how many samples a block has."""
_MPEG: Final = frozenset({0x50, 0x55})


def read(window: Window) -> Embedded:
    """Title and length of a RIFF file."""
    offset, form, data, title = 12, b"", (0, 0), Title()
    for _ in range(_MOST_CHUNKS):
        head = window.at(offset, 8)
        if len(head) < 8:  # noqa: PLR2004
            break
        kind, claimed = head[:4], int.from_bytes(head[4:], "little")
        start, left = offset + 8, window.size_bytes - offset - 8
        if kind == b"data" and not data[0]:
            endless = claimed == 0 or claimed > left
            data = (start, start + (left if endless else claimed))
            if endless:
                break
        elif kind == b"fmt " and not form:
            form = window.at(start, min(claimed, 40))
        elif kind in (b"id3 ", b"ID3 ") and not title.text:
            title = next((id3.title_in(window, tag) for tag in id3.tags(window, start)), title)
        offset = start + claimed + claimed % 2
    else:
        title = Title(title.text, unread=not title.text)
    return Embedded(title.text, _length_s(window, form, *data), title.unread)


def _length_s(window: Window, form: bytes, start: int, end: int) -> float:
    """By the ``fmt`` chunk; 0 if that does not tell."""
    if len(form) < 16:  # noqa: PLR2004
        return 0.0
    kind, channels, rate_hz, bytes_per_s, block, bits = struct.unpack_from("<HHIIHH", form)
    if kind == _EXTENSIBLE:
        kind = int.from_bytes(form[24:26], "little")
    if kind in _MPEG:
        return mpeg.length_s(window, start, end)
    if kind in _PCM and channels and rate_hz and bits:
        return float((end - start) / (rate_hz * channels * -(-bits // 8)))
    samples = int.from_bytes(form[18:20], "little") if kind in _BLOCKS else 0
    if samples and block and rate_hz:
        return float((end - start) // block * samples / rate_hz)
    return float((end - start) / bytes_per_s) if bytes_per_s >= LEAST_BYTES_PER_S else 0.0
