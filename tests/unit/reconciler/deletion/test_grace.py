"""Deleting safely (design §6): grace, guard, holds, and what is never taken for a deletion."""

from __future__ import annotations

import pytest

from picora_sync.core.guard import FEW
from picora_sync.core.model import FileState, Kind
from picora_sync.core.policy import Folder, OnDelete, Select
from tests.fakes.disk import UNREADABLE
from tests.fakes.mirror import NOTES, Mirror


def synced(number: int, policy: Folder | None = None) -> Mirror:
    mirror = Mirror(*([policy] if policy else []))
    for n in range(number):
        mirror.write(f"{n}.md", f"text {n}")
    mirror.quiet()
    return mirror


def approve(mirror: Mirror, *paths: str) -> None:
    mirror.index.holds.approve([mirror.ref(path) for path in paths])
    mirror.reconciler.removals.reconsider_held(mirror.policies)


def test_a_deletion_waits_for_its_grace() -> None:
    mirror = synced(3)
    mirror.remove("0.md")
    mirror.run(35)
    assert mirror.picora.count("delete") == 0
    mirror.run(10)
    assert mirror.picora.count("delete") == 1
    assert "0.md" not in mirror.states()


def test_a_file_that_comes_back_within_the_grace_keeps_its_object() -> None:
    mirror = synced(3)
    mirror.remove("0.md")
    mirror.run(20)
    mirror.write("0.md", "text 0")
    mirror.quiet()
    assert [name for name, _ in mirror.picora.calls] == ["post_doc"] * 3


def test_a_file_that_reappears_without_an_event_is_seen_before_it_is_deleted() -> None:
    mirror = synced(3)
    mirror.remove("0.md")
    mirror.run(20)
    mirror.disk.write("0.md", b"text 0")
    mirror.quiet()
    assert mirror.picora.count("delete") == 0
    assert mirror.states()["0.md"] is FileState.SYNCED


def test_no_file_is_deleted_while_another_settles_that_it_could_have_become() -> None:
    mirror = synced(3)
    mirror.remove("0.md")
    for second in range(60):
        mirror.write("new.md", f"draft {second}")
        mirror.run(1)
    assert mirror.picora.count("delete") == 0
    mirror.quiet()
    assert mirror.picora.count("delete") == 1


def test_a_note_cannot_have_become_the_audio_that_is_being_recorded() -> None:
    mirror = synced(3)
    mirror.remove("0.md")
    for second in range(150):
        mirror.write("talk.mp3", b"x" * (second + 1))
        mirror.run(1)
    assert mirror.titles() == ["1", "2"]


@pytest.mark.parametrize("what", ["unreadable", "root missing"])
def test_unknown_is_never_deleted(what: str) -> None:
    mirror = synced(3)
    if what == "unreadable":
        mirror.disk.broken.update(dict.fromkeys(mirror.disk.files, UNREADABLE))
    else:
        mirror.disk.missing_root = True
    for path in mirror.disk.files:
        mirror.touch(path)
    mirror.scan()
    mirror.run(600)
    assert mirror.picora.count("delete") == 0


def test_a_deletion_under_way_stops_when_the_root_goes_missing() -> None:
    mirror = synced(3)
    mirror.remove("0.md")
    mirror.run(20)
    mirror.disk.missing_root = True
    mirror.run(600)
    assert mirror.picora.count("delete") == 0
    mirror.disk.missing_root = False
    mirror.scan()
    mirror.quiet()
    assert mirror.picora.count("delete") == 1


def test_a_file_that_could_not_be_read_is_synced_again_when_it_can_although_nothing_of_it_changed() -> None:
    mirror = synced(2)
    mirror.disk.broken["0.md"] = UNREADABLE
    mirror.touch("0.md")
    mirror.run(60)
    assert mirror.states()["0.md"] is FileState.BLOCKED
    del mirror.disk.broken["0.md"]
    mirror.scan()
    mirror.quiet()
    assert mirror.states()["0.md"] is FileState.SYNCED
    assert mirror.picora.count("post_doc") == 2


