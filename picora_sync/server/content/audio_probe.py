"""Duration, bitrate and artwork of audio files: unknown is an answer, never an error (contract §15 #14)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from picora_sync.server.content import audio_covers, audio_lengths
from picora_sync.server.content.audio_source import Source

_WITH_COVERS = ("mp3", "flac")
_T = TypeVar("_T")


@dataclass(frozen=True)
class AudioInfo:
    """What could be read: exact seconds, average kbps, artwork with its true media type."""

    length_s: float | None = None
    bitrate_kbps: int | None = None
    cover: bytes | None = None
    cover_mime: str | None = None

    @property
    def duration_s(self) -> int | None:
        """Whole seconds, as they are shown; None if they are unknown, or less than half of one."""
        return (round(self.length_s) or None) if self.length_s is not None else None


def probe(path: Path, ext: str) -> AudioInfo:
    """Read a stored file; whatever is wrong with it, its audio stays accepted."""
    with Source(path) as source:
        length_s = _attempt(lambda: audio_lengths.seconds(source, ext))
        source.renew()
        cover = _attempt(lambda: audio_covers.cover(source, ext)) if ext in _WITH_COVERS else None
        kbps = None if length_s is None else round(source.size * 8 / 1000 / length_s) or None
    return AudioInfo(length_s, kbps, *(cover or (None, None)))


def holds_sound(path: Path) -> bool:
    """Whether a file that does not begin as an M4A does is one all the same (contract §15 #12)."""
    with Source(path) as source:
        return bool(_attempt(lambda: audio_lengths.holds_sound(source)))


def _attempt(read: Callable[[], _T]) -> _T | None:
    try:
        return read()
    except Exception:  # noqa: BLE001 - parsers of hostile files raise anything; unknown is the answer
        return None
