"""What the hints of WRONG_SIGNATURE advise leads somewhere: afterwards client and embedded Picora take the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import mutagen.id3
import pytest

from picora_sync.content import signature
from picora_sync.core.model import Problem
from tests.contract import samples
from tests.contract.harness import Api, Service, ok
from tests.integration.audio_files import ape, mp3_frame, old_frames, wav

MIME = {"mp3": "audio/mpeg", "m4a": "audio/mp4", "wav": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg"}
Remedy = Callable[[Path], Path]


def tag_it(path: Path) -> Path:
    """What a tag editor does."""
    tags = mutagen.id3.ID3()
    tags.add(mutagen.id3.TIT2(encoding=3, text="Title"))
    tags.save(path)
    return path


def remove_tag(path: Path) -> Path:
    """What ``mid3v2 --delete-all`` does."""
    mutagen.id3.delete(path)
    return path


def rename_to(suffix: str) -> Remedy:
    return lambda path: path.rename(path.with_suffix(suffix))


def both(one: Remedy, other: Remedy) -> Remedy:
    return lambda path: other(one(path))


VARIANTS = {
    "ff-fa": b"\xff\xfa\x90\x64".ljust(417, b"\0") * 20,
    "ff-f3": old_frames(0xF3, 0x80, 208, 20),
    "ff-f2": old_frames(0xF2, 0x80, 208, 20),
    "ff-e3": old_frames(0xE3, 0x80, 417, 20),
    "ff-e2": old_frames(0xE2, 0x80, 417, 20),
    "ff-fd": old_frames(0xFD, 0x80, 417, 20),
    "free-format": b"\xff\xfa\x00\x64".ljust(417, b"\0") * 20,
}
CASES: list[tuple[str, str, bytes, str, str, Remedy]] = [
    *((f"mp3 {name}", ".mp3", data, "in a variant", "puts an ID3 tag before it", tag_it)
      for name, data in VARIANTS.items()),
    ("a variant as wav", ".wav", VARIANTS["ff-f3"], "in a variant", "rename it to end with .mp3, and give it a title",
     both(rename_to(".mp3"), tag_it)),
    ("zeros before the frames", ".mp3", bytes(700) + mp3_frame() * 20, "before its first frame", "ID3 tag", tag_it),
    ("noise before the frames", ".mp3", b"noise" + mp3_frame() * 20, "before its first frame", "ID3 tag", tag_it),
    ("an APE tag first", ".mp3", ape(head=True) + mp3_frame() * 20, "behind an APE tag", "puts an ID3 tag", tag_it),
    ("FLAC behind ID3", ".flac", samples.id3() + samples.flac(), "a FLAC file behind",
     "remove the ID3 tag", remove_tag),
    ("FLAC behind ID3s", ".flac", samples.id3() * 2 + samples.flac(), "a FLAC file behind", "remove the ID3 tag",
     both(remove_tag, remove_tag)),
    ("Ogg behind ID3", ".ogg", samples.id3() + samples.ogg(), "an Ogg file behind", "remove the ID3 tag", remove_tag),
    ("WAV behind ID3", ".wav", samples.id3() + samples.wav(), "a WAV file behind", "remove the ID3 tag", remove_tag),
    ("M4A behind ID3", ".m4a", samples.id3() + samples.m4a(), "M4A file behind", "remove the ID3 tag", remove_tag),
    ("MP3 as FLAC", ".flac", samples.id3() + mp3_frame() * 20, "an MP3 file", "rename it to end with .mp3",
     rename_to(".mp3")),
    ("M4A as MP3", ".mp3", samples.m4a(), "an MP4 or M4A file", "rename it to end with .m4a", rename_to(".m4a")),
    ("WAV as FLAC", ".flac", samples.wav(), "a WAV file", "rename it to end with .wav", rename_to(".wav")),
    ("FLAC as WAV", ".wav", samples.flac(), "a FLAC file", "rename it to end with .flac", rename_to(".flac")),
    ("Ogg as MP3", ".mp3", samples.ogg(), "an Ogg file", "rename it to end with .ogg", rename_to(".ogg")),
    ("MP3 as M4A", ".m4a", mp3_frame() * 20, "an MP3 file", "rename it to end with .mp3", rename_to(".mp3")),
]  # fmt: skip


def fault(path: Path) -> Problem | None:
    with path.open("rb") as file:
        return signature.fault(file, path.stat().st_size, path.suffix)


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Service(tmp_path / "picora").tenant()


@pytest.mark.parametrize(
    ("suffix", "data", "says", "advises", "remedy"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_who_follows_the_hint_has_a_file_that_is_taken(
    tmp_path: Path, api: Api, suffix: str, data: bytes, says: str, advises: str, remedy: Remedy
) -> None:
    path = tmp_path / f"episode{suffix}"
    path.write_bytes(data)
    problem = fault(path)
    assert problem is not None
    assert says in problem.message
    assert advises in problem.hint
    refused = api.post_audio(data, path.name, MIME[suffix[1:]])
    assert refused.status_code == 422 or suffix == ".m4a"
    path = remedy(path)
    assert fault(path) is None
    ok(api.post_audio(path.read_bytes(), path.name, MIME[path.suffix[1:]]), 201)


@pytest.mark.parametrize(
    ("data", "advises"),
    [
        pytest.param(b"RF64\xff\xff\xff\xffWAVEds64" + bytes(100), "less than 4 GB", id="RF64"),
        pytest.param(b"BW64\xff\xff\xff\xffWAVEds64" + bytes(100), "less than 4 GB", id="BW64"),
        pytest.param(b"FORM\0\0\1\0AIFF" + bytes(100), "export it as m4a or mp3", id="AIFF"),
        pytest.param(b"\xff\xf1\x50\x80" + bytes(100), "export it as m4a or mp3", id="AAC"),
        pytest.param(b"\x1a\x45\xdf\xa3" + bytes(100), "export it as m4a or mp3", id="WebM"),
        pytest.param(b"  <HTML>\n<body>not found", "download it again", id="web page"),
        pytest.param(bytes(5000), "download it again", id="zeros"),
        pytest.param(b"PK\x03\x04" + bytes(100), "unpack it", id="ZIP"),
        pytest.param(b"\x01", "export it as m4a or mp3", id="a byte"),
        pytest.param(b"RIFF\0\0\0\0AVI " + bytes(100), "export it as m4a or mp3", id="AVI"),
    ],
)
def test_what_picora_never_takes_is_not_to_be_renamed(tmp_path: Path, data: bytes, advises: str) -> None:
    path = tmp_path / "episode.mp3"
    path.write_bytes(data)
    problem = fault(path)
    assert problem is not None
    assert advises in problem.hint
    assert "rename" not in problem.hint


@pytest.mark.parametrize("suffix", [f".{ext}" for ext in MIME])
def test_each_format_under_its_own_name_has_no_fault(tmp_path: Path, suffix: str) -> None:
    make = {"mp3": samples.mp3, "m4a": samples.m4a, "wav": lambda: wav(bytes(100))}
    path = tmp_path / f"episode{suffix}"
    path.write_bytes({**make, "flac": samples.flac, "ogg": samples.ogg}[suffix[1:]]())
    assert fault(path) is None
