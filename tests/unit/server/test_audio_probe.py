from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from picora_sync.server.content import audio_formats
from picora_sync.server.content.audio_probe import AudioInfo, probe
from picora_sync.server.content.audio_source import Source, TooMuch


@pytest.mark.parametrize("ext", ["mp3", "m4a", "wav", "flac", "ogg"])
def test_duration_and_bitrate_are_read_from_every_format(
    ext: str, audio_samples: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "audio"
    path.write_bytes(audio_samples[ext])
    info = probe(path, ext)
    assert info.duration_s == 2
    assert info.bitrate_kbps is not None
    assert info.bitrate_kbps > 0


@pytest.mark.parametrize(
    ("ext", "has_cover"), [("mp3", True), ("flac", True), ("m4a", False), ("wav", False), ("ogg", False)]
)
def test_covers_come_from_mp3_and_flac_only(
    ext: str, has_cover: bool, audio_samples: dict[str, bytes], png: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "audio"
    path.write_bytes(audio_samples[ext])
    info = probe(path, ext)
    assert (info.cover, info.cover_mime) == ((png, "image/png") if has_cover else (None, None))


@pytest.mark.parametrize("ext", ["mp3", "m4a", "wav", "flac", "ogg"])
@pytest.mark.parametrize("tail", [b"", b"\xff" * 4096], ids=["nothing", "noise"])
def test_what_cannot_be_parsed_is_unknown(ext: str, tail: bytes, tmp_path: Path) -> None:
    magic = audio_formats.EXTENSIONS[ext]
    path = tmp_path / "audio"
    path.write_bytes(bytes(magic.magic_at) + magic.magic[0] + tail)
    assert probe(path, ext) == AudioInfo()


def test_a_cover_is_found_in_an_mp3_without_audio(audio_samples: dict[str, bytes], png: bytes, tmp_path: Path) -> None:
    path = tmp_path / "audio"
    path.write_bytes(audio_samples["mp3"][:200])
    assert probe(path, "mp3").cover == png


def test_a_compressed_picture_is_never_inflated(tmp_path: Path, png: bytes) -> None:
    picture = b"\x00image/png\x00\x03\x00" + png
    packed = struct.pack(">I", len(picture)) + zlib.compress(picture)
    frame = b"APIC" + struct.pack(">I", len(packed)) + b"\x00\x80" + packed
    path = tmp_path / "audio"
    path.write_bytes(b"ID3\x03\0\0" + bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0)) + frame)
    assert probe(path, "mp3").cover is None


@pytest.mark.parametrize(
    ("mime", "filename", "ext"),
    [
        ("audio/mpeg", "x.wav", "mp3"),
        ("AUDIO/MP3; a=b", "x", "mp3"),
        ("audio/x-m4a", "x", "m4a"),
        ("audio/x-wav", "x", "wav"),
        ("application/octet-stream", "x.OGG", "ogg"),
        (None, "x.flac", "flac"),
        (None, "x.txt", None),
        ("text/plain", "x.mp3", None),
        ("audio/aac", "x.mp3", None),
    ],
)
def test_the_type_decides_and_the_extension_only_when_it_says_nothing(
    mime: str | None, filename: str, ext: str | None
) -> None:
    chosen = audio_formats.choose(mime, filename)
    assert (chosen.ext if chosen else None) == ext


@pytest.mark.parametrize("head", [b"\xff\xfa", b"\xff\xf3", b"\xff\xf2", b"", b"OggS"])
def test_other_mp3_syncs_are_refused(head: bytes) -> None:
    assert not audio_formats.EXTENSIONS["mp3"].matches(head)


def _id3(frames: bytes, version: int = 3, flags: int = 0) -> bytes:
    length = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3" + bytes((version, 0, flags)) + length + frames


def _picture(png: bytes, *, version: int = 3, flags: int = 0, kind: int = 3) -> bytes:
    if version == 2:
        body = b"\0PNG" + bytes([kind]) + b"\0" + png
        return b"PIC" + len(body).to_bytes(3, "big") + body
    body = b"\0image/png\0" + bytes([kind]) + b"\0" + png
    if flags & 1:
        body = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0)) + body
    if flags & 2:
        body = body.replace(b"\xff", b"\xff\0")
    size = len(body).to_bytes(4, "big")
    if version == 4:
        size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"APIC" + size + bytes((0, flags)) + body


def _with_ff(png: bytes) -> bytes:
    return png + b"\xff\xd8\xff\xff" * 100


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda png: _id3(_picture(png, version=2), 2), id="2.2"),
        pytest.param(lambda png: _id3(_picture(png).replace(b"\xff", b"\xff\0"), 3, 0x80), id="2.3 unsynchronised"),
        pytest.param(lambda png: _id3(_picture(png, version=4), 4), id="2.4"),
        pytest.param(lambda png: _id3(_picture(png, version=4, flags=2), 4, 0x80), id="2.4 unsynchronised"),
        pytest.param(lambda png: _id3(_picture(png, version=4, flags=3), 4), id="2.4 unsynchronised with length"),
        pytest.param(lambda png: _id3(_picture(png, kind=0) + _picture(png), 3), id="two"),
        pytest.param(
            lambda png: _id3(b"GEOB\x01\0\0\0\0\0" + bytes(1 << 24) + _picture(png), 3), id="behind an object"
        ),
    ],
)
def test_a_cover_is_found_in_tags_of_every_version(make: Callable[[bytes], bytes], png: bytes, tmp_path: Path) -> None:
    path = tmp_path / "audio"
    path.write_bytes(make(_with_ff(png)))
    assert probe(path, "mp3").cover == _with_ff(png)


def test_the_front_cover_goes_before_others(png: bytes, tmp_path: Path) -> None:
    path = tmp_path / "audio"
    path.write_bytes(_id3(_picture(png + b"other", kind=4) + _picture(png)))
    assert probe(path, "mp3").cover == png


@pytest.mark.parametrize(("more", "kept"), [(0, True), (1, False)])
def test_a_cover_of_more_than_10_mb_is_none(more: int, kept: bool, png: bytes, tmp_path: Path) -> None:
    path = tmp_path / "audio"
    path.write_bytes(_id3(_picture(png.ljust(10 * 1024 * 1024 + more, b"\0"))))
    assert (probe(path, "mp3").cover is not None) is kept


def test_what_is_no_picture_is_no_cover(tmp_path: Path) -> None:
    path = tmp_path / "audio"
    path.write_bytes(_id3(_picture(b"<svg/>")))
    assert probe(path, "mp3").cover is None


def test_a_source_closes_after_its_budget(tmp_path: Path) -> None:
    path = tmp_path / "audio"
    path.write_bytes(bytes(1000))
    with Source(path) as source:
        assert source.get(990, 100) == bytes(10)
        assert source.get(2000, 1) == b""
        with pytest.raises(ValueError, match="before the file"):
            source.get(-1, 1)
        with pytest.raises(ValueError, match="ends in a number"):
            source.number(998, 4)
    with path.open("r+b") as file:
        file.truncate(1 << 30)
    with Source(path) as source, pytest.raises(TooMuch):
        list(map(source.get, range(0, 1 << 30, 1 << 16), [8] * 4000))
