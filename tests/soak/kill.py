"""SIGKILL or SIGTERM to daemon, `sync` or server at random, while somebody edits; then folder and account are
compared.
"""

from __future__ import annotations

import signal
import time
from pathlib import Path

from tests.soak.mirror import RUN, SYNC
from tests.soak.result import Result
from tests.soak.rig import Rig
from tests.soak.world import Mutator, seeded

VICTIMS = ("daemon", "server", "both", "sync")
"""With ``sync``, no daemon mirrors, but one ``sync`` after the other."""
SIGNALS = {
    "kill": (signal.SIGKILL,),
    "term": (signal.SIGTERM,),
    "mixed": (signal.SIGKILL, signal.SIGTERM),
}
KILLED_EARLY = 0.2
"""This share of the kills may come while the daemon still starts."""
AIMED = 0.5
"""This share of them comes when the server has just written something down, of which the daemon does not know yet."""
UPLOAD_RATE = "2MB"
"""Slow enough that kills meet audio on its way."""


def run(
    where: Path, seed: int, *, victim: str, kills: int, signals: str = "kill", round_of: int = 20, short: bool = False
) -> Result:
    """Kill ``victim`` so many times; settle and compare after every ``round_of`` of them."""
    result = Result(f"kill {victim}", seed)
    mirror = SYNC if victim == "sync" else RUN
    with Rig(where, result, impatient=short, files=30 if short else 60, mirror=mirror) as rig:
        rig.configure(max_upload_rate=UPLOAD_RATE)
        rig.world.fill(rig.files)
        rig.daemon.start()
        with Mutator(rig.world, seeded(f"edits {seed}")) as mutator:
            while result.kills < kills and not result.differences:
                for _ in range(min(round_of, kills - result.kills)):
                    if rig.rng.random() > KILLED_EARLY:  # on a busy machine it would never get to work otherwise
                        rig.await_event(rig.daemon.has_begun, "the daemon begins")
                    time.sleep(rig.rng.uniform(0.1, 2.5))
                    if not rig.daemon.alive:
                        rig.start_again()
                        rig.await_event(rig.daemon.has_begun, "the daemon begins")
                    chosen = rig.rng.choice(VICTIMS[:2]) if victim == "both" else victim
                    if rig.rng.random() < AIMED:
                        (rig.await_write if chosen == "server" else rig.stop_deaf)()
                    _kill(rig, chosen, rig.rng.choice(SIGNALS[signals]))
                with mutator.pause():
                    rig.settle()
    return result


def _kill(rig: Rig, victim: str, sign: signal.Signals) -> None:
    rig.result.kills += 1
    rig.result.remarks[sign.name] = rig.result.remarks.get(sign.name, 0) + 1
    if victim == "server":
        rig.end_server(sign)
        time.sleep(rig.rng.uniform(0.0, 1.5))
        rig.server.start()
        return
    rig.end_daemon(sign)
    if rig.rng.random() < 0.15:
        rig.approve()  # so that removals, too, are under way when the next kill comes
    else:
        time.sleep(rig.rng.uniform(0.0, 0.5))
    rig.daemon.start()
