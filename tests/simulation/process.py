"""One life of the daemon: its real parts, put together as ``picora_sync.daemon`` does, in virtual time."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from picora_sync.account import AccountWatch
from picora_sync.change_queue import ChangeQueue
from picora_sync.config.model import AccountConfig, Config
from picora_sync.content.folder import FolderContent
from picora_sync.content.vault import vault_root
from picora_sync.control.orders import Orders
from picora_sync.core.backlog import Lane
from picora_sync.core.model import FileRef, Rank, kind_of
from picora_sync.core.pacing import Pacing
from picora_sync.core.policy import DOC_SETTLE, Folder, Settle
from picora_sync.core.ports import Digest, StableFile
from picora_sync.disk.folder import FolderDisk
from picora_sync.disk.reading import StableReader
from picora_sync.errors import CommandRefused
from picora_sync.executor import Executor
from picora_sync.folder_watch import FolderWatch
from picora_sync.index import Index
from picora_sync.reconciler import Reconciler
from picora_sync.reconciler.audit.drift import Drift
from picora_sync.reconciler.audit.remote_query import Enquiry
from picora_sync.reconciler.context import Clocks, Unit
from picora_sync.remote.client import PicoraClient
from picora_sync.remote.pacer import ThreadPacer
from picora_sync.workers import Result, is_room
from tests.contract.harness import BASE_URL
from tests.simulation.disk import TroubledContent, TroubledDisk, TroubledFile, require_readable
from tests.simulation.tree import Tree

if TYPE_CHECKING:
    from tests.simulation.world import World


class Crash(BaseException):
    """The process was killed; nothing after this point happened."""


class Stop(threading.Event):
    """Waiting for it lets virtual time pass."""

    def __init__(self, pass_time: Callable[[float], None]) -> None:
        super().__init__()
        self._pass_time = pass_time

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None, "an endless wait"
        self._pass_time(max(timeout, 1e-6))  # real time moves on, however short the wait
        return self.is_set()


class Pool:
    """Jobs wait until the world lets one of them run."""

    def __init__(self, point: Callable[[], None]) -> None:
        self._point = point
        self._busy = dict.fromkeys(Lane, 0)
        self.jobs: list[tuple[Lane, Callable[[], None]]] = []
        self.woke = False
        """Whether a job has ended since the loop's last round; that wakes it."""

    def has_worker(self, lane: Lane, rank: Rank) -> bool:
        return is_room(self._busy, lane, rank)

    def reserve(self, lane: Lane) -> None:
        self._point()
        self._busy[lane] += 1

    def start(self, lane: Lane, work: Callable[[], None]) -> None:
        self._point()
        self.jobs.append((lane, work))

    def run(self, number: int) -> None:
        lane, work = self.jobs.pop(number % len(self.jobs))
        work()
        self._busy[lane] -= 1
        self.woke = True


class Readings:
    """Files are read when the world lets them be, those of one line in the order in which that was asked for; what was
    read is handed over when the world lets it be, which may be long after.
    """

    def __init__(self, point: Callable[[], None]) -> None:
        self._point = point
        self._lines: dict[Hashable, list[tuple[Callable[[], object], Callable[[Any], None]]]] = {}
        self._read: dict[Hashable, object] = {}

    def start(self, line: Hashable, work: Callable[[], Result], done: Callable[[Result], None]) -> None:
        self._point()
        self._lines.setdefault(line, []).append((work, done))

    def lines(self) -> list[Hashable]:
        return list(self._lines)

    def waiting(self) -> int:
        return sum(map(len, self._lines.values()))

    def read(self, line: Hashable) -> None:
        """Have the first file of a line read."""
        if line not in self._read:
            self._read[line] = self._lines[line][0][0]()

    def hand_over(self, line: Hashable) -> None:
        """What was read of the first file of a line is handed over."""
        self.read(line)
        _, done = self._lines[line].pop(0)
        if not self._lines[line]:
            del self._lines[line]
        done(self._read.pop(line))


