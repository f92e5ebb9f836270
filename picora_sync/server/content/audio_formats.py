"""Which audio is accepted, and how it is recognised (contract §6)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class AudioFormat:
    """One accepted format: extension without a dot, canonical media type, first bytes."""

    ext: str
    mime: str
    magic: tuple[bytes, ...]
    magic_at: int = 0

    def matches(self, head: bytes) -> bool:
        """Whether the first bytes are of this format."""
        return head[self.magic_at :].startswith(self.magic)


_MP3 = AudioFormat("mp3", "audio/mpeg", (b"ID3", b"\xff\xfb"))
_M4A = AudioFormat("m4a", "audio/mp4", (b"ftyp",), magic_at=4)
_WAV = AudioFormat("wav", "audio/wav", (b"RIFF",))
_FLAC = AudioFormat("flac", "audio/flac", (b"fLaC",))
_OGG = AudioFormat("ogg", "audio/ogg", (b"OggS",))
EXTENSIONS = {audio_format.ext: audio_format for audio_format in (_MP3, _M4A, _WAV, _FLAC, _OGG)}
_BY_MIME = {
    "audio/mpeg": _MP3,
    "audio/mp3": _MP3,
    "audio/x-m4a": _M4A,
    "audio/mp4": _M4A,
    "audio/wav": _WAV,
    "audio/x-wav": _WAV,
    "audio/flac": _FLAC,
    "audio/ogg": _OGG,
}
# Types that say nothing: the extension decides. curl sends the first for all five formats.
_UNTOLD = ("application/octet-stream", "")


def choose(mime: str | None, filename: str) -> AudioFormat | None:
    """The format of an upload: by its type, or by its extension when the type says nothing; None if not accepted."""
    told = (mime or "").partition(";")[0].strip().lower()
    if told in _UNTOLD:
        return EXTENSIONS.get(PurePosixPath(filename).suffix.lower().lstrip("."))
    return _BY_MIME.get(told)
