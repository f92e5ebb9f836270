"""SIGKILL at random moments, to daemon or server, while somebody edits; then folder and account are compared."""

from __future__ import annotations

import time
from pathlib import Path

from tests.e2e.harness import START_S, wait_until
from tests.soak.rig import Result, Rig
from tests.soak.spy import Spy
from tests.soak.world import Mutator, seeded

VICTIMS = ("daemon", "server", "both")
KILLED_EARLY = 0.2
"""This share of the kills may come while the daemon still starts."""
UPLOAD_RATE = "2MB"
"""Slow enough that kills meet audio on its way."""


def run(where: Path, seed: int, *, victim: str, kills: int, round_of: int = 20, short: bool = False) -> Result:
    """Kill ``victim`` so many times; settle and compare after every ``round_of`` of them."""
    result = Result(f"kill {victim}", seed)
    with Rig(where, result, impatient=short, files=30 if short else 60) as rig:
        rig.configure(max_upload_rate=UPLOAD_RATE)
        rig.world.fill(rig.files)
        rig.daemon.start()
        with Mutator(rig.world, seeded(f"edits {seed}")) as mutator, Spy(rig.server) as spy:
            while result.kills < kills and not result.differences:
                for _ in range(min(round_of, kills - result.kills)):
                    if rig.rng.random() > KILLED_EARLY:  # on a busy machine it would never get to work otherwise
                        wait_until(rig.daemon.has_begun, START_S, "the daemon begins")
                    time.sleep(rig.rng.uniform(0.1, 2.5))
                    _kill(rig, rig.rng.choice(VICTIMS[:2]) if victim == "both" else victim)
                with mutator.pause():
                    rig.settle()
                    rig.expect_quiet()
        result.differences += sorted(spy.seen)
        result.remarks["looks of the spy"] = spy.looks
    return result


def _kill(rig: Rig, victim: str) -> None:
    rig.result.kills += 1
    if victim == "server":
        rig.server.kill()
        time.sleep(rig.rng.uniform(0.0, 1.5))
        rig.server.start()
        return
    if not rig.daemon.alive:
        rig.daemon_ended()
    rig.daemon.kill()
    if rig.rng.random() < 0.15:
        rig.approve()  # so that removals, too, are under way when the next kill comes
    else:
        time.sleep(rig.rng.uniform(0.0, 0.5))
    rig.daemon.start()
