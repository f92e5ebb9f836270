"""The threads that carry jobs out, and who may have one."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Protocol, TypeVar

from picora_sync.core.backlog import Lane
from picora_sync.core.model import Rank

Result = TypeVar("Result")
_Work = queue.SimpleQueue[tuple[Lane, Callable[[], None]] | None]


class Pool(Protocol):
    """Where jobs run: threads in the daemon, at once in a simulation."""

    def has_worker(self, lane: Lane, rank: Rank) -> bool:
        """Whether a worker of this lane is free and not reserved, nor kept for more urgent work."""

    def reserve(self, lane: Lane) -> None:
        """Keep a worker for a job that :meth:`start` will bring."""

    def start(self, lane: Lane, work: Callable[[], None]) -> None:
        """Run this soon, on the worker that was reserved for it."""


class Background(Protocol):
    """Where files are read: threads in the daemon, at once in a test."""

    def start(self, line: Hashable, work: Callable[[], Result], done: Callable[[Result], None]) -> None:
        """Do this work when what was started before in the same line has ended, and hand over what it returns; neither
        raises anything.
        """


UPLOADS = 5
AUDIO_UPLOADS = 2
CHANGES = 3


def is_room(busy: Mapping[Lane, int], lane: Lane, rank: Rank) -> bool:
    """Whether a worker is free for this: audio never takes all of them, a backfill leaves one for interactive edits,
    and everything leaves one for making private.
    """
    if lane is Lane.PATCH:
        return busy[lane] < CHANGES - (rank is not Rank.MAKE_PRIVATE)
    if lane is Lane.AUDIO and busy[lane] >= AUDIO_UPLOADS:
        return False
    return busy[Lane.DOC] + busy[Lane.AUDIO] < UPLOADS - (rank is Rank.BACKFILL)


class Threads:
    """Daemon threads: ``UPLOADS`` for documents and audio (audio never takes them all), ``CHANGES`` for the rest.

    They end with :meth:`close` or with the process: a connection that is cut leaves no half object behind (design §7).
    ``wake`` is called when a worker is free again.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._busy = dict.fromkeys(Lane, 0)
        self._uploads: _Work = queue.SimpleQueue()
        self._changes: _Work = queue.SimpleQueue()
        for number in range(UPLOADS):
            threading.Thread(target=self._run, args=(self._uploads,), name=f"upload-{number}", daemon=True).start()
        for number in range(CHANGES):
            threading.Thread(target=self._run, args=(self._changes,), name=f"change-{number}", daemon=True).start()

    def has_worker(self, lane: Lane, rank: Rank) -> bool:
        """Whether a worker of this lane is free for this."""
        with self._lock:
            return is_room(self._busy, lane, rank)

    def reserve(self, lane: Lane) -> None:
        """Keep a worker of this lane."""
        with self._lock:
            self._busy[lane] += 1

    def start(self, lane: Lane, work: Callable[[], None]) -> None:
        """Run this on the next free worker of the lane."""
        (self._changes if lane is Lane.PATCH else self._uploads).put((lane, work))

    def close(self) -> None:
        """Each thread ends after what it is doing now."""
        for jobs, number in ((self._uploads, UPLOADS), (self._changes, CHANGES)):
            for _ in range(number):
                jobs.put(None)

    def _run(self, jobs: _Work) -> None:
        while (job := jobs.get()) is not None:
            lane, work = job
            try:
                work()
            finally:
                with self._lock:
                    self._busy[lane] -= 1
                self._wake()


ANSWER_S = 3.0
"""Longer than a healthy file system takes for one path."""
_unanswered: dict[str, threading.Thread] = {}


def in_time(path: str, question: Callable[[str], Result], otherwise: Result) -> Result:
    """What a question about a path gives, or ``otherwise`` where the file system does not answer in time.

    It is not asked about the same path again as long as that thread hangs.
    """
    if path in _unanswered and _unanswered[path].is_alive():
        return otherwise
    answers: list[Result] = []
    _unanswered[path] = threading.Thread(target=lambda: answers.append(question(path)), daemon=True)
    _unanswered[path].start()
    _unanswered[path].join(ANSWER_S)
    return answers[0] if answers else otherwise


def together(works: Iterable[Callable[[], object]], within_s: float) -> None:
    """Do all of these at once, and wait for them no longer than this; what hangs ends with the process."""
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    ends_at = time.monotonic() + within_s
    for thread in threads:
        thread.join(max(0.0, ends_at - time.monotonic()))


class AtOnce:
    """Reads files as soon as it is asked to, in the caller's thread: for who has nothing else to do meanwhile."""

    def start(self, line: Hashable, work: Callable[[], Result], done: Callable[[Result], None]) -> None:
        """Do this now."""
        del line  # all is done at once
        done(work())


WAKE_S = 0.2
"""While files are read one after the other, the loop is woken this often: each turn of it costs a commit."""


class Readers:
    """Daemon threads that read files: one per line, started when there is work for it, ended when there is none.

    Nobody ever waits for them: a thread that hangs in a parser or in a file system keeps its own line waiting and
    nothing else, and ends with the process. ``wake`` is called when there is something to look at.
    """

    def __init__(self, wake: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._wake = wake
        self._clock = clock
        self._lock = threading.Lock()
        self._lines: dict[Hashable, deque[Callable[[], None]]] = {}
        self._closed = False

    def start(self, line: Hashable, work: Callable[[], Result], done: Callable[[Result], None]) -> None:
        """Do this on the line's thread, after what was started before."""
        job = lambda: done(work())  # noqa: E731  (one expression)
        with self._lock:
            waiting = self._lines.get(line)
            if waiting is not None:
                waiting.append(job)
                return
            self._lines[line] = deque([job])
        threading.Thread(target=self._run, args=(line,), name=f"reading-{line}", daemon=True).start()

    def close(self) -> None:
        """Each thread ends after what it is doing now."""
        self._closed = True

    def _run(self, line: Hashable) -> None:
        woken_at = float("-inf")
        while (job := self._next(line)) is not None:
            job()
            if not self._lines[line] or self._clock() - woken_at >= WAKE_S:
                woken_at = self._clock()
                self._wake()

    def _next(self, line: Hashable) -> Callable[[], None] | None:
        with self._lock:
            waiting = self._lines[line]
            if waiting and not self._closed:
                return waiting.popleft()
            del self._lines[line]
            return None
