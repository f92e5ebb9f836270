"""More changes at once than the kernel's queue of events holds: every file arrives all the same."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tests.soak.result import Result
from tests.soak.rig import Rig
from tests.soak.world import CLOSED, FRAME

QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")
PER_DIRECTORY = 500
CHURNED = 100
NOTE_EVERY = 6
"""No plan holds more than 10,000 notes; the other files of a burst are audio."""
SOUND = FRAME.ljust(417, b"\0") * 7


def run(where: Path, seed: int, *, files: int, short: bool = False) -> Result:
    """One burst of so many new files, after the queue overflowed; all must arrive."""
    result = Result("burst", seed)
    with Rig(where, result, impatient=short, files=10) as rig:
        rig.world.fill(rig.files)
        rig.daemon.start()
        rig.settle()
        assert rig.daemon.process is not None
        # Stopped, it cannot empty its queue: the events of the burst itself are lost, not only some of them.
        os.kill(rig.daemon.process.pid, signal.SIGSTOP)
        root = rig.world.roots[CLOSED]
        _overflow(root)
        result.faults += 1
        begun = time.monotonic()
        for number in range(files):
            _write(root, number)
        result.remarks["seconds to write"] = round(time.monotonic() - begun, 1)
        os.kill(rig.daemon.process.pid, signal.SIGCONT)
        begun = time.monotonic()
        rig.await_synced()
        result.remarks["seconds to mirror"] = round(time.monotonic() - begun, 1)
        rig.settle()
    return result


def _overflow(root: Path) -> None:
    """Cause more events than the queue holds; equal neighbours would be merged, so many files take turns."""
    for turn in range(int(QUEUE.read_text()) // CHURNED + 2):
        for number in range(CHURNED):
            (root / f"churned {number}.md").write_text(f"turn {turn} of {number}\n")


def _write(root: Path, number: int) -> None:
    path = root / f"burst {number // PER_DIRECTORY}" / f"b {number}"
    path.parent.mkdir(exist_ok=True)
    if number % NOTE_EVERY == 0:
        path.with_suffix(".md").write_text(f"# Burst {number}\n\ntext of {number}\n")
    else:
        path.with_suffix(".mp3").write_bytes(FRAME.ljust(413, b"\0") + number.to_bytes(4, "big") + SOUND)
