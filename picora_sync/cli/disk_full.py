"""Waiting for room on the disk of the index: work pauses, nothing is lost, and it goes on by itself."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from picora_sync.cli.words import size
from picora_sync.errors import IndexUnwritable
from picora_sync.index import Index
from picora_sync.service.notify import Notifier

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 5.0
"""Often enough for a watchdog of ten seconds."""
ROOM_BYTES = 1 << 20
"""Going on with less would fill the disk again at once."""
PROBE = "room_probe"


def free_bytes(state_dir: Path) -> int:
    """What is left on the disk of a state directory."""
    return shutil.disk_usage(state_dir).free


def await_room(
    index: Index, free: Callable[[], int], why: IndexUnwritable, notifier: Notifier, stop: threading.Event
) -> bool:
    """True as soon as the index can be written again, False if ``stop`` comes first. Raises IndexDamaged."""
    log.error("work pauses until there is room: %s", why.in_full)
    notifier.status(f"paused: {why.message}")
    while not _writable(index, free):
        notifier.watchdog()
        if stop.wait(LOOK_AGAIN_S):
            return False
    log.info("the index can be written again: going on")
    return True


def shortage(state_dir: Path) -> str:
    """What ``status`` says while there is little room, else ""."""
    left = free_bytes(state_dir) if state_dir.is_dir() else ROOM_BYTES
    if left >= ROOM_BYTES:
        return ""
    return f"the disk of {state_dir} has only {size(left)} left: work pauses while it is full, and goes on by itself"


def _writable(index: Index, free: Callable[[], int]) -> bool:
    try:
        index.give_back_room()
        if free() < ROOM_BYTES:
            return False
        with index.transaction():
            index.set_meta(PROBE, "")
    except (IndexUnwritable, OSError):
        return False
    return True