class Process:
    """From start to death. All state that outlives it is in the index."""

    def __init__(self, world: World, index: Index) -> None:
        self._world = world
        self.index = index
        self.clocks = Clocks(world.mono, world.wall)
        self._settles = {policy.name: policy for policy in world.folders.policies}
        self.queue = ChangeQueue(self._settle_of, world.mono)
        self.stop = Stop(world.pass_time)
        self.pool = Pool(world.point)
        self.readings = Readings(world.point)
        self.pacer = ThreadPacer(Pacing(), world.mono, self.stop)
        self.client = PicoraClient(
            BASE_URL,
            world.server.service.account.key,
            pacer=self.pacer,
            stop=self.stop,
            transport=world.road,
            clock=world.mono,
        )
        units = [self._unit(policy, tree) for policy, tree in world.folders.mirrored()]
        self.watches = [FolderWatch(unit, disk, index, self.queue) for unit, disk in units]
        executor = Executor(self.client, self.pool, self.pacer)
        jitter = random.Random(world.seed)  # noqa: S311  (a simulation)
        self.reconciler = Reconciler(
            index, self.queue, [u for u, _ in units], executor, self.readings, self.clocks, jitter
        )
        self.orders = Orders(self.reconciler)
        self.inbox: list[Callable[[Orders], object]] = []
        """What people ask of the running daemon."""
        connection = self.reconciler.connection
        config = Config(AccountConfig(), (), world.shelf.directory)
        self.account = AccountWatch(
            self.client, self.pacer, connection, index, self.queue, config, world.mono, self.readings
        )
        self._enquiry: Enquiry[Any] = Enquiry(self.client, self.pool)
        self.drift = Drift(self.reconciler.context, connection, self._enquiry, world.verify_s)

    def start(self) -> None:
        for watch in self.watches:
            watch.follow_rename(self._settles)
        self.reconciler.start()
        with self.index.transaction():
            self.drift.start()
        for watch in self.watches:
            watch.arrive()
            self.queue.rescan(watch.unit.policy.name, "start")

    def step(self) -> None:
        """One round of the daemon's loop, without its wait."""
        self.pool.woke = False
        while self.inbox:
            with suppress(CommandRefused):  # what it was about is not there any more; the person is told
                self.inbox.pop(0)(self.orders)
        self.account.keep_connected()
        for watch in self.watches:
            if watch.unit.disk.check_root() is not None:
                watch.arrive()  # the watcher tells of a root that went away
            watch.look_after(self.clocks.mono())
        self.reconciler.turn()
        with self.index.transaction():
            self.drift.turn(self.reconciler.busy_objects())

    def next_due(self) -> float:
        """When the loop would wake up by itself."""
        times = [
            self.reconciler.next_due(),
            self.account.next_due(),
            self.drift.next_due(),
            *(watch.next_due() for watch in self.watches),
        ]
        return min((at for at in times if at is not None), default=float("inf"))

    def answered(self) -> bool:
        """Whether the answer to a question is there, which wakes the loop."""
        return self._enquiry.under_way and not self.pool.jobs

    def busy(self) -> bool:
        return bool(
            self.pool.jobs or self.readings.waiting() or self.reconciler.working() or self.reconciler.settling()
        )

    def _settle_of(self, ref: FileRef) -> Settle:
        folder = self._settles.get(ref.folder)
        return DOC_SETTLE if folder is None else folder.settle(kind_of(ref.path))

    def _unit(self, folder: Folder, tree: Tree) -> tuple[Unit, FolderDisk]:
        reader = StableReader(folder.follow_symlinks, inside=lambda: (folder.root, vault_root(folder)))
        disk = FolderDisk(folder)
        content = FolderContent(
            folder,
            reader,
            limits=lambda: self.account.limits,
            mirrored=lambda path: disk.why_ignored(path) is None,
            ignored=lambda path: disk.why_ignored(path) is not None,
        )
        point = self._world.point

        def open_audio(path: str, digest: Digest) -> StableFile:
            point()
            require_readable(tree, path)
            if tree.inodes is not None:
                digest = replace(digest, fingerprint=tree.inodes.as_is(digest.fingerprint))
            return TroubledFile(reader.open(f"{folder.root}/{path}", digest), tree, path)

        return Unit(folder, TroubledDisk(disk, tree, point), TroubledContent(content, tree, point), open_audio), disk
