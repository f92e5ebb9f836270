"""What tags of every kind say beside the title, and which of them counts."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mutagen
import mutagen.apev2
import mutagen.id3
import mutagen.mp4
import pytest

from picora_sync.content.formats import Tags, read_embedded
from picora_sync.content.formats.found import is_foreign
from tests.contract import samples
from tests.fakes.vault import VaultOnDisk, codes
from tests.integration.audio_files import mp3_frame
from tests.laws.audio_bytes import frame, id3, page, syncsafe

FRAMES = mp3_frame() * 10
ALL = {
    "title": "Rain 雨",
    "artist": "Ann",
    "album": "Weather",
    "track": "3",
    "season": "2",
    "episode": "12",
    "date": "2026-05-01",
}


def tags_of(tmp_path: Path, data: bytes, suffix: str = ".mp3") -> Tags:
    path = tmp_path / f"audio{suffix}"
    path.write_bytes(data)
    with path.open("rb") as file:
        return read_embedded(file, suffix).tags


def id3_frames(version: int) -> Any:
    tags: Any = mutagen.id3.ID3()
    for kind, text in (("TIT2", ALL["title"]), ("TPE1", "Ann"), ("TALB", "Weather"), ("TRCK", "3/9")):
        tags.add(getattr(mutagen.id3, kind)(encoding=3 if version == 4 else 1, text=text))
    tags.add(mutagen.id3.TXXX(encoding=0, desc="SEASON", text="2"))
    tags.add(mutagen.id3.TXXX(encoding=0, desc="episode_sort", text="12"))
    tags.add(mutagen.id3.TDRC(encoding=0, text="2026-05-01"))
    if version == 3:
        tags.update_to_v23()
    return tags


def by_id3(path: Path, version: int) -> None:
    path.write_bytes(FRAMES)
    id3_frames(version).save(path, v2_version=version)


def by_vorbis(path: Path, make: Callable[[], bytes]) -> None:
    path.write_bytes(make())
    tagged: Any = mutagen.File(path)  # type: ignore[attr-defined]  # hardly annotated
    if tagged.tags is None:
        tagged.add_tags()
    keys = {"track": "TRACKNUMBER"}
    for field, text in ALL.items():
        tagged.tags[keys.get(field, field)] = [f"{text}/9" if field == "track" else text]
    tagged.save()


def by_atoms(path: Path) -> None:
    path.write_bytes(samples.m4a())
    tagged: Any = mutagen.mp4.MP4(path)
    tagged.update({"\xa9nam": ALL["title"], "\xa9ART": "Ann", "\xa9alb": "Weather", "\xa9day": "2026-05-01"})
    tagged.update({"trkn": [(3, 9)], "tvsn": [2], "tves": [12]})
    tagged.save()


WRITERS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "ID3v2.3": (".mp3", lambda path: by_id3(path, 3)),
    "ID3v2.4": (".mp3", lambda path: by_id3(path, 4)),
    "FLAC": (".flac", lambda path: by_vorbis(path, samples.flac)),
    "Ogg": (".ogg", lambda path: by_vorbis(path, samples.ogg)),
    "MP4": (".m4a", by_atoms),
}


@pytest.mark.parametrize(("suffix", "write"), WRITERS.values(), ids=WRITERS)
def test_every_field_is_read_as_mutagen_wrote_it(tmp_path: Path, suffix: str, write: Callable[[Path], None]) -> None:
    path = tmp_path / f"written{suffix}"
    write(path)
    found = tags_of(tmp_path, path.read_bytes(), suffix)
    year_only = {**ALL, "date": "2026"}  # ID3v2.3 keeps day and year in two frames
    assert found.values in (ALL, year_only)
    assert not found.unread


def test_ape_tags_are_read_before_an_old_tag_and_after_id3(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(FRAMES)
    tags: Any = mutagen.apev2.APEv2()
    tags.update({"Title": ALL["title"], "Album": "Weather", "Track": "3/9", "Year": "2026-05-01"})
    tags.save(path)
    ape = path.read_bytes() + b"TAG" + b"Old".ljust(30, b"\0") + b"Old artist".ljust(95, b"\0")
    found = tags_of(tmp_path, ape)
    assert found.values == {
        "title": ALL["title"],
        "album": "Weather",
        "track": "3",
        "date": "2026-05-01",
        "artist": "Old artist",
    }
    assert tags_of(tmp_path, id3(frame(b"TIT2", b"\x03New")) + ape).values["title"] == "New"


@pytest.mark.parametrize(
    "foot",
    [
        b"APETAGEX" + struct.pack("<IIII", 2000, 0xFFFFFFFF, 1, 0) + bytes(8),
        b"APETAGEX" + struct.pack("<IIII", 2000, 0, 1, 0) + bytes(8),
        b"APETAGEX" + struct.pack("<IIII", 2000, 40, 0xFFFFFFFF, 0) + bytes(8),
    ],
    ids=["longer than the file", "without a length", "of many items"],
)
def test_a_damaged_ape_tag_says_nothing(tmp_path: Path, foot: bytes) -> None:
    assert tags_of(tmp_path, FRAMES + foot) == Tags()


def test_a_tag_with_a_footer_is_read_at_the_end(tmp_path: Path) -> None:
    body = frame(b"TIT2", b"\x03Rain", 4)
    size = syncsafe(len(body))
    tag = b"ID3\x04\0\x10" + size + body + b"3DI\x04\0\x10" + size
    old = b"TAG".ljust(128, b"\0")
    assert tags_of(tmp_path, FRAMES + tag).title == "Rain"
    assert tags_of(tmp_path, FRAMES + tag + old).title == "Rain"
    assert tags_of(tmp_path, FRAMES + b"x" + tag[:-4] + bytes(4)).title == ""


def info(*items: tuple[bytes, bytes]) -> bytes:
    body = b"INFO" + b"".join(name + struct.pack("<I", len(text)) + text + bytes(len(text) % 2) for name, text in items)
    return b"LIST" + struct.pack("<I", len(body)) + body


def wav_with(*chunks: bytes) -> bytes:
    plain = samples.wav()
    return plain[:36] + b"".join(chunks) + plain[36:]


TEXTS = info((b"INAM", "Räin\0".encode()), (b"IART", b"Ann"), (b"IPRT", b"3/9"), (b"ICRD", b"2026-05-01"))


def test_riff_info_is_read_and_an_id3_chunk_counts_more(tmp_path: Path) -> None:
    found = tags_of(tmp_path, wav_with(TEXTS), ".wav")
    assert found.values == {"title": "Räin", "artist": "Ann", "track": "3", "date": "2026-05-01"}
    tag = id3(frame(b"TIT2", b"\x03New"))
    chunk = b"id3 " + struct.pack("<I", len(tag)) + tag
    for chunks in (TEXTS, chunk), (chunk, TEXTS):
        assert tags_of(tmp_path, wav_with(*chunks), ".wav").values == {**found.values, "title": "New"}


def test_riff_info_behind_the_sound_is_read(tmp_path: Path) -> None:
    assert tags_of(tmp_path, samples.wav() + TEXTS, ".wav").title == "Räin"


def test_info_that_ends_early_says_what_is_there(tmp_path: Path) -> None:
    cut = samples.wav() + TEXTS[:-6]
    assert tags_of(tmp_path, cut, ".wav").values == {"title": "Räin", "artist": "Ann", "track": "3"}


def test_the_sound_among_several_streams_is_read(tmp_path: Path) -> None:
    path = tmp_path / "one.ogg"
    by_vorbis(path, samples.ogg)
    sound = path.read_bytes()
    second = sound.index(b"OggS", 4)
    skeleton = page(b"fishead\0" + bytes(56), serial=77, flags=2)
    picture = page(b"\x80theora" + bytes(35), serial=78, flags=2)
    mixed = skeleton + picture + sound[:second] + page(b"fisbone\0" + bytes(44), serial=77) + sound[second:]
    assert tags_of(tmp_path, mixed, ".ogg").values == ALL
    only_pictures = skeleton + picture + page(b"x", serial=78)
    assert tags_of(tmp_path, only_pictures, ".ogg") == Tags()


def test_a_cut_m4a_says_what_is_left_of_its_tags(tmp_path: Path) -> None:
    path = tmp_path / "whole.m4a"
    by_atoms(path)
    data = path.read_bytes()
    moov = data.index(b"moov")
    cut = data[: data.index(b"\xa9alb") + 4]
    assert moov < len(cut)
    found = tags_of(tmp_path, cut, ".m4a")
    assert found.values.get("title") == ALL["title"]
    beginning = tags_of(tmp_path, data[: moov + 20], ".m4a")
    assert (beginning.title, beginning.unread) == ("", True)


@pytest.mark.parametrize(
    ("data", "foreign"),
    [
        ("Привет мир".encode("cp1251"), True),
        ("Καλημέρα".encode("cp1253"), True),
        ("雨の日".encode("shift-jis"), False),  # too short to be clear
        ("今日は雨の日です".encode("euc-jp"), True),
        ("Übung".encode(), True),
        ("Übung macht den Meister".encode("latin-1"), False),
        ("Été à Orléans".encode("latin-1"), False),
        ("naïve café".encode("latin-1"), False),
        ("Þórr".encode("latin-1"), False),
        (b"Rain", False),
        (b"", False),
    ],
)
def test_another_encoding_is_told_from_latin_1(data: bytes, foreign: bool) -> None:
    assert is_foreign(data.decode("latin-1")) is foreign


def test_a_text_that_latin_1_has_not_is_no_matter() -> None:
    assert not is_foreign("Привет")


def test_a_title_in_another_code_page_is_sent_as_it_is_and_said(vault: VaultOnDisk) -> None:
    title = "Привет мир".encode("cp1251")
    derived = vault.note(id3(frame(b"TIT2", b"\0" + title)) + FRAMES, at="a.mp3")
    assert derived.wanted.title == title.decode("latin-1")
    assert codes(derived) == ["TITLE_ENCODING"]
    marked = vault.note(id3(frame(b"TIT2", b"\x03" + "Привет".encode())) + FRAMES, at="b.mp3")
    assert (marked.wanted.title, codes(marked)) == ("Привет", [])


def test_tags_go_into_a_title_by_a_template_and_names_fill_in(vault: VaultOnDisk) -> None:
    data = id3(frame(b"TIT2", b"\x03Rain") + frame(b"TRCK", b"\x037/9")) + FRAMES
    template = "{date} {season}x{episode:02} {track:02} {title} {artist}"
    derived = vault.note(data, at="2026-05-01 S2E3 x.mp3", title_template=template)
    assert derived.wanted.title == "2026-05-01 2x03 07 Rain"
