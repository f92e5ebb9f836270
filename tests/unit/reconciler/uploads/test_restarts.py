"""A process may end anywhere; the next one takes up what it left (design §7, promise 9)."""

from __future__ import annotations

import pytest

from picora_sync.core.model import FileState
from picora_sync.core.policy import Folder, Select
from picora_sync.errors import ServerFault
from picora_sync.reconciler.planning.dry_run import forecast
from picora_sync.reconciler.uploads.late import LATEST_S
from tests.fakes.mirror import Mirror


def in_flight(path: str, data: str) -> Mirror:
    """A mirror whose upload of this file waits in the pool."""
    mirror = Mirror()
    mirror.write("other.md", "other")
    mirror.quiet()
    mirror.write(path, data)
    while not mirror.pool.waiting:
        mirror.mono_s += 1
        mirror.reconciler.turn()
    return mirror


@pytest.mark.parametrize("path", ["a.md", "e.mp3"])
def test_a_crash_before_the_upload_was_carried_out_loses_nothing(path: str) -> None:
    mirror = in_flight(path, "new")
    mirror.restart()
    mirror.quiet()
    assert mirror.states()[path] is FileState.SYNCED
    assert len(mirror.picora.objects) == 2


@pytest.mark.parametrize("path", ["a.md", "e.mp3"])
def test_a_crash_after_the_upload_was_carried_out_doubles_nothing_and_it_is_ours(path: str) -> None:
    mirror = in_flight(path, "new")
    mirror.pool.run()
    mirror.restart()
    mirror.quiet()
    assert len(mirror.picora.objects) == 2
    mirror.remove(path)
    mirror.quiet()
    assert len(mirror.picora.objects) == 1


def test_audio_carried_out_before_a_crash_is_found_even_if_it_is_listed_late() -> None:
    mirror = in_flight("e.mp3", "sound")
    mirror.pool.run()
    mirror.picora.lag_s = 60.0
    mirror.restart()
    mirror.quiet()
    assert mirror.picora.count("post_audio") == 1


@pytest.mark.parametrize("carried_out", [True, False], ids=["carried out", "not carried out"])
@pytest.mark.parametrize("path", ["a.md", "e.mp3"])
@pytest.mark.parametrize("then", ["deleted", "edited"])
def test_what_a_crash_left_of_a_file_that_moved_on_is_collected(path: str, then: str, carried_out: bool) -> None:
    mirror = in_flight(path, "new")
    if carried_out:
        mirror.pool.run()
    mirror.disk.remove(path)
    if then == "edited":
        mirror.disk.write(path, b"newer")
    mirror.restart()
    mirror.quiet()
    mirror.run(LATEST_S)  # what was sent before the crash may still arrive
    assert mirror.titles() == sorted(["other", *([path[0]] if then == "edited" else [])])


def test_a_public_version_of_a_note_that_is_private_by_now_is_not_published_to_learn_what_became_of_it() -> None:
    mirror = in_flight("a.md", "public: true")
    mirror.disk.write("a.md", b"public: false")
    mirror.restart()
    mirror.scan()
    while len(mirror.picora.mutations()) < 2:
        mirror.mono_s += 1
        mirror.turn()
        assert not any(item.public for item in mirror.picora.objects.values())
    mirror.quiet()
    mirror.run(LATEST_S)
    assert mirror.titles() == ["a", "other"]


def test_a_crash_during_a_delete_is_made_up_for() -> None:
    mirror = Mirror()
    mirror.write("a.md", "alpha")
    mirror.write("b.md", "beta")
    mirror.quiet()
    mirror.remove("a.md")
    while not mirror.pool.waiting:
        mirror.mono_s += 1
        mirror.reconciler.turn()
    mirror.restart()
    mirror.quiet()
    assert mirror.titles() == ["b"]


def test_a_file_made_again_after_a_crash_during_its_delete_waits_until_the_delete_is_certain() -> None:
    mirror = Mirror()
    mirror.write("a.md", "alpha")
    mirror.write("b.md", "beta")
    mirror.quiet()
    mirror.remove("a.md")
    while not mirror.pool.waiting:
        mirror.mono_s += 1
        mirror.reconciler.turn()
    mirror.write("a.md", "alpha")
    mirror.restart()
    mirror.quiet()
    assert mirror.titles() == ["a", "b"]
    assert mirror.states() == {"a.md": FileState.SYNCED, "b.md": FileState.SYNCED}


