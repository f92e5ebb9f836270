"""Files are read beside the loop, each line by itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from picora_sync import workers
from picora_sync.workers import WAKE_S, AtOnce, Readers, in_time, together

LIMIT_S = 10.0


@pytest.fixture
def woken() -> threading.Semaphore:
    return threading.Semaphore(0)


@pytest.fixture
def readers(woken: threading.Semaphore) -> Iterator[Readers]:
    readers = Readers(woken.release)
    yield readers
    readers.close()


def test_a_line_that_hangs_keeps_no_other_waiting(readers: Readers) -> None:
    gate, done = threading.Event(), threading.Event()
    readers.start("audio", lambda: gate.wait(LIMIT_S), lambda _: None)
    readers.start("notes", lambda: 7, lambda result: done.set() if result == 7 else None)
    assert done.wait(LIMIT_S)
    gate.set()


def test_the_work_of_a_line_is_done_in_order_and_handed_over(readers: Readers) -> None:
    results: list[int] = []
    last = threading.Event()
    for n in range(100):
        readers.start("notes", lambda n=n: n, results.append)  # type: ignore[misc]  # binds it now
    readers.start("notes", lambda: None, lambda _: last.set())
    assert last.wait(LIMIT_S)
    assert results == list(range(100))


def test_the_loop_is_woken_when_a_line_has_nothing_more_to_do(readers: Readers, woken: threading.Semaphore) -> None:
    readers.start("notes", lambda: None, lambda _: None)
    assert woken.acquire(timeout=LIMIT_S)


def test_while_much_is_read_the_loop_is_woken_from_time_to_time() -> None:
    now, woken, last = [0.0], list[float](), threading.Event()

    def work() -> None:
        now[0] += WAKE_S / 4

    def wake() -> None:
        woken.append(now[0])
        if now[0] >= 40 * WAKE_S / 4:
            last.set()

    gate = threading.Event()
    readers = Readers(wake, lambda: now[0])
    readers.start("notes", lambda: gate.wait(LIMIT_S), lambda _: None)
    for _ in range(40):
        readers.start("notes", work, lambda _: None)
    gate.set()
    assert last.wait(LIMIT_S)
    assert len(woken) == 11


def test_a_thread_ends_when_its_line_is_empty_and_another_starts(readers: Readers) -> None:
    threads: list[threading.Thread] = []
    for _ in range(2):
        done = threading.Event()
        readers.start("notes", threading.current_thread, lambda thread, done=done: (threads.append(thread), done.set()))  # type: ignore[misc]  # binds it now
        assert done.wait(LIMIT_S)
        threads[-1].join(LIMIT_S)
        assert not threads[-1].is_alive()
    assert threads[0].daemon


def test_what_was_not_begun_is_dropped_at_the_end(readers: Readers) -> None:
    gate, begun, ran = threading.Event(), threading.Event(), list[int]()
    threads: list[threading.Thread] = []

    def first() -> None:
        threads.append(threading.current_thread())
        begun.set()
        gate.wait(LIMIT_S)

    readers.start("notes", first, lambda _: None)
    readers.start("notes", lambda: 1, ran.append)
    assert begun.wait(LIMIT_S)
    readers.close()
    gate.set()
    threads[0].join(LIMIT_S)
    assert ran == []


def test_at_once_is_at_once() -> None:
    done: list[int] = []
    AtOnce().start("notes", lambda: 7, done.append)
    assert done == [7]


def test_a_path_that_does_not_answer_is_answered_for_and_not_asked_about_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "ANSWER_S", 0.05)
    answers, asked = threading.Event(), list[str]()

    def question(path: str) -> str:
        asked.append(path)
        answers.wait()
        return "there"

    assert in_time("/dead", question, "silent") == "silent"
    assert in_time("/dead", question, "silent") == "silent"
    assert in_time("/alive", str.upper, "silent") == "/ALIVE"
    answers.set()
    assert asked == ["/dead"]


def test_what_hangs_at_the_end_is_left_behind() -> None:
    never, done = threading.Event(), list[int]()
    together([never.wait, lambda: done.append(1)], 0.05)
    never.set()
    assert done == [1]
