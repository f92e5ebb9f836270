"""A network that cuts, delays and truncates between daemon and server; then folder and account are compared."""

from __future__ import annotations

import time
from pathlib import Path

from tests.e2e.harness import START_S, wait_until
from tests.soak.account import Spy
from tests.soak.proxy import Proxy
from tests.soak.rig import Result, Rig
from tests.soak.world import Mutator, seeded

ROUND_S = 40.0


def run(where: Path, seed: int, *, seconds: float, short: bool = False) -> Result:
    """Edit for so many seconds through a bad network; every round ends with a good one, and a comparison."""
    result = Result("network", seed)
    rig = Rig(where, result, impatient=short, files=30 if short else 60)
    with rig, Proxy(rig.server.port, seeded(f"network {seed}")) as proxy:
        rig.base_url = proxy.url
        rig.configure()
        rig.world.fill(rig.files)
        rig.daemon.start()
        wait_until(rig.server.docs, START_S, "the mirror is under way")
        with Mutator(rig.world, seeded(f"edits {seed}")) as mutator, Spy(rig.server) as spy:
            begun = time.monotonic()
            while time.monotonic() - begun < seconds and not result.differences:
                proxy.bad = True
                time.sleep(min(ROUND_S, seconds))
                proxy.bad = False
                with mutator.pause():
                    rig.settle()
                    rig.expect_quiet()
        result.differences += sorted(spy.seen)
        result.faults = sum(proxy.faults.values())
        result.remarks = {"looks for leaks": spy.looks, **proxy.faults}
    return result
