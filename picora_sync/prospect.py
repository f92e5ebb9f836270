"""What a run would do, beside a daemon or without one: it reads the folders, and a copy of the index."""

from __future__ import annotations

import time

from picora_sync.change_queue import ChangeQueue
from picora_sync.config.model import Config
from picora_sync.content.vault import vault_root
from picora_sync.core.model import PlanLimits
from picora_sync.core.pacing import Pacing
from picora_sync.core.policy import DOC_SETTLE, Folder
from picora_sync.index import Index
from picora_sync.reconciler.context import Clocks, Unit
from picora_sync.reconciler.forecast import forecast
from picora_sync.reconciler.transfers import Meter
from picora_sync.summary import INDEX_NAME, PlanReport
from picora_sync.supervision import FolderWatch
from picora_sync.units import make_unit


def prospect(config: Config) -> PlanReport:
    """What would be done and why; changes nothing, needs neither lock, server nor key. Raises IndexDamaged."""
    index = Index.open_for_reading(config.state_dir / INDEX_NAME) or Index.in_memory()
    try:
        copy = index.copy_in_memory()
    finally:
        index.close()
    try:
        clocks, pacing = Clocks(time.monotonic, time.time), Pacing()
        with copy.reading():
            units = [_recognised(folder, config, copy) for folder in config.folders]
            return forecast(copy, units, clocks, lambda requests: pacing.eta_s(requests, clocks.mono()))
    finally:
        copy.close()


def _recognised(folder: Folder, config: Config, index: Index) -> Unit:
    unit, disk = make_unit(folder, config.state_dir, Meter(), PlanLimits)
    queue = ChangeQueue(lambda _: DOC_SETTLE, time.monotonic)  # a watcher's; none is started here
    FolderWatch(unit, disk, index, queue, vault_root(folder)).recognise()
    return unit
