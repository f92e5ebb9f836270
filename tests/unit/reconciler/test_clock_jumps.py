"""Sleep, wake and clocks that are set (design §3, §6.5; lessons 4 and 10)."""

from __future__ import annotations

import pytest

from picora_sync.core.ports import Derived
from tests.fakes.mirror import EPOCH_S, Mirror

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


def test_a_jump_of_the_clock_makes_no_room_for_more_removals() -> None:
    mirror = Mirror()
    mirror.picora.wall = lambda: EPOCH_S + mirror.mono_s
    for n in range(40):
        mirror.write(f"{n}.md", f"text {n}")
    mirror.quiet()
    for jump_s in (0.0, 90_000.0, 10 * 365 * 86_400.0, -90_000.0):
        mirror.jumped_s = jump_s
        mirror.restart()
        mirror.remove(*sorted(mirror.disk.files)[:9])
        mirror.quiet()
    assert mirror.picora.count("post_doc") - len(mirror.picora.objects) == 9


def test_after_a_day_there_is_room_for_more_removals() -> None:
    mirror = Mirror()
    for n in range(40):
        mirror.write(f"{n}.md", f"text {n}")
    mirror.quiet()
    for day in range(3):
        mirror.remove(*[f"{n}.md" for n in range(9 * day, 9 * day + 9)])
        mirror.quiet()
        mirror.mono_s += 86_400.0
    assert len(mirror.picora.objects) == 40 - 27


def test_removals_before_the_server_told_its_time_count_from_then_on() -> None:
    mirror = Mirror()
    for n in range(40):
        mirror.write(f"{n}.md", f"text {n}")
    mirror.quiet()
    mirror.picora.tells_time = False
    mirror.jumped_s = -90_000.0
    mirror.restart()
    mirror.reconciler.connection.verified = False
    mirror.remove(*[f"{n}.md" for n in range(9)])
    mirror.run(60)
    mirror.picora.tells_time = True
    mirror.jumped_s = 0.0
    mirror.reconciler.connection.accepted()
    mirror.remove(*[f"{n}.md" for n in range(9, 18)])
    mirror.quiet()
    assert len(mirror.picora.objects) == 40 - 9


@pytest.mark.parametrize("told", [False, True], ids=["found by looking", "told by events"])
def test_audio_that_is_still_written_on_a_server_whose_clock_is_ahead_is_not_sent(told: bool) -> None:
    mirror = synced()
    for second in range(100):
        mirror.disk.write("talk.mp3", b"x" * (second + 1))
        mirror.disk.age("talk.mp3", -120.0)
        if told and second % 20 == 0:
            mirror.touch("talk.mp3")
        if not told and second % 30 == 0:
            mirror.scan()
        mirror.run(1)
    assert mirror.picora.count("post_audio") == 0
    mirror.run(60)
    assert mirror.picora.count("post_audio") == 1


def test_audio_that_a_rebuild_read_too_early_there_is_not_sent_either() -> None:
    mirror = Mirror()
    mirror.disk.write("talk.mp3", b"x")
    mirror.disk.age("talk.mp3", -120.0)
    derived = mirror.content.derive("talk.mp3")
    assert isinstance(derived, Derived)
    mirror.index.files.present(mirror.ref("talk.mp3"), derived, mirror.wall())
    mirror.restart()
    for second in range(60):
        mirror.disk.write("talk.mp3", b"x" * (second + 2))
        mirror.disk.age("talk.mp3", -120.0)
        mirror.run(1)
    assert mirror.picora.count("post_audio") == 0
