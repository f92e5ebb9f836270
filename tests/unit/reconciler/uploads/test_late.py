"""An upload that was given up and still arrives makes a twin: it is found and collected, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from picora_sync.core.model import Kind, RemoteObject
from picora_sync.errors import OutcomeUnknown
from picora_sync.reconciler.uploads.late import LATEST_S
from tests.fakes.mirror import Mirror

LOOKS = 12
"""At most so many in the day that a twin is looked for."""


def mirror_after_an_upload_in_doubt() -> Mirror:
    """The first POST got lost, the second was confirmed."""
    mirror = Mirror()
    mirror.write("a.mp3", "la")
    mirror.picora.fail("post_audio", OutcomeUnknown("reset"))
    mirror.quiet()
    assert (mirror.picora.count("post_audio"), len(mirror.picora.of_kind(Kind.AUDIO))) == (2, 1)
    return mirror


def arrive(mirror: Mirror, title: str = "a") -> RemoteObject:
    """Something with the same bytes is there now."""
    return mirror.picora.plant(Kind.AUDIO, "la", title=title)


def live(mirror: Mirror, hours: int) -> None:
    for _ in range(hours * 60):
        mirror.mono_s += 59.0
        mirror.run(1.0)


def held(mirror: Mirror) -> set[str]:
    return {item.id for item in mirror.picora.of_kind(Kind.AUDIO)}


@pytest.mark.parametrize("restarts", [False, True], ids=["in the same process", "after a restart"])
def test_a_late_twin_is_collected(restarts: bool) -> None:
    mirror = mirror_after_an_upload_in_doubt()
    before = held(mirror)
    late = arrive(mirror)
    if restarts:
        mirror.restart()
    mirror.run(3600)
    assert late.id not in held(mirror)
    assert len(before) == len(held(mirror))


def test_a_twin_is_collected_although_its_file_is_gone() -> None:
    mirror = Mirror()
    mirror.write("a.mp3", "la")
    mirror.write("keep.md", "one")
    mirror.picora.fail("post_audio", OutcomeUnknown("reset"))
    mirror.run(20)
    mirror.remove("a.mp3")
    mirror.quiet()
    arrive(mirror)
    mirror.run(3600)
    assert held(mirror) == set()


def test_what_somebody_else_made_meanwhile_stays() -> None:
    mirror = mirror_after_an_upload_in_doubt()
    theirs = arrive(mirror, title="a.mp3")
    live(mirror, 24)
    assert theirs.id in held(mirror)


def test_what_was_made_when_nothing_of_ours_can_arrive_any_more_stays() -> None:
    mirror = mirror_after_an_upload_in_doubt()
    mirror.run(LATEST_S + 10)
    theirs = arrive(mirror)
    live(mirror, 24)
    assert theirs.id in held(mirror)


def test_twins_are_looked_for_a_day_and_not_longer() -> None:
    mirror = mirror_after_an_upload_in_doubt()
    before = mirror.picora.count("find_audio")
    live(mirror, 36)
    looks = mirror.picora.count("find_audio") - before
    assert 3 <= looks <= LOOKS
    assert mirror.index.twins.all() == []
    live(mirror, 24)
    assert mirror.picora.count("find_audio") - before == looks


def test_a_look_that_fails_is_made_again() -> None:
    mirror = mirror_after_an_upload_in_doubt()
    late = arrive(mirror)
    mirror.picora.fail("find_audio", OutcomeUnknown("reset"))
    mirror.run(3600)
    assert late.id not in held(mirror)


def test_an_upload_without_doubt_is_not_looked_for() -> None:
    mirror = Mirror()
    mirror.write("a.mp3", "la")
    mirror.run(3600)
    assert "find_audio" not in [name for name, _ in mirror.picora.calls]


def test_an_upload_that_was_found_after_a_restart_leaves_no_doubt() -> None:
    mirror = Mirror()
    mirror.write("a.mp3", "la")
    mirror.picora.fail("post_audio", OutcomeUnknown("reset"), after=True)
    mirror.run(20)
    mirror.restart()
    mirror.quiet()
    assert len(held(mirror)) == 1
    assert mirror.index.twins.all() == []


def test_twins_that_were_both_listed_already_become_one() -> None:
    mirror = Mirror()
    mirror.write("a.mp3", "la")
    mirror.picora.fail("post_audio", OutcomeUnknown("reset"), after=True)
    mirror.picora.lag_s = 60.0
    mirror.run(20)
    (first,) = mirror.picora.of_kind(Kind.AUDIO)
    mirror.picora.objects["twin"] = replace(first, id="twin")
    mirror.quiet()
    mirror.run(120)
    assert len(held(mirror)) == 1
