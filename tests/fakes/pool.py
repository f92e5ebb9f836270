"""A pool without threads: jobs wait until they are told to run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import Any

from picora_sync.core.backlog import Lane
from picora_sync.core.model import Rank
from picora_sync.workers import Result, is_room


class InlinePool:
    """Runs jobs in the order of their start, in the caller's thread, when :meth:`run` is called."""

    def __init__(self) -> None:
        self._jobs: list[tuple[Lane, Callable[[], None]]] = []
        self._reserved: list[Lane] = []

    def reserve(self, lane: Lane) -> None:
        self._reserved.append(lane)

    def start(self, lane: Lane, work: Callable[[], None]) -> None:
        self._reserved.remove(lane)
        self._jobs.append((lane, work))

    def has_worker(self, lane: Lane, rank: Rank) -> bool:
        taken = [*self._reserved, *(waiting for waiting, _ in self._jobs)]
        return is_room({each: taken.count(each) for each in Lane}, lane, rank)

    @property
    def waiting(self) -> int:
        return len(self._jobs)

    def run(self) -> None:
        """Run what was started so far."""
        jobs, self._jobs = self._jobs, []
        for _, work in jobs:
            work()


class Delayed:
    """A background whose work is done, and handed over, when a test says so; at once as long as it is not ``slow``,
    nor what it is for among the ``hanging``.
    """

    def __init__(self) -> None:
        self.slow = False
        self.hanging: set[str] = set()
        self._lines: dict[Hashable, deque[tuple[Callable[[], object], Callable[[Any], None]]]] = {}
        self._read: deque[Callable[[], None]] = deque()

    def start(self, line: Hashable, work: Callable[[], Result], done: Callable[[Result], None]) -> None:
        self._lines.setdefault(line, deque()).append((work, done))
        if not self.slow and not (isinstance(line, tuple) and line[0] in self.hanging):
            self.carry_out(line)

    def read(self, line: Hashable) -> None:
        """Have everything read that waits in a line; nothing is handed over."""
        while self._lines[line]:
            work, done = self._lines[line].popleft()
            result = work()
            self._read.append(lambda done=done, result=result: done(result))  # type: ignore[misc]  # binds both now

    def carry_out(self, line: Hashable) -> None:
        """Have everything done, and handed over, that waits in a line."""
        waiting = self._lines.pop(line, deque())
        while waiting:
            work, done = waiting.popleft()
            done(work())

    def finish(self) -> None:
        """Have all that waits read, and handed over."""
        for line in list(self._lines):
            self.read(line)
        while self._read:
            self._read.popleft()()
