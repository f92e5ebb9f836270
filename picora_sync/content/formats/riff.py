"""WAV: chunk by chunk; the length is that of the bytes that are there, whatever the headers claim."""

from __future__ import annotations

import struct
from typing import Final

from picora_sync.content.formats import id3, mpeg
from picora_sync.content.formats.found import (
    ALBUM,
    ARTIST,
    DATE,
    MOST_TEXT_BYTES,
    TITLE,
    TRACK,
    Embedded,
    Tags,
    first_number,
    is_foreign,
)
from picora_sync.content.formats.window import LEAST_BYTES_PER_S, ReadWindow

_MOST_CHUNKS: Final = 2000
_PCM: Final = frozenset({1, 3, 6, 7})
"""Samples of one size each: integers, floats, A-law, µ-law."""
_EXTENSIBLE: Final = 0xFFFE
_BLOCKS: Final = frozenset({0x02, 0x11, 0x31})
"""ADPCM and GSM: the ``fmt`` chunk says how many samples a block has."""
_MPEG: Final = frozenset({0x50, 0x55})
_INFO: Final = {b"INAM": TITLE, b"IART": ARTIST, b"IPRD": ALBUM, b"ITRK": TRACK, b"IPRT": TRACK, b"ICRD": DATE}
_MOST_INFOS: Final = 500


def read(window: ReadWindow) -> Embedded:
    """Title and length of a RIFF file."""
    offset, form, data, found, info = 12, b"", (0, 0), Tags(), Tags()
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
        elif kind in (b"id3 ", b"ID3 "):
            found = next((found.before(id3.tags_in(window, tag)) for tag in id3.tags(window, start)), found)
        elif kind == b"LIST" and window.at(start, 4) == b"INFO":
            info = info.before(_infos(window, start + 4, start + min(claimed, left)))
        offset = start + claimed + claimed % 2
    else:
        found = Tags(found.values, unread=not found.before(info).title)
    return Embedded(found.before(info), _length_s(window, form, *data))


def _infos(window: ReadWindow, offset: int, end: int) -> Tags:
    """The texts of a ``LIST`` of type ``INFO``. Their encoding is not told: today's programs write UTF-8."""
    texts: dict[str, str] = {}
    foreign = False
    for _ in range(_MOST_INFOS):
        head = window.at(offset, 8)
        length = int.from_bytes(head[4:], "little")
        if len(head) < 8 or offset + 8 + length > end:  # noqa: PLR2004
            break
        field = _INFO.get(head[:4])
        if field and field not in texts and length <= MOST_TEXT_BYTES:
            data = window.at(offset + 8, length).partition(b"\0")[0]
            text, is_other = _decoded(data)
            text = first_number(text) if field == TRACK else text
            if text:
                texts[field] = text
                foreign = foreign or (field == TITLE and is_other)
        offset += 8 + length + length % 2
    return Tags(texts, foreign=foreign)


def _decoded(data: bytes) -> tuple[str, bool]:
    """As UTF-8, else as Latin-1; and whether the latter is clearly wrong."""
    try:
        return data.decode().strip(), False
    except UnicodeDecodeError:
        text = data.decode("latin-1").strip()
        return text, is_foreign(text)


def _length_s(window: ReadWindow, form: bytes, start: int, end: int) -> float:
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
