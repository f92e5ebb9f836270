"""State directory and server data on small disks that fill up and are freed again."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from pathlib import Path

from tests.soak import mounts
from tests.soak.result import Result
from tests.soak.rig import Rig
from tests.soak.world import Mutator, seeded

STATE_BYTES = 8 * 1024 * 1024
DATA_BYTES = 64 * 1024 * 1024
FEW_BYTES = (0, 4096, 16384, 65536)
"""What is left free on a full disk."""
_MOST_BYTES = 1 << 30
_BLOCK_BYTES = 4096


def run(where: Path, seed: int, *, fillings: int, round_of: int = 10, short: bool = False) -> Result:
    """Fill one of the disks, or both, so many times. The daemon may end, if it says why; then it is started again."""
    mounts.enter_namespace()
    result = Result("disk", seed)
    disks = {"state": where / "state-disk", "data": where / "data-disk"}
    mounts.mount_tmpfs(disks["state"], STATE_BYTES)
    mounts.mount_tmpfs(disks["data"], DATA_BYTES)
    rig = Rig(
        where,
        result,
        impatient=short,
        files=30 if short else 60,
        state=disks["state"] / "state",
        server_data=disks["data"] / "picora",
    )
    with rig:
        rig.world.fill(rig.files)
        rig.daemon.start()
        with Mutator(rig.world, seeded(f"edits {seed}")) as mutator:
            while result.faults < fillings and not result.differences:
                for _ in range(min(round_of, fillings - result.faults)):
                    _fill_for_a_while(rig, disks)
                with mutator.pause():
                    _start_again(rig, signal.SIGTERM)  # what was refused for want of room is tried again at a start
                    rig.settle()
    return result


def _fill_for_a_while(rig: Rig, disks: dict[str, Path]) -> None:
    rig.result.faults += 1
    chosen = rig.rng.choice((["state"], ["data"], ["state", "data"]))
    ballast = [disks[name] / "ballast" for name in chosen]
    time.sleep(rig.rng.uniform(0.2, 2.0))
    for path in ballast:
        _fill(path, rig.rng.choice(FEW_BYTES))
    time.sleep(rig.rng.uniform(0.5, 4.0))
    if rig.rng.random() < 0.3:
        rig.result.kills += 1
        _start_again(rig, signal.SIGKILL)
        time.sleep(rig.rng.uniform(0.5, 2.0))
    for path in ballast:
        path.unlink()
    _take_note_of_end(rig)


def _fill(path: Path, left_bytes: int) -> None:
    """Take all the room there is, then give a little back."""
    with path.open("wb", buffering=0) as file:
        with suppress(OSError):  # no room left: that is what we came for
            for _ in range(_MOST_BYTES // _BLOCK_BYTES):
                file.write(bytes(_BLOCK_BYTES))
        file.truncate(max(0, file.tell() - left_bytes))


def _start_again(rig: Rig, sign: signal.Signals) -> None:
    if rig.daemon.alive:
        rig.end_daemon(sign)
    _take_note_of_end(rig, expected=True)
    server = rig.server.process
    if server is None or server.poll() is not None:
        rig.result.differences.append("the server ended")


def _take_note_of_end(rig: Rig, *, expected: bool = False) -> None:
    """As a service manager would: start it again, however it ended."""
    if rig.daemon.alive:
        return
    if not expected:
        ends = rig.result.remarks.setdefault("ends", [])
        ends.append(rig.daemon.log.read_text(errors="replace").splitlines()[-2:])
    rig.daemon.start()
