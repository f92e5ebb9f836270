"""A plan names what the account has no room for: the same files that a run then blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from picora_sync.core.model import FileState, Kind, Quota
from picora_sync.core.policy import Folder, WhenFull
from picora_sync.reconciler.planning.dry_run import forecast
from picora_sync.report import PlanReport
from tests.fakes.disk import UNREADABLE
from tests.fakes.mirror import NOTES, Mirror

FIRST = replace(NOTES, when_full=WhenFull.DELETE_FIRST)


def planned(mirror: Mirror, *, asked: bool = True) -> PlanReport:
    context = mirror.reconciler.context
    quotas = mirror.picora.quotas() if asked else {}
    return forecast(mirror.index.copy_in_memory(), context.units.values(), context.clocks, lambda _: 0.0, quotas)


def filled(policy: Folder = NOTES, room: dict[Kind, int] | None = None) -> Mirror:
    """Two notes and two sounds of 10 bytes are there; the account has room for so much more."""
    mirror = Mirror(policy)
    for path in ("a.md", "b.md", "a.mp3", "b.mp3"):
        mirror.write(path, f"{path:>10}")
    mirror.quiet()
    mirror.picora.capacity = {kind: mirror.picora.used(kind) + (room or {}).get(kind, 0) for kind in Kind}
    mirror.reconciler.connection.quota.learn(mirror.picora.quotas(), mirror.mono())
    mirror.mono_s += 3600
    return mirror


def add_notes(mirror: Mirror) -> None:
    for number in range(4):
        mirror.disk.write(f"new{number}.md", f"new {number}".encode())


def add_sounds(mirror: Mirror) -> None:
    for number in range(4):
        mirror.disk.write(f"new{number}.mp3", b"x" * 10 + f"{number}".encode())


def add_an_hour_ago(mirror: Mirror) -> None:
    add_notes(mirror)
    add_sounds(mirror)
    for path in mirror.disk.files:
        mirror.disk.age(path, 3600)


def edit_both_kinds(mirror: Mirror) -> None:
    mirror.disk.write("a.md", b"another text")
    mirror.disk.write("a.mp3", b"as large")


@pytest.mark.parametrize("policy", [NOTES, FIRST], ids=["wait", "delete_first"])
@pytest.mark.parametrize(
    "room", [{}, {Kind.DOC: 1}, {Kind.DOC: 3, Kind.AUDIO: 35}, {Kind.DOC: 100, Kind.AUDIO: 1000}], ids=str
)
@pytest.mark.parametrize("happens", [add_notes, add_sounds, add_an_hour_ago, edit_both_kinds])
def test_what_a_plan_calls_blocked_is_what_a_run_blocks(
    happens: Callable[[Mirror], None], room: dict[Kind, int], policy: Folder
) -> None:
    mirror = filled(policy, room)
    happens(mirror)
    told = planned(mirror)
    mirror.scan()
    mirror.quiet()
    blocked = {path for path, state in mirror.states().items() if state is FileState.BLOCKED}
    assert {ref.path for ref, _ in told.blocked} == blocked
    sent = {action.path for action in told.actions if action.op in ("upload", "replace")}
    assert len(sent & blocked) == 0
    again = planned(mirror)
    assert ({ref.path for ref, _ in again.blocked}, again.actions) == (blocked, [])


def test_what_is_deleted_makes_room_in_the_plan_too() -> None:
    mirror = filled()
    mirror.remove("a.md")
    mirror.disk.write("new.md", b"new")
    told = planned(mirror)
    assert (told.blocked, sorted(action.op for action in told.actions)) == ([], ["delete", "upload"])


def test_where_the_account_was_not_asked_nothing_is_said_of_its_room() -> None:
    mirror = filled()
    mirror.disk.write("new.md", b"new")
    told = planned(mirror, asked=False)
    assert (told.blocked, [action.op for action in told.actions]) == ([], ["upload"])


def test_a_plan_names_what_cannot_be_sent_for_another_reason_and_a_folder_that_is_away() -> None:
    mirror = filled()
    mirror.disk.broken["a.md"] = UNREADABLE
    mirror.touch("a.md")
    mirror.run(60)
    assert [(ref.path, problem.code) for ref, problem in planned(mirror).blocked] == [("a.md", UNREADABLE.code)]
    mirror.disk.missing_root = True
    assert [(name, problem.code) for name, problem in planned(mirror).away] == [("notes", "ROOT_MISSING")]


def test_a_kind_of_which_the_account_says_nothing_is_not_limited() -> None:
    mirror = filled()
    add_sounds(mirror)
    context = mirror.reconciler.context
    quotas = {Kind.DOC: Quota(2, 2)}
    told = forecast(mirror.index.copy_in_memory(), context.units.values(), context.clocks, lambda _: 0.0, quotas)
    assert (told.blocked, len(told.actions)) == ([], 4)
