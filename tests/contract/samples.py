"""Real, tiny files of every format the contract names, built by hand so that each byte has a reason."""

import base64
import io
import struct
import wave
import zlib
from dataclasses import dataclass

from mutagen.ogg import OggPage


@dataclass(frozen=True)
class Sample:
    """Bytes of one file, the MIME type a client would declare, and the extension the service stores."""

    data: bytes
    mime: str
    ext: str

    @property
    def name(self) -> str:
        return f"rain.{self.ext}"


PAYLOAD_BYTES = 24_000
"""Two seconds of this are 96 kbps."""


def _payload_bytes(seconds: int) -> int:
    """Enough that so long a file is possible: a tenth of a kilobit a second."""
    return max(PAYLOAD_BYTES, 13 * seconds)


def wav(seconds: int = 2, rate_hz: int = 8000, salt: bytes = b"") -> bytes:
    """Sixteen-bit mono PCM; at 1 Hz a second costs two bytes, so that long files stay small."""
    out = io.BytesIO()
    with wave.open(out, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate_hz)
        writer.writeframes(salt.ljust(2 * rate_hz * seconds, b"\0")[: 2 * rate_hz * seconds])
    return out.getvalue()


def _syncsafe(number: int) -> bytes:
    return bytes((number >> shift) & 0x7F for shift in (21, 14, 7, 0))


def id3(frame_id: bytes = b"TIT2", body: bytes = b"\x00tagged") -> bytes:
    """An ID3v2.3 tag with one frame."""
    frame = frame_id + struct.pack(">I", len(body)) + b"\0\0" + body
    return b"ID3\x03\x00\x00" + _syncsafe(len(frame)) + frame


def apic(picture: bytes, mime: str) -> bytes:
    """An ID3v2.3 tag that holds a front cover."""
    return id3(b"APIC", b"\0" + mime.encode() + b"\0\x03\0" + picture)


def mp3(tag: bytes = b"", frames: int = 77, salt: bytes = b"") -> bytes:
    """MPEG-1 layer III, 128 kbps, 44.1 kHz: 417 bytes and 26.12 ms a frame, so 77 frames are two seconds."""
    frame = b"\xff\xfb\x90\x64".ljust(417, b"\0")
    return tag + frame * frames + salt


def _flac_block(kind: int, body: bytes, *, last: bool) -> bytes:
    return bytes([kind | (0x80 if last else 0)]) + len(body).to_bytes(3, "big") + body


def flac(seconds: int = 2, picture: bytes | None = None, picture_mime: str = "image/jpeg", salt: bytes = b"") -> bytes:
    """STREAMINFO (44.1 kHz, stereo, 16 bits) that claims ``seconds``, perhaps a PICTURE, and a payload."""
    rate = 44_100
    packed = (rate << 44) | (1 << 41) | (15 << 36) | (rate * seconds)
    info = struct.pack(">HH", 65535, 65535) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    blocks = _flac_block(0, info, last=picture is None)
    if picture is not None:
        mime = picture_mime.encode()
        body = struct.pack(">II", 3, len(mime)) + mime + struct.pack(">I", 0)
        body += struct.pack(">IIIII", 1, 1, 24, 0, len(picture)) + picture
        blocks += _flac_block(6, body, last=True)
    return b"fLaC" + blocks + b"\xff\xf8".ljust(_payload_bytes(seconds), b"\0") + salt


def ogg(seconds: int = 2, salt: bytes = b"") -> bytes:
    """Vorbis identification and comment headers, then one page that ends at ``seconds``."""
    ident = b"\x01vorbis" + struct.pack("<IBIiiiB", 0, 2, 44_100, 0, 96_000, 0, 0xB8) + b"\x01"
    comment = b"\x03vorbis" + struct.pack("<I", 4) + b"test" + struct.pack("<I", 0) + b"\x01"
    payload = salt.ljust(_payload_bytes(seconds), b"\x02")
    packets = [ident, comment, *(payload[at : at + PAYLOAD_BYTES] for at in range(0, len(payload), PAYLOAD_BYTES))]
    out = b""
    for sequence, packet in enumerate(packets):
        page = OggPage()
        page.serial, page.sequence, page.packets = 1, sequence, [packet]
        page.first, page.last = sequence == 0, packet is packets[-1]
        page.position = 44_100 * seconds if page.last else 0
        out += page.write()
    return out


def _box(kind: bytes, *children: bytes) -> bytes:
    body = b"".join(children)
    return struct.pack(">I", 8 + len(body)) + kind + body


