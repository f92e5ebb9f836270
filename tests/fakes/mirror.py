"""A whole mirror in memory: fake folders, a fake Picora, virtual time, and the real reconciler between them."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import count
from math import ceil

from picora_sync.change_queue import ChangeQueue
from picora_sync.core.model import FileRef, FileState, Problem, kind_of
from picora_sync.core.policy import DOC_SETTLE, Folder, Settle
from picora_sync.core.ports import Budget
from picora_sync.executor import Executor
from picora_sync.index import Index
from picora_sync.index.listing import Moving, entries
from picora_sync.index.notices import concerns
from picora_sync.reconciler import Reconciler
from picora_sync.reconciler.context import Clocks, Unit
from tests.fakes.budget import FreeBudget
from tests.fakes.content import FakeContent
from tests.fakes.disk import FIRST_INODE, FakeDisk
from tests.fakes.picora import FakePicora
from tests.fakes.pool import Delayed, InlinePool

EPOCH_S = 1_700_000_000.0
NOTES = Folder("notes", "/notes")
TURNS = 2000
IDLE_S = 30.0
"""As the daemon's loop, which looks around this often when nothing is due."""


class Mirror:
    """Files are written with :meth:`write` and its kin, which tell the queue as a watcher would."""

    def __init__(self, *policies: Folder, index: Index | None = None, budget: Budget | None = None) -> None:
        self.mono_s = 1000.0
        self.jumped_s = 0.0
        self.budget = budget or FreeBudget()
        self.index = index or Index.in_memory()
        self.picora = FakePicora(self.wall)
        self.policies = {policy.name: policy for policy in policies or (NOTES,)}
        inodes = count(FIRST_INODE)
        self.disks = {name: FakeDisk(self.wall, inodes) for name in self.policies}
        self.contents = {name: FakeContent(policy, self.disks[name]) for name, policy in self.policies.items()}
        self.restart()

    @property
    def disk(self) -> FakeDisk:
        """The first folder."""
        return next(iter(self.disks.values()))

    @property
    def content(self) -> FakeContent:
        return next(iter(self.contents.values()))

    def mono(self) -> float:
        return self.mono_s

    def wall(self) -> float:
        return EPOCH_S + self.mono_s + self.jumped_s

    # --- the process ------------------------------------------------------------------------------------------------

    def restart(self) -> None:
        """A new process on the same index: all that is in memory is gone, and what was under way was cut off."""
        self.queue = ChangeQueue(self._settle_of, self.mono)
        self.pool = InlinePool()
        self.background = Delayed()
        jitter = random.Random(1)  # noqa: S311  (spreads retries; no secret)
        units = [Unit(p, self.disks[n], self.contents[n], self.disks[n].open) for n, p in self.policies.items()]
        executor = Executor(self.picora, self.pool, self.budget)
        clocks = Clocks(self.mono, self.wall)
        self.reconciler = Reconciler(self.index, self.queue, units, executor, self.background, clocks, jitter)
        self.reconciler.connection.accepted()
        self.reconciler.start()
        for name in self.policies:
            self.queue.rescan(name, "start")

    def configure(self, **changes: object) -> None:
        """Change the first folder's configuration, and start anew as the daemon does."""
        name, policy = next(iter(self.policies.items()))
        self.policies[name] = self.contents[name].policy = replace(policy, **changes)  # type: ignore[arg-type]  # fields of Folder
        self.restart()

    def turn(self) -> None:
        """One turn of the loop, and all the jobs that it started."""
        self.reconciler.turn()
        self.pool.run()

    def run(self, seconds: float) -> None:
        """Let this much time pass, from one second in which something is due to the next."""
        until = self.mono_s + seconds
        while self.mono_s < until:
            self._turns_at_rest()
            self.mono_s += min(self._pause_s(), max(1.0, ceil(until - self.mono_s)))
        self._turns_at_rest()

    def _pause_s(self) -> float:
        """How long the loop waits, in whole seconds."""
        due = self.reconciler.next_due()
        if self.queue.settling() or self.pool.waiting or self.reconciler.executor.in_flight:
            return 1.0
        return IDLE_S if due is None else max(1.0, min(IDLE_S, ceil(due - self.mono_s)))

    def quiet(self, limit_s: float = 7200.0) -> None:
        """Let time pass until nothing is under way and nothing settles; fails if that does not come."""
        until = self.mono_s + limit_s
        while self.mono_s < until:
            self._turns_at_rest()
            if not self.reconciler.working() and not self.reconciler.settling():
                return
            due = self.reconciler.next_due()
            step = 1.0 if self.queue.settling() or due is None else due - self.mono_s
            self.mono_s += max(1.0, min(step, 600.0))
        raise AssertionError(f"not quiet after {limit_s} s: {self.picora.calls[-20:]}")

    def scan(self) -> None:
        """Look through all folders, as the timer does."""
        for name in self.policies:
            self.queue.rescan(name, "regular scan")

    def _turns_at_rest(self) -> None:
        for _ in range(TURNS):
            before = len(self.picora.calls)
            self.turn()
            due = self.reconciler.next_due()
            if self.picora.calls[before:] or self.pool.waiting or self.reconciler.executor.in_flight:
                continue
            if due is None or due > self.mono_s:
                return
        raise AssertionError(f"the loop spins: {self.picora.calls[-20:]}")

    # --- what people do ---------------------------------------------------------------------------------------------

    def write(self, path: str, text: str | bytes, folder: str = "") -> None:
        name = folder or next(iter(self.policies))
        self.disks[name].write(path, text.encode() if isinstance(text, str) else text)
        self.queue.touch(FileRef(name, path))

    def move(self, old: str, new: str) -> None:
        name = next(iter(self.policies))
        self.disks[name].move(old, new)
        self.queue.touch(FileRef(name, old))
        self.queue.touch(FileRef(name, new))

    def remove(self, *paths: str) -> None:
        name = next(iter(self.policies))
        for path in paths:
            self.disks[name].remove(path)
            self.queue.touch(FileRef(name, path))

    def touch(self, path: str) -> None:
        self.queue.touch(self.ref(path))

    # --- what is asked ----------------------------------------------------------------------------------------------

    def ref(self, path: str) -> FileRef:
        return FileRef(next(iter(self.policies)), path)

    def states(self) -> dict[str, FileState]:
        return {e.ref.path: e.state for e in entries(self.index, moving=Moving(set(self.queue.settling())))}

    def problems(self) -> dict[str, Problem]:
        return {ref.path: problem for ref, problem, _ in self.index.files.problems()}

    def left(self) -> dict[str, str]:
        """What Picora refused to delete, and the code of the reason."""
        told = concerns(self.index, self.policies)
        return {each.ref.path: each.problem.code for each in told if each.url}

    def titles(self) -> list[str]:
        return sorted(item.title for item in self.picora.objects.values())

    def _settle_of(self, ref: FileRef) -> Settle:
        policy = self.policies.get(ref.folder)
        return DOC_SETTLE if policy is None else policy.settle(kind_of(ref.path))
