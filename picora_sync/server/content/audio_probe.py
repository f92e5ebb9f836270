"""Duration, bitrate and artwork of audio files, by mutagen: unknown is an answer, never an error (contract §15 #14)."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from mutagen import flac, id3, mp3, mp4, oggflac, oggopus, oggspeex, oggvorbis, wave

from picora_sync.server.content import image_formats

# mutagen is hardly annotated: what is used of it is taken as it is.
_flac: Any = flac
_id3: Any = id3
_mp3: Any = mp3
_mp4: Any = mp4
_wave: Any = wave
_MAX_READ_BYTES = 16 * 1024 * 1024
_MAX_COVER_BYTES = 10 * 1024 * 1024
_COVER_TYPES = (image_formats.JPEG, image_formats.PNG)
_FRONT_COVER = 3
# The flag of compressed frames, by minor version of ID3v2.
_COMPRESSED = {3: _id3.Frame.FLAG23_COMPRESS, 4: _id3.Frame.FLAG24_COMPRESS}
_OGG_KINDS: dict[bytes, Any] = {
    b"\x01vorbis": oggvorbis.OggVorbis,
    b"OpusHead": oggopus.OggOpus,
    b"\x7fFLAC": oggflac.OggFLAC,
    b"Speex   ": oggspeex.OggSpeex,
}


@dataclass(frozen=True)
class AudioInfo:
    """What could be read: exact seconds, average kbps, artwork with its true media type."""

    length_s: float | None = None
    bitrate_kbps: int | None = None
    cover: bytes | None = None
    cover_mime: str | None = None

    @property
    def duration_s(self) -> int | None:
        """Whole seconds, to be shown: a limit is compared with the exact length."""
        return _rounded(self.length_s)


def probe(path: Path, ext: str) -> AudioInfo:
    """Read a stored file; whatever is wrong with it, its audio stays accepted."""
    with path.open("rb") as file:
        guarded = _Guarded(file)
        stream = _attempt(lambda: _STREAMS[ext](guarded))
        pictures = _attempt(lambda: _PICTURES[ext](guarded)) if ext in _PICTURES else None
    length_s = _positive(getattr(stream, "length", None))
    bitrate_kbps = _rounded((getattr(stream, "bitrate", None) or 0) / 1000)
    if bitrate_kbps is None and length_s is not None:
        bitrate_kbps = _rounded(path.stat().st_size * 8 / 1000 / length_s)
    cover, cover_mime = _artwork(pictures or [])
    return AudioInfo(length_s, bitrate_kbps, cover, cover_mime)


def _attempt(read: Callable[[], Any]) -> Any:  # noqa: ANN401 - mutagen is not typed
    try:
        return read()
    except Exception:  # noqa: BLE001 - parsers of hostile files raise anything; unknown is the answer
        return None


class _Guarded(io.BufferedIOBase):
    """A file that refuses to be read in one gulp: tags state sizes that nobody needs."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int | None = -1, /) -> bytes:
        most = _MAX_READ_BYTES + 1
        content = self._file.read(most if size is None or size < 0 else min(size, most))
        if len(content) > _MAX_READ_BYTES:
            raise ValueError("the file asks for too much memory")
        return content

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


class APIC(_id3.APIC):  # type: ignore[misc]  # not typed; mutagen finds frames by class name
    """A picture frame that is never inflated: a few kilobytes could become gigabytes."""

    @classmethod
    def _fromData(cls, header: Any, tflags: int, data: bytes) -> Any:  # noqa: ANN401, N802 - mutagen's own signature
        if tflags & _COMPRESSED.get(header.version[1], 0):
            raise NotImplementedError
        return super()._fromData(header, tflags, data)


_PICTURE_FRAMES = {"APIC": APIC, "PIC": _id3.PIC}


def _mp3_tags(file: _Guarded) -> Any:  # noqa: ANN401 - mutagen is not typed
    file.seek(0)
    return _id3.ID3(file, known_frames=_PICTURE_FRAMES, load_v1=False)


def _mp3_stream(file: _Guarded) -> Any:  # noqa: ANN401 - mutagen is not typed
    tags = _attempt(lambda: _mp3_tags(file))
    return _mp3.MPEGInfo(file, tags.size if tags is not None else 0)


def _flac_file(file: _Guarded) -> Any:  # noqa: ANN401 - mutagen is not typed
    file.seek(0)
    return _flac.FLAC(file)


def _ogg_stream(file: _Guarded) -> Any:  # noqa: ANN401 - mutagen is not typed
    page = file.read(512)
    file.seek(0)
    kind = next(kind for magic, kind in _OGG_KINDS.items() if magic in page)
    return kind(file).info


_STREAMS: dict[str, Callable[[_Guarded], Any]] = {
    "mp3": _mp3_stream,
    "m4a": lambda file: _mp4.MP4(file).info,
    "wav": lambda file: _wave.WAVE(file).info,
    "flac": lambda file: _flac_file(file).info,
    "ogg": _ogg_stream,
}
# The two formats whose artwork the contract names.
_PICTURES: dict[str, Callable[[_Guarded], Any]] = {
    "mp3": lambda file: _mp3_tags(file).getall("APIC"),
    "flac": lambda file: _flac_file(file).pictures,
}


def _artwork(pictures: Iterable[Any]) -> tuple[bytes, str] | tuple[None, None]:
    """The front cover, else the first picture, that is a JPEG or PNG of sensible size."""
    for picture in sorted(pictures, key=lambda picture: picture.type != _FRONT_COVER):
        info = image_formats.identify(picture.data)
        if info is not None and info.mime in _COVER_TYPES and len(picture.data) <= _MAX_COVER_BYTES:
            return bytes(picture.data), info.mime
    return None, None


def _positive(value: float | None) -> float | None:
    return float(value) if value and 0 < value < math.inf else None


def _rounded(value: float | None) -> int | None:
    """The nearest whole number of a positive value; None for what cannot be told."""
    known = _positive(value)
    return None if known is None else round(known)
