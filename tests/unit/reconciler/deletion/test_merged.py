"""Many notes turned into one and the same text count as removals (design §6): 500 notes, one pointer file."""

from __future__ import annotations

import pytest

from picora_sync.core.guard import FEW
from picora_sync.core.model import FileState
from picora_sync.reconciler.context import Clocks
from picora_sync.reconciler.planning.dry_run import forecast
from tests.fakes.disk import UNREADABLE
from tests.fakes.mirror import Mirror

POINTER = "version https://example.org/spec/v1"


def synced(number: int) -> Mirror:
    mirror = Mirror()
    for n in range(number):
        mirror.write(f"{n}.md", f"text {n}")
    mirror.quiet()
    return mirror


def merged(number: int, of: int) -> Mirror:
    mirror = synced(of)
    for n in range(number):
        mirror.write(f"{n}.md", POINTER)
    mirror.quiet()
    return mirror


def held(mirror: Mirror) -> int:
    return list(mirror.states().values()).count(FileState.HELD)


def approve(mirror: Mirror, *paths: str) -> None:
    mirror.index.holds.approve([mirror.ref(path) for path in paths])
    mirror.reconciler.removals.reconsider_held(mirror.policies)


def test_a_few_notes_may_become_the_same() -> None:
    mirror = merged(FEW, of=30)
    assert held(mirror) == 0
    assert len(mirror.picora.objects) == 30 - FEW + 1


def test_many_notes_that_become_the_same_keep_their_objects_until_approved() -> None:
    mirror = merged(30, of=30)
    assert held(mirror) == 30
    assert mirror.titles() == sorted(str(n) for n in range(30))
    assert mirror.picora.count("post_doc") == 30


def test_many_notes_overwritten_with_what_another_note_holds_are_held() -> None:
    mirror = synced(30)
    for n in range(1, 21):
        mirror.write(f"{n}.md", "text 0")
    mirror.quiet()
    assert held(mirror) == 20
    assert len(mirror.picora.objects) == 30


def test_they_count_one_by_one_over_the_day() -> None:
    mirror = synced(30)
    for n in range(FEW + 3):
        mirror.write(f"{n}.md", POINTER)
        mirror.run(1200)
    mirror.quiet()
    assert held(mirror) > 0
    assert len(mirror.picora.objects) >= 30 - FEW


def test_they_share_the_budget_with_deletions() -> None:
    mirror = synced(30)
    mirror.remove(*(f"{n}.md" for n in range(20, 26)))
    mirror.quiet()
    for n in range(6):
        mirror.write(f"{n}.md", POINTER)
    mirror.quiet()
    assert held(mirror) == 6


def test_notes_that_change_into_different_texts_are_no_removals() -> None:
    mirror = synced(30)
    for n in range(30):
        mirror.write(f"{n}.md", f"other text {n}")
    mirror.quiet()
    assert held(mirror) == 0


def test_new_notes_with_the_same_text_are_no_removals() -> None:
    mirror = synced(5)
    for n in range(100, 130):
        mirror.write(f"{n}.md", POINTER)
    mirror.quiet()
    assert held(mirror) == 0
    assert len(mirror.picora.objects) == 6


def test_they_stay_held_over_restarts_scans_and_touches() -> None:
    mirror = merged(30, of=30)
    for _ in range(2):
        mirror.restart()
        mirror.disk.write("0.md", POINTER.encode())
        mirror.scan()
        mirror.run(3600)
        mirror.quiet()
    assert held(mirror) == 30
    assert mirror.picora.count("delete") == 0


@pytest.mark.parametrize("restart", [False, True])
def test_what_is_approved_is_replaced_and_nothing_else(restart: bool) -> None:
    mirror = merged(30, of=30)
    if restart:
        mirror.index.holds.approve([mirror.ref("0.md"), mirror.ref("1.md")])
        mirror.restart()
    else:
        approve(mirror, "0.md", "1.md")
    mirror.quiet()
    assert held(mirror) == 28
    assert len(mirror.picora.objects) == 29


