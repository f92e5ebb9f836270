"""A paused folder is looked at, and nothing is sent for it but what makes something private (design §9, promise 4)."""

from __future__ import annotations

import pytest

from picora_sync.core.model import FileState, Problem
from picora_sync.core.policy import Folder
from picora_sync.errors import RateLimited, ServerFault
from picora_sync.reconciler.planning.dry_run import forecast
from tests.fakes.mirror import Mirror

NOTES = Folder("notes", "/notes", public=True)
OTHER = Folder("other", "/other", public=True)
AWAY = Problem("UNREACHABLE", "away")


def synced(*texts: str, folders: tuple[Folder, ...] = (NOTES,)) -> Mirror:
    mirror = Mirror(*folders)
    for number, text in enumerate(texts):
        mirror.write(f"{number}.md", text)
    mirror.quiet()
    return mirror


def pause(mirror: Mirror, folder: str = "notes") -> None:
    mirror.index.pause(folder)
    mirror.reconciler.heed_pauses()


def resume(mirror: Mirror, folder: str = "notes") -> None:
    mirror.index.resume(folder)
    mirror.reconciler.heed_pauses()


def test_new_edited_renamed_and_removed_files_wait_until_the_folder_is_resumed() -> None:
    mirror = synced("zero", "one", "two", "three")
    before = mirror.picora.mutations()
    pause(mirror)
    mirror.write("0.md", "zero, edited")
    mirror.move("1.md", "renamed.md")
    mirror.remove("2.md")
    mirror.write("new.md", "new")
    mirror.quiet()
    mirror.run(3600)
    assert mirror.picora.mutations() == before
    assert mirror.states()["0.md"] is FileState.QUEUED
    resume(mirror)
    mirror.quiet()
    assert mirror.titles() == ["0", "3", "new", "renamed"]
    assert set(mirror.states().values()) == {FileState.SYNCED}


def test_a_note_that_turns_private_is_made_private_at_once_and_its_new_text_waits() -> None:
    mirror = synced("zero")
    pause(mirror)
    mirror.write("0.md", "public: false\nsecret")
    mirror.run(3)
    assert [item.public for item in mirror.picora.objects.values()] == [False]
    mirror.quiet()
    mirror.run(3600)
    assert mirror.picora.count("post_doc") == 1
    resume(mirror)
    mirror.quiet()
    assert mirror.picora.count("post_doc") == 2


def test_it_stays_paused_in_the_next_process() -> None:
    mirror = synced("zero")
    pause(mirror)
    mirror.write("0.md", "edited")
    mirror.restart()
    mirror.quiet()
    assert mirror.picora.count("post_doc") == 1
    resume(mirror)
    mirror.quiet()
    assert mirror.picora.count("post_doc") == 2


def test_the_other_folders_go_on_also_with_what_they_share() -> None:
    mirror = synced("zero", folders=(NOTES, OTHER))
    pause(mirror)
    mirror.write("same.md", "the same")
    mirror.write("same.md", "the same", folder="other")
    mirror.write("own.md", "own", folder="other")
    mirror.quiet()
    assert mirror.titles() == ["0", "own", "same"]
    resume(mirror)
    mirror.quiet()
    assert mirror.titles() == ["0", "own", "same"]
    assert set(mirror.states().values()) == {FileState.SYNCED}


def test_what_waited_in_the_backlog_does_not_go_out_any_more() -> None:
    mirror = synced("zero", "one")
    mirror.reconciler.connection.doubt(mirror.mono() + 1e6, AWAY)
    mirror.write("0.md", "edited")
    mirror.write("new.md", "new")
    mirror.run(60)
    assert mirror.reconciler.backlog.counts().uploads == 2
    pause(mirror)
    mirror.reconciler.connection.accepted()
    mirror.quiet()
    assert mirror.picora.count("post_doc") == 2
    assert mirror.reconciler.backlog.counts().uploads == 0


def until_in_flight(mirror: Mirror) -> None:
    """Let time pass until a worker has a call in its hands."""
    for _ in range(200):
        mirror.reconciler.turn()
        if mirror.reconciler.executor.in_flight:
            return
        mirror.mono_s += 1
    raise AssertionError("no call within 200 s")


@pytest.mark.parametrize(
    ("call", "titles"),
    [("post_doc", ["0", "1", "2", "new"]), ("patch", ["1", "2", "renamed"]), ("delete", ["1", "2"])],
)
def test_a_call_that_was_under_way_and_is_to_be_tried_again_waits_too(call: str, titles: list[str]) -> None:
    mirror = synced("zero", "one", "two")
    match call:
        case "post_doc":
            mirror.write("new.md", "new")
        case "patch":
            mirror.move("0.md", "renamed.md")
        case _:
            mirror.remove("0.md")
    before = mirror.picora.count(call)
    until_in_flight(mirror)
    mirror.picora.fail(call, RateLimited("slow down", retry_after_s=30.0))
    pause(mirror)
    mirror.pool.run()
    mirror.run(600)
    mirror.quiet()
    assert mirror.picora.count(call) == before + 1
    resume(mirror)
    mirror.quiet()
    assert mirror.titles() == titles


