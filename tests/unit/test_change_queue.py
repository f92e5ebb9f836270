"""The change queue wakes its one waiter for what matters, and loses nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from picora_sync.change_queue import OPEN_AGAIN_S, ChangeQueue
from picora_sync.core.model import FileRef, Kind, kind_of
from picora_sync.core.policy import Folder, Settle

NOTE, EPISODE = FileRef("notes", "a.md"), FileRef("notes", "b.mp3")
FOLDER = Folder(name="notes", root="/notes")
LONG_S = 60.0


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def make(clock: Callable[[], float]) -> ChangeQueue:
    return ChangeQueue(lambda ref: FOLDER.settle(kind_of(ref.path)), clock)


def test_each_kind_settles_by_its_own_policy() -> None:
    clock = Clock()
    queue = make(clock)
    queue.touch(NOTE)
    queue.touch(EPISODE)
    note_s, audio_s = FOLDER.settle(Kind.DOC).quiet_s, FOLDER.settle(Kind.AUDIO).quiet_s
    assert queue.take_due(clock.now + note_s) == [NOTE]
    assert queue.take_due(clock.now + audio_s) == [EPISODE]


def test_age_of_a_scanned_file_counts_as_quiet_time() -> None:
    clock = Clock()
    queue = make(clock)
    queue.touch(NOTE, changed_s_ago=3600.0)
    assert queue.take_due(clock.now) == [NOTE]


def test_grown_file_is_held_again() -> None:
    clock = Clock()
    queue = make(clock)
    queue.grew(EPISODE)
    assert queue.take_due(clock.now) == []
    assert tuple(queue.settling()) == (EPISODE,)


def test_file_that_is_open_is_held_for_another_quiet_time_and_never_for_none() -> None:
    clock = Clock()
    queue = ChangeQueue(lambda _: Settle(0.0, 0.0), clock)
    queue.hold_open(EPISODE)
    assert queue.take_due(clock.now) == []
    assert queue.is_held_open(EPISODE)
    assert queue.take_due(clock.now + OPEN_AGAIN_S) == [EPISODE]
    assert not queue.is_held_open(EPISODE)


def test_audio_is_written_to_from_the_first_event_to_its_close_and_notes_never_are() -> None:
    queue = make(Clock())
    for ref in (NOTE, EPISODE, EPISODE):
        queue.written(ref)
    assert [queue.is_written(ref) for ref in (NOTE, EPISODE)] == [False, True]
    queue.closed(EPISODE)
    queue.closed(EPISODE)
    assert not queue.is_written(EPISODE)


def test_who_writes_to_a_file_goes_on_under_its_new_name() -> None:
    queue = make(Clock())
    ref = lambda path: FileRef("notes", path)  # noqa: E731  (short, and used in this test alone)
    for path in ("a.mp3", "in/b.mp3", "inn/c.mp3", "d.mp3"):
        queue.written(ref(path))
    queue.moved(ref("a.mp3"), ref("new.mp3"))
    queue.moved(ref("in"), ref("out"))
    queue.moved(ref("d.mp3"), ref("d.tmp"))
    names = ("a.mp3", "new.mp3", "in/b.mp3", "out/b.mp3", "inn/c.mp3", "d.mp3", "d.tmp")
    assert [path for path in names if queue.is_written(ref(path))] == ["new.mp3", "out/b.mp3", "inn/c.mp3"]


def test_where_events_were_lost_it_is_forgotten_who_writes_in_that_folder_alone() -> None:
    queue, other = make(Clock()), FileRef("podcast", "b.mp3")
    queue.written(EPISODE)
    queue.written(other)
    queue.forget_written("notes")
    assert [queue.is_written(ref) for ref in (EPISODE, other)] == [False, True]


def test_peeks_stay_in_the_queue() -> None:
    clock = Clock()
    queue = make(clock)
    queue.touch(NOTE)
    assert queue.take_peeks(clock.now + 2) == [NOTE]
    assert queue.take_peeks(clock.now + 2) == []
    assert tuple(queue.settling()) == (NOTE,)


def test_rescans_are_taken_once_with_their_first_reason() -> None:
    queue = make(Clock())
    queue.rescan("notes", "events were lost")
    queue.rescan("notes", "asked")
    assert queue.take_rescans() == {"notes": "events were lost"}
    assert queue.take_rescans() == {}


def returns(queue: ChangeQueue, stop: threading.Event, cause: Callable[[], None]) -> float:
    """How long a wait lasts when ``cause`` happens during it."""
    waiting = threading.Event()
    took: list[float] = []

    def wait() -> None:
        started = time.monotonic()
        waiting.set()
        queue.wait(LONG_S, stop)
        took.append(time.monotonic() - started)

    thread = threading.Thread(target=wait)
    thread.start()
    assert waiting.wait(LONG_S)
    cause()
    thread.join(LONG_S * 2)
    assert took, "the wait did not end"
    return took[0]


@pytest.mark.parametrize(
    "cause",
    [
        pytest.param(lambda queue, _: queue.wake(), id="wake"),
        pytest.param(lambda queue, _: queue.rescan("notes", "asked"), id="rescan"),
        pytest.param(lambda queue, _: queue.touch(NOTE, changed_s_ago=3600.0), id="something-is-due"),
        pytest.param(lambda queue, stop: (stop.set(), queue.wake()), id="stop"),
    ],
)
def test_wait_ends_soon_after(cause: Callable[[ChangeQueue, threading.Event], object]) -> None:
    queue, stop = make(time.monotonic), threading.Event()
    assert returns(queue, stop, lambda: cause(queue, stop)) < LONG_S / 2


def test_wait_ends_when_its_time_is_up() -> None:
    queue = make(time.monotonic)
    queue.wait(0.01, threading.Event())
    assert queue.take_rescans() == {}


def test_wake_before_the_wait_ends_it_at_once_and_only_once() -> None:
    clock = Clock()
    queue = make(clock)
    queue.wake()
    queue.wait(LONG_S, threading.Event())
    woken_again = threading.Event()
    stop = threading.Event()
    thread = threading.Thread(target=lambda: (queue.wait(LONG_S, stop), woken_again.set()))
    thread.start()
    assert not woken_again.wait(0.05)
    stop.set()
    queue.wake()
    thread.join(LONG_S)
    assert woken_again.is_set()


def test_touches_from_many_threads_are_all_kept() -> None:
    queue = make(time.monotonic)
    refs = [FileRef("notes", f"{n}.md") for n in range(2000)]

    def touch(part: list[FileRef]) -> None:
        for ref in part:
            queue.touch(ref)

    threads = [threading.Thread(target=touch, args=(refs[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG_S)
    assert set(queue.settling()) == set(refs)
