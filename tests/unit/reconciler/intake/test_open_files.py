"""Audio that a program has open for writing is not sent, however quiet it is, until it is closed or approved."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from picora_sync.control.messages import Approve, Approved, Held, OpenAudio, OpenRow, ShowHeld
from picora_sync.control.orders import Orders
from picora_sync.core.model import FileState
from picora_sync.core.policy import Folder, Settle
from picora_sync.reconciler.intake.open_files import LONGEST_S, STILL_OPEN
from tests.fakes.mirror import Mirror

TALK = "talk.mp3"
QUIET_S = 15.0
MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86400.0


def open_by_events(mirror: Mirror) -> None:
    mirror.queue.written(mirror.ref(TALK))


def close_by_events(mirror: Mirror) -> None:
    mirror.queue.closed(mirror.ref(TALK))
    mirror.touch(TALK)


def open_by_lease(mirror: Mirror) -> None:
    mirror.disk.written[TALK] = True


def close_by_lease(mirror: Mirror) -> None:
    mirror.disk.written[TALK] = False
    mirror.touch(TALK)


Do = Callable[[Mirror], None]
EITHER_WAY = pytest.mark.parametrize(
    ("open_", "close"),
    [
        pytest.param(open_by_events, close_by_events, id="events"),
        pytest.param(open_by_lease, close_by_lease, id="lease"),
    ],
)


def recording(open_: Do, *policies: Folder) -> Mirror:
    """The first half of an episode, written a moment ago by a program that has the file open still."""
    mirror = Mirror(*policies)
    mirror.quiet()
    mirror.write(TALK, "first half")
    open_(mirror)
    return mirror


def let_pass(mirror: Mirror, seconds: float) -> None:
    """As ``run``, with the loop turning for a while every ten minutes only."""
    until = mirror.mono_s + seconds
    while mirror.mono_s < until:
        mirror.run(min(2.0, until - mirror.mono_s))
        mirror.mono_s = min(until, mirror.mono_s + 10 * MINUTE_S)
    mirror.run(2.0)


@EITHER_WAY
def test_a_recorder_that_pauses_publishes_nothing_until_it_closes_the_file(open_: Do, close: Do) -> None:
    mirror = recording(open_)
    let_pass(mirror, 2 * HOUR_S)
    assert mirror.states() == {TALK: FileState.SETTLING}
    mirror.write(TALK, "first half, second half")
    let_pass(mirror, HOUR_S)
    assert (mirror.titles(), mirror.problems()) == ([], {})
    close(mirror)
    mirror.run(QUIET_S + 2)
    assert mirror.states() == {TALK: FileState.SYNCED}
    assert [item.size_bytes for item in mirror.picora.objects.values()] == [len("first half, second half")]


@EITHER_WAY
def test_what_is_open_for_hours_without_a_change_becomes_a_problem_and_goes_on_when_it_is_closed(
    open_: Do, close: Do
) -> None:
    mirror = recording(open_)
    let_pass(mirror, LONGEST_S - MINUTE_S)
    assert mirror.states() == {TALK: FileState.SETTLING}
    mirror.run(2 * MINUTE_S)
    assert mirror.states() == {TALK: FileState.BLOCKED}
    problem = mirror.problems()[TALK]
    assert problem.code == STILL_OPEN
    assert "6 hours" in problem.message
    assert "picora-sync approve notes" in problem.hint
    let_pass(mirror, DAY_S)
    mirror.scan()
    mirror.quiet()
    assert (mirror.states(), mirror.titles()) == ({TALK: FileState.BLOCKED}, [])
    close(mirror)
    mirror.quiet()
    assert (mirror.states(), mirror.problems()) == ({TALK: FileState.SYNCED}, {})


def test_a_close_that_no_event_told_is_found_by_the_next_scan() -> None:
    mirror = recording(open_by_lease)
    let_pass(mirror, 2 * LONGEST_S)
    mirror.disk.written[TALK] = False
    mirror.scan()
    mirror.quiet()
    assert (mirror.states(), mirror.problems()) == ({TALK: FileState.SYNCED}, {})


@EITHER_WAY
def test_a_program_that_writes_on_after_hours_takes_the_problem_away(open_: Do, close: Do) -> None:
    mirror = recording(open_)
    let_pass(mirror, 2 * LONGEST_S)
    mirror.write(TALK, "first half, and more")
    let_pass(mirror, HOUR_S)
    assert (mirror.states(), mirror.problems(), mirror.titles()) == ({TALK: FileState.SETTLING}, {}, [])
    close(mirror)
    mirror.quiet()
    assert mirror.states() == {TALK: FileState.SYNCED}


def test_a_lease_knows_better_than_events() -> None:
    """The event of closing may be lost, and a second writer's close is no close of the first one's."""
    mirror = recording(open_by_events)
    mirror.disk.written[TALK] = False
    mirror.run(QUIET_S + 2)
    assert mirror.states() == {TALK: FileState.SYNCED}
    assert not mirror.queue.is_written(mirror.ref(TALK))
    mirror = recording(open_by_lease)
    mirror.queue.closed(mirror.ref(TALK))
    let_pass(mirror, HOUR_S)
    assert mirror.titles() == []


def test_where_events_were_lost_and_no_lease_is_given_quiet_time_decides() -> None:
    mirror = recording(open_by_events)
    let_pass(mirror, HOUR_S)
    mirror.queue.forget_written("notes")
    mirror.run(QUIET_S + 2)
    assert mirror.states() == {TALK: FileState.SYNCED}


def test_notes_settle_by_quiet_time_alone() -> None:
    mirror = Mirror()
    mirror.write("note.md", "text")
    mirror.queue.written(mirror.ref("note.md"))
    mirror.disk.written["note.md"] = True
    mirror.quiet()
    assert mirror.states() == {"note.md": FileState.SYNCED}


@EITHER_WAY
def test_opened_between_reading_and_sending_it_is_not_sent(open_: Do, close: Do) -> None:
    """A long backfill or a pause may lie between the two."""
    mirror = Mirror()
    mirror.index.pause("notes")
    mirror.reconciler.heed_pauses()
    mirror.write(TALK, "a whole episode")
    let_pass(mirror, HOUR_S)
    open_(mirror)
    mirror.index.resume("notes")
    mirror.reconciler.heed_pauses()
    let_pass(mirror, HOUR_S)
    assert mirror.titles() == []
    close(mirror)
    mirror.quiet()
    assert mirror.states() == {TALK: FileState.SYNCED}


@EITHER_WAY
def test_what_picora_holds_already_waits_for_nobody(open_: Do, close: Do) -> None:  # noqa: ARG001  (the same table)
    """A player that opens an episode of years ago for writing keeps neither its title nor its visibility back."""
    mirror = Mirror()
    mirror.write(TALK, "a whole episode")
    mirror.quiet()
    open_(mirror)
    mirror.configure(public=False)
    open_(mirror)
    mirror.quiet()
    assert mirror.states() == {TALK: FileState.SYNCED}
    assert [item.public for item in mirror.picora.objects.values()] == [False]


def test_without_quiet_time_an_open_file_does_not_keep_the_loop_busy() -> None:
    mirror = recording(open_by_lease, Folder("notes", "/notes", audio_settle=Settle(0.0, 0.0)))
    turns = mirror.mono_s
    mirror.run(MINUTE_S)  # it raises AssertionError where the loop spins
    assert mirror.mono_s > turns
    assert mirror.titles() == []


def test_files_that_come_and_go_while_they_are_written_leave_nothing_behind() -> None:
    mirror = Mirror()
    for number in range(50):
        path = f"{number}.mp3"
        mirror.write(path, "x")
        mirror.queue.written(mirror.ref(path))
        mirror.run(QUIET_S)
        mirror.remove(path)
    mirror.quiet()
    assert not any(mirror.queue.is_written(mirror.ref(f"{number}.mp3")) for number in range(50))
    assert not mirror.reconciler.settling()


# --- approve ----------------------------------------------------------------------------------------------------------


def left_open(mirror: Mirror) -> tuple[OpenRow, ...]:
    answer = Orders(mirror.reconciler).carry_out(ShowHeld(folder="notes"))
    assert isinstance(answer, Held)
    assert answer.rows == ()
    return answer.open


def approve(mirror: Mirror, *rows: OpenRow) -> Approved:
    files = tuple(OpenAudio(path=row.path, version=row.version) for row in rows)
    answer = Orders(mirror.reconciler).carry_out(Approve(folder="notes", rows=(), open=files))
    assert isinstance(answer, Approved)
    return answer


@EITHER_WAY
def test_what_was_approved_is_sent_as_it_is_and_its_next_version_waits_again(open_: Do, close: Do) -> None:
    mirror = recording(open_)
    let_pass(mirror, 2 * LONGEST_S)
    (row,) = left_open(mirror)
    assert row.path == TALK
    assert approve(mirror, row).sent == 1
    mirror.quiet()
    assert (mirror.states(), mirror.problems()) == ({TALK: FileState.SYNCED}, {})
    first = set(mirror.picora.objects)
    mirror.write(TALK, "first half, and more")
    let_pass(mirror, HOUR_S)
    assert set(mirror.picora.objects) == first
    close(mirror)
    mirror.quiet()
    assert [item.size_bytes for item in mirror.picora.objects.values()] == [len("first half, and more")]


def test_approval_survives_a_restart() -> None:
    mirror = recording(open_by_lease)
    let_pass(mirror, 2 * LONGEST_S)
    approve(mirror, *left_open(mirror))
    mirror.restart()
    mirror.quiet()
    assert mirror.states() == {TALK: FileState.SYNCED}


def test_approval_is_of_what_was_shown() -> None:
    mirror = recording(open_by_lease)
    let_pass(mirror, 2 * LONGEST_S)
    rows = left_open(mirror)
    mirror.write(TALK, "something else")
    let_pass(mirror, 2 * LONGEST_S)
    answer = approve(mirror, *rows)
    assert (answer.sent, [row.path for row in answer.refused]) == (0, [TALK])
    let_pass(mirror, HOUR_S)
    assert mirror.titles() == []


def test_approving_what_is_not_left_open_is_refused() -> None:
    mirror = Mirror()
    answer = approve(mirror, OpenRow(path="other.mp3", why="", version="1 bytes at 1"))
    assert [row.path for row in answer.refused] == ["other.mp3"]


def test_approved_and_then_opened_by_nobody_it_is_forgotten_that_it_was_approved() -> None:
    mirror = recording(open_by_lease)
    let_pass(mirror, 2 * LONGEST_S)
    approve(mirror, *left_open(mirror))
    close_by_lease(mirror)
    mirror.quiet()
    mirror.write(TALK, "another take")
    mirror.quiet()
    assert mirror.index.meta("sent while open:notes") == "{}"