@pytest.mark.parametrize("bad", [b"\xff", b"  \n"], ids=["not text", "empty"])
def test_a_bound_file_that_cannot_be_sent_is_blocked_and_keeps_its_object(bad: bytes) -> None:
    mirror = synced(2)
    mirror.write("0.md", bad)
    mirror.run(600)
    assert mirror.states()["0.md"] is FileState.BLOCKED
    assert len(mirror.picora.objects) == 2
    mirror.write("0.md", "text 0")
    mirror.quiet()
    assert mirror.states()["0.md"] is FileState.SYNCED
    assert mirror.picora.count("post_doc") == 2


def test_an_empty_new_note_is_ignored_however_often_it_is_looked_at() -> None:
    mirror = Mirror()
    mirror.write("a.md", " ")
    mirror.quiet()
    for _ in range(3):
        mirror.touch("a.md")
        mirror.quiet()
        mirror.scan()
        mirror.quiet()
    assert mirror.states() == {"a.md": FileState.IGNORED}


# --- the guard --------------------------------------------------------------------------------------------------------


def test_a_few_deletions_need_no_question() -> None:
    mirror = synced(30)
    mirror.remove(*(f"{n}.md" for n in range(FEW)))
    mirror.quiet()
    assert len(mirror.picora.objects) == 30 - FEW


def test_many_deletions_are_all_held() -> None:
    mirror = synced(30)
    mirror.remove(*(f"{n}.md" for n in range(FEW + 1)))
    mirror.quiet()
    assert len(mirror.picora.objects) == 30
    assert list(mirror.states().values()).count(FileState.HELD) == FEW + 1


def test_deletions_spread_over_a_day_count_together() -> None:
    mirror = synced(30)
    for n in range(FEW):
        mirror.remove(f"{n}.md")
        mirror.run(3600)
    mirror.remove("20.md")
    mirror.run(3600)
    assert mirror.states()["20.md"] is FileState.HELD
    assert len(mirror.picora.objects) == 30 - FEW


def test_the_last_file_is_held() -> None:
    mirror = synced(1)
    mirror.remove("0.md")
    mirror.quiet()
    assert mirror.states() == {"0.md": FileState.HELD}


def test_holds_survive_restarts_scans_and_time() -> None:
    mirror = synced(2)
    mirror.remove("0.md", "1.md")
    mirror.quiet()
    for _ in range(3):
        mirror.restart()
        mirror.run(24 * 3600 / 8)
        mirror.scan()
        mirror.quiet()
    assert mirror.picora.count("delete") == 0
    assert set(mirror.states().values()) == {FileState.HELD}


def test_what_is_approved_is_deleted_and_nothing_else() -> None:
    mirror = synced(30)
    mirror.remove(*(f"{n}.md" for n in range(20)))
    mirror.quiet()
    approve(mirror, "0.md", "1.md")
    mirror.quiet()
    assert len(mirror.picora.objects) == 28
    assert list(mirror.states().values()).count(FileState.HELD) == 18


def test_what_was_approved_does_not_use_up_the_budget_of_what_comes_later() -> None:
    mirror = synced(60)
    mirror.remove(*(f"{n}.md" for n in range(20)))
    mirror.quiet()
    approve(mirror, *(f"{n}.md" for n in range(20)))
    mirror.quiet()
    mirror.remove("20.md")
    mirror.quiet()
    assert len(mirror.picora.objects) == 39


def test_an_approval_survives_a_restart() -> None:
    mirror = synced(2)
    mirror.remove("0.md", "1.md")
    mirror.quiet()
    mirror.index.holds.approve([mirror.ref("0.md"), mirror.ref("1.md")])
    mirror.restart()
    mirror.quiet()
    assert mirror.picora.objects == {}


