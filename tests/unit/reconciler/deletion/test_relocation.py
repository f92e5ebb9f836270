"""An object goes only when its file is really gone or its successor is confirmed (design §6.5, promise 2)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from picora_sync.core.guard import FEW
from picora_sync.core.model import FileState, Problem
from picora_sync.core.policy import DOC_SETTLE, Folder
from picora_sync.errors import RateLimited, Rejected
from picora_sync.reconciler.context import REREAD_S, UNREAD_S
from picora_sync.reconciler.deletion.grace import STALLED_S
from tests.fakes.mirror import Mirror


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


LOCKED = Problem("PERMISSION_DENIED", "may not be entered")


def renamed_and_edited(text: str) -> Mirror:
    """Two notes; one was renamed and given this text, which Picora refuses."""
    mirror = Mirror()
    mirror.write("a.md", "one")
    mirror.write("b.md", "two")
    mirror.quiet()
    mirror.picora.fail("post_doc", Rejected("422"))
    mirror.disk.write("a.md", text.encode())
    mirror.move("a.md", "c.md")
    mirror.run(7300)
    return mirror


def test_a_file_that_was_renamed_and_edited_keeps_its_object_until_the_new_one_is_there() -> None:
    mirror = renamed_and_edited("three")
    assert mirror.titles() == ["a", "b"]
    mirror.write("c.md", "four")
    mirror.quiet()
    mirror.scan()
    mirror.quiet()
    assert mirror.titles() == ["b", "c"]


def test_a_file_whose_inode_another_one_got_is_gone_once_that_is_there() -> None:
    mirror = Mirror()
    mirror.write("a.md", "one")
    mirror.write("b.md", "two")
    mirror.quiet()
    inode = mirror.disk.files["a.md"].inode
    mirror.remove("a.md")
    mirror.disk._inodes = iter([inode])  # noqa: SLF001  (what file systems do)
    mirror.write("new.md", "three")
    mirror.quiet()
    assert mirror.titles() == ["b", "new"]


def inode_taken_by_a_held_file() -> Mirror:
    """A note is gone, and a note of another folder has its inode, which is held: it became the same as many others."""
    mirror = Mirror(Folder("notes", "/notes"), Folder("others", "/others"))
    mirror.write("a.md", "one")
    mirror.write("b.md", "two")
    for n in range(FEW + 5):
        mirror.write(f"{n}.md", f"text {n}", "others")
    mirror.quiet()
    inode = mirror.disk.files["a.md"].inode
    mirror.remove("a.md")
    others = mirror.disks["others"]
    others.files["0.md"] = replace(others.files["0.md"], inode=inode)
    for n in range(FEW + 5):
        mirror.write(f"{n}.md", "the same", "others")
    mirror.quiet()
    return mirror


def test_a_file_that_may_be_a_held_one_keeps_its_object_and_nobody_waits_for_that() -> None:
    mirror = inode_taken_by_a_held_file()
    mirror.run(200)
    assert "a" in mirror.titles()


def test_it_goes_without_a_scan_once_that_is_approved() -> None:
    mirror = inode_taken_by_a_held_file()
    mirror.index.holds.approve([ref for ref, _, _ in mirror.index.holds.held("others")])
    mirror.reconciler.removals.reconsider_held(["others"])
    mirror.quiet()
    mirror.run(STALLED_S + 1)
    mirror.quiet()
    assert "a" not in mirror.titles()
    assert "b" in mirror.titles()


def test_a_renamed_file_that_picora_refuses_and_takes_later_gives_up_its_object_without_a_scan() -> None:
    mirror = renamed_and_edited("three")
    mirror.write("c.md", "four")
    mirror.quiet()
    mirror.run(STALLED_S + 1)
    mirror.quiet()
    assert mirror.titles() == ["b", "c"]


def test_a_file_that_cannot_be_looked_at_when_it_is_to_go_goes_without_a_scan_when_it_can() -> None:
    mirror = Mirror()
    mirror.write("a.md", "one")
    mirror.write("b.md", "two")
    mirror.quiet()
    mirror.remove("a.md")
    mirror.run(DOC_SETTLE.quiet_s + 1)
    mirror.disk.broken["a.md"] = LOCKED
    mirror.run(300)
    assert mirror.titles() == ["a", "b"]
    mirror.disk.broken.clear()
    mirror.run(STALLED_S + 1)
    mirror.quiet()
    assert mirror.titles() == ["b"]


def test_a_file_that_may_have_gone_where_nothing_can_be_looked_at_keeps_its_object() -> None:
    mirror = Mirror()
    mirror.write("a.md", "one")
    mirror.write("b.md", "two")
    mirror.quiet()
    mirror.disk.broken["d/a.md"] = LOCKED
    mirror.move("a.md", "d/a.md")
    mirror.run(7300)
    assert mirror.titles() == ["a", "b"]
    del mirror.disk.broken["d/a.md"]
    mirror.scan()
    mirror.quiet()
    assert mirror.picora.count("post_doc") == 2


def closed_directory(*, since_before: bool) -> Mirror:
    """Two notes, of which one vanished, and a directory nobody may look into: since then, or longer."""
    mirror = Mirror()
    mirror.write("a.md", "one")
    mirror.write("b.md", "two")
    if since_before:
        mirror.disk.broken["d"] = LOCKED
    mirror.quiet()
    mirror.scan()
    mirror.disk.broken["d"] = LOCKED
    mirror.disk.move("a.md", "d/a.md")
    mirror.scan()
    mirror.run(7300)
    return mirror


def test_a_file_that_vanished_when_a_directory_was_closed_keeps_its_object() -> None:
    mirror = closed_directory(since_before=False)
    assert mirror.titles() == ["a", "b"]
    assert "may be in d, which cannot be read" in mirror.problems()["a.md"].message


def test_it_keeps_its_object_until_the_directory_can_be_looked_into() -> None:
    mirror = closed_directory(since_before=False)
    mirror.restart()
    mirror.scan()
    mirror.run(7300)
    assert mirror.titles() == ["a", "b"]
    mirror.disk.broken.clear()
    mirror.disk.remove("d/a.md")
    mirror.scan()
    mirror.quiet()
    assert mirror.titles() == ["b"]


def test_a_directory_that_was_closed_before_keeps_nothing() -> None:
    assert closed_directory(since_before=True).titles() == ["b"]


@pytest.mark.parametrize("front", ["", "public: true\n"], ids=["private", "public"])
def test_two_files_that_are_swapped_keep_their_objects_although_one_is_seen_later(front: str) -> None:
    mirror = Mirror()
    mirror.write("a.md", f"{front}one")
    mirror.write("b.md", "two")
    mirror.quiet()
    before = set(mirror.picora.objects)
    files = mirror.disk.files
    files["a.md"], files["b.md"] = files["b.md"], files["a.md"]
    mirror.queue.touch(mirror.ref("a.md"), changed_s_ago=100.0)  # as a scan tells of it
    for _ in range(16):  # longer than deletes wait for company
        mirror.touch("b.md")
        mirror.run(5)
    mirror.quiet()
    assert set(mirror.picora.objects) == before
    assert mirror.picora.count("delete") == 0
    assert {item.title: item.public for item in mirror.picora.objects.values()} == {"a": False, "b": bool(front)}


@pytest.mark.parametrize("front", ["", "public: true\n"], ids=["private", "public"])
def test_two_files_that_are_swapped_keep_their_objects_although_the_event_of_one_is_lost(front: str) -> None:
    mirror = Mirror()
    mirror.write("a.md", f"{front}one")
    mirror.write("b.md", "two")
    mirror.quiet()
    before = set(mirror.picora.objects)
    files = mirror.disk.files
    files["a.md"], files["b.md"] = files["b.md"], files["a.md"]
    mirror.touch("a.md")
    mirror.run(600)
    assert set(mirror.picora.objects) == before
    assert mirror.picora.count("delete") == 0
    assert {item.title: item.public for item in mirror.picora.objects.values()} == {"a": False, "b": bool(front)}


def swapped_with_an_unreadable_one(*, restarted: bool) -> Mirror:
    """Two notes that swapped their names, perhaps while nothing ran, and of which one cannot be read."""
    mirror = Mirror()
    mirror.write("a.md", "one")
    mirror.write("b.md", "two")
    mirror.quiet()
    files = mirror.disk.files
    files["a.md"], files["b.md"] = files["b.md"], files["a.md"]
    mirror.disk.broken["b.md"] = LOCKED
    if restarted:
        mirror.restart()
        mirror.scan()
    else:
        mirror.touch("a.md")
        mirror.touch("b.md")
    mirror.run(3700)
    return mirror


@pytest.mark.parametrize("restarted", [False, True])
def test_what_a_swapped_file_may_hold_that_cannot_be_read_stays(*, restarted: bool) -> None:
    mirror = swapped_with_an_unreadable_one(restarted=restarted)
    assert len(mirror.picora.objects) == 2
    mirror.disk.broken.clear()
    mirror.scan()
    mirror.quiet()
    assert mirror.titles() == ["a", "b"]
    assert mirror.picora.count("post_doc") == 2


def test_it_is_not_waited_for_longer_than_two_scans() -> None:
    mirror = swapped_with_an_unreadable_one(restarted=False)
    mirror.run(3700)
    assert len(mirror.picora.objects) == 1


def test_what_a_file_wants_whose_upload_is_under_way_stays() -> None:
    mirror = Mirror()
    for path, text in (("a.md", "one"), ("b.md", "two"), ("c.md", "three")):
        mirror.write(path, text)
    mirror.quiet()
    for path, text in (("b.md", "four"), ("b.md", "one"), ("a.md", "three")):
        mirror.write(path, text)  # the first of these is sent, and its answer is long in coming
        for _ in range(80):
            mirror.mono_s += 1.0
            mirror.reconciler.turn()
    mirror.quiet()
    assert mirror.picora.count("post_doc") == 4
    assert {item.sha256 for item in mirror.picora.objects.values()} == {sha256_of("one"), sha256_of("three")}


@pytest.mark.parametrize("configured", [True, False])
def test_what_a_paused_folder_wants_stays_as_long_as_that_is_configured(*, configured: bool) -> None:
    mirror = Mirror(Folder("notes", "/notes"), Folder("others", "/others"))
    mirror.write("a.md", "one")
    mirror.write("b.md", "two", "others")
    mirror.quiet()
    mirror.index.pause("others")
    mirror.restart()
    mirror.write("b.md", "one", "others")
    mirror.quiet()
    if not configured:
        del mirror.policies["others"]
        mirror.restart()
    mirror.write("a.md", "three")
    mirror.quiet()
    held = {item.sha256 for item in mirror.picora.objects.values()}
    assert (sha256_of("one") in held) == configured


def test_what_replaced_files_leave_goes_while_others_are_written_to_later() -> None:
    mirror = Mirror()
    mirror.write("a.md", "one")
    mirror.quiet()
    mirror.write("a.md", "two")
    mirror.run(12)
    for _ in range(20):
        mirror.write("b.md", "still written to")
        mirror.run(5)
    assert [item.title for item in mirror.picora.objects.values()] == ["a"]


@pytest.mark.parametrize("keep_s", [0.0, 600.0])
def test_a_clock_that_was_set_back_keeps_nothing_longer_than_configured(keep_s: float) -> None:
    mirror = Mirror(Folder("notes", "/notes", keep_replaced_s=keep_s))
    mirror.write("a.md", "one")
    mirror.quiet()
    mirror.picora.fail("delete", RateLimited("slow down", retry_after_s=60.0))
    mirror.write("a.md", "two")
    mirror.run(20)
    assert len(mirror.picora.objects) == 2
    mirror.jumped_s = -86400.0
    mirror.quiet()
    mirror.run(keep_s + 100)
    assert len(mirror.picora.objects) == 1


def unreadable_beside_a_replaced_note() -> Mirror:
    """A note that changed and cannot be read any more, and another that was replaced since."""
    mirror = Mirror()
    mirror.write("a.md", "one")
    mirror.write("b.md", "two")
    mirror.quiet()
    mirror.content.locked.add("b.md")
    mirror.write("b.md", "three")
    mirror.run(100)
    mirror.write("a.md", "four")
    mirror.run(100)
    return mirror


def test_what_nobody_may_ever_read_keeps_old_versions_for_two_hours_however_often_it_is_looked_at() -> None:
    mirror = unreadable_beside_a_replaced_note()
    assert len(mirror.picora.objects) == 3
    for _ in range(3):
        mirror.scan()
        mirror.run(3600)
    assert len(mirror.picora.objects) == 2
    assert mirror.states()["b.md"] is FileState.BLOCKED


def test_it_is_waited_for_anew_when_it_changes() -> None:
    mirror = unreadable_beside_a_replaced_note()
    mirror.run(3600)
    mirror.write("b.md", "one")
    mirror.run(UNREAD_S - 200)
    assert len(mirror.picora.objects) == 3
    mirror.content.locked.clear()
    mirror.scan()
    mirror.quiet()
    assert mirror.picora.count("post_doc") == 3


def test_a_file_that_could_not_be_read_for_a_moment_is_read_without_a_scan() -> None:
    mirror = Mirror()
    mirror.content.locked.add("a.md")
    mirror.write("a.md", "one")
    mirror.run(30)
    assert mirror.states()["a.md"] is FileState.BLOCKED
    mirror.content.locked.clear()
    mirror.run(REREAD_S)
    mirror.quiet()
    assert mirror.states()["a.md"] is FileState.SYNCED


def test_one_that_stays_unreadable_is_looked_at_only_once_more_until_the_next_scan() -> None:
    mirror = Mirror()
    mirror.content.locked.add("a.md")
    mirror.write("a.md", "one")
    mirror.run(3000)
    assert mirror.content.derived == ["a.md", "a.md"]


@pytest.mark.parametrize("restarts", [False, True], ids=["in the same process", "after a restart"])
def test_a_removed_file_does_not_wait_for_an_equal_one_that_stood_beside_it_and_is_refused(restarts: bool) -> None:
    mirror = Mirror()
    mirror.write("a.md", "one")
    mirror.write("b.md", "two")
    mirror.quiet()
    mirror.picora.fail("post_doc", Rejected("422"), times=3)
    for name in ("refused.md", "a.md"):
        mirror.write(name, "three")
        mirror.quiet()
    mirror.remove("a.md")
    if restarts:
        mirror.restart()
    mirror.run(300)
    assert mirror.titles() == ["b"]


def test_a_removed_file_does_not_wait_for_one_on_picora_that_got_its_text_and_is_refused() -> None:
    mirror = Mirror()
    for name, text in (("a.md", "one"), ("b.md", "two")):
        mirror.write(name, text)
    mirror.quiet()
    mirror.picora.fail("post_doc", Rejected("422"), times=3)
    for name in ("a.md", "b.md"):
        mirror.write(name, "three")
        mirror.quiet()
    mirror.remove("a.md")
    mirror.run(300)
    assert mirror.titles() == ["b"]


def test_a_removed_file_waits_for_an_equal_one_that_came_later_and_is_refused() -> None:
    mirror = Mirror()
    mirror.write("a.md", "one")
    mirror.write("b.md", "two")
    mirror.quiet()
    mirror.picora.fail("post_doc", Rejected("422"), times=3)
    mirror.write("a.md", "three")
    mirror.quiet()
    mirror.remove("a.md")
    mirror.write("later.md", "three")
    mirror.run(300)
    assert mirror.titles() == ["a", "b"]


@pytest.mark.parametrize("new_name", ["new.md", "d/a.md"])
def test_what_moved_while_the_root_was_out_of_sight_is_looked_for_before_its_old_name_counts_as_missing(
    new_name: str,
) -> None:
    mirror = Mirror()
    mirror.write("a.md", "one")
    mirror.write("b.md", "two")
    mirror.quiet()
    mirror.disk.missing_root = True
    mirror.disk.move("a.md", new_name)
    mirror.touch(new_name)
    mirror.run(60)
    mirror.touch("a.md")
    mirror.run(9)
    mirror.disk.missing_root = False
    mirror.run(300)
    assert mirror.picora.count("post_doc") == 2
    assert mirror.picora.count("delete") == 0
    assert mirror.states() == {"b.md": FileState.SYNCED, new_name: FileState.SYNCED}
