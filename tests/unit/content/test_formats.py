"""The title inside audio: what mutagen reads in ordinary files, and nothing that is costly to read."""

from __future__ import annotations

import io
import struct
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mutagen
import mutagen.flac
import mutagen.id3
import mutagen.mp4
import mutagen.oggvorbis
import mutagen.wave
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.content.formats import Embedded, read_embedded
from picora_sync.content.formats.window import MOST_BYTES, ReadWindow, Spent
from tests.contract import samples
from tests.integration.audio_files import id3v1, mp3_frame
from tests.laws.audio_bytes import frame, id3, pages_of, syncsafe

FRAMES = mp3_frame() * 10
TITLE = "Rain on tin, Übung 雨"


def read(path: Path) -> Embedded:
    with path.open("rb") as file:
        return read_embedded(file, path.suffix)


def title_of(tmp_path: Path, data: bytes, suffix: str = ".mp3") -> tuple[str, bool]:
    path = tmp_path / f"audio{suffix}"
    path.write_bytes(data)
    found = read(path)
    return found.title, found.tags.unread


def id3_tagged(path: Path, version: int, encoding: int) -> None:
    path.write_bytes(FRAMES)
    tags: Any = mutagen.id3.ID3()
    tags.add(mutagen.id3.APIC(encoding=3, mime="image/png", type=3, desc="", data=samples.png()))
    tags.add(mutagen.id3.TPE1(encoding=encoding, text="Someone"))
    tags.add(mutagen.id3.TIT2(encoding=encoding, text=TITLE if encoding else "Rain \xdc"))
    tags.save(path, v2_version=version)


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("encoding", [0, 1, 3])
def test_an_id3_title_is_read_as_mutagen_wrote_it(tmp_path: Path, version: int, encoding: int) -> None:
    path = tmp_path / "a.mp3"
    id3_tagged(path, version, encoding)
    assert read(path).title == (TITLE if encoding else "Rain \xdc")


def tag_with_mutagen(path: Path, data: bytes, key: str) -> None:
    path.write_bytes(data)
    tagged: Any = mutagen.File(path)  # type: ignore[attr-defined]  # hardly annotated
    if tagged.tags is None:
        tagged.add_tags()
    tagged.tags[key] = mutagen.id3.TIT2(encoding=3, text=TITLE) if key == "TIT2" else [TITLE]
    tagged.save()


@pytest.mark.parametrize(
    ("suffix", "make", "key"),
    [
        (".wav", samples.wav, "TIT2"),
        (".flac", samples.flac, "title"),
        (".ogg", samples.ogg, "title"),
        (".m4a", samples.m4a, "\xa9nam"),
    ],
)
def test_the_title_of_each_format_is_read_as_mutagen_wrote_it(
    tmp_path: Path, suffix: str, make: Callable[[], bytes], key: str
) -> None:
    path = tmp_path / f"a{suffix}"
    tag_with_mutagen(path, make(), key)
    found = read(path)
    assert (found.title, found.tags.unread) == (TITLE, False)
    assert found.length_s > 0


TEXT = b"\x03" + TITLE.encode()
DEVIOUS = {
    "2.2": id3(frame(b"TT2", b"\0Rain", 2), 2) + FRAMES,
    "2.2 unsynchronised": id3(frame(b"TT2", b"\x01\xff\xfeR\0a\0", 2).replace(b"\xff", b"\xff\0"), 2, 0x80) + FRAMES,
    "2.3 unsynchronised": id3(frame(b"TIT2", b"\x01\xff\xfeR\0a\0").replace(b"\xff", b"\xff\0"), 3, 0x80) + FRAMES,
    "2.4 unsynchronised": id3(frame(b"TIT2", b"\x01\xff\0\xfeR\0a\0", 4, 0x0002), 4, 0x80) + FRAMES,
    "2.4 with a length": id3(frame(b"TIT2", syncsafe(5) + b"\x03Rain", 4, 0x0001), 4) + FRAMES,
    "2.4 with a footer": id3(frame(b"TIT2", b"\x03Rain", 4), 4, 0x10) + b"3DI\x04\0\x10\0\0\0\x0f" + FRAMES,
    "2.3 with an extended header": id3(struct.pack(">IHI", 6, 0, 0) + frame(b"TIT2", b"\x03Rain"), 3, 0x40) + FRAMES,
    "2.4 with an extended header": id3(syncsafe(6) + b"\1\0" + frame(b"TIT2", b"\x03Rain", 4), 4, 0x40) + FRAMES,
    "2.4 with plain lengths": id3(
        b"TXXX" + struct.pack(">IH", 300, 0) + bytes(300) + b"TIT2" + struct.pack(">IH", 5, 0) + b"\x03Rain", 4
    ) + FRAMES,
    "in the second tag": id3(frame(b"TPE1", b"\x03x")) + id3(frame(b"TIT2", b"\x03Rain")) + FRAMES,
    "behind a large object": id3(frame(b"GEOB", bytes(20 << 20)) + frame(b"TIT2", b"\x03Rain")) + FRAMES,
    "behind empty frames": id3(frame(b"TXXX", b"") * 500 + frame(b"TIT2", b"\x03Rain")) + FRAMES,
    "in a tag beyond the end": id3(frame(b"TIT2", b"\x03Rain"), claimed=0xFFFFFFF),
    "in a tag at the end": FRAMES + b"TAG" + b"Rain".ljust(125, b"\0"),
}  # fmt: skip


