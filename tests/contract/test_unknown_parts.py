"""§15 #6: form parts that the contract does not name are ignored, whatever they hold."""

import pytest

from tests.contract import samples
from tests.contract.harness import Api, ok

UPLOADS = [
    ("/v1/audio", ("rain.mp3", samples.mp3(), "audio/mpeg")),
    ("/v1/images", ("dot.png", samples.png(), "image/png")),
]


@pytest.mark.parametrize(("path", "file"), UPLOADS, ids=[row[0] for row in UPLOADS])
@pytest.mark.parametrize("extra", [b"text", b"\xff\xfe\x00", b"x" * 2_000_000], ids=["text", "binary", "large"])
@pytest.mark.parametrize("place", ["before", "after"])
def test_an_unknown_part_is_ignored(
    api: Api, path: str, file: tuple[str, bytes, str], extra: bytes, place: str
) -> None:
    """§15 #6 unknown form fields: ignored, before the file and after it."""
    parts = [("file", file), ("other", ("other.bin", extra, "application/octet-stream"))]
    made = ok(api.post(path, files=parts if place == "after" else parts[::-1]), 201)
    assert (made["filename"], api.get(made["url"]).content) == (file[0], file[1])
