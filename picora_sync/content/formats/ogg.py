"""Ogg: the first pages tell what it is and how it is called, the last one how long it lasts."""

from __future__ import annotations

from typing import Final, NamedTuple

from picora_sync.content.formats import vorbis
from picora_sync.content.formats.found import Embedded, Tags
from picora_sync.content.formats.window import ReadWindow

_MOST_STREAMS: Final = 20
_MOST_HEAD_PAGES: Final = 500
_MOST_PAGE_BYTES: Final = 27 + 255 + 255 * 255
_TAIL_BYTES: Final = 2 * _MOST_PAGE_BYTES
_MOST_PAGES_THERE: Final = 5000
_FIRST, _CONTINUED = 2, 1
_NONE: Final = (1 << 64) - 1
_LATE_S: Final = 0.5
"""A first page that begins later was cut from the middle of a stream: its time is subtracted."""
_FEW_PACKETS, _LATE_OF_FEW_S = 4, 30.0
"""Of so few packets nobody knows how long they are: their page must end later than that, and is not counted."""
_OPUS_HZ: Final = 48_000
_OPUS_FRAMES: Final = (480, 960, 1920, 2880) * 3 + (480, 960) * 2 + (120, 240, 480, 960) * 4
"""Samples of a frame, by the configuration that a packet begins with (RFC 6716, 3.1)."""


class _Page(NamedTuple):
    flags: int
    granule: int
    serial: int
    lacing: bytes
    start: int
    end: int


class _Codec(NamedTuple):
    """``early`` samples are not played; a packet has ``packet`` samples, 0 if it says how many. The packet that
    holds the comment begins with ``mark``, or with so many bytes of anything.
    """

    rate_hz: int
    early: int
    packet: int
    mark: bytes | int


def read(window: ReadWindow) -> Embedded:
    """Title and length of an Ogg file."""
    found = _sound(window)
    if found is None:
        return Embedded()
    first, codec = found
    packet, sound, is_whole = _second_packet(window, first)
    tags = vorbis.tags_in(_comment_in(packet, codec.mark))
    if not is_whole and not tags.title:
        tags = Tags(tags.values, unread=True)
    granule = _last_granule(window, first.serial)
    if granule is None or not codec.rate_hz:
        return Embedded(tags)
    samples = granule - codec.early
    begin = 0 if sound is None else _begin(window, sound, codec)
    if begin < granule:
        samples = min(samples, granule - begin)
    return Embedded(tags, max(0.0, samples / codec.rate_hz))


def _sound(window: ReadWindow) -> tuple[_Page, _Codec] | None:
    """The first stream that is sound; others (a picture, an index) may begin before it."""
    offset = 0
    for _ in range(_MOST_STREAMS):
        page = _page(window, offset)
        if page is None or not page.flags & _FIRST:
            return None
        codec = _codec(window.at(page.start, 64))
        if codec is not None:
            return page, codec
        offset = page.end
    return None


def _page(window: ReadWindow, offset: int) -> _Page | None:
    head = window.at(offset, 27 + 255)
    if len(head) < 27 or not head.startswith(b"OggS"):  # noqa: PLR2004
        return None
    lacing = head[27 : 27 + head[26]]
    start = offset + 27 + len(lacing)
    granule, serial = int.from_bytes(head[6:14], "little"), int.from_bytes(head[14:18], "little")
    return _Page(head[5], granule, serial, lacing, start, start + sum(lacing))


def _codec(packet: bytes) -> _Codec | None:
    if packet.startswith(b"\x01vorbis"):
        long = 1 << (packet[28] >> 4 if len(packet) > 28 else 0)  # noqa: PLR2004
        return _Codec(int.from_bytes(packet[12:16], "little"), 0, long // 2, b"\x03vorbis")
    if packet.startswith(b"OpusHead"):
        return _Codec(_OPUS_HZ, int.from_bytes(packet[10:12], "little"), 0, b"OpusTags")
    if packet.startswith(b"Speex   "):
        rate, frame, frames = (int.from_bytes(packet[at : at + 4], "little") for at in (36, 56, 64))
        return _Codec(rate, 0, frame * frames, 0)
    if packet.startswith(b"\x7fFLAC"):
        return _Codec(int.from_bytes(packet[27:30], "big") >> 4, 0, int.from_bytes(packet[19:21], "big"), 4)
    return None


def _begin(window: ReadWindow, page: _Page, codec: _Codec) -> int:
    """The time at which the first page with sound begins, if the stream was cut from a longer one; else 0. The packets
    that end on it are taken for as long as the first one.
    """
    packet = codec.packet
    if not packet:
        head = window.at(page.start, 2).ljust(2, b"\0")
        frames = (1, 2, 2, head[1] & 0x3F)[head[0] & 3]
        packet = frames * _OPUS_FRAMES[head[0] >> 3]
    packets = sum(part < 255 for part in page.lacing)  # noqa: PLR2004
    if packets < _FEW_PACKETS:
        return page.granule if page.granule > codec.rate_hz * _LATE_OF_FEW_S else 0
    begin = page.granule - packet * packets
    return begin if begin > codec.rate_hz * _LATE_S else 0


def _second_packet(window: ReadWindow, first: _Page) -> tuple[bytes, _Page | None, bool]:
    """The packet after the first, as far as it is worth reading; the first page with sound, None if that is not met
    here; and whether the packet is whole.
    """
    parts: list[bytes] = []
    offset, length, is_whole = first.end, 0, False
    for _ in range(_MOST_HEAD_PAGES):
        page = _page(window, offset)
        if page is None:
            break
        offset = page.end
        if page.serial != first.serial:
            continue
        if is_whole:
            if page.granule not in (0, _NONE):
                return b"".join(parts), page, True
            continue
        part, is_whole = _to_packet_end(page.lacing)
        if length < vorbis.MOST_BYTES:
            parts.append(window.at(page.start, part))
        length += part
    return b"".join(parts), None, is_whole and length <= vorbis.MOST_BYTES


def _comment_in(packet: bytes, mark: bytes | int) -> bytes:
    if isinstance(mark, int):
        return packet[mark:]
    return packet[len(mark) :] if packet.startswith(mark) else b""


def _to_packet_end(lacing: bytes) -> tuple[int, bool]:
    """How many bytes of a page belong to its first packet, and whether that ends there."""
    length = 0
    for part in lacing:
        length += part
        if part < 255:  # noqa: PLR2004
            return length, True
    return length, False


def _last_granule(window: ReadWindow, serial: int) -> int | None:
    """The time at the end of the last whole page; None where the last pages are of another stream, which follows."""
    start = max(0, window.size_bytes - _TAIL_BYTES)
    data = window.at(start, window.size_bytes - start)
    at = len(data)
    for _ in range(_MOST_PAGES_THERE):
        at = data.rfind(b"OggS", 0, at)
        if at < 0:
            break
        head = data[at : at + 27]
        lacing = data[at + 27 : at + 27 + head[26]] if len(head) == 27 else b""  # noqa: PLR2004
        if not lacing or at + 27 + len(lacing) + sum(lacing) > len(data):
            continue
        granule = int.from_bytes(head[6:14], "little")
        if int.from_bytes(head[14:18], "little") != serial:
            if head[5] & _FIRST:
                return None
        elif granule != _NONE:
            return granule
    return None
