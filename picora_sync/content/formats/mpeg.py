"""MP3: the length is counted frame by frame; what a header claims is believed only where the frames bear it out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from picora_sync.content.formats import ape, id3
from picora_sync.content.formats.found import Embedded, Tags
from picora_sync.content.formats.window import ReadWindow

_WALK_BYTES: Final = 8 << 20
"""Up to this size every frame is counted; of larger files some are, at places all over the file."""
_BLOCK: Final = 128 << 10
_PLACES: Final = 8
_MOST_FRAMES_THERE: Final = 200
_MOST_GAPS: Final = 16
_BELIEVED: Final = 1.25
"""How far the number of frames that a header claims may be from what the frames at these places suggest."""
_IN_A_ROW: Final = 3

_RATES_HZ: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_KBPS: Final = {
    (3, 3): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (3, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (3, 1): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 3): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 1): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_LAYER_I, _LAYER_III, _MPEG_1 = 3, 1, 3


class Frame(NamedTuple):
    """A frame's header. ``like`` is what the next frame has in common with it."""

    length: int
    samples: int
    rate_hz: int
    kbps: int
    like: tuple[int, int, int]


class _Claim(NamedTuple):
    """What a header says of all that follows it; 0 is not said."""

    frames: int
    audio_bytes: int


@dataclass(slots=True)
class _Walk:
    """What was met on the way from one frame to the next."""

    frames: int = 0
    audio_bytes: int = 0
    seconds: float = 0.0
    kbps: set[int] = field(default_factory=set)
    lost_bytes: int = 0


def read(window: ReadWindow) -> Embedded:
    """Title and length of an MP3 file."""
    start, found = 0, Tags()
    for tag in id3.tags(window):
        found = found.before(id3.tags_in(window, tag))
        start = tag.after
    end, later = _tail(window)
    return Embedded(found.before(later), length_s(window, start, end))


def length_s(window: ReadWindow, start: int, end: int) -> float:
    """How long the frames last that begin near ``start``; 0 if that is not known."""
    found = _first(window, start, end)
    if found is None:
        return 0.0
    start, first = found
    claim = _claim(window, start, first)
    if claim is not None:
        start += first.length  # it holds no audio
    if end - start <= _WALK_BYTES:
        walk = _walk(window, start, end, first)
        return walk.seconds if walk.lost_bytes <= walk.audio_bytes // 50 + _BLOCK // 2 else 0.0
    return _estimated_s(_sample(window, start, end, first), claim, end - start, first)


def first_frame(window: ReadWindow) -> int | None:
    """Where the first frames lie that follow each other, if that is near the beginning."""
    found = _first(window, 0, window.size_bytes)
    return None if found is None else found[0]


