"""The disk under a mirrored folder goes away and comes back: bind mounts unmounted, an empty disk in their place."""

from __future__ import annotations

import time
from pathlib import Path

from tests.soak import mounts
from tests.soak.result import Result
from tests.soak.rig import Rig
from tests.soak.world import CLOSED, OPEN, Mutator, seeded

AWAY_S = (2.5, 8.0)
"""``delete_after`` is 2 s."""
PART_ONLY = ("part", "part, and the daemon restarts")
WAYS = (*PART_ONLY, "folder", "empty disk", "daemon restarts")
EMPTY_DISK_BYTES = 1024 * 1024
PART = "external"
"""A directory of the folder that is a disk of its own."""
PART_BYTES = 64 * 1024 * 1024


def run(where: Path, seed: int, *, rounds: int, short: bool = False) -> Result:
    """Unmount and remount so many times; meanwhile not one object may go."""
    mounts.enter_namespace()
    result = Result("unmount", seed)
    with Rig(where, result, impatient=short, files=20 if short else 60) as rig:
        place = rig.world.roots[OPEN]
        disk = where / "disk"
        place.rename(disk)
        mounts.bind(disk, place)
        part = where / "part"
        mounts.mount_tmpfs(part, PART_BYTES)
        mounts.bind(part, place / PART)
        rig.world.fill(rig.files)
        rig.daemon.start()
        rig.settle()
        for _ in range(rounds):
            if not result.differences:
                _round(rig, place, disk)
    return result


def _round(rig: Rig, place: Path, disk: Path) -> None:
    with Mutator(rig.world, seeded(f"edits {rig.result.seed} {rig.result.faults}"), longest_pause_s=0.1):
        time.sleep(rig.rng.uniform(0.5, 3.0))
    rig.result.faults += 1
    # Whatever became of the last one: there is something on the other disk that can be missed.
    (place / PART / f"apart {rig.result.faults}.md").write_text(f"apart {rig.result.faults}\n")
    rig.settle()
    before = _held(rig)
    way = WAYS[(rig.result.seed + rig.result.faults) % len(WAYS)]
    rig.result.remarks[way] = rig.result.remarks.get(way, 0) + 1
    part = place / PART
    mounts.unmount(part)
    if way not in PART_ONLY:
        mounts.unmount(place)
    if way == "empty disk":
        mounts.mount_tmpfs(place, EMPTY_DISK_BYTES)
    if way.endswith("daemon restarts"):
        rig.daemon.kill()
        rig.result.kills += 1
        rig.daemon.start()
    rig.rescan()  # where an idle daemon looks every 30 s, or in an hour
    rig.await_news(CLOSED, f"away {rig.result.faults}")
    if way not in PART_ONLY:
        rig.await_event(lambda: rig.daemon.status()["folders"][0]["watch"] == "missing", "status says it is missing")
    time.sleep(AWAY_S[0] if rig.impatient else rig.rng.uniform(*AWAY_S))
    rig.await_news(CLOSED, f"long away {rig.result.faults}")
    if gone := before - _held(rig):
        rig.result.differences.append(f"{way} away: {len(gone)} objects are gone: {sorted(gone)[:5]}")
    if way == "empty disk":
        mounts.unmount(place)
    if way not in PART_ONLY:
        mounts.bind(disk, place)
    mounts.bind(rig.where / "part", part)
    rig.settle()
    if gone := before - _held(rig):
        rig.result.differences.append(f"{way} back: {len(gone)} objects are gone: {sorted(gone)[:5]}")


def _held(rig: Rig) -> set[str]:
    return {item["id"] for item in (*rig.server.docs(), *rig.server.audio())}
