"""M4A: only the atoms that lead to title and length are visited; of a fragmented file the fragments are added up."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from picora_sync.content.formats.found import (
    ALBUM,
    ARTIST,
    DATE,
    EPISODE,
    MOST_TEXT_BYTES,
    SEASON,
    TITLE,
    TRACK,
    Embedded,
    Tags,
)
from picora_sync.content.formats.window import ReadWindow

_MOST_ATOMS: Final = 2000
"""Of one level."""
_MOST_SAMPLES: Final = 1 << 20
_MOST_TIMES: Final = 1 << 17
_PRIMING_S: Final = 0.2
_TEXTS: Final = {b"\xa9nam": TITLE, b"\xa9ART": ARTIST, b"\xa9alb": ALBUM, b"\xa9day": DATE}
_NUMBERS: Final = {b"trkn": TRACK, b"tvsn": SEASON, b"tves": EPISODE}
_UTF8, _UTF16, _IMPLICIT = 1, 2, 0
_DURATION_OF_SAMPLE, _SIZE, _FLAGS, _OFFSET = 0x100, 0x200, 0x400, 0x800
_DATA_OFFSET, _FIRST_FLAGS = 0x1, 0x4
_BASE, _DESCRIPTION, _DEFAULT_DURATION = 0x1, 0x2, 0x8


class Atom(NamedTuple):
    """An atom's name, and where its content lies."""

    name: bytes
    start: int
    end: int


class _Sound(NamedTuple):
    """The first track that is sound: its id, and the time of its clock."""

    track: int
    scale: int
    duration: int


def read(window: ReadWindow) -> Embedded:
    """Title and length of an MPEG-4 file."""
    top: list[Atom] = []
    unread = True
    for atom in _atoms(window, 0, window.size_bytes):
        if atom is None:
            break
        top.append(atom)
    else:
        unread = False
    moov = next((atom for atom in top if atom.name == b"moov"), None)
    if moov is None:
        return Embedded(Tags(unread=unread))
    tags = _tags(window, moov)
    if moov.end > window.size_bytes:
        return Embedded(Tags(tags.values, unread=not tags.title))
    is_cut = any(atom.name == b"mdat" and atom.end > window.size_bytes for atom in top)
    return Embedded(tags, 0.0 if is_cut or unread else _length_s(window, top, moov))


def holds_sound(window: ReadWindow) -> bool:
    """Whether the file is a tree of atoms with a track of sound in its ``moov``, whatever it begins with."""
    for atom in _atoms(window, 0, window.size_bytes):
        if atom is None or atom.end > window.size_bytes:
            return False
        if atom.name == b"moov":
            return _sound(window, atom) is not None
    return False


def _atoms(window: ReadWindow, start: int, end: int) -> Iterator[Atom | None]:
    """The atoms of one level; None where there are more than are worth visiting. The last may claim to end later."""
    for _ in range(_MOST_ATOMS):
        head = window.at(start, 16)[: max(0, end - start)]
        if len(head) < 8:  # noqa: PLR2004
            return
        length, skip = int.from_bytes(head[:4], "big"), 8
        if length == 1:
            length, skip = int.from_bytes(head[8:16], "big"), 16
        elif length == 0:
            length = end - start
        if length < skip:
            return
        yield Atom(head[4:8], start + skip, start + length)
        start += length
    yield None


def _child(window: ReadWindow, atom: Atom, *names: bytes) -> Atom | None:
    """The first atom that is reached by these names."""
    for name in names:
        offset = 4 if atom.name == b"meta" and window.at(atom.start, 8)[4:8] != b"hdlr" else 0
        children = _atoms(window, atom.start + offset, min(atom.end, window.size_bytes))
        found = next((child for child in children if child is not None and child.name == name), None)
        if found is None:
            return None
        atom = found
    return atom


def _tags(window: ReadWindow, moov: Atom) -> Tags:
    items = _child(window, moov, b"udta", b"meta", b"ilst")
    texts: dict[str, str] = {}
    if items is None:
        return Tags()
    unread = False
    for item in _atoms(window, items.start, min(items.end, window.size_bytes)):
        if item is None:
            return Tags(texts, unread=TITLE not in texts)
        field = _TEXTS.get(item.name) or _NUMBERS.get(item.name)
        data = _child(window, item, b"data") if field and field not in texts else None
        if field is None or data is None or data.end - data.start < 8:  # noqa: PLR2004
            continue
        if data.end - data.start > MOST_TEXT_BYTES or data.end > window.size_bytes:
            unread = unread or field == TITLE
            continue
        content = window.at(data.start, data.end - data.start)
        if text := _number(content[8:]) if item.name in _NUMBERS else _text(content):
            texts[field] = text
    return Tags(texts, unread and TITLE not in texts)


def _text(content: bytes) -> str:
    kind = int.from_bytes(content[:4], "big") & 0xFFFFFF
    encoding = {_UTF8: "utf-8", _IMPLICIT: "utf-8", _UTF16: "utf-16-be"}.get(kind)
    return content[8:].decode(encoding, "replace").strip("\0").strip() if encoding else ""


def _number(data: bytes) -> str:
    """A track number lies before the number of tracks; seasons and episodes are alone. 0 is none."""
    number = int.from_bytes(data[2:4] if len(data) >= 6 else data[:4], "big")  # noqa: PLR2004
    return str(number or "")