def test_a_held_file_that_comes_back_leaves_the_hold() -> None:
    mirror = synced(2)
    mirror.remove("0.md", "1.md")
    mirror.quiet()
    mirror.write("0.md", "text 0")
    mirror.quiet()
    assert mirror.states() == {"0.md": FileState.SYNCED, "1.md": FileState.HELD}


@pytest.mark.parametrize("restarted", [False, True])
def test_a_held_file_stays_held_when_nobody_could_look_for_a_while(restarted: bool) -> None:
    mirror = synced(1)
    mirror.remove("0.md")
    mirror.quiet()
    mirror.write("1.md", "text 1")  # without the hold, one of two might go
    mirror.quiet()
    mirror.disk.broken["0.md"] = UNREADABLE
    mirror.touch("0.md")
    mirror.quiet()
    del mirror.disk.broken["0.md"]
    if restarted:
        mirror.restart()
    mirror.scan()
    mirror.quiet()
    assert (mirror.states()["0.md"], mirror.picora.count("delete")) == (FileState.HELD, 0)


def test_what_is_approved_while_nobody_can_look_is_deleted_when_it_is_certainly_gone() -> None:
    mirror = synced(1)
    mirror.remove("0.md")
    mirror.quiet()
    mirror.disk.broken["0.md"] = UNREADABLE
    mirror.touch("0.md")
    mirror.quiet()
    approve(mirror, "0.md")
    mirror.quiet()
    assert mirror.picora.count("delete") == 0
    mirror.disk.broken.clear()
    mirror.scan()
    mirror.quiet()
    assert mirror.picora.objects == {}


def test_a_held_file_that_turns_up_elsewhere_leaves_the_hold() -> None:
    mirror = synced(2)
    mirror.remove("0.md", "1.md")
    mirror.quiet()
    mirror.write("found.md", "text 0")
    mirror.quiet()
    assert mirror.states() == {"1.md": FileState.HELD, "found.md": FileState.SYNCED}
    assert mirror.picora.count("post_doc") == 2


def test_a_hold_keeps_no_other_change_waiting() -> None:
    mirror = synced(2)
    mirror.remove("0.md", "1.md")
    mirror.quiet()
    mirror.write("n.md", "new")
    mirror.quiet()
    assert mirror.states()["n.md"] is FileState.SYNCED


# --- ignored ----------------------------------------------------------------------------------------------------------


def test_a_mirrored_file_that_becomes_ignored_is_deleted_after_its_grace() -> None:
    mirror = synced(3)
    mirror.disk.rules["0.md"] = "drafts/**"
    mirror.scan()
    mirror.run(20)
    assert mirror.picora.count("delete") == 0
    mirror.quiet()
    assert mirror.picora.count("delete") == 1
    assert mirror.states()["0.md"] is FileState.IGNORED


def test_many_files_that_become_ignored_are_held() -> None:
    mirror = synced(30)
    mirror.disk.rules.update({f"{n}.md": "**" for n in range(30)})
    mirror.scan()
    mirror.quiet()
    assert mirror.picora.count("delete") == 0
    assert set(mirror.states().values()) == {FileState.HELD}
    assert {why.partition(";")[0] for _, why, _ in mirror.index.holds.held()} == {"now ignored: **"}


@pytest.mark.parametrize("wait_s", [5, 600], ids=["before it was deleted", "after it was deleted"])
def test_a_file_that_is_no_longer_ignored_is_mirrored_again_although_it_did_not_change(wait_s: int) -> None:
    mirror = synced(3)
    mirror.disk.rules["0.md"] = "a rule"
    mirror.scan()
    mirror.run(wait_s)
    mirror.disk.rules.clear()
    mirror.scan()
    mirror.quiet()
    assert mirror.states()["0.md"] is FileState.SYNCED
    assert len(mirror.picora.objects) == 3


