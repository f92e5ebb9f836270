"""Promise 10 for audio: no file holds up who reads its title, its length or its cover; client and server alike."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

import pytest

from picora_sync.content import signature
from picora_sync.content.formats import read_embedded
from picora_sync.server.content.audio_probe import probe
from tests.laws.audio_bytes import FMT, FTYP, INFO, VORBIS, WAVE_HEAD, Make, cases, id3
from tests.laws.measure import BASE_BYTES, cost_of

SIZE_BYTES = 3 << 20
"""Twice of it is measured, too."""
MOST_S = 0.5
"""Far more than it takes, far less than the law would allow: the work does not grow with the file."""
MOST_READ_BYTES = 16 << 20
EVERY = [pytest.param(ext, make, id=f"{ext}-{name.replace(' ', '-')}") for ext, name, make in cases()]


class Counting(io.FileIO):
    """Knows how much was read of it."""

    read_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(-1 if size is None else size)
        self.read_bytes += len(data or b"")
        return data or b""


def client(path: Path, ext: str) -> int:
    """How many bytes are read."""
    with Counting(path) as file:
        as_file: BinaryIO = file  # type: ignore[assignment]  # unbuffered, and otherwise the same
        read_embedded(as_file, f".{ext}")
        file.seek(0)
        signature.fault(as_file, path.stat().st_size, f".{ext}")
        return file.read_bytes


@pytest.mark.parametrize(("ext", "make"), EVERY)
def test_reading_audio_costs_little_whatever_is_in_it(tmp_path: Path, ext: str, make: Make) -> None:
    path = tmp_path / "audio"
    for size in (SIZE_BYTES, 2 * SIZE_BYTES):
        path.write_bytes(make(size))
        for work in (lambda: client(path, ext), lambda: probe(path, ext)):
            cost = cost_of(work)
            assert cost.cpu_s <= MOST_S
            assert cost.peak_bytes <= BASE_BYTES
        assert client(path, ext) <= MOST_READ_BYTES


HUGE_BYTES = 1 << 30
HUGE = {
    "mp3": id3(b"GEOB" + (0x7FFFFFF).to_bytes(4, "big") + b"\0\0", claimed=0xFFFFFFF),
    "wav": WAVE_HEAD + FMT + b"JUNK\x00\x00\x00\x20",
    "m4a": FTYP + b"\x20\0\0\0free",
    "flac": b"fLaC" + INFO + b"\x06\xff\xff\xff",
    "ogg": VORBIS,
}


@pytest.mark.parametrize("ext", HUGE)
def test_the_size_of_a_file_costs_nothing(tmp_path: Path, ext: str) -> None:
    """A gigabyte, most of it a hole."""
    path = tmp_path / "audio"
    with path.open("wb") as file:
        file.write(HUGE[ext])
        file.truncate(HUGE_BYTES)
    for work in (lambda: client(path, ext), lambda: probe(path, ext)):
        cost = cost_of(work)
        assert cost.cpu_s <= MOST_S
        assert cost.peak_bytes <= BASE_BYTES
    assert client(path, ext) <= MOST_READ_BYTES
