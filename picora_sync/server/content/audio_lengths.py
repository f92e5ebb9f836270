"""How long audio lasts, by what is there and not by what headers claim (contract §15 #14): seconds, or None."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from itertools import islice

from picora_sync.server.content import audio_frames
from picora_sync.server.content.audio_source import Source, TooMuch

_MOST_PARTS = 2000
_MOST_STREAMS = 16
_LEAST_BYTES_A_SECOND = 12.5
_TAIL = 192 * 1024
_PCM_TAGS = (1, 3, 6, 7)
_BLOCK_TAGS = (0x02, 0x11, 0x31)
_MPEG_TAGS = (0x50, 0x55)
_EXTENSIBLE = 0xFFFE
_FULL_TIMES = 65536
_FLAC_BLOCKS = (0, 192, *(576 << n for n in range(4)), 0, 0, *(256 << n for n in range(8)))
_OPUS_FRAMES = (480, 960, 1920, 2880) * 3 + (480, 960) * 2 + (120, 240, 480, 960) * 4
# Nothing about these is measured byte by byte: what is claimed must at least be possible.
_CLAIMED = ("m4a", "flac", "ogg")
Box = tuple[bytes, int, int]


def seconds(source: Source, ext: str) -> float | None:
    """The length of a file of this format.

    Raises:
        ValueError, struct.error, IndexError: it is damaged, or too intricate; its length is unknown.
    """
    length = _LENGTHS[ext](source)
    most = source.size / _LEAST_BYTES_A_SECOND if ext in _CLAIMED else float("inf")
    return length if 0 < length <= most else None


# --- WAV --------------------------------------------------------------------------------------------------------------


def _wav(source: Source) -> float:
    position, description, sound = 12, b"", None
    for _ in range(_MOST_PARTS):
        if position + 8 > source.size:
            break
        name, size = source.get(position, 4), source.number(position + 4, 4, "little")
        body = position + 8
        if name == b"fmt ":
            description = description or source.get(body, min(size, 28))
        elif name == b"data":
            there = source.size - body
            cut = not 0 < size <= there
            sound = (body, there if cut else size)
            if description or cut:
                break
        position = body + size + (size & 1)
    else:
        raise TooMuch("too many chunks")
    if sound is None:
        return 0.0
    return _by_description(source, description, *sound)


def _by_description(source: Source, description: bytes, start: int, count: int) -> float:
    tag, channels, rate, per_second, align, bits = struct.unpack_from("<HHIIHH", description)
    if tag == _EXTENSIBLE:
        (tag,) = struct.unpack_from("<H", description, 24)
    if tag in _MPEG_TAGS:
        return audio_frames.seconds(source, start, start + count)
    if tag in _PCM_TAGS and rate * channels * bits:
        return float(count / (rate * channels * ((bits + 7) // 8)))
    if tag in _BLOCK_TAGS and len(description) >= 20 and rate * align:  # noqa: PLR2004
        (samples,) = struct.unpack_from("<H", description, 18)
        if samples:
            return float(count // align * samples / rate)
    return float(count / per_second) if per_second >= _LEAST_BYTES_A_SECOND else 0.0


# --- MP3 --------------------------------------------------------------------------------------------------------------


def _mp3(source: Source) -> float:
    return audio_frames.seconds(source, audio_frames.after_tags(source), audio_frames.before_tags(source))


# --- M4A --------------------------------------------------------------------------------------------------------------


def _boxes(source: Source, start: int, end: int) -> Iterator[Box]:
    position = start
    for _ in range(_MOST_PARTS):
        if position + 8 > min(end, source.size):
            return
        size, name, header = source.number(position, 4), source.get(position + 4, 4), 8
        if size == 1:
            size, header = source.number(position + 8, 8), 16
        size = size or end - position
        if size < header:
            return
        yield name, position + header, position + size
        position += size
    raise TooMuch("too many boxes")


def _find(source: Source, within: Box | None, path: str) -> Box | None:
    """The first box at the end of a path such as ``mdia/mdhd``."""
    for step in path.split("/"):
        if within is None:
            return None
        boxes = _boxes(source, within[1], within[2])
        within = next((box for box in boxes if box[0] == step.encode()), None)
    return within


def holds_sound(source: Source) -> bool:
    """Whether it is a whole tree of boxes with a track of sound in ``moov``.

    Raises:
        ValueError, struct.error: it is damaged, or too intricate.
    """
    for box in _boxes(source, 0, source.size):
        if box[2] > source.size:
            return False
        if box[0] == b"moov":
            return any(_is_sound(source, track) for track in _boxes(source, box[1], box[2]))
    return False


def _is_sound(source: Source, track: Box) -> bool:
    handler = _find(source, track, "mdia/hdlr") if track[0] == b"trak" else None
    return handler is not None and source.get(handler[1] + 8, 4) == b"soun"


def _m4a(source: Source) -> float:
    outer = list(_boxes(source, 0, source.size))
    moov = next(box for box in [*outer, (b"moov", 0, 0)] if box[0] == b"moov")
    if moov[2] > source.size or any(box[0] == b"mdat" and box[2] > source.size for box in outer):
        return 0.0
    whole = _clock(source, _find(source, moov, "mvhd"))
    presented = whole[1] / whole[0] if whole[0] else 0.0
    for track in _boxes(source, moov[1], moov[2]):
        if not _is_sound(source, track):
            continue
        rate, claimed = _clock(source, _find(source, track, "mdia/mdhd"))
        table = _find(source, track, "mdia/minf/stbl/stts")
        ticks = _table(source, table) if table is not None else claimed
        if rate and ticks:
            played = ticks / rate
            return presented if 0 < played - presented < 0.2 else played  # noqa: PLR2004  (an encoder's priming)
        header = _find(source, track, "tkhd")
        number = source.number(header[1] + (20 if source.get(header[1], 1) == b"\1" else 12), 4) if header else 0
        return _fragmented(source, outer, moov, number) / rate if rate else 0.0
    return presented


def _clock(source: Source, box: Box | None) -> tuple[int, int]:
    """Ticks a second, and how many; 0 where all bits say "unknown"."""
    if box is None:
        return 0, 0
    wide = source.get(box[1], 1) == b"\1"
    at, size = (box[1] + 20, 8) if wide else (box[1] + 12, 4)
    ticks = source.number(at + 4, size)
    return source.number(at, 4), 0 if ticks == (1 << 8 * size) - 1 else ticks


def _table(source: Source, box: Box) -> int:
    count = source.number(box[1] + 4, 4)
    if count > _FULL_TIMES:
        raise TooMuch("too many times")
    data = source.get(box[1] + 8, 8 * count)
    return sum(samples * ticks for samples, ticks in struct.iter_unpack(">II", data[: len(data) // 8 * 8]))


def _fragmented(source: Source, outer: list[Box], moov: Box, number: int) -> int:
    usual = 0
    extends = _find(source, moov, "mvex")
    for box in _boxes(source, extends[1], extends[2]) if extends else ():
        if box[0] == b"trex" and source.number(box[1] + 4, 4) == number:
            usual = source.number(box[1] + 12, 4)
    total = 0
    for moof in (box for box in outer if box[0] == b"moof"):
        for part in _boxes(source, moof[1], moof[2]):
            header = _find(source, part, "tfhd") if part[0] == b"traf" else None
            if header is None or source.number(header[1] + 4, 4) != number:
                continue
            flags = source.number(header[1], 4)
            skipped = 8 * (flags & 1) + 4 * (flags >> 1 & 1)
            each = source.number(header[1] + 8 + skipped, 4) if flags & 8 else usual
            runs = (box for box in _boxes(source, part[1], part[2]) if box[0] == b"trun")
            total += sum(_ticks_of_run(source, run, each) for run in runs)
    return total


def _ticks_of_run(source: Source, run: Box, each: int) -> int:
    flags, count = source.number(run[1], 4), source.number(run[1] + 4, 4)
    if not flags & 0x100:
        return count * each
    words = (flags & 0xF00).bit_count()
    data = source.get(run[1] + 8 + 4 * (flags & 1) + (flags & 4), min(4 * words * count, run[2] - run[1]))
    return sum(row[0] for row in struct.iter_unpack(f">{words}I", data[: len(data) // (4 * words) * 4 * words]))


# --- FLAC -------------------------------------------------------------------------------------------------------------


def _flac(source: Source) -> float:
    position, details = 4, b""
    for _ in range(_MOST_PARTS):
        kind, size = source.number(position, 1), source.number(position + 1, 3)
        if kind & 0x7F == 0:
            details = details or source.get(position + 4, min(size, 18))
        position += 4 + size
        if kind & 0x80:
            break
    block, largest, packed = struct.unpack_from(">HH6xQ", details)
    rate, claimed = packed >> 44, packed & 0xFFFFFFFFF
    tail = source.get(max(position, source.size - _TAIL), _TAIL)
    ends = (_flac_frame(tail[at : at + 16], block) for at in islice(_backwards(tail, b"\xff"), 5000))
    end = next((end for end in ends if end is not None), None)
    if end is None:
        end = claimed if claimed <= (source.size - position) // 8 * largest else 0
    return float(end / rate) if rate else 0.0


def _flac_frame(head: bytes, block: int) -> int | None:
    """The number of the sample that follows the frame that begins here, if one does: its checksum tells."""
    if len(head) < 6 or head[1] & 0xFE != 0xF8:  # noqa: PLR2004
        return None
    size, rate = head[2] >> 4, head[2] & 15
    ones = 8 - (head[4] ^ 0xFF).bit_length()  # as in UTF-8: so many bytes the number has
    length = max(ones, 1)
    number = head[4] & (0xFF >> (ones + 1) if ones else 0x7F)
    for byte in head[5 : 4 + length]:
        number = number << 6 | byte & 0x3F
    at = 4 + length
    extra = {6: 1, 7: 2}.get(size, 0)
    samples = _FLAC_BLOCKS[size]
    if extra:
        samples = int.from_bytes(head[at : at + extra], "big") + 1
    at += extra + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    if not samples or at >= len(head) or _checksum(head[:at]) != head[at]:
        return None
    return number + samples if head[1] & 1 else number * block + samples


def _checksum(data: bytes) -> int:
    register = 0
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register << 1) ^ 0x107 if register & 0x80 else register << 1
    return register


# --- Ogg --------------------------------------------------------------------------------------------------------------


def _ogg(source: Source) -> float:
    position = 0
    for _ in range(_MOST_STREAMS):
        head = source.get(position, 27 + 255 + 80)
        if head[:4] != b"OggS" or not head[5] & 2:
            return 0.0
        serial, packet = head[14:18], head[27 + head[26] :]
        rate, unheard, usual = _sound_of(packet)
        position += 27 + head[26] + sum(head[27 : 27 + head[26]])
        if rate:
            begin, packets = _first_time(source, serial, usual, position)
            end = _last_time(source, serial)
            is_late = rate * (0.5 if packets > 3 else 30) < begin < end  # noqa: PLR2004
            return float((end - begin if is_late else end - unheard) / rate)
    return 0.0


def _sound_of(packet: bytes) -> tuple[int, int, int]:
    """Samples a second (0: it is no sound), how many are not played, and how many a packet has (0: it says so)."""
    if packet[:7] == b"\x01vorbis":
        return *struct.unpack_from("<I", packet, 12), 0, 1 << (packet[28] >> 4) >> 1
    if packet[:8] == b"OpusHead":
        return 48_000, *struct.unpack_from("<H", packet, 10), 0
    if packet[:5] == b"\x7fFLAC":
        return int.from_bytes(packet[27:30], "big") >> 4, 0, *struct.unpack_from(">H", packet, 19)
    if packet[:8] == b"Speex   ":
        rate, samples, frames = (struct.unpack_from("<I", packet, at)[0] for at in (36, 56, 64))
        return rate, 0, samples * frames
    return 0, 0, 0


def _first_time(source: Source, serial: bytes, usual: int, position: int) -> tuple[int, int]:
    """When the first page of sound begins (late, if it was cut from a longer stream), and how many packets it has."""
    for _ in range(_MOST_PARTS // 4):
        head = source.get(position, 27 + 255 + 2)
        if head[:4] != b"OggS":
            return 0, 0
        lacing, body = head[27 : 27 + head[26]], head[27 + head[26] :]
        (time,) = struct.unpack_from("<q", head, 6)
        if head[14:18] == serial and time > 0:
            packets = sum(size != 255 for size in lacing)  # noqa: PLR2004
            if packets < 4:  # noqa: PLR2004  (they may be long ones)
                return int(time), packets
            return int(time) - (usual or _of_opus(body)) * packets, packets
        position += 27 + len(lacing) + sum(lacing)
    return 0, 0


def _of_opus(packet: bytes) -> int:
    """Samples of an Opus packet (RFC 6716, 3.1)."""
    mode, code = packet[0] >> 3, packet[0] & 3
    each = _OPUS_FRAMES[mode]
    return each * (packet[1] & 63 if code == 3 else min(code + 1, 2))  # noqa: PLR2004


def _last_time(source: Source, serial: bytes) -> int:
    tail = source.get(max(0, source.size - _TAIL), _TAIL)
    for at in islice(_backwards(tail, b"OggS"), 5000):
        head = tail[at : at + 27]
        table = tail[at + 27 : at + 27 + head[26]] if len(head) == 27 else b""  # noqa: PLR2004
        if not table or at + 27 + len(table) + sum(table) > len(tail):
            continue  # it is cut off, or none
        (time,) = struct.unpack_from("<q", head, 6)
        if head[14:18] == serial:
            if time >= 0:
                return int(time)
        elif head[5] & 2:
            break  # another stream follows: the first one's end is somewhere before
    return 0


def _backwards(data: bytes, mark: bytes) -> Iterator[int]:
    at = data.rfind(mark)
    while at >= 0:
        yield at
        at = data.rfind(mark, 0, at + len(mark) - 1)


_LENGTHS: dict[str, Callable[[Source], float]] = {"mp3": _mp3, "m4a": _m4a, "wav": _wav, "flac": _flac, "ogg": _ogg}
