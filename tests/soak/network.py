"""A network that cuts, delays and truncates between daemon and server; then folder and account are compared."""

from __future__ import annotations

import time
from pathlib import Path

from tests.soak.proxy import Proxy
from tests.soak.result import Result
from tests.soak.rig import Rig
from tests.soak.world import Mutator, seeded

LOOK_S = 0.2
ROUND_S = 180.0
"""An offline backoff may take 60 s: then there is no connection to be spoiled."""


def run(where: Path, seed: int, *, faults: int, round_of: int = 40, short: bool = False) -> Result:
    """Edit through a bad network until it spoiled so many connections; every round ends with a good network, and a
    comparison.
    """
    result = Result("network", seed)
    rig = Rig(where, result, impatient=short, files=30 if short else 60)
    with rig, Proxy(rig.server.port, seeded(f"network {seed}")) as proxy:
        rig.base_url = proxy.url
        rig.configure()
        rig.world.fill(rig.files)
        rig.daemon.start()
        rig.await_event(rig.server.docs, "the mirror is under way")
        with Mutator(rig.world, seeded(f"edits {seed}")) as mutator:
            while result.faults < faults and not result.differences:
                before = result.faults
                _spoil(proxy, min(before + round_of, faults))
                result.faults = sum(proxy.faults.values())
                if result.faults == before:
                    result.differences.append(f"no connection in {ROUND_S:.0f} s")
                with mutator.pause():
                    rig.settle()
        result.remarks |= proxy.faults
    return result


def _spoil(proxy: Proxy, until: int) -> None:
    """Be a bad network for some time, or until it has spoiled so many connections in all."""
    end = time.monotonic() + ROUND_S
    proxy.bad = True
    while time.monotonic() < end and sum(proxy.faults.values()) < until:
        time.sleep(LOOK_S)
    proxy.bad = False
