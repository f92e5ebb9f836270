"""Audio is checked before it is hashed; what is inside names it, and damage inside is never an error."""

from __future__ import annotations

import hashlib
import io
import struct
import wave
from pathlib import Path

import mutagen.flac
import mutagen.id3
import pytest

from picora_sync.core.model import Kind, PlanLimits, Problem
from picora_sync.core.policy import TitleFrom
from picora_sync.core.ports import Digest
from picora_sync.errors import FileChanged, FileUnreadable
from tests.contract import samples
from tests.fakes.reader import PlainReader
from tests.fakes.vault import VaultOnDisk, codes

MP3_FRAME = b"\xff\xfb\x90\x64".ljust(417, b"\0")  # 128 kbit/s, 44.1 kHz: 26 ms
FLAC = (
    b"fLaC\x80\x00\x00\x22"
    + struct.pack(">HH", 4096, 4096)
    + bytes(6)
    + b"\x0a\xc4\x42\xf0"
    + struct.pack(">I", 441000)
    + bytes(16)
)
M4A = b"\x00\x00\x00\x14ftypM4A \x00\x00\x00\x00M4A "
OGG = b"OggS" + bytes(100)


def wav(seconds: int = 1) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(b"\x80" * 8000 * seconds)
    return buffer.getvalue()


HEADS = {"mp3": MP3_FRAME * 40, "m4a": M4A, "wav": wav(), "flac": FLAC, "ogg": OGG}


@pytest.mark.parametrize("kind", HEADS)
def test_each_format_is_recognised_by_its_signature(vault: VaultOnDisk, kind: str) -> None:
    data = HEADS[kind]
    derived = vault.note(data, at=f"dir/Épisode 1.{kind.upper()}", tags=("x",))
    wanted = derived.wanted
    assert derived.text is None
    assert derived.file_sha256 == wanted.sha256 == hashlib.sha256(data).hexdigest()
    assert (wanted.kind, wanted.size_bytes) == (Kind.AUDIO, len(data))
    assert (wanted.filename, wanted.title) == (f"Épisode 1.{kind}", "Épisode 1")
    assert (wanted.tags, wanted.depends, wanted.public) == ((), (), True)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("mp3", []),
        ("m4a", []),
        ("wav", ["NOT_IN_APPLE_PODCASTS"]),
        ("flac", ["NOT_IN_APPLE_PODCASTS"]),
        ("ogg", ["NOT_IN_APPLE_PODCASTS"]),
    ],
)
def test_formats_that_podcast_directories_do_not_list_get_a_remark(
    vault: VaultOnDisk, kind: str, expected: list[str]
) -> None:
    assert codes(vault.note(HEADS[kind], at=f"a.{kind}")) == expected


