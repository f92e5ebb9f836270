"""Many files are moved, some of them edited: no hold, no budget. What was deleted is held as before (design §6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from picora_sync.core.guard import FEW
from picora_sync.core.model import FileRef, FileState
from picora_sync.core.policy import Folder, OnDelete
from picora_sync.errors import Rejected, ServerFault
from tests.fakes.mirror import Mirror
from tests.fakes.picora import Fault

NOTES, MOVED, EDITED = 52, 40, 15
"""More are edited than may go without a word."""


def text(number: int) -> str:
    return f"Note number {number} has a text of its own, which it shares with nothing but note {number}."


def vault(policy: Folder | None = None, *, births: bool = True) -> Mirror:
    mirror = Mirror(*([policy] if policy else []))
    mirror.disk.tells_births = births
    mirror.disk.reuses_inodes = True
    for number in range(NOTES):
        mirror.write(path(number), text(number))
    mirror.quiet()
    return mirror


def path(number: int) -> str:
    return f"old/{number}.md" if number < MOVED else f"{number}.md"


def move(mirror: Mirror) -> None:
    for number in range(MOVED):
        mirror.move(f"old/{number}.md", f"new/{number}.md")


def edit(mirror: Mirror) -> None:
    for number in range(EDITED):
        mirror.write(f"new/{number}.md", f"{text(number)} Edited.")


def save(mirror: Mirror) -> None:
    """As editors do that write a new file and rename it over."""
    for number in range(EDITED):
        mirror.disk.save_over(f"new/{number}.md", f"{text(number)} Edited.".encode())
        mirror.touch(f"new/{number}.md")


def rewrite(mirror: Mirror) -> None:
    """Nothing is left of the text; only the file is the same."""
    for number in range(EDITED):
        mirror.write(f"new/{number}.md", f"Other words {number * 7}, entirely: {'x' * number}")


def is_well(mirror: Mirror, edited: int = EDITED) -> None:
    """Everything is on Picora once, under its new name; nothing was held or counted."""
    assert set(mirror.states().values()) == {FileState.SYNCED}
    assert len(mirror.states()) == len(mirror.picora.objects) == NOTES
    assert mirror.picora.count("post_doc") == NOTES + edited
    assert mirror.index.holds.held() == []
    assert mirror.index.holds.removed_within("notes", 1e12, now=None) == 0


CHANGES = pytest.mark.parametrize("change", [edit, save, rewrite])
ONLINE = pytest.mark.parametrize("restarted", [False, True], ids=["while it runs", "while nothing ran"])


@ONLINE
@CHANGES
def test_a_moved_folder_of_which_notes_were_edited_is_changed_not_deleted(
    change: Callable[[Mirror], None], *, restarted: bool
) -> None:
    mirror = vault()
    move(mirror)
    change(mirror)
    if restarted:
        mirror.restart()
    mirror.quiet()
    is_well(mirror)


@ONLINE
@pytest.mark.parametrize("change", [edit, save])
def test_without_births_the_text_tells(change: Callable[[Mirror], None], *, restarted: bool) -> None:
    mirror = vault(births=False)
    move(mirror)
    change(mirror)
    if restarted:
        mirror.restart()
    mirror.quiet()
    is_well(mirror)


def test_without_births_and_text_a_watcher_tells() -> None:
    mirror = vault(births=False)
    move(mirror)
    mirror.queue.moved(FileRef("notes", "old"), FileRef("notes", "new"))
    rewrite(mirror)
    mirror.quiet()
    is_well(mirror)


def test_without_births_text_and_watcher_nothing_tells_and_they_are_held() -> None:
    mirror = vault(births=False)
    move(mirror)
    rewrite(mirror)
    mirror.quiet()
    assert len(mirror.index.holds.held()) == EDITED
    assert len(mirror.picora.objects) == NOTES + EDITED


def test_what_a_watcher_tells_is_believed_only_if_the_disk_agrees() -> None:
    mirror = vault(births=False)
    mirror.remove(*(f"old/{number}.md" for number in range(MOVED)))
    mirror.quiet()
    mirror.queue.moved(FileRef("notes", "old"), FileRef("notes", "new"))
    rewrite(mirror)
    mirror.quiet()
    assert len(mirror.index.holds.held()) >= MOVED - EDITED


@ONLINE
@pytest.mark.parametrize("births", [True, False], ids=["births told", "not told"])
@pytest.mark.parametrize("names", ["new/{}.md", "new/other {}.md"], ids=["same names", "other names"])
def test_unrelated_notes_on_the_inodes_of_deleted_ones_leave_those_held(
    names: str, *, births: bool, restarted: bool
) -> None:
    mirror = vault(births=births)
    mirror.remove(*(f"old/{number}.md" for number in range(MOVED)))
    for number in range(MOVED):
        mirror.write(names.format(number), f"Other words {number * 7}, entirely: {'x' * number}")
    if restarted:
        mirror.restart()
    mirror.quiet()
    assert {ref.path for ref, _, _ in mirror.index.holds.held()} == {f"old/{number}.md" for number in range(MOVED)}
    assert len(mirror.picora.objects) == NOTES + MOVED


def test_the_old_version_stays_until_the_new_one_is_confirmed() -> None:
    mirror = vault()
    mirror.picora.chaos = lambda method: Fault("post_doc", ServerFault("500")) if method == "post_doc" else None
    move(mirror)
    edit(mirror)
    mirror.run(600)
    assert len(mirror.picora.objects) == NOTES
    assert mirror.index.holds.held() == []
    mirror.picora.chaos = lambda _: None
    mirror.quiet()
    is_well(mirror, mirror.picora.count("post_doc") - NOTES)


def test_a_moved_note_that_picora_refuses_keeps_its_old_version() -> None:
    mirror = vault()
    mirror.picora.fail("post_doc", Rejected("a title that Picora does not take"))
    mirror.move("old/0.md", "new/0.md")
    mirror.write("new/0.md", "refused")
    mirror.run(7200)
    assert mirror.states()["new/0.md"] is FileState.BLOCKED
    assert len(mirror.picora.objects) == NOTES
    assert mirror.picora.count("delete") == 0


def test_what_moved_to_another_folder_and_changed_is_no_removal_of_the_first() -> None:
    mirror = Mirror(Folder("notes", "/notes"), Folder("archive", "/archive"))
    for number in range(NOTES):
        mirror.write(path(number), text(number))
    mirror.quiet()
    here, there = mirror.disks["notes"], mirror.disks["archive"]
    for number in range(MOVED):
        there.files[f"{number}.md"] = here.files.pop(f"old/{number}.md")
    for number in range(EDITED):
        there.write(f"{number}.md", f"{text(number)} Edited.".encode())
    mirror.scan()
    mirror.quiet()
    is_well(mirror)


def test_what_moves_to_another_folder_is_not_left_in_the_first() -> None:
    """The only other file goes to another folder while one waits to be removed: nothing would be left."""
    mirror = Mirror(Folder("notes", "/notes"), Folder("archive", "/archive"))
    mirror.write("a.md", text(1))
    mirror.write("b.md", text(2))
    mirror.quiet()
    mirror.remove("b.md")
    mirror.run(20)
    mirror.disks["archive"].files["a.md"] = mirror.disks["notes"].files.pop("a.md")
    mirror.touch("a.md")
    mirror.queue.touch(FileRef("archive", "a.md"))
    mirror.quiet()
    assert len(mirror.picora.objects) == 2
    assert [why for _, why, _ in mirror.index.holds.held("notes")] == [
        "nothing would be left of the 1 files of this folder on Picora"
    ]


def test_where_nothing_is_deleted_an_edited_move_replaces_too() -> None:
    mirror = vault(Folder("notes", "/notes", on_delete=OnDelete.KEEP))
    move(mirror)
    edit(mirror)
    mirror.quiet()
    is_well(mirror)


def test_a_file_seen_under_its_new_name_first_is_no_removal_either() -> None:
    """The new name is uploaded before anybody saw that the old one is gone."""
    mirror = vault()
    for number in range(MOVED):
        mirror.disk.move(f"old/{number}.md", f"new/{number}.md")
        mirror.disk.write(f"new/{number}.md", f"{text(number)} Edited.".encode())
        mirror.touch(f"new/{number}.md")
    mirror.quiet()
    mirror.scan()
    mirror.quiet()
    is_well(mirror, MOVED)


def appended(mirror: Mirror, folder: str, name: str, content: str) -> None:
    mirror.disks[folder].write(name, content.encode())


def anew(mirror: Mirror, folder: str, name: str, content: str) -> None:
    mirror.disks[folder].save_over(name, content.encode())


@ONLINE
@pytest.mark.parametrize("births", [True, False], ids=["births told", "not told"])
@pytest.mark.parametrize("save_as", [appended, anew], ids=["in place", "saved anew"])
@pytest.mark.parametrize("goal", ["notes", "archive"], ids=["same folder", "another folder"])
def test_a_new_name_that_is_told_long_before_the_old_one_is_missed_is_a_move(
    goal: str, save_as: Callable[[Mirror, str, str, str], None], *, births: bool, restarted: bool
) -> None:
    """Two folders have two watchers, and each may be late: the new file settles, and would be sent as another one."""
    mirror = Mirror(Folder("notes", "/notes"), Folder("archive", "/archive"))
    for disk in mirror.disks.values():
        disk.tells_births, disk.reuses_inodes = births, True
    for number in range(NOTES):
        mirror.write(path(number), text(number))
    mirror.quiet()
    here, there = mirror.disks["notes"], mirror.disks[goal]
    for number in range(MOVED):
        there.files[f"new/{number}.md"] = here.files.pop(f"old/{number}.md")
        save_as(mirror, goal, f"new/{number}.md", f"{text(number)} Edited.")
        mirror.queue.touch(FileRef(goal, f"new/{number}.md"))
    mirror.run(120)
    if restarted:
        mirror.restart()
    mirror.scan()
    mirror.quiet()
    is_well(mirror, MOVED)


def test_a_copy_that_was_edited_does_not_take_the_object_of_a_note_that_is_there() -> None:
    mirror = vault()
    for number in range(MOVED):
        mirror.write(f"new/{number}.md", f"{text(number)} Edited.")
    mirror.quiet()
    assert len(mirror.picora.objects) == NOTES + MOVED
    mirror.remove(*(f"old/{number}.md" for number in range(MOVED)))
    mirror.quiet()
    assert len(mirror.index.holds.held()) == MOVED


def test_a_file_that_is_at_its_old_place_again_gives_nothing_away() -> None:
    """It was moved, edited, and put back, and the events of that came late."""
    mirror = vault()
    mirror.move("old/0.md", "new/0.md")
    mirror.run(9)
    mirror.disk.write("old/0.md", text(0).encode())
    mirror.write("new/0.md", f"{text(0)} Edited.")
    mirror.quiet()
    mirror.scan()
    mirror.quiet()
    assert set(mirror.states().values()) == {FileState.SYNCED}
    assert len(mirror.picora.objects) == NOTES + 1


def test_notes_moved_and_turned_into_one_and_the_same_are_held() -> None:
    mirror = vault()
    move(mirror)
    for number in range(MOVED):
        mirror.write(f"new/{number}.md", "gone to the cloud")
    mirror.quiet()
    assert len(mirror.index.holds.held()) == MOVED
    assert len(mirror.picora.objects) == NOTES


def test_a_moved_note_that_is_private_now_is_private_before_it_is_sent_anew() -> None:
    mirror = Mirror()
    mirror.write("a.md", "public: true\nA text of many words, all of them known.")
    mirror.write("b.md", "public: true\nsomething else")
    mirror.quiet()
    mirror.move("a.md", "d/a.md")
    mirror.disk.save_over("d/a.md", b"public: false\nA text of many words, all of them known.")
    mirror.picora.chaos = lambda method: Fault("post_doc", ServerFault("500")) if method == "post_doc" else None
    mirror.run(120)
    assert {item.title: item.public for item in mirror.picora.objects.values()} == {"a": False, "b": True}


def test_the_history_tells_of_the_move_and_of_the_new_version() -> None:
    mirror = vault()
    mirror.move("old/0.md", "new/0.md")
    mirror.write("new/0.md", f"{text(0)} Edited.")
    mirror.quiet()
    events = [entry.event for entry in mirror.index.objects.history("notes", "new/0.md")]
    assert events == ["bound", "bound", "deleted"]
    assert [entry.event for entry in mirror.index.objects.history("notes", "old/0.md")][-1] == "renamed"


def test_a_move_is_not_waited_for_longer_than_its_files_settle() -> None:
    mirror = vault()
    move(mirror)
    began = mirror.mono_s
    mirror.quiet()
    assert mirror.mono_s - began < 20


# --- what is held -----------------------------------------------------------------------------------------------------


def held(number: int = NOTES, gone: int = 20) -> Mirror:
    mirror = Mirror()
    for n in range(number):
        mirror.write(f"{n}.md", text(n))
    mirror.quiet()
    mirror.remove(*(f"{n}.md" for n in range(gone)))
    mirror.quiet()
    assert len(mirror.index.holds.held()) == gone
    return mirror


def reasons(mirror: Mirror) -> set[str]:
    return {why for _, why, _ in mirror.index.holds.held()}


def test_the_reason_counts_what_is_held_by_now() -> None:
    mirror = held()
    assert reasons(mirror) == {"20 of 52 files would be deleted within 24 hours (limit 10)"}
    for number in range(5):
        mirror.write(f"{number}.md", text(number))
    mirror.quiet()
    assert reasons(mirror) == {"15 of 52 files would be deleted within 24 hours (limit 10)"}
    for number in range(5, 18):
        mirror.write(f"found/{number}.md", text(number))
    mirror.quiet()
    assert reasons(mirror) == {"2 of 52 files, held with others that are not to be deleted any more, would be deleted"}


def test_the_reason_goes_on_saying_what_became_of_a_file() -> None:
    mirror = held()
    mirror.disk.rules["30.md"] = "drafts; and such"
    mirror.scan()
    mirror.quiet()
    rows = {ref.path: why for ref, why, _ in mirror.index.holds.held()}
    assert rows["30.md"] == (
        "now ignored: drafts; and such; 21 of 52 files would be deleted within 24 hours (limit 10)"
    )


@pytest.mark.parametrize("gone", [FEW + 1, 20])
def test_a_growing_folder_and_time_release_nothing(gone: int) -> None:
    mirror = held(gone=gone)
    for n in range(120):
        mirror.write(f"more/{n}.md", f"more {n}")
    mirror.quiet()
    mirror.restart()
    mirror.run(25 * 3600)
    mirror.scan()
    mirror.quiet()
    assert len(mirror.index.holds.held()) == gone
    assert mirror.picora.count("delete") == 0


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"delete_after_s": 0.0}, id="delete_after"),
        pytest.param({"public": True}, id="visibility"),
        pytest.param({"tags": ("vault",)}, id="tags"),
        pytest.param({"ignore": ("drafts/**",)}, id="ignore"),
        pytest.param({"keep_replaced_s": 60.0}, id="keep_replaced"),
        pytest.param({"delete_adopted": True}, id="delete_adopted"),
        pytest.param({"title_template": "{stem}!"}, id="title"),
    ],
)
def test_another_configuration_releases_nothing(change: dict[str, object]) -> None:
    mirror = held()
    mirror.configure(**change)
    mirror.quiet()
    mirror.scan()
    mirror.run(25 * 3600)
    assert len(mirror.index.holds.held()) == 20
    assert mirror.picora.count("delete") == 0


def test_a_held_note_that_turns_up_edited_leaves_the_hold() -> None:
    mirror = held()
    mirror.disk.tells_births = False
    mirror.write("found/0.md", f"{text(0)} Edited.")
    mirror.quiet()
    assert "0.md" not in {ref.path for ref, _, _ in mirror.index.holds.held()}
    assert mirror.states()["found/0.md"] is FileState.SYNCED
    assert len(mirror.picora.objects) == NOTES


def test_a_hold_ends_with_what_it_held() -> None:
    mirror = held()
    for ref, _, _ in mirror.index.holds.held():
        row = mirror.index.files.get(ref)
        assert row is not None
        assert row.bound is not None
        mirror.index.objects.vanished(row.bound, mirror.wall())
        del mirror.picora.objects[row.bound]
    assert mirror.index.holds.held() == []
    mirror.remove("30.md")
    mirror.quiet()
    assert mirror.index.holds.held() == []
    assert mirror.picora.count("delete") == 1


def copied() -> Mirror:
    """A folder of which everything was copied, and seen twice, before the first was missed."""
    mirror = vault()
    for number in range(MOVED):
        mirror.write(f"new/{number}.md", text(number))
    mirror.quiet()
    return mirror


def test_a_file_whose_copy_is_there_is_no_removal_when_it_vanishes() -> None:
    mirror = copied()
    mirror.remove(*(f"old/{number}.md" for number in range(MOVED)))
    mirror.quiet()
    is_well(mirror, 0)
    assert mirror.picora.count("delete") == 0


def test_files_that_vanish_with_their_copies_are_held() -> None:
    mirror = copied()
    mirror.remove(*(f"{where}/{number}.md" for number in range(MOVED) for where in ("old", "new")))
    mirror.quiet()
    assert len(mirror.index.holds.held()) == 2 * MOVED
    assert len(mirror.picora.objects) == NOTES


def test_a_copy_that_vanishes_later_is_counted() -> None:
    mirror = copied()
    for where in ("old", "new"):
        mirror.remove(*(f"{where}/{number}.md" for number in range(MOVED)))
        mirror.quiet()
    assert len(mirror.index.holds.held()) == MOVED
    assert len(mirror.picora.objects) == NOTES
