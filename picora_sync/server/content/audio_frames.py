"""MPEG audio: frames are counted, in large files at several places; headers that contradict them are not believed."""

from __future__ import annotations

from dataclasses import dataclass, field

from picora_sync.server.content.audio_source import Source

_CHUNK = 64 * 1024
_COUNTED = 6 * 1024 * 1024
_SPOTS = 9
_FRAMES_A_SPOT = 150
_MOST_HOLES = 20
_MOST_TAGS = 20
# kbps by bit rate index; a row for each of layer I, II, III of MPEG-1, then of MPEG-2 and 2.5
_TABLE = {
    (True, 1): [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    (True, 2): [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    (True, 3): [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    (False, 1): [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    (False, 2): [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    (False, 3): [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
}


@dataclass(frozen=True)
class _Head:
    """What the four bytes before a frame say. ``sort`` stays the same throughout a file."""

    size: int
    seconds: float
    kbps: int
    sort: int


@dataclass
class _Count:
    frames: int = 0
    bytes: int = 0
    seconds: float = 0.0
    missed: int = 0
    rates: set[int] = field(default_factory=set)


def seconds(source: Source, start: int, end: int) -> float:
    """How long the frames between these places last; 0 if that is not known."""
    begin = _sync(source, start, end, None)
    if begin is None:
        return 0.0
    start, head = begin
    claim = _summary(source, start, head)
    if claim is not None:
        start += head.size
    if end - start <= _COUNTED:
        count = _count(source, start, end, head.sort, 1 << 40)
        return count.seconds if count.missed * 50 <= count.bytes + 32 * _CHUNK else 0.0
    total = _Count()
    for spot in range(_SPOTS):
        found = _sync(source, start + (end - start - _CHUNK) * spot // (_SPOTS - 1), end, head.sort)
        if found is None:
            return 0.0
        part = _count(source, found[0], end, head.sort, _FRAMES_A_SPOT)
        total.frames, total.bytes = total.frames + part.frames, total.bytes + part.bytes
        total.rates |= part.rates
    if len(total.rates) == 1:
        return (end - start) / (head.kbps * 125)
    expected = (end - start) / total.bytes * total.frames
    if claim is not None and expected * 0.8 <= claim <= expected * 1.25:
        return claim * head.seconds
    return 0.0


def after_tags(source: Source) -> int:
    """Where the ID3v2 tags end."""
    position = 0
    for _ in range(_MOST_TAGS):
        head = source.get(position, 10)
        if head[:3] != b"ID3" or len(head) < 10:  # noqa: PLR2004
            break
        position += 10 + id3_number(head[6:]) + (10 if head[3] == 4 and head[5] & 0x10 else 0)  # noqa: PLR2004
    return position


def before_tags(source: Source) -> int:
    """Where the tags at the end begin: ID3v1, APE."""
    end = source.size
    if end > 128 and source.get(end - 128, 3) == b"TAG":  # noqa: PLR2004
        end -= 128
    if end > 32 and source.get(end - 32, 8) == b"APETAGEX":  # noqa: PLR2004
        size = source.number(end - 20, 4, "little") + (32 if source.number(end - 12, 4, "little") >> 31 else 0)
        end -= size if size < end else 32
    return end


def id3_number(data: bytes) -> int:
    """Four bytes of seven bits each."""
    return data[0] << 21 | data[1] << 14 | data[2] << 7 | data[3]


def _parse(word: bytes) -> _Head | None:
    bits = int.from_bytes(word, "big")
    version, layer, index, rate = bits >> 19 & 3, 4 - (bits >> 17 & 3), bits >> 12 & 15, bits >> 10 & 3
    if len(word) < 4 or bits >> 21 != 0x7FF or version == 1 or layer == 4 or index in (0, 15) or rate == 3:  # noqa: PLR2004
        return None
    hertz = (44100, 48000, 32000)[rate] // {3: 1, 2: 2, 0: 4}[version]
    kbps = _TABLE[version == 3, layer][index]  # noqa: PLR2004
    samples = 384 if layer == 1 else 576 if layer == 3 and version != 3 else 1152  # noqa: PLR2004
    slot = 4 if layer == 1 else 1
    size = (samples * kbps * 125 // (hertz * slot) + (bits >> 9 & 1)) * slot
    return _Head(size, samples / hertz, kbps, bits >> 17 << 2 | rate)


def _sync(source: Source, start: int, end: int, sort: int | None) -> tuple[int, _Head] | None:
    """The first of four frames in a row."""
    if start >= end:
        return None
    data = source.get(start, min(2 * _CHUNK, end - start))
    at = data.find(b"\xff")
    while at >= 0:
        head = following = _parse(data[at : at + 4])
        place, good = at, head is not None and sort in (None, head.sort)
        for _ in range(3):
            if not good or following is None or head is None:
                break
            place += following.size
            if start + place >= end:
                break
            following = _parse(data[place : place + 4])
            good = following is not None and following.sort == head.sort
        if good and head is not None:
            return start + at, head
        at = data.find(b"\xff", at + 1)
    return None


def _count(source: Source, position: int, end: int, sort: int, most: int) -> _Count:
    count, parsed, holes = _Count(), dict[bytes, _Head | None](), 0
    while position < end and count.frames < most:
        data = source.get(position, min(_CHUNK, end - position))
        at, head = 0, None
        while at + 4 <= len(data) and count.frames < most:
            word = data[at : at + 4]
            if word not in parsed:
                parsed[word] = _parse(word)
            head = parsed[word]
            if head is None or head.sort != sort:
                head = None
                break
            at += head.size
            count.frames += 1
            count.bytes += head.size
            count.seconds += head.seconds
            count.rates.add(head.kbps)
        position += at
        if head is None:
            holes += 1
            again = _sync(source, position, end, sort) if holes < _MOST_HOLES else None
            count.missed += (end if again is None else again[0]) - position
            position = end if again is None else again[0]
    return count


def _summary(source: Source, start: int, head: _Head) -> int | None:
    """How many frames a first frame of Xing or Fraunhofer says there are; None if it is an ordinary one."""
    data = source.get(start, min(head.size, 200))
    for mark, flags_at, frames_at in ((b"Xing", 4, 8), (b"Info", 4, 8), (b"VBRI", None, 14)):
        at = data.find(mark, 4, 60)
        if at >= 0:
            says = flags_at is None or data[at + flags_at + 3] & 1
            return int.from_bytes(data[at + frames_at : at + frames_at + 4], "big") if says else 0
    return None
