"""Sleep, wake and clocks that are set (design §3, §6.5; lessons 4 and 10)."""

from __future__ import annotations

import pytest

from tests.fakes.mirror import Mirror

JUMPS_S = (90_000.0, 40.0, -40.0, -3600.0)


def synced() -> Mirror:
    mirror = Mirror()
    for n in range(3):
        mirror.write(f"{n}.md", f"text {n}")
    mirror.quiet()
    return mirror


@pytest.mark.parametrize("jump_s", JUMPS_S)
def test_the_grace_of_a_missing_file_starts_anew(jump_s: float) -> None:
    mirror = synced()
    mirror.remove("0.md")
    mirror.run(35)
    mirror.jumped_s = jump_s
    mirror.run(28)
    assert mirror.picora.count("delete") == 0
    mirror.run(10)
    assert mirror.picora.count("delete") == 1


@pytest.mark.parametrize("jump_s", JUMPS_S)
def test_the_folders_are_looked_through(jump_s: float) -> None:
    mirror = synced()
    mirror.disk.write("unseen.md", b"nobody told")
    mirror.jumped_s = jump_s
    mirror.run(30)
    assert "unseen" in mirror.titles()


@pytest.mark.parametrize("jump_s", JUMPS_S)
@pytest.mark.parametrize("died", [False, True])
def test_a_file_that_is_still_written_is_not_taken_for_an_old_one(jump_s: float, died: bool) -> None:
    mirror = synced()
    for second in range(30):
        mirror.disk.write("talk.mp3", b"x" * (second + 1))
        if second == 10:
            mirror.jumped_s = jump_s
        if second == 11 and died:
            mirror.restart()
        mirror.scan()
        mirror.run(1)
    assert mirror.picora.count("post_audio") == 0
    mirror.quiet()
    assert mirror.picora.count("post_audio") == 1
