"""Audio files of any size that are built to be costly to read; a generator per trick and format."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import chain, cycle

from tests.contract import samples

Make = Callable[[int], bytes]
MP3_FRAME = b"\xff\xfb\x90\x64".ljust(417, b"\0")


def filled(head: bytes, part: bytes, size: int, tail: bytes = b"") -> bytes:
    """The part again and again between head and tail."""
    return head + part * max(1, (size - len(head) - len(tail)) // len(part)) + tail


def numbered(head: bytes, make: Callable[[int], bytes], size: int, tail: bytes = b"") -> bytes:
    """As :func:`filled`, with parts that differ."""
    out = bytearray(head)
    number = 0
    while len(out) < size - len(tail):
        out += make(number)
        number += 1
    return bytes(out + tail)


def syncsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def id3(frames: bytes, version: int = 3, flags: int = 0, claimed: int | None = None) -> bytes:
    length = len(frames) if claimed is None else claimed
    return b"ID3" + bytes((version, 0, flags)) + syncsafe(min(length, 0xFFFFFFF)) + frames


def frame(name: bytes, body: bytes, version: int = 3, flags: int = 0) -> bytes:
    if version == 2:
        return name[:3] + len(body).to_bytes(3, "big") + body
    length = syncsafe(len(body)) if version == 4 else struct.pack(">I", len(body))
    return name + length + struct.pack(">H", flags) + body


def box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def flac_block(kind: int, body: bytes = b"", *, last: bool = False) -> bytes:
    return bytes([kind | (0x80 if last else 0)]) + len(body).to_bytes(3, "big") + body


def page(body: bytes, granule: int = 0, serial: int = 1, flags: int = 0, *, goes_on: bool = False) -> bytes:
    """``goes_on``: its packet ends on another page, so that the body must be a multiple of 255 bytes."""
    lacing = b"\xff" * (len(body) // 255) + (b"" if goes_on else bytes([len(body) % 255]))
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, granule, serial, 0, 0)
    return head + bytes([len(lacing)]) + lacing + body


INFO = flac_block(0, struct.pack(">HH", 4096, 4096) + bytes(6) + ((44100 << 44) | 44100).to_bytes(8, "big") + bytes(16))
VORBIS = page(b"\x01vorbis" + struct.pack("<IBI", 0, 2, 44100) + bytes(14), flags=2)
WAVE_HEAD = b"RIFF\xff\xff\xff\x7fWAVE"
FMT = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
FTYP = box(b"ftyp", b"M4A \0\0\0\0M4A ")
OPEN_MOOV = struct.pack(">I", 0) + b"moov"


def comments(number: int, part: bytes) -> bytes:
    return struct.pack("<I", 0) + struct.pack("<I", number) + (struct.pack("<I", len(part)) + part) * number


INFLATED_BYTES = 64 << 20


def packed_title(size: int) -> bytes:
    """A compressed title that is small here, and large when it is inflated."""
    packer, block = zlib.compressobj(1), b"a" * (1 << 20)
    body = packer.compress(b"\x03") + b"".join(packer.compress(block) for _ in range(INFLATED_BYTES >> 20))
    body += packer.flush()
    return filled(id3(frame(b"TIT2", struct.pack(">I", INFLATED_BYTES + 1) + body, flags=0x0080)), MP3_FRAME, size)


def pages_of(packet: bytes) -> bytes:
    parts = [packet[at : at + 64770] for at in range(0, len(packet), 64770)]
    return b"".join(page(part, goes_on=True) for part in parts[:-1]) + page(parts[-1])


MP3: dict[str, Make] = {
    "compressed titles": packed_title,
    "empty frames": lambda size: id3(filled(b"", frame(b"TXXX", b""), size)) + MP3_FRAME,
    "small frames": lambda size: id3(filled(b"", frame(b"TXXX", b"\0a\0b"), size)) + MP3_FRAME,
    "titles without text": lambda size: id3(filled(b"", frame(b"TIT2", b"\x03"), size)),
    "compressed titles without end": lambda size: id3(filled(b"", frame(b"TIT2", b"abcd", flags=0x0080), size)),
    "a title of megabytes": lambda size: id3(frame(b"TIT2", b"\x03" + b"a" * size)),
    "an object before the title": lambda size: id3(frame(b"GEOB", bytes(size)) + frame(b"TIT2", b"\x03a")) + MP3_FRAME,
    "a cover": lambda size: id3(frame(b"APIC", b"\0image/png\0\3\0" + samples.png() + bytes(size))) + MP3_FRAME,
    "covers": lambda size: id3(filled(b"", frame(b"APIC", b"\0image/png\0\3\0" + samples.png()), size)),
    "compressed covers": lambda size: id3(
        filled(b"", frame(b"APIC", zlib.compress(bytes(100_000)), flags=0x0080), size)
    ),
    "unsynchronised": lambda size: id3(frame(b"GEOB", b"\xff\0" * (size // 2)), flags=0x80),
    "unsynchronised small frames": lambda size: id3(filled(b"", frame(b"TXXX", b"\xff\0\xff\0"), size), flags=0x80),
    "unsynchronised frames of 2.4": lambda size: id3(
        filled(b"", frame(b"APIC", b"\0image/png\0\3\0" + b"\xff\0" * 999, 4, 2), size), 4, 0x80
    ),
    "an unsynchronised cover of 2.4": lambda size: id3(frame(b"APIC", b"\xff\0" * (size // 2), 4, 2), 4, 0x80),
    "tags in a row": lambda size: filled(b"", id3(b""), size),
    "tags of 2.2": lambda size: id3(filled(b"", frame(b"TT2", b"", 2), size), 2),
    "plain lengths in 2.4": lambda size: id3(filled(b"", b"TXXX" + struct.pack(">IH", 200, 0) + bytes(200), size), 4),
    "padding": lambda size: id3(bytes(size)) + MP3_FRAME,
    "a tag beyond the end": lambda size: id3(frame(b"PRIV", bytes(size)), claimed=0xFFFFFFF),
    "an extended header": lambda size: id3(b"\x7f\xff\xff\xff" + bytes(size), flags=0x40),
    "frames": lambda size: filled(b"", MP3_FRAME, size),
    "frames of other rates": lambda size: numbered(b"", lambda n: _mpeg(1 + n % 14), size),
    "Xing headers": lambda size: filled(b"", b"\xff\xfb\x90\x64" + bytes(32) + b"Xing" + b"\xff" * 377, size),
    "syncs only": lambda size: b"\xff\xfb" + b"\xff" * size,
    "syncs and nothing": lambda size: filled(b"\xff\xfb", b"\xff\xfb\x90\x00\x00", size),
    "gaps": lambda size: filled(b"", MP3_FRAME * 5 + b"\0" * 300, size),
    "frames of free format": lambda size: filled(b"", b"\xff\xfb\x00\x64".ljust(417, b"\0"), size),
    "small layer I frames": lambda size: filled(b"\xff\xfb\x90\x64", b"\xff\xff\x18\x00".ljust(32, b"\0"), size),
    "titles of some length": lambda size: id3(filled(b"", frame(b"TIT2", b"\x03" + b"a" * 60_000), size)),
    "fields of one's own": lambda size: id3(filled(b"", frame(b"TXXX", b"\0season\0" + b"2" * 200), size)),
    "an APE tag of many items": lambda size: _ape(filled(b"", struct.pack("<II", 1, 0) + b"Title\0 ", size)),
    "an APE tag of large items": lambda size: _ape(
        filled(b"", struct.pack("<II", 60_000, 0) + b"Album\0" + bytes(60_000), size)
    ),
    "an APE tag at the end": lambda size: filled(
        MP3_FRAME, b"APETAGEX" + struct.pack("<IIII", 2000, 32, 1, 1 << 31) + bytes(8), size
    ),
}


def _ape(items: bytes) -> bytes:
    return MP3_FRAME + items + b"APETAGEX" + struct.pack("<IIII", 2000, len(items) + 32, 0xFFFFFFFF, 0) + bytes(8)


def _mpeg(index: int) -> bytes:
    kbps = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)[index]
    return (b"\xff\xfb" + bytes([index << 4])).ljust(144000 * kbps // 44100, b"\0")


WAV: dict[str, Make] = {
    "empty chunks": lambda size: filled(WAVE_HEAD + FMT, b"abcd\0\0\0\0", size),
    "empty data chunks": lambda size: filled(WAVE_HEAD, b"data\0\0\0\0", size, FMT),
    "formats": lambda size: filled(WAVE_HEAD, FMT, size),
    "infos": lambda size: filled(WAVE_HEAD + FMT, b"LIST\x10\0\0\0INFOINAM\x04\0\0\0\0\0\0\0", size),
    "many infos": lambda size: (
        WAVE_HEAD + b"LIST" + struct.pack("<I", size) + filled(b"INFO", b"IART\x02\0\0\0\0\0", size)
    ),
    "large infos": lambda size: (
        WAVE_HEAD + b"LIST" + struct.pack("<I", size) + filled(b"INFO", b"IART\0\xf0\0\0" + bytes(0xF000), size)
    ),
    "titles": lambda size: filled(WAVE_HEAD + FMT, b"id3 " + struct.pack("<I", 10) + id3(b""), size),
    "a large tag": lambda size: (
        WAVE_HEAD + b"id3 " + struct.pack("<I", size) + id3(filled(b"", frame(b"TXXX", b"\0"), size))
    ),
    "chunks beyond the end": lambda size: filled(WAVE_HEAD + FMT, b"abcd\xff\xff\xff\xff", size),
    "MP3 in it": lambda size: filled(
        WAVE_HEAD + FMT[:8] + b"\x55" + FMT[9:] + b"data\xff\xff\xff\xff", MP3_FRAME[:200], size
    ),
}


def _track(handler: bytes, rate: int, ticks: int, times: bytes | None = None) -> bytes:
    clock = box(b"mdhd", bytes(12) + struct.pack(">IIHH", rate, ticks, 0, 0))
    table = b"" if times is None else box(b"stts", bytes(4) + struct.pack(">I", len(times) // 8) + times)
    parts = clock + box(b"hdlr", bytes(8) + handler + bytes(13)) + box(b"minf", box(b"stbl", table))
    return box(b"trak", box(b"tkhd", bytes(24)) + box(b"mdia", parts))


def _nested(size: int) -> bytes:
    names = cycle((b"moov", b"udta", b"meta", b"ilst"))
    return FTYP + b"".join(struct.pack(">I", 8 + size - at) + next(names) for at in range(0, size, 8))


M4A: dict[str, Make] = {
    "free atoms": lambda size: filled(FTYP, box(b"free"), size, box(b"moov")),
    "atoms in moov": lambda size: filled(FTYP + OPEN_MOOV, box(b"free"), size),
    "tracks": lambda size: filled(FTYP + OPEN_MOOV, box(b"trak"), size),
    "tracks of sound": lambda size: filled(FTYP + OPEN_MOOV, _track(b"soun", 0, 0), size),
    "tracks of pictures": lambda size: filled(FTYP + OPEN_MOOV, _track(b"vide", 1, 1), size),
    "names": lambda size: (
        FTYP + box(b"moov", box(b"udta", box(b"meta", bytes(4) + box(b"ilst", filled(b"", box(b"free"), size)))))
    ),
    "a long name": lambda size: (
        FTYP
        + box(b"moov", box(b"udta", box(b"meta", bytes(4) + box(b"ilst", box(b"\xa9nam", box(b"data", bytes(size)))))))
    ),
    "names without text": lambda size: (
        FTYP
        + box(
            b"moov",
            box(
                b"udta",
                box(b"meta", bytes(4) + box(b"ilst", filled(b"", box(b"\xa9nam", box(b"data", bytes(8))), size))),
            ),
        )
    ),
    "a deep nest": _nested,
    "atoms of no length": lambda size: filled(FTYP, struct.pack(">I", 1) + b"free" + struct.pack(">Q", 16), size),
    "fragments": lambda size: filled(
        FTYP + box(b"moov", _track(b"soun", 1000, 0)), box(b"moof", box(b"traf", box(b"tfhd", bytes(8)))), size
    ),
    "a long run": lambda size: (
        FTYP
        + box(b"moov", _track(b"soun", 1000, 0))
        + box(b"moof", box(b"traf", box(b"tfhd", bytes(8)) + box(b"trun", b"\0\0\1\0\xff\xff\xff\xff" + bytes(size))))
    ),
    "a table of times": lambda size: (
        FTYP + box(b"moov", _track(b"soun", 1000, 0, struct.pack(">II", 1, 9) * (size // 8)))
    ),
}


FLAC: dict[str, Make] = {
    "empty padding": lambda size: filled(b"fLaC" + INFO, flac_block(1), size, flac_block(1, last=True)),
    "blocks of information": lambda size: filled(b"fLaC", INFO, size),
    "comments": lambda size: b"fLaC" + INFO + flac_block(4, comments(min(size, 16_000_000) // 5, b"a"), last=True),
    "comment blocks": lambda size: filled(b"fLaC" + INFO, flac_block(4, comments(10, b"a=b")), size),
    "a long comment": lambda size: (
        b"fLaC" + INFO + flac_block(4, comments(1, b"title=" + b"a" * min(size, 16_000_000)))
    ),
    "fields": lambda size: b"fLaC" + INFO + flac_block(4, comments(min(size, 16_000_000) // 11, b"season="), last=True),
    "a picture": lambda size: b"fLaC" + INFO + flac_block(6, bytes(min(size, 16_000_000)), last=True) + bytes(size),
    "pictures": lambda size: filled(b"fLaC" + INFO, flac_block(6, bytes(32)), size),
    "syncs": lambda size: filled(b"fLaC" + INFO[: -0 or None], b"\xff\xf8\xc9\x08\x00", size),
    "no end": lambda size: filled(b"fLaC" + INFO, flac_block(1, bytes(100)), size),
}

OGG: dict[str, Make] = {
    "pages": lambda size: filled(VORBIS, page(b""), size),
    "pages of one byte": lambda size: filled(VORBIS, page(b"a", 5), size),
    "pages of other streams": lambda size: numbered(VORBIS, lambda n: page(b"a", 5, n + 2), size),
    "a long comment": lambda size: VORBIS + pages_of(b"\x03vorbis" + comments(1, b"title=" + b"a" * size)),
    "comments": lambda size: VORBIS + pages_of(b"\x03vorbis" + comments(size // 5, b"a")),
    "a packet without end": lambda size: filled(VORBIS, page(b"\xff" * 255 * 10)[:-1], size),
    "marks only": lambda size: filled(VORBIS, b"OggS", size),
    "chains": lambda size: numbered(b"", lambda n: VORBIS.replace(b"\1\0\0\0", struct.pack("<I", n + 1), 1), size),
}

EVERY: dict[str, dict[str, Make]] = {"mp3": MP3, "wav": WAV, "m4a": M4A, "flac": FLAC, "ogg": OGG}


def cases() -> Iterator[tuple[str, str, Make]]:
    """Format, trick, and what makes such a file of about so many bytes."""
    return chain.from_iterable(((ext, name, make) for name, make in tricks.items()) for ext, tricks in EVERY.items())