def test_a_file_ignored_while_it_is_uploaded_leaves_nothing_behind() -> None:
    mirror = synced(2)
    mirror.write("n.md", "new")
    mirror.run(9)
    mirror.mono_s += 1
    mirror.reconciler.turn()
    assert mirror.pool.waiting == 1
    mirror.disk.rules["n.md"] = "a rule"
    mirror.touch("n.md")
    mirror.mono_s += 11
    mirror.reconciler.turn()
    mirror.quiet()
    assert len(mirror.picora.objects) == 2


def test_a_file_deleted_while_it_is_uploaded_leaves_nothing_behind() -> None:
    mirror = synced(2)
    mirror.write("n.md", "new")
    mirror.run(9)
    mirror.mono_s += 1
    mirror.reconciler.turn()
    mirror.remove("n.md")
    mirror.mono_s += 11
    mirror.reconciler.turn()
    mirror.quiet()
    assert len(mirror.picora.objects) == 2
    assert "n.md" not in mirror.states()


def test_replacing_is_no_removal() -> None:
    mirror = synced(30)
    for n in range(30):
        mirror.write(f"{n}.md", f"edited {n}")
    mirror.quiet()
    assert set(mirror.states().values()) == {FileState.SYNCED}


def test_a_folder_that_is_not_configured_any_more_has_no_say() -> None:
    mirror = Mirror(Folder("old", "/old", public=True), Folder("notes", "/notes", public=True))
    mirror.write("a.md", "alpha", "old")
    mirror.write("a.md", "alpha", "notes")
    mirror.quiet()
    del mirror.policies["old"]
    mirror.restart()
    mirror.disks["notes"].write("a.md", b"public: false\nalpha")
    mirror.touch("a.md")
    mirror.quiet()
    assert [item.public for item in mirror.picora.objects.values()] == [False, False]


# --- private first ----------------------------------------------------------------------------------------------------


def offline_private(policy: Folder, *, adopted: bool = False) -> Mirror:
    """Thirteen public notes; one of them was made private while Picora could not be reached."""
    mirror = Mirror(policy)
    if adopted:
        mirror.picora.plant(Kind.DOC, "public: true\n0", public=True)
    for n in range(13):
        mirror.write(f"{n}.md", f"public: true\n{n}")
    mirror.quiet()
    mirror.picora.up = False
    mirror.write("0.md", "public: false\n0")
    mirror.run(5)
    return mirror


def is_public(mirror: Mirror, title: str) -> list[bool | None]:
    return [item.public for item in mirror.picora.objects.values() if item.title == title]


def test_what_was_made_private_and_removed_offline_is_private_before_it_is_forgotten() -> None:
    mirror = offline_private(Folder("notes", "/notes", on_delete=OnDelete.KEEP))
    mirror.remove("0.md")
    mirror.run(120)
    mirror.restart()
    mirror.run(120)
    mirror.picora.up = True
    mirror.quiet()
    assert is_public(mirror, "0") == [False]
    assert "0.md" not in mirror.states()


def test_what_was_made_private_and_removed_offline_is_private_although_its_removal_is_held() -> None:
    mirror = offline_private(NOTES)
    mirror.remove(*list(mirror.disk.files))
    mirror.run(120)
    mirror.picora.up = True
    mirror.quiet()
    assert is_public(mirror, "0") == [False]
    assert mirror.states()["0.md"] is FileState.HELD


@pytest.mark.parametrize("adopted", [True, False], ids=["adopted", "on_delete keep"])
def test_what_was_unpublished_offline_is_private_on_picora_where_it_stays(adopted: bool) -> None:
    on_delete = OnDelete.DELETE if adopted else OnDelete.KEEP
    policy = Folder("notes", "/notes", select=Select.PUBLISHED, on_delete=on_delete)
    mirror = offline_private(policy, adopted=adopted)
    mirror.run(300)
    mirror.picora.up = True
    mirror.quiet()
    assert is_public(mirror, "0") == [False]
    assert mirror.states()["0.md"] is FileState.IGNORED


# --- mount points -----------------------------------------------------------------------------------------------------


