"""A folder is looked through beside the loop: what makes private goes on meanwhile, and nothing is deleted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from picora_sync.change_queue import REGULAR_SCAN
from picora_sync.core.model import FileRef, FileState
from picora_sync.core.policy import Folder
from picora_sync.core.silence import DISK_SILENT
from picora_sync.index.rows import Seen
from picora_sync.reconciler.background_scans import NO_PROGRESS_S
from picora_sync.reconciler.context import Pulse
from picora_sync.reconciler.intake.inspect import PERHAPS_MOVED
from picora_sync.reconciler.intake.scan import PAGE, looking
from tests.fakes.disk import UNREADABLE
from tests.fakes.mirror import Mirror

NOTES, OTHER = Folder("notes", "/notes"), Folder("other", "/other")
PUBLIC, PRIVATE = "public: true\ntext", "public: false\ntext"


def synced(*policies: Folder) -> Mirror:
    mirror = Mirror(*policies or (NOTES,))
    mirror.write("a.md", PUBLIC)
    mirror.write("b.md", "text b")
    for name in list(mirror.disks)[1:]:
        mirror.write("c.md", "text c", name)
    mirror.quiet()
    return mirror


def walking(mirror: Mirror, why: str = REGULAR_SCAN) -> Mirror:
    """Looks through the first folder, and does not come to an end."""
    mirror.background.hanging = {"scan"}
    mirror.queue.rescan(next(iter(mirror.disks)), why)
    mirror.turn()
    assert mirror.reconciler.scans.are_under_way()
    return mirror


def arrive(mirror: Mirror) -> None:
    """The walks come to their end."""
    mirror.background.hanging.clear()
    mirror.background.finish()


def is_public(mirror: Mirror) -> bool:
    return any(item.public for item in mirror.picora.objects.values())


def test_a_note_turns_private_while_its_folder_is_looked_through() -> None:
    mirror = walking(synced())
    mirror.write("a.md", PRIVATE)
    mirror.run(3)
    assert not is_public(mirror)
    assert mirror.reconciler.scans.are_under_way()


def test_it_turns_private_in_the_first_look_of_a_process_which_sends_nothing_else() -> None:
    mirror = synced()
    mirror.restart()
    walking(mirror, "start")
    mirror.write("a.md", PRIVATE)
    mirror.write("new.md", "new")
    mirror.run(30)
    assert not is_public(mirror)
    assert "new.md" not in mirror.states() or mirror.states()["new.md"] is not FileState.SYNCED
    assert mirror.index.paused() == frozenset()
    arrive(mirror)
    mirror.quiet()
    assert mirror.states()["new.md"] is FileState.SYNCED


def test_what_events_tell_of_is_sent_while_the_folder_is_looked_through_again() -> None:
    mirror = walking(synced())
    mirror.write("new.md", "new")
    mirror.run(10)
    assert mirror.states()["new.md"] is FileState.SYNCED


def test_nothing_is_deleted_before_the_look_has_ended() -> None:
    mirror = walking(synced())
    mirror.remove("b.md")
    mirror.run(600)
    assert mirror.states()["b.md"] is FileState.SETTLING
    assert mirror.picora.count("delete") == 0
    arrive(mirror)
    mirror.quiet()
    assert mirror.picora.count("delete") == 1


def test_an_old_version_is_not_deleted_before_it_has_ended() -> None:
    mirror = walking(synced())
    mirror.write("b.md", "another text")
    mirror.run(600)
    assert (mirror.picora.count("post_doc"), mirror.picora.count("delete")) == (3, 0)
    arrive(mirror)
    mirror.quiet()
    assert mirror.picora.count("delete") == 1


def test_what_moved_while_the_look_had_passed_its_new_place_is_found_there() -> None:
    mirror = synced()
    mirror.background.hanging = {"scan"}
    mirror.scan()
    mirror.turn()
    mirror.background.read(("scan", "notes"))
    mirror.disk.move("b.md", "z.md")
    mirror.touch("b.md")  # the event of the new name is late
    mirror.run(600)
    mirror.touch("z.md")
    mirror.run(5)
    arrive(mirror)
    mirror.quiet()
    assert (mirror.picora.count("post_doc"), mirror.picora.count("delete")) == (2, 0)
    assert mirror.states()["z.md"] is FileState.SYNCED


def test_what_vanishes_while_a_directory_closes_may_be_in_there() -> None:
    mirror = synced()
    mirror.write("closed/d.md", "text d")
    mirror.quiet()
    walking(mirror)
    mirror.remove("b.md")
    mirror.run(10)
    mirror.disk.broken["closed"] = UNREADABLE
    arrive(mirror)
    mirror.run(600)
    assert mirror.problems()["b.md"].code == PERHAPS_MOVED
    assert mirror.picora.count("delete") == 0


def test_what_an_event_told_of_meanwhile_is_no_reason_to_doubt_events() -> None:
    mirror = synced()
    mirror.run(120)
    mirror.background.hanging = {"scan"}
    mirror.scan()
    mirror.turn()
    mirror.background.read(("scan", "notes"))
    mirror.write("b.md", "changed after it was seen")
    mirror.run(30)
    arrive(mirror)
    mirror.quiet()
    assert not mirror.reconciler.context.untold


def test_a_pass_is_not_over_as_long_as_a_folder_is_to_be_looked_through() -> None:
    mirror = synced()
    assert not mirror.reconciler.working()
    mirror.queue.rescan("notes", "its file system answers again")
    assert mirror.reconciler.working()
    mirror.quiet()
    assert not mirror.reconciler.working()


def test_what_is_asked_for_meanwhile_begins_when_the_look_has_ended() -> None:
    mirror = walking(synced())
    mirror.disk.write("new.md", b"no event told of it")
    look = mirror.reconciler.scans.look_through("notes")
    mirror.run(60)
    assert not look.over
    arrive(mirror)
    mirror.quiet()
    assert look.over
    assert mirror.states()["new.md"] is FileState.SYNCED


def test_removals_are_judged_between_two_looks_however_often_folders_are_looked_through() -> None:
    mirror = walking(synced())
    mirror.remove("b.md")
    mirror.run(60)
    mirror.queue.rescan("notes", "polled again before the first look has ended")
    arrive(mirror)
    mirror.background.hanging = {"scan"}
    mirror.run(5)
    assert mirror.reconciler.scans.are_under_way()
    assert mirror.picora.count("delete") == 1


# --- a file system that does not answer ------------------------------------------------------------------------------


def hanging(*, first: bool = False) -> Mirror:
    """The first of two folders hangs as soon as it is looked through."""
    mirror = synced(NOTES, OTHER)
    if first:
        mirror.restart()
    context = mirror.reconciler.context
    context.units = {**context.units, "notes": replace(context.units["notes"], pulse=Pulse(mirror.mono))}
    mirror.background.hanging = {"scan"}
    mirror.queue.rescan("notes", "start")
    mirror.turn()
    mirror.background.carry_out(("scan", "other"))
    return mirror


@pytest.mark.parametrize("first", [False, True])
def test_a_look_that_does_not_come_on_is_given_up_and_the_other_folders_go_on(first: bool) -> None:
    mirror = hanging(first=first)
    mirror.run(NO_PROGRESS_S + 1)
    assert mirror.problems()[""].code == DISK_SILENT
    mirror.write("new.md", "new", "other")
    mirror.disks["other"].remove("c.md")
    mirror.queue.touch(FileRef("other", "c.md"))
    mirror.run(120)
    states = mirror.states()
    assert states["new.md"] is FileState.SYNCED
    assert "c.md" not in states
    assert states["a.md"] is FileState.SYNCED


def test_as_long_as_it_hangs_nothing_waits_for_it_again_and_then_it_is_looked_through() -> None:
    mirror = hanging()
    mirror.run(NO_PROGRESS_S + 1)
    mirror.queue.rescan("notes", REGULAR_SCAN)
    mirror.turn()
    assert not mirror.reconciler.scans
    mirror.disk.write("new.md", b"no event told of it")
    arrive(mirror)
    mirror.quiet()
    assert mirror.problems() == {}
    assert mirror.states()["new.md"] is FileState.SYNCED


def test_a_look_that_comes_on_slowly_is_waited_for() -> None:
    mirror = hanging()
    for _ in range(100):
        mirror.run(NO_PROGRESS_S - 1)
        mirror.reconciler.context.units["notes"].pulse.beat()
    assert mirror.problems() == {}
    assert mirror.reconciler.scans.are_under_way()


# --- between the steps -----------------------------------------------------------------------------------------------


def test_a_large_folder_is_compared_in_steps_and_changes_between_them_are_looked_at() -> None:
    mirror = Mirror(NOTES)
    for number in range(2 * PAGE + 1):
        mirror.disk.write(f"{number:05}.md", b"%d" % number)
        mirror.index.files.see(FileRef("notes", f"{number:05}.md"), Seen.PRESENT)
    context = mirror.reconciler.context
    steps, answer, times = looking(context, context.units["notes"]), None, 0
    with mirror.index.transaction():
        while True:
            try:
                step = steps.send(answer)
            except StopIteration as end:
                differences = end.value
                break
            times += step is None
            answer = None if step is None else step.work()
            if times == 1:
                mirror.index.files.forget(FileRef("notes", "02000.md"))
    assert times >= 3
    assert {each.ref.path for each in differences} == set(mirror.disk.files)
    assert set(mirror.queue.settling()) >= {each.ref for each in differences}