def test_a_removal_is_judged_only_after_the_folder_was_resumed() -> None:
    mirror = synced("zero", "one", "two")
    pause(mirror)
    mirror.remove("0.md")
    mirror.run(600)
    assert not mirror.reconciler.settling()
    mirror.write("0.md", "zero")
    mirror.quiet()
    resume(mirror)
    mirror.quiet()
    assert mirror.picora.count("delete") == 0


def test_a_deletion_that_waits_for_company_is_kept_back() -> None:
    mirror = synced("zero", "one", "two")
    mirror.reconciler.connection.deletes_closed_until = mirror.mono() + 120
    mirror.remove("0.md")
    mirror.run(60)
    pause(mirror)
    mirror.run(600)
    mirror.quiet()
    assert mirror.picora.count("delete") == 0
    resume(mirror)
    mirror.quiet()
    assert mirror.titles() == ["1", "2"]


def test_nothing_is_planned_for_a_paused_folder() -> None:
    mirror = synced("zero", "one", "two")
    mirror.reconciler.connection.deletes_closed_until = mirror.mono() + 1e6
    mirror.remove("0.md")
    mirror.run(60)
    mirror.write("1.md", "edited")
    mirror.write("new.md", "new")
    units = mirror.reconciler.context.units.values()
    clocks = mirror.reconciler.context.clocks
    planned = forecast(mirror.index.copy_in_memory(), units, clocks, lambda _: 0.0)
    assert sorted(action.op for action in planned.actions) == ["delete", "replace", "upload"]
    pause(mirror)
    planned = forecast(mirror.index.copy_in_memory(), units, clocks, lambda _: 0.0)
    assert planned.actions == []


def test_a_deletion_of_unknown_outcome_is_asked_for_to_the_end() -> None:
    mirror = synced("zero", "one", "two")
    mirror.picora.fail("delete", ServerFault("broken"))
    mirror.remove("0.md")
    for _ in range(120):
        mirror.run(1 - mirror.picora.count("delete"))
    assert mirror.picora.count("delete") == 1
    pause(mirror)
    mirror.run(120)
    assert mirror.titles() == ["1", "2"]


def test_a_file_that_moved_into_a_paused_folder_keeps_its_object_until_it_is_resumed() -> None:
    mirror = synced("zero", "one", folders=(NOTES, OTHER))
    ids = {item.title: item.id for item in mirror.picora.objects.values()}
    pause(mirror, "other")
    mirror.remove("0.md")
    mirror.write("moved.md", "zero", folder="other")
    mirror.run(600)
    assert mirror.picora.count("delete") == 0
    resume(mirror, "other")
    mirror.quiet()
    assert {item.title: item.id for item in mirror.picora.objects.values()} == {"moved": ids["0"], "1": ids["1"]}


def test_a_pause_ends_by_itself_and_what_waited_is_sent() -> None:
    mirror = synced("zero")
    mirror.index.pause("notes", mirror.wall() + 3600)
    mirror.reconciler.heed_pauses()
    mirror.write("0.md", "edited")
    mirror.run(3500)
    assert mirror.picora.count("post_doc") == 1
    mirror.run(200)
    assert (mirror.picora.count("post_doc"), mirror.index.paused()) == (2, frozenset())


@pytest.mark.parametrize("away_s", [60.0, 7200.0])
def test_a_pause_ends_on_time_after_a_restart(away_s: float) -> None:
    mirror = synced("zero")
    mirror.index.pause("notes", mirror.wall() + 3600)
    mirror.write("0.md", "edited")
    mirror.mono_s += away_s
    mirror.restart()
    mirror.run(600)
    assert mirror.picora.count("post_doc") == (1 if away_s < 3600 else 2)
    mirror.run(7200)
    assert (mirror.picora.count("post_doc"), mirror.index.paused()) == (2, frozenset())


def test_a_plan_does_not_wait_for_a_pause_that_is_over() -> None:
    mirror = synced("zero")
    mirror.index.pause("notes", mirror.wall() + 60)
    mirror.mono_s += 61
    mirror.write("new.md", "new")
    context = mirror.reconciler.context
    planned = forecast(mirror.index.copy_in_memory(), context.units.values(), context.clocks, lambda _: 0.0)
    assert [action.path for action in planned.actions] == ["new.md"]