def mounted(*names: str) -> Mirror:
    """A folder with a disk mounted at ``disk``, and another file beside it."""
    mirror = Mirror()
    mirror.disk.mounts = frozenset({"disk"})
    mirror.write("a.md", "alpha")
    for name in names:
        mirror.write(f"disk/{name}", name)
    mirror.scan()
    mirror.quiet()
    return mirror


def unmount(mirror: Mirror, *names: str) -> None:
    mirror.disk.mounts = frozenset()
    for name in names:
        mirror.disk.remove(f"disk/{name}")


def test_a_disk_that_was_unmounted_while_nothing_ran_takes_nothing_with_it() -> None:
    mirror = mounted("b.md")
    unmount(mirror, "b.md")
    mirror.restart()
    mirror.scan()
    mirror.run(300)
    assert mirror.picora.count("delete") == 0
    assert mirror.titles() == ["a", "b"]


def test_what_is_deleted_from_a_disk_that_is_back_is_deleted() -> None:
    mirror = mounted("b.md")
    unmount(mirror, "b.md")
    mirror.restart()
    mirror.scan()
    mirror.run(60)
    mirror.disk.mounts = frozenset({"disk"})
    mirror.scan()
    mirror.quiet()
    assert mirror.titles() == ["a"]


def test_a_mount_point_that_appears_or_vanishes_where_nothing_is_bound_is_taken_as_it_is() -> None:
    mirror = mounted()
    unmount(mirror)
    mirror.write("disk/b.md", "beta")
    mirror.scan()
    mirror.quiet()
    mirror.disk.mounts = frozenset({"other"})
    mirror.write("other/c.md", "gamma")
    mirror.scan()
    mirror.quiet()
    assert mirror.titles() == ["a", "b", "c"]


def test_a_disk_mounted_over_notes_hides_them_and_deletes_none() -> None:
    mirror = mounted()
    unmount(mirror)
    mirror.write("disk/b.md", "beta")
    mirror.scan()
    mirror.quiet()
    mirror.disk.mounts = frozenset({"disk"})
    mirror.disk.remove("disk/b.md")
    mirror.scan()
    mirror.run(300)
    assert mirror.titles() == ["a", "b"]


@pytest.mark.parametrize("why", ["ignored", "unpublished"])
def test_a_removal_that_could_not_be_confirmed_is_judged_again_after_the_next_scan(why: str) -> None:
    mirror = Mirror(Folder("notes", "/notes", public=True, select=Select.PUBLISHED))
    for number in range(5):
        mirror.write(f"{number}.md", f"text {number}")
    mirror.quiet()
    if why == "ignored":
        mirror.disk.rules["0.md"] = "a rule"
        mirror.touch("0.md")
    else:
        mirror.write("0.md", "public: false")
    mirror.run(20)
    mirror.disk.missing_root = True
    mirror.run(60)
    mirror.disk.missing_root = False
    mirror.scan()
    mirror.quiet()
    assert len(mirror.picora.objects) == 4


def test_a_root_that_is_away_is_no_problem_of_each_of_its_files() -> None:
    mirror = synced(3)
    mirror.disk.rules["rule.md"] = "a rule"
    mirror.write("rule.md", "left out")
    mirror.quiet()
    states, files = mirror.states(), dict(mirror.disk.files)
    mirror.disk.missing_root = True
    mirror.disk.files.clear()
    for path in (*files, "new.md"):
        mirror.touch(path)
    mirror.scan()
    mirror.run(600)
    assert [(ref.path, problem.code) for ref, problem, _ in mirror.index.files.problems()] == [("", "ROOT_MISSING")]
    assert mirror.states() == states
    mirror.disk.missing_root = False
    mirror.disk.files.update(files)
    mirror.scan()
    mirror.quiet()
    assert (mirror.index.files.problems(), mirror.states()) == ([], states)
    assert mirror.picora.count("delete") == 0
