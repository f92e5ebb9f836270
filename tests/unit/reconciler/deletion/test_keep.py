"""Folders with ``on_delete: keep``: nothing is deleted, so nothing is held, and what was forgotten is found again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from picora_sync.control.messages import Approve, HeldRow
from picora_sync.control.orders import Orders
from picora_sync.core.model import FileState
from picora_sync.core.policy import Folder, OnDelete
from tests.fakes.mirror import Mirror

KEEP = Folder("notes", "/notes", on_delete=OnDelete.KEEP)
MANY = 30


def many(policy: Folder, suffix: str = "md") -> Mirror:
    mirror = Mirror(policy)
    for number in range(MANY):
        mirror.write(f"{number}.{suffix}", f"text {number}")
    mirror.quiet()
    return mirror


@pytest.mark.parametrize("number", [20, MANY], ids=["many", "all"])
def test_however_many_files_vanish_none_is_held_and_no_object_deleted(number: int) -> None:
    mirror = many(KEEP)
    mirror.remove(*[f"{n}.md" for n in range(number)])
    mirror.quiet()
    assert mirror.states() == {f"{n}.md": FileState.SYNCED for n in range(number, MANY)}
    assert len(mirror.picora.objects) == MANY


def held_before() -> Mirror:
    """Twenty are held, and from now on nothing is to be deleted."""
    mirror = many(Folder("notes", "/notes"))
    mirror.remove(*[f"{n}.md" for n in range(20)])
    mirror.quiet()
    assert list(mirror.states().values()).count(FileState.HELD) == 20
    mirror.configure(on_delete=OnDelete.KEEP)
    mirror.quiet()
    return mirror


def test_a_folder_that_is_to_keep_from_now_on_goes_on_holding_what_is_held() -> None:
    mirror = held_before()
    assert list(mirror.states().values()).count(FileState.HELD) == 20
    mirror.remove("20.md")
    mirror.restart()
    mirror.run(25 * 3600)
    assert "20.md" not in mirror.states()
    mirror.configure(on_delete=OnDelete.DELETE)
    mirror.quiet()
    assert list(mirror.states().values()).count(FileState.HELD) == 20
    assert mirror.picora.count("delete") == 0


def test_what_is_approved_where_nothing_is_deleted_is_forgotten() -> None:
    mirror = held_before()
    mirror.index.holds.approve([mirror.ref(f"{n}.md") for n in range(20)])
    mirror.reconciler.removals.reconsider_held(mirror.policies)
    mirror.quiet()
    assert mirror.states() == {f"{n}.md": FileState.SYNCED for n in range(20, MANY)}
    assert len(mirror.picora.objects) == MANY


def test_what_is_held_where_nothing_is_deleted_any_more_is_as_before_when_it_is_back() -> None:
    mirror = held_before()
    mirror.write("0.md", "text 0")
    mirror.quiet()
    assert mirror.states()["0.md"] is FileState.SYNCED
    assert list(mirror.states().values()).count(FileState.HELD) == 19


def test_what_was_kept_leaves_the_budget_to_what_is_deleted() -> None:
    mirror = many(KEEP)
    mirror.remove(*[f"{n}.md" for n in range(20)])
    mirror.quiet()
    mirror.configure(on_delete=OnDelete.DELETE)
    mirror.remove("20.md")
    mirror.quiet()
    assert len(mirror.picora.objects) == MANY - 1


def test_notes_that_turn_into_one_and_the_same_are_held_here_too_since_replacing_deletes() -> None:
    mirror = many(KEEP)
    for number in range(20):
        mirror.write(f"{number}.md", "gone to the cloud")
    mirror.quiet()
    assert list(mirror.states().values()).count(FileState.HELD) == 20
    assert len(mirror.picora.objects) == MANY


def vanish(mirror: Mirror) -> None:
    mirror.remove("0.mp3")


def vanish_and_be_forgotten_by_a_person(mirror: Mirror) -> None:
    mirror.remove(*[f"{n}.mp3" for n in range(MANY)])
    mirror.quiet()
    row = mirror.index.files.get(mirror.ref("0.mp3"))
    assert row is not None
    assert row.held
    item = mirror.index.objects.get(row.bound or "")
    assert item is not None
    rows = (HeldRow(path="0.mp3", why="", object=item.id, url=item.url),)
    Orders(mirror.reconciler).carry_out(Approve(folder="notes", rows=rows, keep=True))


@pytest.mark.parametrize("restarted", [False, True], ids=["at once", "after a restart"])
@pytest.mark.parametrize(
    ("policy", "goes"),
    [
        pytest.param(KEEP, vanish, id="on_delete keep"),
        pytest.param(Folder("notes", "/notes"), vanish_and_be_forgotten_by_a_person, id="approve --keep"),
    ],
)
def test_kept_audio_that_comes_back_is_not_uploaded_again(
    policy: Folder, goes: Callable[[Mirror], None], *, restarted: bool
) -> None:
    mirror = many(policy, "mp3")
    goes(mirror)
    mirror.quiet()
    assert mirror.index.files.get(mirror.ref("0.mp3")) is None
    if restarted:
        mirror.restart()
    mirror.write("back.mp3", "text 0")
    mirror.quiet()
    assert mirror.states()["back.mp3"] is FileState.SYNCED
    assert mirror.picora.count("post_audio") == MANY


def test_kept_audio_may_come_and_go() -> None:
    mirror = many(KEEP, "mp3")
    for _ in range(3):
        mirror.remove("0.mp3")
        mirror.quiet()
        assert "0.mp3" not in mirror.states()
        mirror.write("0.mp3", "text 0")
        mirror.quiet()
    assert mirror.picora.count("post_audio") == MANY


def test_kept_audio_that_somebody_deleted_meanwhile_is_uploaded_again() -> None:
    mirror = many(KEEP, "mp3")
    row = mirror.index.files.get(mirror.ref("0.mp3"))
    assert row is not None
    mirror.remove("0.mp3")
    mirror.quiet()
    del mirror.picora.objects[row.bound or ""]
    mirror.write("0.mp3", "text 0")
    mirror.quiet()
    assert mirror.picora.count("post_audio") == MANY + 1
    assert mirror.states()["0.mp3"] is FileState.SYNCED