def _estimated_s(sample: _Walk, claim: _Claim | None, audio_bytes: int, first: Frame) -> float:
    """The length of a file that is too large to be walked: by its constant bit rate, or by a claim that fits."""
    if not sample.frames:
        return 0.0
    if len(sample.kbps) == 1:
        return audio_bytes * 8 / (1000 * first.kbps)
    if claim is None or (claim.audio_bytes and abs(claim.audio_bytes - audio_bytes) > audio_bytes // 50):
        return 0.0
    likely = audio_bytes * sample.frames / sample.audio_bytes
    if likely / _BELIEVED <= claim.frames <= likely * _BELIEVED:
        return claim.frames * first.samples / first.rate_hz
    return 0.0


def _header(data: bytes) -> Frame | None:
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:  # noqa: PLR2004
        return None
    version, layer = data[1] >> 3 & 3, data[1] >> 1 & 3
    kbps_index, rate_index, padding = data[2] >> 4, data[2] >> 2 & 3, data[2] >> 1 & 1
    if version == 1 or layer == 0 or kbps_index in (0, 15) or rate_index == 3:  # noqa: PLR2004
        return None
    rate_hz = _RATES_HZ[version][rate_index]
    kbps = _KBPS[min(version, _MPEG_1) if version == _MPEG_1 else 2, layer][kbps_index]
    if layer == _LAYER_I:
        samples, length = 384, (12000 * kbps // rate_hz + padding) * 4
    else:
        samples = 576 if layer == _LAYER_III and version != _MPEG_1 else 1152
        length = samples // 8 * 1000 * kbps // rate_hz + padding
    return Frame(length, samples, rate_hz, kbps, (version, layer, rate_hz))


def _first(window: ReadWindow, start: int, end: int, like: Frame | None = None) -> tuple[int, Frame] | None:
    """The first place from ``start`` on where frames of one kind follow each other."""
    data = window.at(start, min(_BLOCK, max(0, end - start)))
    at = data.find(b"\xff")
    while at >= 0:
        frame = _header(data[at : at + 4])
        if frame is not None and (like is None or frame.like == like.like) and _goes_on(data, at, frame, end - start):
            return start + at, frame
        at = data.find(b"\xff", at + 1)
    return None


def _goes_on(data: bytes, at: int, frame: Frame, left: int) -> bool:
    for _ in range(_IN_A_ROW):
        at += frame.length
        if at >= left:
            return True
        if at + 4 > len(data):
            return False
        following = _header(data[at : at + 4])
        if following is None or following.like != frame.like:
            return False
        frame = following
    return True


def _walk(window: ReadWindow, start: int, end: int, first: Frame, most_frames: int = 1 << 30) -> _Walk:
    """Go from frame to frame until the end, over gaps of what is none."""
    walk, known, gaps = _Walk(), dict[bytes, Frame | None](), 0
    while start < end and walk.frames < most_frames:
        data = window.at(start, min(_BLOCK, end - start))
        at = 0
        while at + 4 <= len(data) and walk.frames < most_frames:
            head = data[at : at + 4]
            if head not in known:
                frame = _header(head)
                known[head] = frame if frame is not None and frame.like == first.like else None
            frame = known[head]
            if frame is None:
                break
            walk.frames += 1
            walk.audio_bytes += frame.length
            walk.seconds += frame.samples / frame.rate_hz
            walk.kbps.add(frame.kbps)
            at += frame.length
        if at + 4 > len(data) and len(data) > len(b"tail"):
            start += at
            continue
        if walk.frames >= most_frames:
            break
        found = _first(window, start + at, end, first) if gaps < _MOST_GAPS else None
        resumed = end if found is None else found[0]
        walk.lost_bytes, gaps, start = walk.lost_bytes + resumed - start - at, gaps + 1, resumed
    return walk


def _sample(window: ReadWindow, start: int, end: int, first: Frame) -> _Walk:
    """Some frames at places all over the file, the beginning and nearly the end among them."""
    whole = _Walk()
    for place in range(_PLACES):
        found = _first(window, start + (end - start - _BLOCK) * place // (_PLACES - 1), end, first)
        if found is None:
            return _Walk()
        part = _walk(window, found[0], end, first, _MOST_FRAMES_THERE)
        whole.frames += part.frames
        whole.audio_bytes += part.audio_bytes
        whole.kbps |= part.kbps
    return whole


def _claim(window: ReadWindow, start: int, first: Frame) -> _Claim | None:
    """What a Xing, Info or VBRI header says; None if the first frame is none."""
    data = window.at(start, min(first.length, 256))
    at = max(data.find(b"Xing", 0, 64), data.find(b"Info", 0, 64))
    if at >= 0:
        says, numbers = int.from_bytes(data[at + 4 : at + 8], "big"), data[at + 8 : at + 16]
        frames = int.from_bytes(numbers[:4], "big") if says & 1 else 0
        audio_bytes = int.from_bytes(numbers[4 * (says & 1) :][:4], "big") if says & 2 else 0
        return _Claim(frames, audio_bytes)
    at = data.find(b"VBRI", 0, 64)
    if at >= 0:
        return _Claim(int.from_bytes(data[at + 14 : at + 18], "big"), int.from_bytes(data[at + 10 : at + 14], "big"))
    return None


def _tail(window: ReadWindow) -> tuple[int, Tags]:
    """Where the tags at the end begin, and what they say."""
    end, oldest = window.size_bytes, id3.tags_v1(window)
    if window.at(end - 128, 3) == b"TAG":
        end -= 128
    start, found = ape.read(window, end)
    return start, id3.tags_at_end(window, start).before(found).before(oldest)