def test_make_private_survives_a_crash() -> None:
    mirror = Mirror(Folder("notes", "/notes", public=True))
    mirror.write("a.md", "alpha")
    mirror.quiet()
    mirror.configure(public=False)
    while not mirror.pool.waiting:
        mirror.mono_s += 1
        mirror.reconciler.turn()
    mirror.restart()
    mirror.run(1)
    assert [item.public for item in mirror.picora.objects.values()] == [False]


def test_a_note_no_longer_published_is_made_private_after_a_crash_too_although_its_removal_is_held() -> None:
    mirror = Mirror(Folder("notes", "/notes", select=Select.PUBLISHED))
    mirror.write("a.md", "public: true")
    mirror.quiet()
    mirror.write("a.md", "unpublished")
    mirror.picora.up = False
    mirror.run(30)
    mirror.picora.up = True
    mirror.restart()
    mirror.quiet()
    assert [item.public for item in mirror.picora.objects.values()] == [False]
    assert mirror.states() == {"a.md": FileState.HELD}


def test_refused_files_are_tried_again_by_the_next_process() -> None:
    mirror = Mirror()
    mirror.picora.fail("post_doc", ServerFault("broken", status=500), times=20)
    mirror.write("a.md", "alpha")
    mirror.run(2000)
    assert mirror.states() == {"a.md": FileState.BLOCKED}
    mirror.restart()
    mirror.quiet()
    assert mirror.states() == {"a.md": FileState.SYNCED}


def test_the_grace_of_a_missing_file_starts_anew() -> None:
    mirror = Mirror()
    mirror.write("a.md", "alpha")
    mirror.write("b.md", "beta")
    mirror.quiet()
    mirror.disk.remove("a.md")
    mirror.mono_s += 3600
    mirror.restart()
    mirror.run(25)
    assert mirror.picora.count("delete") == 0
    mirror.quiet()
    assert mirror.picora.count("delete") == 1


def test_a_forecast_names_what_is_then_done_and_changes_nothing() -> None:
    mirror = Mirror()
    for name in ("same.md", "edit.md", "move.md", "gone.md"):
        mirror.write(name, f"text of {name}")
    mirror.write("gone.mp3", b"sound")
    mirror.quiet()
    mirror.disk.write("edit.md", b"edited")
    mirror.disk.move("move.md", "moved.md")
    mirror.disk.remove("gone.md")
    mirror.disk.remove("gone.mp3")
    mirror.disk.write("new.md", b"new")
    mirror.disk.write("new.mp3", b"new")
    before = len(mirror.picora.calls)
    units = list(mirror.reconciler.context.units.values())
    report = forecast(mirror.index.copy_in_memory(), units, mirror.reconciler.context.clocks, lambda _: 12.0)
    assert mirror.picora.calls[before:] == []
    assert sorted((action.op, action.path) for action in report.actions) == [
        ("delete", "gone.md"),
        ("delete", "gone.mp3"),
        ("patch", "moved.md"),
        ("rebind", "moved.md"),
        ("replace", "edit.md"),
        ("upload", "new.md"),
        ("upload", "new.mp3"),
    ]
    assert report.eta_s == 12.0
    mirror.scan()
    mirror.quiet()
    made = [name for name, _ in mirror.picora.calls[before:]]
    assert report.requests["upload"] == made.count("post_doc") + made.count("post_audio")
    assert report.requests["mutation"] == made.count("patch") + made.count("delete")


def test_a_forecast_names_what_would_be_held() -> None:
    mirror = Mirror()
    mirror.write("a.md", "alpha")
    mirror.quiet()
    mirror.disk.remove("a.md")
    units = list(mirror.reconciler.context.units.values())
    report = forecast(mirror.index.copy_in_memory(), units, mirror.reconciler.context.clocks, lambda _: 0.0)
    assert [line.path for line in report.held] == ["a.md"]
    assert report.actions == []


def test_a_changed_default_visibility_reaches_files_that_nobody_touched() -> None:
    mirror = Mirror(Folder("notes", "/notes", public=True))
    mirror.write("a.md", "alpha")
    mirror.write("e.mp3", "sound")
    mirror.quiet()
    mirror.configure(public=False)
    mirror.quiet()
    assert {item.public for item in mirror.picora.objects.values()} == {False}


def test_a_restart_without_a_changed_configuration_reads_nothing_again() -> None:
    mirror = Mirror()
    mirror.write("a.md", "alpha")
    mirror.quiet()
    mirror.mono_s += 60
    mirror.scan()
    mirror.quiet()
    mirror.content.derived.clear()
    mirror.configure(delete_after_s=5.0)
    mirror.quiet()
    assert mirror.content.derived == []
