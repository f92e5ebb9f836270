"""Small audio files made byte by byte, each with its true length: what headers claim is often something else."""

from __future__ import annotations

import struct
from typing import Final

from mutagen.ogg import OggPage

from tests.contract import samples

KBPS: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
FRAME_S: Final = 1152 / 44100


def mp3_frame(index: int = 9, body: bytes = b"") -> bytes:
    """MPEG-1 layer III at 44.1 kHz."""
    return (b"\xff\xfb" + bytes([index << 4]) + b"\x64" + body).ljust(144000 * KBPS[index] // 44100, b"\0")


def xing(frames: int, audio_bytes: int, mark: bytes = b"Xing") -> bytes:
    return mp3_frame(9, bytes(32) + mark + struct.pack(">III", 3, frames, audio_bytes))


def vbri(frames: int, audio_bytes: int) -> bytes:
    return mp3_frame(9, bytes(32) + b"VBRI" + struct.pack(">HHHII", 1, 0, 0, audio_bytes, frames))


def varied(frames: int) -> bytes:
    """Frames whose bit rate changes all the time."""
    return b"".join(mp3_frame(6 + number * 7 % 5) for number in range(frames))


def old_frames(second: int, third: int, length: int, frames: int) -> bytes:
    return bytes([0xFF, second, third, 0xC4]).ljust(length, b"\0") * frames


def id3v1() -> bytes:
    return b"TAG".ljust(128, b"\0")


def ape(head: bool) -> bytes:
    item = struct.pack("<II", 5, 0) + b"Title\0" + b"Hello"
    size = struct.pack("<III", 2000, len(item) + 32, 1)
    foot = b"APETAGEX" + size + struct.pack("<I", 0x80000000 if head else 0) + bytes(8)
    return (b"APETAGEX" + size + struct.pack("<I", 0xA0000000) + bytes(8) if head else b"") + item + foot


def wav(
    data: bytes,
    claimed: int | None = None,
    form: tuple[int, ...] = (1, 1, 8000, 8000, 1, 8),
    extra: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """``form``: tag, channels, Hz, bytes a second, bytes a block, bits."""
    body = struct.pack("<HHIIHH", *form) + extra
    size = struct.pack("<I", len(data) if claimed is None else claimed)
    return b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<I", len(body)) + body + b"data" + size + data + after


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def m4a(
    claimed_ms: int,
    times: tuple[tuple[int, int], ...] | None = None,
    audio_bytes: int = 24_000,
    more: bytes = b"",
    whole_ms: int | None = None,
) -> bytes:
    """``times``: the table of how many samples last how many milliseconds each."""
    table = b"" if times is None else b"".join(struct.pack(">II", *row) for row in times)
    stts = b"" if times is None else box(b"stts", struct.pack(">II", 0, len(times)), table)
    mdhd = box(b"mdhd", bytes(12), struct.pack(">IIHH", 1000, claimed_ms, 0, 0))
    hdlr = box(b"hdlr", bytes(8), b"soun", bytes(13))
    track = box(
        b"trak",
        box(b"tkhd", bytes(12), struct.pack(">I", 1), bytes(68)),
        box(b"mdia", mdhd, hdlr, box(b"minf", box(b"stbl", stts))),
    )
    mvhd = box(b"mvhd", bytes(12), struct.pack(">II", 1000, claimed_ms if whole_ms is None else whole_ms), bytes(80))
    brand = box(b"ftyp", b"M4A ", bytes(4), b"M4A mp42")
    return brand + box(b"moov", mvhd, track, more) + box(b"mdat", bytes(audio_bytes))


def fragments(number: int, samples_each: int, *, listed: bool) -> bytes:
    """Samples of 20 ms; ``listed``: each with its own time, else by the default of the track."""
    run = struct.pack(">II", 0x100 if listed else 0, samples_each) + (struct.pack(">I", 20) * samples_each * listed)
    head = box(b"tfhd", struct.pack(">II", 0, 1))
    return box(b"moof", box(b"traf", head, box(b"trun", run))) * number


def extends(mehd_ms: int = 0) -> bytes:
    trex = box(b"trex", struct.pack(">IIIIII", 0, 1, 1, 20, 0, 0))
    return box(b"mvex", box(b"mehd", struct.pack(">II", 0, mehd_ms)) if mehd_ms else b"", trex)


def crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc << 1 ^ (0x107 if crc & 0x80 else 0)
    return crc


def flac_frame(number: int) -> bytes:
    """Frame of 4,096 samples; the number is below 128."""
    head = b"\xff\xf8\xc9\x18" + bytes([number])
    return (head + bytes([crc8(head)])).ljust(1000, b"\x01")


def flac(frames: int, claimed: int, *, block: int = 4096) -> bytes:
    packed = (44_100 << 44) | (1 << 41) | (15 << 36) | claimed
    info = struct.pack(">HH", block, block) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    return b"fLaC\x80\0\0\x22" + info + b"".join(map(flac_frame, range(frames)))


def ogg(
    pages: int,
    *,
    serial: int = 1,
    begins_at: int = 0,
    head: bytes = b"",
    claimed: int | None = None,
    packets_each: int = 1,
) -> bytes:
    """Vorbis at 44.1 kHz; each page lasts a second."""
    ident = head or b"\x01vorbis" + struct.pack("<IBIiiiB", 0, 2, 44_100, 0, 96_000, 0, 0xB8) + b"\x01"
    comment = b"\x03vorbis" + struct.pack("<II", 0, 0) + b"\x01"
    contents = [[ident], [comment], *([[b"\x02" * (4000 // packets_each)] * packets_each] * pages)]
    rate_hz = 48_000 if head else 44_100
    out = b""
    for sequence, packets in enumerate(contents):
        made = OggPage()
        made.serial, made.sequence, made.packets = serial, sequence, packets
        made.first, made.last = sequence == 0, sequence == len(contents) - 1
        made.position = (begins_at + rate_hz * (sequence - 1)) if sequence > 1 else 0
        if made.last and claimed is not None:
            made.position = claimed
        out += made.write()
    return out


def picture() -> bytes:
    """The first page of a stream that is no sound."""
    page = OggPage()
    page.serial, page.packets, page.first = 77, [b"\x80theora" + bytes(35)], True
    return bytes(page.write())


OPUS: Final = b"OpusHead\x01\x02" + struct.pack("<HIHB", 3840, 48_000, 0, 0)
SECOND: Final = bytes(8000)
"""A second of WAV."""
UNKNOWN: Final = 0.0
LARGE: Final = 9 << 20
"""Too much to count every frame."""


def large(index: int) -> bytes:
    return mp3_frame(index) * (LARGE // len(mp3_frame(index)))


LARGE_VARIED: Final = varied(LARGE // 418 + 4000)
VARIED_FRAMES: Final = LARGE // 418 + 4000

LENGTHS: dict[str, tuple[str, bytes, float]] = {
    # --- WAV
    "plain": ("wav", wav(SECOND * 3), 3.0),
    "odd chunk behind": ("wav", wav(SECOND * 3, after=b"LIST\x04\0\0\0abcd"), 3.0),
    "of size 0": ("wav", wav(SECOND * 3, 0), 3.0),
    "of size 0x7fffffff": ("wav", wav(SECOND * 3, 0x7FFFFFFF), 3.0),
    "of size 0xffffffff": ("wav", wav(SECOND * 3, 0xFFFFFFFF), 3.0),
    "of size 0x80000000": ("wav", wav(SECOND * 3, 0x80000000), 3.0),
    "cut off": ("wav", wav(SECOND * 10)[: -7 * 8000], 3.0),
    "a little beyond the end": ("wav", wav(SECOND * 3, 8000 * 3 + 1), 3.0),
    "without sound": ("wav", wav(b""), UNKNOWN),
    "byte rate 0": ("wav", wav(SECOND * 3, form=(1, 1, 8000, 0, 1, 8)), 3.0),
    "byte rate 1": ("wav", wav(SECOND * 3, form=(1, 1, 8000, 1, 1, 8)), 3.0),
    "byte rate too high": ("wav", wav(SECOND * 3, form=(1, 1, 8000, 0xFFFFFFFF, 1, 8)), 3.0),
    "24 bits": ("wav", wav(SECOND * 3, form=(1, 2, 2000, 12000, 6, 24)), 2.0),
    "floats": ("wav", wav(SECOND * 3, form=(3, 1, 2000, 8000, 4, 32)), 3.0),
    "A-law": ("wav", wav(SECOND * 3, form=(6, 1, 8000, 8000, 1, 8)), 3.0),
    "extensible": (
        "wav",
        wav(SECOND * 3, form=(0xFFFE, 1, 8000, 1, 1, 8), extra=struct.pack("<HHIH", 22, 8, 4, 1) + bytes(14)),
        3.0,
    ),
    "ADPCM": (
        "wav",
        wav(bytes(256 * 100), form=(0x11, 1, 22050, 1, 256, 4), extra=struct.pack("<HH", 2, 505)),
        505 * 100 / 22050,
    ),
    "GSM": ("wav", wav(bytes(65 * 100), form=(0x31, 1, 8000, 1625, 65, 0), extra=struct.pack("<HH", 2, 320)), 4.0),
    "unknown codec by its byte rate": ("wav", wav(bytes(4000), form=(0x161, 1, 44100, 2000, 1, 0)), 2.0),
    "unknown codec without byte rate": ("wav", wav(bytes(4000), form=(0x161, 1, 44100, 0, 1, 0)), UNKNOWN),
    "unknown codec with byte rate 1": ("wav", wav(bytes(4000), form=(0x161, 1, 44100, 1, 1, 0)), UNKNOWN),
    "MP3 inside": ("wav", wav(mp3_frame() * 100, form=(0x55, 1, 44100, 0, 1152, 0)), 100 * FRAME_S),
    "MP3 inside, of size 0": ("wav", wav(mp3_frame() * 100, 0, form=(0x55, 1, 44100, 16000, 1, 0)), 100 * FRAME_S),
    "no format": ("wav", b"RIFF\0\0\0\0WAVEdata\0\0\0\0" + SECOND, UNKNOWN),
    # --- MP3
    "constant": ("mp3", mp3_frame() * 100, 100 * FRAME_S),
    "constant behind tags": ("mp3", samples.id3() + samples.id3() + mp3_frame() * 100, 100 * FRAME_S),
    "padding behind the tag": ("mp3", samples.id3() + bytes(2000) + mp3_frame() * 100, 100 * FRAME_S),
    "tags at the end": ("mp3", mp3_frame() * 100 + ape(head=True) + id3v1(), 100 * FRAME_S),
    "APE at the end": ("mp3", mp3_frame() * 100 + ape(head=False), 100 * FRAME_S),
    "varied": ("mp3", varied(1000), 1000 * FRAME_S),
    "varied with Xing": ("mp3", xing(1000, len(varied(1000))) + varied(1000), 1000 * FRAME_S),
    "Xing of zeros": ("mp3", xing(0, 0) + varied(1000), 1000 * FRAME_S),
    "Xing claims much": ("mp3", xing(900_000, 0) + varied(1000), 1000 * FRAME_S),
    "Xing claims little": ("mp3", xing(10, 10) + varied(1000), 1000 * FRAME_S),
    "cut with Xing": (
        "mp3",
        (xing(5000, 0) + varied(1000))[:100_417],
        varied(1000)[:100_000].count(b"\xff\xfb") * FRAME_S,
    ),
    "two in a row": ("mp3", xing(100, 0) + varied(100) + samples.id3() + xing(50, 0) + varied(50), 151 * FRAME_S),
    "a gap": ("mp3", mp3_frame() * 50 + bytes(500) + mp3_frame() * 50, 100 * FRAME_S),
    "mostly something else": ("mp3", mp3_frame() * 50 + b"\x01" * 500_000, UNKNOWN),
    "MPEG-2": ("mp3", old_frames(0xF3, 0x80, 208, 100), 100 * 576 / 22050),
    "MPEG-2.5": ("mp3", old_frames(0xE3, 0x80, 417, 100), 100 * 576 / 11025),
    "layer II": ("mp3", old_frames(0xFD, 0x80, 417, 100), 100 * 1152 / 44100),
    "layer I": ("mp3", old_frames(0xFF, 0x80, 276, 100), 100 * 384 / 44100),
    "free format": ("mp3", b"\xff\xfb\x00\x64".ljust(417, b"\0") * 100, UNKNOWN),
    "a tag beyond the end": ("mp3", b"ID3\x03\0\0\x7f\x7f\x7f\x7f" + mp3_frame() * 100, UNKNOWN),
    "large and constant": ("mp3", large(9), len(large(9)) / 16000),
    "large and constant, Xing lies": ("mp3", xing(99_999_999, 0, b"Info") + large(9), len(large(9)) / 16000),
    "large and varied": ("mp3", LARGE_VARIED, UNKNOWN),
    "large and varied with Xing": (
        "mp3",
        xing(VARIED_FRAMES, len(LARGE_VARIED)) + LARGE_VARIED,
        VARIED_FRAMES * FRAME_S,
    ),
    "large and varied with VBRI": ("mp3", vbri(VARIED_FRAMES, 0) + LARGE_VARIED, VARIED_FRAMES * FRAME_S),
    "large and varied, Xing doubles": ("mp3", xing(2 * VARIED_FRAMES, 0) + LARGE_VARIED, UNKNOWN),
    "large and varied, Xing halves": ("mp3", xing(VARIED_FRAMES // 2, 0) + LARGE_VARIED, UNKNOWN),
    # --- M4A
    "by its clock": ("m4a", m4a(2000), 2.0),
    "by its table": ("m4a", m4a(2000, ((100, 20),)), 2.0),
    "its clock lies": ("m4a", m4a(900_000, ((90, 20), (10, 20))), 2.0),
    "its clock says unknown": ("m4a", m4a(0xFFFFFFFF), UNKNOWN),
    "an impossible clock": ("m4a", m4a(90_000_000), UNKNOWN),
    "an encoder's priming": ("m4a", m4a(2046, ((1, 46), (100, 20)), whole_ms=2000), 2.0),
    "cut": ("m4a", m4a(2000, ((100, 20),))[:-10_000], UNKNOWN),
    "fragments by default": ("m4a", m4a(0, (), more=extends()) + fragments(10, 10, listed=False), 2.0),
    "fragments by list": ("m4a", m4a(0, (), more=extends()) + fragments(10, 10, listed=True), 2.0),
    "fragments without table": ("m4a", m4a(0, more=extends()) + fragments(10, 10, listed=True), 2.0),
    "no moov": ("m4a", m4a(2000)[:28] + box(b"mdat", bytes(100)), UNKNOWN),
    # --- FLAC
    "as it says": ("flac", flac(20, 20 * 4096), 20 * 4096 / 44100),
    "says nothing": ("flac", flac(20, 0), 20 * 4096 / 44100),
    "says much": ("flac", flac(20, (1 << 36) - 1), 20 * 4096 / 44100),
    "says more": ("flac", flac(20, 40 * 4096), 20 * 4096 / 44100),
    "FLAC cut": ("flac", flac(20, 20 * 4096)[:-9500], 11 * 4096 / 44100),
    "no frame to be found": ("flac", flac(0, 44_100 * 2) + b"\x01" * 24_000, 2.0),
    "no frame, and absurd": ("flac", flac(0, (1 << 36) - 1) + b"\x01" * 24_000, UNKNOWN),
    # --- Ogg
    "Vorbis": ("ogg", ogg(5), 5.0),
    "Opus": ("ogg", ogg(5, head=OPUS), 5.0 - 3840 / 48000),
    "Ogg cut": ("ogg", ogg(5)[:-2000], 4.0),
    "from the middle of a stream": ("ogg", ogg(11, begins_at=44_100 * 5000), 10.0),
    "from a little after the beginning": ("ogg", ogg(5, begins_at=44_100 * 2, packets_each=43), 5.0),
    "Opus from the middle": ("ogg", ogg(5, begins_at=48_000 * 20, head=OPUS, packets_each=50), 5.0),
    "beside a picture": ("ogg", picture() + ogg(5), 5.0),
    "a picture alone": ("ogg", picture() + picture(), UNKNOWN),
    "a chain": ("ogg", ogg(5) + ogg(5, serial=2), UNKNOWN),
    "an impossible end": ("ogg", ogg(5, claimed=1 << 62), UNKNOWN),
    "no end": ("ogg", ogg(0), UNKNOWN),
}
