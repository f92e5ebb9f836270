"""A pool without threads: jobs wait until they are told to run."""

from __future__ import annotations

from collections.abc import Callable

from picora_sync.core.backlog import Lane
from picora_sync.core.model import Rank
from picora_sync.workers import is_room


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

    def room(self, lane: Lane, rank: Rank) -> bool:
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