@pytest.mark.parametrize("data", DEVIOUS.values(), ids=DEVIOUS)
def test_a_title_is_found_in_tags_that_are_seldom_written(tmp_path: Path, data: bytes) -> None:
    title, unread = title_of(tmp_path, data)
    assert title in ("Rain", "Ra")
    assert not unread


PACKED = struct.pack(">I", 5) + zlib.compress(b"\x03Rain")
UNREAD = {
    "compressed": (".mp3", id3(frame(b"TIT2", PACKED, flags=0x0080)) + FRAMES),
    "compressed in 2.4": (".mp3", id3(frame(b"TIT2", PACKED, 4, 0x0009), 4) + FRAMES),
    "encrypted": (".mp3", id3(frame(b"TIT2", b"\1\x03Rain", flags=0x0040)) + FRAMES),
    "very long": (".mp3", id3(frame(b"TIT2", b"\x03" + b"a" * 100_000)) + FRAMES),
    "behind too many frames": (".mp3", id3(frame(b"TXXX", b"") * 5000 + frame(b"TIT2", b"\x03Rain")) + FRAMES),
    "behind too many chunks": (".wav", b"RIFF\0\0\0\0WAVE" + b"abcd\0\0\0\0" * 50_000),
    "behind too many atoms": (".m4a", b"\0\0\0\x0cftypM4A " + b"\0\0\0\x08free" * 50_000),
}


@pytest.mark.parametrize(("suffix", "data"), UNREAD.values(), ids=UNREAD)
def test_what_is_not_worth_reading_is_said_to_be_unread(tmp_path: Path, suffix: str, data: bytes) -> None:
    assert title_of(tmp_path, data, suffix) == ("", True)


@pytest.mark.parametrize(
    "data",
    [FRAMES, FRAMES + id3v1(), id3(b"") + FRAMES, id3(bytes(1000)) + FRAMES, b"ID3"],
    ids=["no tag", "an empty old tag", "an empty tag", "padding", "a beginning"],
)
def test_without_a_title_there_is_none(tmp_path: Path, data: bytes) -> None:
    assert title_of(tmp_path, data) == ("", False)


def test_a_cover_before_the_title_of_an_ogg_file_keeps_it_from_nobody(tmp_path: Path) -> None:
    cover = b"METADATA_BLOCK_PICTURE=" + b"A" * 2_000_000
    entries = (cover, b"TITLE=" + TITLE.encode())
    comment = struct.pack("<II", 0, 2) + b"".join(struct.pack("<I", len(entry)) + entry for entry in entries)
    head = samples.ogg()
    first = head[: head.index(b"OggS", 4)]
    assert title_of(tmp_path, first + pages_of(b"\x03vorbis" + comment), ".ogg") == (TITLE, False)


SAMPLES = {
    ".mp3": samples.mp3(samples.id3()),
    ".wav": samples.wav(),
    ".m4a": samples.m4a(),
    ".flac": samples.flac(picture=samples.png()),
    ".ogg": samples.ogg(),
}


@given(st.sampled_from(sorted(SAMPLES)), st.lists(st.tuples(st.integers(4, 700), st.binary(min_size=1, max_size=8))))
def test_damage_is_never_an_error(suffix: str, damages: list[tuple[int, bytes]]) -> None:
    data = bytearray(SAMPLES[suffix])
    for at, new in damages:
        data[at : at + len(new)] = new
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        assert isinstance(read_embedded(file, suffix), Embedded)


# --- the window -------------------------------------------------------------------------------------------------------


def test_a_window_shows_the_bytes_that_are_there() -> None:
    data = bytes(range(256)) * 1000
    window = ReadWindow(io.BytesIO(data), len(data))
    for offset, length in [
        (0, 10),
        (5, 300),
        (200_000, 10),
        (255_990, 100),
        (300_000, 5),
        (3, 2),
        (0, 256_000),
        (9, 0),
        (-5, 3),
    ]:
        assert window.at(offset, length) == (data[offset : offset + length] if offset >= 0 else b"")


def test_a_walk_over_small_pieces_costs_few_reads() -> None:
    class Counted(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.reads += 1
            return super().read(size)

    file = Counted(bytes(1 << 20))
    window = ReadWindow(file, 1 << 20)
    for offset in range(0, 1 << 20, 512):
        window.at(offset, 8)
    assert file.reads < 20


def look(window: ReadWindow, step: int, length: int) -> None:
    """Until there is nothing more to see, or for ever."""
    for number in range(100_000):
        window.at(number * step, length)


@pytest.mark.parametrize(("step", "length"), [(1 << 20, 1 << 20), (0, 1)], ids=["bytes", "looks"])
def test_a_window_closes_after_its_budget(step: int, length: int) -> None:
    window = ReadWindow(io.BytesIO(bytes(2 * MOST_BYTES)), 2 * MOST_BYTES)
    with pytest.raises(Spent):
        look(window, step, length)
