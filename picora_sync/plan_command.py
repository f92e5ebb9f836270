"""What a run would do, beside a daemon or without one: it reads the folders, and a copy of the index."""

from __future__ import annotations

import threading
import time

from picora_sync.account import client_of, known_limits, limits_for, refuse_another
from picora_sync.change_queue import ChangeQueue
from picora_sync.config.model import Config
from picora_sync.core.model import Account, PlanLimits
from picora_sync.core.pacing import Pacing
from picora_sync.core.policy import DOC_SETTLE, Folder
from picora_sync.folder_factory import make_unit
from picora_sync.folder_watch import FolderWatch
from picora_sync.index import Index
from picora_sync.reconciler.context import Clocks, Unit
from picora_sync.reconciler.dispatch.bandwidth import Meter
from picora_sync.reconciler.planning.dry_run import forecast
from picora_sync.remote.pacer import ThreadPacer
from picora_sync.report import INDEX_NAME, PlanReport


def ask(config: Config, key: str, stop: threading.Event) -> Account:
    """Whose account it is, and what it allows. Raises the RemoteError that kept us from it, or Stopped."""
    with client_of(config, key, ThreadPacer(Pacing(), time.monotonic, stop), stop) as client:
        return client.with_usage(client.verify())


def prospect(config: Config, account: Account | None) -> PlanReport:
    """What would be done and why; changes nothing. Without an answer of the account, its limits are those it told last,
    else those of the configured plan.

    Raises IndexDamaged, or ConfigError if the index belongs to another account.
    """
    index = Index.open_for_reading(config.state_dir / INDEX_NAME) or Index.in_memory()
    try:
        copy = index.copy_in_memory()
    finally:
        index.close()
    try:
        clocks, pacing = Clocks(time.monotonic, time.time), Pacing()
        with copy.reading():
            if account is not None:
                refuse_another(account, copy, config)
            limits = known_limits(copy, config) if account is None else limits_for(account, copy)
            units = [_recognised(folder, config, copy, limits) for folder in config.folders]
            quotas = {} if account is None else account.quotas
            return forecast(copy, units, clocks, lambda requests: pacing.eta_s(requests, clocks.mono()), quotas)
    finally:
        copy.close()


def _recognised(folder: Folder, config: Config, index: Index, limits: PlanLimits) -> Unit:
    unit, disk = make_unit(folder, config.state_dir, Meter(), lambda: limits)
    queue = ChangeQueue(lambda _: DOC_SETTLE, time.monotonic)  # a watcher's; none is started here
    FolderWatch(unit, disk, index, queue).recognise()
    return unit