def test_an_approval_survives_that_the_file_is_only_touched() -> None:
    mirror = merged(30, of=30)
    mirror.index.holds.approve([mirror.ref(f"{n}.md") for n in range(30)])
    mirror.restart()
    mirror.write("0.md", POINTER)
    mirror.quiet()
    assert held(mirror) == 0
    assert len(mirror.picora.objects) == 1


def test_an_approval_says_nothing_about_a_later_deletion_of_the_file() -> None:
    mirror = merged(30, of=30)
    mirror.index.holds.approve([mirror.ref(f"{n}.md") for n in range(30)])
    mirror.remove(*(f"{n}.md" for n in range(30)))
    mirror.quiet()
    assert held(mirror) == 30
    assert len(mirror.picora.objects) == 30


def test_a_file_that_gets_its_text_back_leaves_the_hold() -> None:
    mirror = merged(30, of=30)
    mirror.write("0.md", "text 0")
    mirror.quiet()
    assert mirror.states()["0.md"] is FileState.SYNCED
    assert held(mirror) == 29
    assert mirror.picora.count("post_doc") == 30


def test_a_file_that_is_not_one_of_several_any_more_leaves_the_hold() -> None:
    mirror = merged(11, of=30)
    for n in range(1, 11):
        mirror.write(f"{n}.md", f"text {n}")
    mirror.quiet()
    assert held(mirror) == 0
    assert len(mirror.picora.objects) == 30


def test_a_wish_to_be_private_is_heard_while_it_is_held() -> None:
    mirror = Mirror()
    for n in range(30):
        mirror.write(f"{n}.md", f"public: true\ntext {n}")
    mirror.quiet()
    for n in range(30):
        mirror.write(f"{n}.md", POINTER)
    mirror.quiet()
    assert held(mirror) == 30
    assert not [item for item in mirror.picora.objects.values() if item.public]


def test_a_forecast_names_them_as_held() -> None:
    mirror = synced(30)
    for n in range(30):
        mirror.disk.write(f"{n}.md", POINTER.encode())
    copy = mirror.index.copy_in_memory()
    units = mirror.reconciler.context.units.values()
    report = forecast(copy, units, Clocks(mirror.mono, mirror.wall), lambda _: 0.0)
    assert len(report.held) == 30
    assert report.actions == []


@pytest.mark.parametrize("place", ["the path", "the bytes"])
def test_what_was_agreed_to_stands_although_a_note_cannot_be_read_for_a_moment(place: str) -> None:
    mirror = merged(30, of=30)
    mirror.index.pause("notes")
    mirror.reconciler.heed_pauses()
    approve(mirror, "0.md", "1.md")
    if place == "the path":
        mirror.disk.broken["0.md"] = UNREADABLE
    else:
        mirror.content.locked.add("0.md")
        mirror.disk.write("0.md", POINTER.encode())
    mirror.touch("0.md")
    mirror.run(60)
    mirror.disk.broken.clear()
    mirror.content.locked.clear()
    mirror.touch("0.md")
    mirror.run(60)
    mirror.index.resume("notes")
    mirror.reconciler.heed_pauses()
    mirror.quiet()
    assert {path for path, state in mirror.states().items() if state is FileState.SYNCED} == {"0.md", "1.md"}
    assert held(mirror) == 28


def test_a_note_that_could_not_be_read_and_is_what_it_was_before_leaves_the_hold() -> None:
    mirror = merged(30, of=30)
    mirror.disk.broken["0.md"] = UNREADABLE
    mirror.touch("0.md")
    mirror.run(60)
    mirror.disk.broken.clear()
    mirror.write("0.md", "text 0")
    mirror.quiet()
    assert mirror.states()["0.md"] is FileState.SYNCED
    assert held(mirror) == 29
