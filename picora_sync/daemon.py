"""The composition root and the loop.

    watcher ─┐
    scanner ─┼─► change queue ─► inspect ─► planner ─► guard ─► executor ─► index
    timer   ─┘

Everything the pipeline needs is made here and handed down; nothing below reads a clock, an environment variable or
a configuration file.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self

from picora_sync.account import AccountWatch, client_of
from picora_sync.change_queue import ChangeQueue
from picora_sync.config.model import Config
from picora_sync.control.desk import Desk, Reread
from picora_sync.control.inbox import Inbox
from picora_sync.control.orders import Orders
from picora_sync.control.passes import Pass
from picora_sync.core.model import Account, FileRef, kind_of
from picora_sync.core.pacing import Pacing
from picora_sync.core.policy import DOC_SETTLE, Folder, Settle
from picora_sync.core.ports import KeySource
from picora_sync.disk.patience import Patience, PatientContent, PatientDisk
from picora_sync.errors import IndexUnwritable, RemoteError, Stopped
from picora_sync.executor import Executor
from picora_sync.folder_factory import make_unit
from picora_sync.folder_watch import FolderWatch
from picora_sync.reconciler import Reconciler
from picora_sync.reconciler.audit.drift import Drift
from picora_sync.reconciler.audit.remote_query import Enquiry
from picora_sync.reconciler.audit.verify import Audit
from picora_sync.reconciler.context import Clocks, Pulse
from picora_sync.reconciler.dispatch.bandwidth import Meter, Throttle
from picora_sync.reconciler.snapshot import describe
from picora_sync.remote.pacer import ThreadPacer
from picora_sync.report import LIVE_NAME, Live, Progress, SyncReport
from picora_sync.state_dir import Home
from picora_sync.status_writer import Telling
from picora_sync.workers import Readers, Threads, together

IDLE_S = 30.0
"""The loop looks around at least this often, for clock jumps and folders that came back."""

END_S = 3.0
"""So long the end waits for calls under way, and then for watchers, which may hang in a file system."""


class Daemon:
    """A mirror of the configured folders. Use it as a context manager; one thread calls its methods."""

    def __init__(
        self, config: Config, key: str, home: Home, stop: threading.Event, source: KeySource | None = None
    ) -> None:
        self.index = index = home.index
        self._config = config
        self._stop = stop
        self._watches_on = self._ended = False
        self._clocks = Clocks(time.monotonic, time.time)
        rate = config.max_upload_rate_bytes_s
        self._meter = Meter(Throttle(rate, time.monotonic, stop.wait) if rate else None)
        self._settles = {folder.name: folder for folder in config.folders}
        self._queue = ChangeQueue(self._settle_of, time.monotonic)
        threading.Thread(target=self._wake_to_stop, name="stop", daemon=True).start()
        self._threads = Threads(self._queue.wake)
        self._readers = Readers(self._queue.wake)
        self._pacer = ThreadPacer(Pacing(), time.monotonic, stop)
        self._client = client_of(config, key, self._pacer, stop, source)
        self._askings: list[Patience] = []
        self._watches = [self._watch(folder) for folder in config.folders]
        self.reconciler = Reconciler(
            index,
            self._queue,
            [watch.unit for watch in self._watches],
            Executor(self._client, self._threads, self._pacer),
            self._readers,
            self._clocks,
        )
        self.orders = Orders(self.reconciler)
        self._whole = self._make_pass(wait=True)
        self._account = AccountWatch(
            self._client,
            self._pacer,
            self.reconciler.connection,
            index,
            self._queue,
            config,
            time.monotonic,
            self._readers,
        )
        self._drift = Drift(
            self.reconciler.context, self.reconciler.connection, Enquiry(self._client, self._threads), config.verify_s
        )
        self._telling = Telling(self._live, config.state_dir / LIVE_NAME, time.monotonic)

    @classmethod
    @contextmanager
    def open(
        cls, config: Config, key: str, *, stop: threading.Event, source: KeySource | None = None
    ) -> Iterator[Daemon]:
        """A mirror that has the state directory to itself; raises what :meth:`Home.open` raises."""
        with Home.open(config.state_dir) as home, cls(config, key, home, stop, source) as daemon:
            yield daemon

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop watching, let go of everything. Uploads under way are cut off; nothing half is left behind."""
        self._stop.set()
        together((watch.stop for watch in self._watches), END_S)
        for asking in self._askings:
            asking.close()
        self._client.close()
        self._threads.close()
        self._readers.close()

    # --- what the commands do ---------------------------------------------------------------------------------------

    def connect(self) -> Account:
        """Learn whose account this is, and what its plan allows; nothing is sent before (design §7).

        Raises the RemoteError that kept us from it, or ConfigError if the index belongs to another account. That
        is written down for ``status``: nothing may run afterwards that could tell it.
        """
        try:
            return self._account.connect()
        except RemoteError as error:
            self.reconciler.connection.unverified(self._clocks.mono(), error)
            self._telling.tell(lambda _: None, at_once=True)
            raise

    def run(self, on_live: Callable[[Live], None], inbox: Inbox | None = None, reread: Reread | None = None) -> bool:
        """Mirror until ``stop`` is set, whatever happens to network, key and folders meanwhile.

        What arrives in the inbox is carried out. True if the configuration was read again with ``reread``, and another
        mirror is to take over.
        """
        inbox = inbox or Inbox()
        desk = Desk(inbox, self.orders, self._make_pass, self._live, reread)
        inbox.wake = self._queue.wake

        def tell(live: Live) -> None:
            on_live(live)
            desk.tell(live)

        self._watches_on = True
        self._take_up()
        with self.index.transaction():
            self._drift.start()
        for watch in self._watches:
            watch.start()
        while not self._stop.is_set():
            desk.serve()
            if desk.reloading:
                break
            self._account.keep_connected()
            self._look_after_folders()
            self.reconciler.turn()
            with self.index.transaction():
                self._drift.turn(self.reconciler.busy_objects())
            self._telling.tell(tell)
            desk.attend(self._account.give_up_if_hopeless)
            self._wait(IDLE_S)
        self._let_calls_end()
        self._ended = not desk.reloading
        self._telling.tell(on_live, at_once=True)
        desk.close()
        return desk.reloading

    def sync(self, on_live: Callable[[Live], None], *, wait: bool = True) -> None:
        """One full pass over all folders; with ``wait`` also over what settles, or may still turn up elsewhere.

        Raises KeyRefused and Unreachable when they keep it from ending.
        """
        self._take_up()
        for watch in self._watches:
            watch.arrive()
        one = self._make_pass(wait)
        one.begin()
        while not self._stop.is_set():
            self._account.keep_connected()
            self.reconciler.turn()
            self._telling.tell(on_live)
            self._account.give_up_if_hopeless()
            if one.over():
                break
            self._wait(IDLE_S)
        if self._stop.is_set():
            self._let_calls_end()
        self._telling.tell(on_live, at_once=True)

    def audit(self, tell: Callable[[Progress], None]) -> Audit:
        """A comparison of index and account with this connection and its pace."""
        return Audit(self._client, tell, self._pacer.eta_s)

    def report(self) -> SyncReport:
        """The numbers of this process, and how the files stand now."""
        return self._whole.report()

    # --- the parts of the loop --------------------------------------------------------------------------------------

    def _take_up(self) -> None:
        for watch in self._watches:
            watch.follow_rename(self._settles)
        self.reconciler.start()

    def _look_after_folders(self) -> None:
        now = self._clocks.mono()
        untold = self.reconciler.context.untold
        for watch in self._watches:
            watch.look_after(now)
            if (changed := untold.pop(watch.unit.policy.name, None)) is not None:
                watch.distrust(changed)

    def _wait(self, longest_s: float) -> None:
        """Sleep until something is due."""
        now = self._clocks.mono()
        times = [
            self.reconciler.next_due(),
            self._account.next_due(),
            self._drift.next_due(),
            self._telling.next_due(),
            *(watch.next_due() for watch in self._watches),
        ]
        timeout_s = min([longest_s, *(max(0.0, at - now) for at in times if at is not None)])
        self._queue.wait(timeout_s, self._stop)

    def _let_calls_end(self) -> None:
        """Uploads are cut off now; which of them certainly stored nothing is written down (decision 0268)."""
        self._stop.set()
        never, until = threading.Event(), self._clocks.mono() + END_S
        with suppress(IndexUnwritable):
            while self.reconciler.executor.in_flight and self._clocks.mono() < until:
                self._queue.wait(until - self._clocks.mono(), never)
                self.reconciler.take_leave()

    def _wake_to_stop(self) -> None:
        """Whoever sets ``stop`` need not know the queue in which the loop sleeps."""
        self._stop.wait()
        self._queue.wake()

    def _make_pass(self, wait: bool) -> Pass:
        return Pass(self.reconciler, lambda: self._pacer.requests, wait=wait)

    def _live(self) -> Live:
        folders = [watch.live() for watch in self._watches]
        pacer = self._pacer
        live = describe(self.reconciler, self._meter, pacer.eta_s, pacer.requests, pacer.accepted_s_ago(), folders)
        told = self._account.told
        quotas = {kind.value: (each.limit, each.used) for kind, each in told.quotas.items()} if told is not None else {}
        plan = told.plan if told is not None else ""
        live = replace(live, plan=plan, quotas=quotas, budget=pacer.budget())
        return replace(live, daemon=self._watches_on, ended=self._ended)

    # --- composition ------------------------------------------------------------------------------------------------

    def _settle_of(self, ref: FileRef) -> Settle:
        folder = self._settles.get(ref.folder)
        return DOC_SETTLE if folder is None else folder.settle(kind_of(ref.path))

    def _watch(self, folder: Folder) -> FolderWatch:
        limits = lambda: self._account.limits  # noqa: E731  (it is made later)
        pulse = Pulse(self._clocks.mono, self._stop.is_set)
        unit, disk = make_unit(folder, self._config.state_dir, self._meter, limits, self._breathe, pulse)
        asking = Patience(folder.root, self._stop.is_set, partial(self._look_again, folder.name))
        self._askings.append(asking)
        unit = replace(unit, disk=PatientDisk(disk, asking), content=PatientContent(unit.content, asking))
        return FolderWatch(unit, disk, self.index, self._queue, asking=asking)

    def _look_again(self, folder: str, why: str) -> None:
        self._queue.rescan(folder, why)
        self._queue.wake()

    def _breathe(self) -> None:
        """Within a long file: whoever reads it ends when the program does, or when nobody wants to know any more."""
        if self._stop.is_set() or self.reconciler.is_obsolete():
            raise Stopped