def _descriptor(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return bytes([tag, len(body)]) + body


def m4a(seconds: int = 2, salt: bytes = b"") -> bytes:
    """``ftyp``, a ``moov`` with one AAC track of ``seconds`` at 96 kbps, and ``mdat``."""
    config = _descriptor(4, b"\x40\x15" + bytes(3) + struct.pack(">II", 96_000, 96_000), _descriptor(5, b"\x12\x10"))
    esds = _box(b"esds", bytes(4), _descriptor(3, b"\0\x01\0", config, _descriptor(6, b"\x02")))
    entry = bytes(6) + b"\0\x01" + bytes(8) + struct.pack(">HHHHI", 2, 16, 0, 0, 44_100 << 16)
    stsd = _box(b"stsd", bytes(4), struct.pack(">I", 1), _box(b"mp4a", entry, esds))
    mdhd = _box(b"mdhd", bytes(12), struct.pack(">IIHH", 1000, 1000 * seconds, 0, 0))
    hdlr = _box(b"hdlr", bytes(8), b"soun", bytes(13))
    mvhd = _box(b"mvhd", bytes(12), struct.pack(">II", 1000, 1000 * seconds), bytes(80))
    track = _box(b"trak", _box(b"mdia", mdhd, hdlr, _box(b"minf", _box(b"stbl", stsd))))
    brand = _box(b"ftyp", b"M4A ", bytes(4), b"M4A mp42")
    return brand + _box(b"moov", mvhd, track) + _box(b"mdat", salt.ljust(PAYLOAD_BYTES, b"\0"))


def png(salt: bytes = b"", width: int = 2, height: int = 3) -> bytes:
    """An RGB PNG; ``salt`` goes into a text chunk and makes the bytes distinct."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress((b"\0" + b"\x10\x20\x30" * width) * height)
    text = chunk(b"tEXt", b"salt\0" + salt) if salt else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + text + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def jpeg(salt: bytes = b"", width: int = 2, height: int = 3) -> bytes:
    """SOI, JFIF, a comment, SOF0, an empty scan, EOI: enough for anything that reads the header."""
    jfif = b"\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
    comment = b"\xff\xfe" + struct.pack(">H", 2 + len(salt)) + salt
    frame = b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\0"
    return b"\xff\xd8" + jfif + comment + frame + b"\xff\xda\x00\x08\x01\x01\0\0\x3f\0\0" + b"\xff\xd9"


def gif(salt: bytes = b"", width: int = 1, height: int = 1) -> bytes:
    """A one-frame GIF89a with a comment extension."""
    head = b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0\xff\xff\xff\0\0\0"
    comment = b"\x21\xfe" + bytes([len(salt)]) + salt + b"\0" if salt else b""
    return head + comment + b"\x2c\0\0\0\0" + struct.pack("<HH", width, height) + b"\0\x02\x02\x44\x01\0\x3b"


def webp(salt: bytes = b"") -> bytes:
    """A one-pixel lossless WebP, perhaps followed by an unknown chunk."""
    chunk = base64.b64decode("VlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
    if salt:
        chunk += b"SALT" + struct.pack("<I", len(salt)) + salt + b"\0" * (len(salt) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def svg(inner: str = '<circle r="4"/>', salt: str = "") -> bytes:
    """A small SVG document around ``inner``."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8">{inner}<desc>{salt}</desc></svg>'.encode()


def data_uri(data: bytes, mime: str = "image/png") -> str:
    """The base64 data URI of ``data``."""
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


AUDIO = {
    "mp3": Sample(mp3(id3()), "audio/mpeg", "mp3"),
    "m4a": Sample(m4a(), "audio/mp4", "m4a"),
    "wav": Sample(wav(), "audio/wav", "wav"),
    "flac": Sample(flac(), "audio/flac", "flac"),
    "ogg": Sample(ogg(), "audio/ogg", "ogg"),
}
IMAGES = {
    "png": Sample(png(), "image/png", "png"),
    "jpg": Sample(jpeg(), "image/jpeg", "jpg"),
    "gif": Sample(gif(), "image/gif", "gif"),
    "webp": Sample(webp(), "image/webp", "webp"),
    "svg": Sample(svg(), "image/svg+xml", "svg"),
}


M4A_TREES = {
    "moov first": m4a()[24:],
    "free first": b"\0\0\0\x10free" + bytes(8) + m4a()[24:],
    "sound first": b"\0\0\0\x10mdat" + bytes(8) + m4a()[24:],
    "an endless box last": m4a()[24:] + b"\0\0\0\0free",
}
"""Files without ``ftyp`` that are M4A all the same."""
NO_M4A = {
    "text": b"Some text, which is called an M4A.\n" * 20,
    "without sound": m4a()[24:].replace(b"soun", b"vide"),
    "a moov beyond the end": m4a()[24:200],
    "boxes beyond the end": b"\xff\xff\xff\xfffree" + m4a()[24:],
    "a box of no length": b"\0\0\0\x04free" + m4a()[24:],
    "nothing": b"",
}