@pytest.mark.parametrize(
    ("name", "data", "code", "says"),
    [
        ("a.mp3", b"", "AUDIO_EMPTY", "is empty"),
        ("a.mp3", b"\xff\xfa" + bytes(100), "WRONG_SIGNATURE", "an MP3 file in a variant"),
        ("a.mp3", b"\xff\xf3" + bytes(100), "WRONG_SIGNATURE", "an MP3 file in a variant"),
        ("a.mp3", M4A, "WRONG_SIGNATURE", "an MP4 or M4A file"),
        ("a.m4a", MP3_FRAME, "WRONG_SIGNATURE", "an MP3 file"),
        ("a.wav", FLAC, "WRONG_SIGNATURE", "a FLAC file"),
        ("a.flac", OGG, "WRONG_SIGNATURE", "an Ogg file"),
        ("a.ogg", wav(), "WRONG_SIGNATURE", "a WAV file"),
        ("a.ogg", b"<!DOCTYPE html>", "WRONG_SIGNATURE", "a web page"),
        ("a.mp3", bytes(5000), "WRONG_SIGNATURE", "nothing but zeros"),
        ("a.mp3", b"I", "WRONG_SIGNATURE", "none of the formats"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(
    vault: VaultOnDisk, name: str, data: bytes, code: str, says: str
) -> None:
    problem = vault.refused(data, at=name)
    assert problem.code == code
    assert says in problem.message


@pytest.mark.parametrize("data", samples.M4A_TREES.values(), ids=samples.M4A_TREES)
def test_an_m4a_may_begin_with_another_box(vault: VaultOnDisk, data: bytes) -> None:
    assert vault.note(data, at="a.m4a").wanted.kind is Kind.AUDIO


@pytest.mark.parametrize("data", [*filter(None, samples.NO_M4A.values())])
def test_what_is_no_tree_with_sound_is_no_m4a(vault: VaultOnDisk, data: bytes) -> None:
    assert vault.refused(data, at="a.m4a").code == "WRONG_SIGNATURE"


def test_the_embedded_title_names_an_mp3(vault: VaultOnDisk) -> None:
    file = vault.write("a.mp3", MP3_FRAME * 40)
    tags = mutagen.id3.ID3()
    tags.add(mutagen.id3.TIT2(encoding=3, text=[" Rain\non tin "]))
    tags.save(file)
    derived = vault.derive("a.mp3")
    assert not isinstance(derived, Problem)
    assert derived.wanted.title == "Rain on tin"
    renamed = vault.derive("a.mp3", title=TitleFrom.FILENAME)
    assert not isinstance(renamed, Problem)
    assert renamed.wanted.title == "a"


def test_the_embedded_title_names_a_flac(vault: VaultOnDisk) -> None:
    file = vault.write("a.flac", FLAC)
    tagged = mutagen.flac.FLAC(file)
    tagged["title"] = "Rain"
    tagged.save()
    derived = vault.derive("a.flac")
    assert not isinstance(derived, Problem)
    assert derived.wanted.title == "Rain"


def test_a_file_over_the_plan_s_size_is_refused_without_hashing_it(vault: VaultOnDisk) -> None:
    vault.limits = PlanLimits(audio_bytes=100)
    problem = vault.refused(MP3_FRAME, at="a.mp3")
    assert (problem.code, problem.message) == ("AUDIO_TOO_LARGE", "the file has 417 bytes; the plan allows 100")
    assert vault.reader.reads == []


@pytest.mark.parametrize(("limit_s", "refused"), [(2, True), (3, False)])
def test_a_file_over_the_plan_s_duration_is_refused(vault: VaultOnDisk, limit_s: int, refused: bool) -> None:
    vault.limits = PlanLimits(audio_duration_s=limit_s)
    vault.write("a.wav", wav(3))
    derived = vault.derive("a.wav")
    assert isinstance(derived, Problem) is refused
    if isinstance(derived, Problem):
        assert (derived.code, derived.message) == ("AUDIO_TOO_LONG", "the audio lasts 3 s; the plan allows 2 s")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.mp3", b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f"),
        ("a.mp3", b"ID3" + b"\xff" * 100),
        ("a.m4a", b"\x00\x00\x00\x01ftyp" + b"\xff" * 100),
        ("a.wav", b"RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\xff"),
        ("a.flac", b"fLaC\xff\xff\xff\xff" + bytes(50)),
        ("a.ogg", b"OggS" + b"\xff" * 300),
    ],
)
def test_damage_behind_the_signature_is_not_our_business(vault: VaultOnDisk, name: str, data: bytes) -> None:
    vault.limits = PlanLimits(audio_duration_s=1)
    assert vault.note(data, at=name).wanted.title == "a"


def test_a_missing_file_is_unreadable(vault: VaultOnDisk) -> None:
    with pytest.raises(FileUnreadable):
        vault.derive("gone.mp3")


def test_a_link_is_not_followed_unless_the_folder_says_so(vault: VaultOnDisk) -> None:
    vault.write("real.mp3", MP3_FRAME)
    vault.root.joinpath("link.mp3").symlink_to("real.mp3")
    with pytest.raises(FileUnreadable):
        vault.derive("link.mp3")
    assert not isinstance(vault.derive("link.mp3", follow_symlinks=True), Problem)


class Growing(PlainReader):
    def digest(self, path: str) -> Digest:
        with Path(path).open("ab") as file:
            file.write(b"more")
        return super().digest(path)


class Replaced(PlainReader):
    def digest(self, path: str) -> Digest:
        Path(path).rename(f"{path}.old")
        Path(path).write_bytes(MP3_FRAME)
        return super().digest(path)


@pytest.mark.parametrize("reader", [Growing, Replaced])
def test_a_file_that_changes_between_check_and_hash_is_looked_at_again(
    vault: VaultOnDisk, reader: type[PlainReader]
) -> None:
    vault.reader = reader()
    vault.write("a.mp3", MP3_FRAME)
    with pytest.raises(FileChanged):
        vault.derive("a.mp3")
