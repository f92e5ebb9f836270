"""One mirrored folder: real files, a real index, the real client and, in this process, the embedded Picora.

Only time is virtual, and later than any real clock, so that the change times of inodes always lie far in the past.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from picora_sync.account import AccountWatch
from picora_sync.change_queue import ChangeQueue
from picora_sync.config.model import AccountConfig, Config
from picora_sync.content.folder import FolderContent
from picora_sync.core.model import FileRef, FileState, PlanLimits, kind_of
from picora_sync.core.pacing import Pacing
from picora_sync.core.policy import Folder
from picora_sync.disk.folder import FolderDisk
from picora_sync.disk.reading import StableReader
from picora_sync.errors import Unreachable
from picora_sync.executor import Executor
from picora_sync.folder_watch import FolderWatch
from picora_sync.index import Index
from picora_sync.index.listing import Moving, entries
from picora_sync.index.notices import concerns
from picora_sync.reconciler import Reconciler
from picora_sync.reconciler.audit.drift import Drift
from picora_sync.reconciler.audit.remote_query import Enquiry
from picora_sync.reconciler.context import Clocks, Unit
from picora_sync.remote.client import PicoraClient
from picora_sync.remote.pacer import ThreadPacer
from picora_sync.workers import AtOnce
from tests.contract.harness import BASE_URL, Service
from tests.fakes.pool import InlinePool
from tests.simulation.remote import Held, Server

EPOCH_S = 2_200_000_000.0
NAME = "notes"
HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
FULL = 2
"""``PRAGMA synchronous`` of a connection whose commits are on the disk when they return."""
LONGEST_PAUSE_S = 600.0
"""The loop turns at least this often."""

Meddler = Callable[[httpx.Request, Callable[[], httpx.Response]], httpx.Response]
"""Gives the answer to a request, and has the server carry it out if it calls its second argument."""


class Road(httpx.BaseTransport):
    """The way to the server: it remembers what went along it and when, and lets a test meddle."""

    def __init__(self, server: Server, mono: Callable[[], float]) -> None:
        self.calls: list[tuple[float, str]] = []
        self.meddler: Meddler | None = None
        self._inner = httpx.WSGITransport(app=server.service.app)
        self._mono = mono

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.calls.append((self._mono(), f"{request.method} {request.url.path}"))
        if self.meddler is None:
            return self._carry_out(request)
        return self.meddler(request, lambda: self._carry_out(request))

    def changing(self) -> list[str]:
        """The calls so far that change something."""
        return [call for _, call in self.calls if not call.startswith("GET ")]

    def _carry_out(self, request: httpx.Request) -> httpx.Response:
        answer = self._inner.handle_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.read())  # a body to read again


class _Stop(threading.Event):
    """Waiting for it lets virtual time pass."""

    def __init__(self, pass_time: Callable[[float], None]) -> None:
        super().__init__()
        self._pass_time = pass_time

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None, "an endless wait"
        self._pass_time(max(timeout, 1e-6))
        return self.is_set()


class Mirror:
    """What is done through :meth:`write`, :meth:`move` and :meth:`remove` is told as events; what is done to ``root``
    itself is found by the next scan. Use it as a context manager. ``disk`` is the disk stage, ``make_content`` makes
    the content stage of the next process.
    """

    def __init__(
        self,
        where: Path,
        *,
        name: str = NAME,
        soft_delete: bool = False,
        purge: bool = True,
        disk: Callable[[Folder], FolderDisk] = FolderDisk,
        **policy: Any,
    ) -> None:
        self._make_disk = disk
        self.make_content: type[FolderContent] = FolderContent
        self.root = where / name
        self.root.mkdir(exist_ok=True)
        self.policy = Folder(NAME, str(self.root), **policy)
        self.mono_s = 1000.0
        self.server = Server(Service(where / "picora", clock=self.wall, soft_delete=soft_delete, purge=purge))
        self.road = Road(self.server, self.mono)
        self.index_file = where / "index.db"
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.server.close()

    def mono(self) -> float:
        return self.mono_s

    def wall(self) -> float:
        return EPOCH_S + self.mono_s

    # --- the process ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Put the parts together as ``picora_sync.daemon`` does, and begin with a scan."""
        self.index = Index.open(self.index_file)
        self.queue = ChangeQueue(lambda ref: self.policy.settle(kind_of(ref.path)), self.mono)
        self._stop = _Stop(self._pass_time)
        self._pacer = ThreadPacer(Pacing(), self.mono, self._stop)
        self.client = PicoraClient(
            BASE_URL,
            self.server.service.account.key,
            pacer=self._pacer,
            stop=self._stop,
            transport=self.road,
            clock=self.mono,
        )
        self.disk = self._make_disk(self.policy)
        reader = StableReader(inside=lambda: (self.policy.root,))
        content = self.make_content(
            self.policy,
            reader,
            limits=PlanLimits,
            mirrored=self.disk.mirrors,
            ignored=lambda path: self.disk.why_ignored(path) is not None,
        )
        unit = Unit(
            self.policy, self.disk, content, lambda path, digest: reader.open(f"{self.policy.root}/{path}", digest)
        )
        self.watch = FolderWatch(unit, self.disk, self.index, self.queue)
        self._pool = InlinePool()
        self.reconciler = Reconciler(
            self.index,
            self.queue,
            [unit],
            Executor(self.client, self._pool, self._pacer),
            AtOnce(),
            Clocks(self.mono, self.wall),
            random.Random(1),  # noqa: S311  (spreads retries; no secret)
        )
        self._drift = Drift(
            self.reconciler.context, self.reconciler.connection, Enquiry(self.client, self._pool), DAY_S
        )
        self.reconciler.connection.accepted()
        self.reconciler.start()
        with self.index.transaction():
            self._drift.start()
        self.watch.arrive()
        self.queue.rescan(NAME, "start")

    def stop(self) -> None:
        """End the process; what was under way is cut off."""
        self._stop.set()
        self.client.close()
        self.index.close()

    def die_sending(self, requests: int) -> None:
        """The process ends when so many requests are on their way, and none of them arrives; the next one starts."""
        until = self.mono_s + HOUR_S
        while self._pool.waiting < requests:
            assert self.mono_s < until, f"only {self._pool.waiting} requests are on their way"
            self.reconciler.turn()
            self._pass_time(1.0)
        self.stop()
        self.start()

    def cut_power(self) -> None:
        """The machine ends, and the next process starts: of the index only what was synchronised is left."""
        (synchronous,) = self.index._connection.execute("PRAGMA synchronous").fetchone()  # noqa: SLF001  (what it says of itself)
        journal = self.index_file.with_name(f"{self.index_file.name}-wal")
        left = {file: file.read_bytes() for file in (self.index_file, journal)}
        if synchronous < FULL:
            left[journal] = b""
        self.stop()
        for file, data in left.items():
            file.write_bytes(data)
        self.start()

    def lose_index(self) -> None:
        """The next process begins with nothing."""
        for file in self.index_file.parent.glob(f"{self.index_file.name}*"):
            file.unlink()

    def run(self, seconds: float) -> None:
        """Let this much time pass."""
        until = self.mono_s + seconds
        while self.mono_s < until:
            self._turn()
            self._pass_time(min(self._pause_s(), until - self.mono_s))
        self._turn()

    def ask_for_account(self) -> None:
        """Nothing is known of the account, as at the start of a daemon, which asks for it."""
        connection = self.reconciler.connection
        connection.unverified(self.mono(), Unreachable("not asked yet"))
        config = Config(AccountConfig(), (), self.root)
        watch = AccountWatch(self.client, self._pacer, connection, self.index, self.queue, config, self.mono, AtOnce())
        watch.keep_connected()

    def quiet(self, limit_s: float = 7200.0) -> None:
        """Let time pass until nothing is under way and nothing settles; fails if that does not come."""
        until = self.mono_s + limit_s
        while self.mono_s < until:
            self._turn()
            if not (self.reconciler.working() or self.reconciler.settling()):
                return
            self._pass_time(self._pause_s())
        raise AssertionError(f"not quiet after {limit_s} s: {self.road.calls[-20:]}")

    def rescan(self) -> None:
        """Look through the folder, as the timer does."""
        self.queue.rescan(NAME, "regular scan")

    def _turn(self) -> None:
        if self.disk.check_root() is not None:
            self.watch.arrive()  # the watcher tells of a root that went away
        self.watch.look_after(self.mono_s)
        self.reconciler.turn()
        with self.index.transaction():
            self._drift.turn(self.reconciler.busy_objects())
        self._pool.run()

    def _pause_s(self) -> float:
        if self.reconciler.executor.in_flight or self.queue.settling():
            return 1.0
        times = (self.reconciler.next_due(), self.watch.next_due(), self._drift.next_due())
        due = min((at for at in times if at is not None), default=float("inf"))
        return min(LONGEST_PAUSE_S, max(0.1, due - self.mono_s))

    def _pass_time(self, seconds: float) -> None:
        self.mono_s += seconds

    # --- what people do ---------------------------------------------------------------------------------------------

    def write(self, path: str, text: str | bytes) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        self.touch(path)

    def write_notes(self, number: int, directory: str = "") -> list[str]:
        """So many different notes; returns their paths."""
        paths = [f"{directory}note {n}.md" for n in range(number)]
        for path in paths:
            self.write(path, f"# {path}\n\ntext of {path}\n")
        return paths

    def move(self, old: str, new: str) -> None:
        (self.root / old).rename(self.root / new)
        self.touch(old)
        self.touch(new)

    def remove(self, *paths: str) -> None:
        for path in paths:
            (self.root / path).unlink()
            self.touch(path)

    def touch(self, path: str) -> None:
        """An event came for it."""
        self.queue.touch(FileRef(NAME, path))

    # --- what is asked ----------------------------------------------------------------------------------------------

    def held(self) -> dict[str, Held]:
        """What the server has, by id."""
        return self.server.held()

    def trashed(self) -> int:
        """How many documents are in the server's trash."""
        return self.server.trashed()

    def accepted_s_ago(self) -> float | None:
        """How long ago an answer last showed that the key is good."""
        return self._pacer.accepted_s_ago()

    def states(self) -> dict[str, FileState]:
        return {e.ref.path: e.state for e in entries(self.index, moving=Moving(set(self.queue.settling())))}

    def problems(self) -> dict[str, str]:
        return {ref.path: problem.message for ref, problem, _ in self.index.files.problems()}

    def left(self) -> dict[str, str]:
        """What Picora refused to delete, and the code of the reason."""
        return {each.ref.path: each.problem.code for each in concerns(self.index, [NAME]) if each.url}

    def on_hold(self) -> dict[str, str]:
        """The files whose removal waits for a person, and why."""
        return {ref.path: why for ref, why, _ in self.index.holds.held()}
