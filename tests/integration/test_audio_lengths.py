"""Client and server, which share no code, measure audio alike: by what is there, not by what headers claim."""

from __future__ import annotations

from pathlib import Path

import pytest

from picora_sync.content.formats import read_embedded
from picora_sync.server.content.audio_probe import probe
from tests.integration.audio_files import LENGTHS

NEAR_S = 0.06
"""Two frames: what a first frame without sound may count for."""


@pytest.mark.parametrize(("ext", "data", "length_s"), LENGTHS.values(), ids=LENGTHS)
def test_the_length_is_that_of_the_bytes_that_are_there(tmp_path: Path, ext: str, data: bytes, length_s: float) -> None:
    path = tmp_path / f"audio.{ext}"
    path.write_bytes(data)
    with path.open("rb") as file:
        by_client = read_embedded(file, f".{ext}").length_s
    by_server = probe(path, ext).length_s or 0.0
    assert by_client == pytest.approx(length_s, abs=NEAR_S if length_s else 0)
    assert by_server == pytest.approx(length_s, abs=NEAR_S if length_s else 0)
