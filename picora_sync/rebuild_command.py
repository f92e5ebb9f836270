"""A new index in the place of one that was damaged or lost (design §9 ``rebuild``)."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace

from picora_sync.account import BASE, USER, AccountWatch, client_of
from picora_sync.change_queue import ChangeQueue
from picora_sync.config.model import Config
from picora_sync.core.model import PlanLimits
from picora_sync.core.pacing import Pacing
from picora_sync.core.policy import DOC_SETTLE, Folder
from picora_sync.errors import FileUnreadable, IndexDamaged
from picora_sync.folder_factory import make_unit
from picora_sync.folder_watch import FolderWatch
from picora_sync.index import Index
from picora_sync.reconciler.audit.rebuild import Rebuilding
from picora_sync.reconciler.context import Clocks, Unit
from picora_sync.reconciler.dispatch.bandwidth import Meter
from picora_sync.reconciler.dispatch.gates import Connection
from picora_sync.remote.pacer import ThreadPacer
from picora_sync.report import INDEX_NAME, Progress, RebuildReport
from picora_sync.state_dir import Home
from picora_sync.workers import AtOnce


def restore(
    config: Config, key: str, stop: threading.Event, tell: Callable[[Progress], None], *, claim: bool
) -> RebuildReport:
    """Fill a new index from folders and account, and put it in the place of the old one, which is kept.

    Raises AnotherInstance; FileUnreadable where a folder, or a part of it, is not there; ConfigError if the old one is
    of another account; the RemoteError that ended it; Stopped. What was found out until then is used the next time.
    """
    clocks = Clocks(time.monotonic, time.time)
    pacer = ThreadPacer(Pacing(), clocks.mono, stop)
    with (
        Home.open_successor(config.state_dir) as home,
        client_of(config, key, pacer, stop) as client,
    ):
        connection = Connection(random.Random())  # noqa: S311  (spreads retries; no secret)
        queue = ChangeQueue(lambda _: DOC_SETTLE, clocks.mono)  # what changes meanwhile is found by the first scan
        _inherit_account(home.index, config)
        account = AccountWatch(client, pacer, connection, home.index, queue, config, clocks.mono, AtOnce()).connect()
        units = [_arrived(folder, config, home, queue, account.limits) for folder in config.folders]
        work = Rebuilding(home.index, units, clocks, tell)
        work.expect_readable()
        work.look()
        work.recognise(client, pacer.eta_s, client.server_time() or clocks.wall(), claim=claim)
        report = work.report(pacer.requests)
        kept = home.index.take_place(config.state_dir / INDEX_NAME)
    return replace(report, kept=None if kept is None else str(kept))


def _inherit_account(successor: Index, config: Config) -> None:
    """Whose the old index was, as far as that can be read: what is in one account is not looked for in another."""
    with suppress(IndexDamaged):
        old = Index.open_for_reading(config.state_dir / INDEX_NAME)
        if old is not None:
            with closing(old), old.reading(), successor.transaction():
                for each in (USER, BASE):
                    if (known := old.meta(each)) is not None and successor.meta(each) is None:
                        successor.set_meta(each, known)


def _arrived(folder: Folder, config: Config, home: Home, queue: ChangeQueue, limits: PlanLimits) -> Unit:
    """The folder, recognised by its mark. Raises FileUnreadable if it is not there."""
    unit, disk = make_unit(folder, config.state_dir, Meter(), lambda: limits)
    problem = FolderWatch(unit, disk, home.index, queue).arrive()
    if problem is not None:
        raise FileUnreadable(
            f"{folder.name}: {problem.message}",
            hint="bring it back, or take it out of the configuration; then run `picora-sync rebuild` again",
        )
    return unit
