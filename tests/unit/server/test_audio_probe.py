from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from picora_sync.server.content import audio_formats
from picora_sync.server.content.audio_probe import AudioInfo, probe


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