def _length_s(window: ReadWindow, top: list[Atom], moov: Atom) -> float:
    sound, whole = _sound(window, moov), _child(window, moov, b"mvhd")
    scale, duration = (0, 0) if whole is None else _time(window, whole)
    if sound is not None and sound.scale and sound.duration:
        played_s, claimed_s = sound.duration / sound.scale, duration / scale if scale else 0.0
        return claimed_s if 0 < played_s - claimed_s < _PRIMING_S else played_s  # what the encoder needs to begin
    extends = _child(window, moov, b"mvex", b"mehd")
    if extends is not None and not duration:
        content = window.at(extends.start, 12)
        duration = int.from_bytes(content[4:12] if content[:1] == b"\x01" else content[4:8], "big")
    if scale and duration:
        return duration / scale
    if sound is None or not sound.scale:
        return 0.0
    default = _default_duration(window, moov, sound.track)
    parts = [_fragment(window, atom, sound.track, default) for atom in top if atom.name == b"moof"]
    return 0.0 if None in parts else sum(part for part in parts if part is not None) / sound.scale


def _sound(window: ReadWindow, moov: Atom) -> _Sound | None:
    for track in _atoms(window, moov.start, moov.end):
        if track is None or track.name != b"trak":
            continue
        handler = _child(window, track, b"mdia", b"hdlr")
        header, clock = _child(window, track, b"tkhd"), _child(window, track, b"mdia", b"mdhd")
        if handler is None or clock is None or window.at(handler.start + 8, 4) != b"soun":
            continue
        content = b"" if header is None else window.at(header.start, 24)
        number = content[20:24] if content[:1] == b"\x01" else content[12:16]
        scale, duration = _time(window, clock)
        table = _child(window, track, b"mdia", b"minf", b"stbl", b"stts")
        if table is not None:
            duration = _ticks(window, table)
        return _Sound(int.from_bytes(number, "big"), scale, duration)
    return None


def _ticks(window: ReadWindow, table: Atom) -> int:
    """The time of all samples, which tells more than what the headers claim; 0 if it is too long to be read."""
    number = int.from_bytes(window.at(table.start + 4, 4), "big")
    if number > _MOST_TIMES:
        return 0
    entries = window.at(table.start + 8, min(8 * number, max(0, table.end - table.start - 8)))
    words = struct.unpack(f">{len(entries) // 8 * 2}I", entries[: len(entries) // 8 * 8])
    return sum(count * ticks for count, ticks in zip(words[::2], words[1::2], strict=True))


def _time(window: ReadWindow, atom: Atom) -> tuple[int, int]:
    """Ticks a second, and ticks, of ``mvhd`` or ``mdhd``; all ones mean that the length is not known."""
    content = window.at(atom.start, 32)
    if content[:1] == b"\x01":
        scale, duration = struct.unpack_from(">IQ", content, 20)
        return scale, 0 if duration == (1 << 64) - 1 else duration
    scale, duration = struct.unpack_from(">II", content, 12)
    return scale, 0 if duration == (1 << 32) - 1 else duration


def _default_duration(window: ReadWindow, moov: Atom, track: int) -> int:
    extends = _child(window, moov, b"mvex")
    if extends is None:
        return 0
    for atom in _atoms(window, extends.start, extends.end):
        if atom is not None and atom.name == b"trex":
            content = window.at(atom.start, 24)
            if int.from_bytes(content[4:8], "big") == track:
                return int.from_bytes(content[12:16], "big")
    return 0


def _fragment(window: ReadWindow, moof: Atom, track: int, default: int) -> int | None:
    """The ticks of one fragment; None if they are not known."""
    ticks = 0
    for part in _atoms(window, moof.start, min(moof.end, window.size_bytes)):
        if part is None:
            return None
        header = _child(window, part, b"tfhd") if part.name == b"traf" else None
        if header is None:
            continue
        content = window.at(header.start, 40)
        flags = int.from_bytes(content[1:4], "big")
        if int.from_bytes(content[4:8], "big") != track:
            continue
        if flags & _DEFAULT_DURATION:
            at = 8 + 8 * bool(flags & _BASE) + 4 * bool(flags & _DESCRIPTION)
            default = int.from_bytes(content[at : at + 4], "big")
        for run in _atoms(window, part.start, part.end):
            if run is None:
                return None
            if run.name == b"trun":
                ticks += _run(window, run, default)
    return ticks


def _run(window: ReadWindow, run: Atom, default: int) -> int:
    content = window.at(run.start, 16)
    flags, number = int.from_bytes(content[1:4], "big"), int.from_bytes(content[4:8], "big")
    if not flags & _DURATION_OF_SAMPLE:
        return number * default
    step = 4 * sum(bool(flags & flag) for flag in (_DURATION_OF_SAMPLE, _SIZE, _FLAGS, _OFFSET))
    start = run.start + 8 + 4 * bool(flags & _DATA_OFFSET) + 4 * bool(flags & _FIRST_FLAGS)
    entries = window.at(start, min(step * min(number, _MOST_SAMPLES), max(0, run.end - start)))
    words = struct.unpack(f">{len(entries) // 4}I", entries[: len(entries) // 4 * 4])
    return sum(words[:: step // 4])
