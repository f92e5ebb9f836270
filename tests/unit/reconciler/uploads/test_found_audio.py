"""Audio that is found when the outcome of an upload is unknown is ours only if it is not older than the upload."""

from __future__ import annotations

import pytest

from picora_sync.core.model import Kind
from picora_sync.errors import OutcomeUnknown
from tests.fakes.mirror import Mirror


@pytest.mark.parametrize(
    ("planted_before", "left"),
    [
        pytest.param(True, 1, id="what others uploaded stays"),
        pytest.param(False, 0, id="what we uploaded goes"),
    ],
)
def test_when_the_file_goes(planted_before: bool, left: int) -> None:
    mirror = Mirror()
    if planted_before:
        mirror.picora.plant(Kind.AUDIO, "la")
        mirror.run(60)
    mirror.write("a.mp3", "la")
    mirror.write("keep.md", "one")
    mirror.picora.fail("post_audio", OutcomeUnknown("reset"), after=not planted_before)
    mirror.quiet()
    mirror.remove("a.mp3")
    mirror.quiet()
    assert len(mirror.picora.of_kind(Kind.AUDIO)) == left
