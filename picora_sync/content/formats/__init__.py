"""What an audio file says of itself: its tags and length, found with few reads whatever its bytes are (decision 0226).

window   reads through a budget
id3      the frames of ID3 tags that are wanted; mutagen decodes them
ape      APEv2 tags at the end of an MP3
mpeg     MP3: the length by frames
riff     WAV: INFO texts, and the length by the bytes that are there
mp4      M4A: atoms and fragments
flac     FLAC: the length by the last frame
ogg      Ogg: the length by the last page
vorbis   the fields among Vorbis comments that are wanted
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import BinaryIO

from picora_sync.content.formats import flac, mp4, mpeg, ogg, riff
from picora_sync.content.formats.found import Embedded, Tags
from picora_sync.content.formats.window import LEAST_BYTES_PER_S, ReadWindow, Spent

__all__ = ["Embedded", "Tags", "read_embedded"]

_CLAIMED = frozenset({".m4a", ".flac", ".ogg"})
"""Nothing about these is measured byte by byte: what is claimed must at least be possible."""

_READ: dict[str, Callable[[ReadWindow], Embedded]] = {
    ".mp3": mpeg.read,
    ".m4a": mp4.read,
    ".wav": riff.read,
    ".flac": flac.read,
    ".ogg": ogg.read,
}


def read_embedded(file: BinaryIO, suffix: str) -> Embedded:
    """Tags and length; what is damaged, too large or not worth the reading is unknown, never an error."""
    size_bytes = os.fstat(file.fileno()).st_size
    try:
        found = _READ[suffix](ReadWindow(file, size_bytes))
    except Spent:
        return Embedded(Tags(unread=True))
    except Exception:  # noqa: BLE001  (bytes of anybody: what they lead to is not known)
        return Embedded()
    most_s = size_bytes / LEAST_BYTES_PER_S if suffix in _CLAIMED else float("inf")
    if 0 < found.length_s <= most_s:
        return found
    return Embedded(found.tags)
