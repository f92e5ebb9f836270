"""Runs seeds, and shortens what fails: ``python -m tests.simulation.simulate --from 0 --seeds 1000``."""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tests.simulation.chapters import CHAPTERS, scenario
from tests.simulation.timeline import Act, Scenario
from tests.simulation.world import World

MEMORY = Path("/dev/shm")  # noqa: S108  (a file system in memory; each run makes a directory of its own there)
MOST_TRIES = 300


@dataclass(frozen=True)
class Failure:
    """What went wrong, and what happened before."""

    error: str
    where: str
    trace: tuple[str, ...]

    @property
    def promise(self) -> str:
        """What stays the same while the scenario is shortened: the promise's number, or the place of the error."""
        return self.error.partition(":")[0]


def simulate(plan: Scenario) -> Failure | None:
    """Run one scenario; None if all promises were kept."""
    directory = Path(tempfile.mkdtemp(prefix="picora-simulation-", dir=MEMORY if MEMORY.is_dir() else None))
    try:
        world = World(plan, directory)
        try:
            world.run()
        except Exception as error:  # noqa: BLE001  (anything at all is a finding)
            return _failure(world, error)
        finally:
            world.close()
    finally:
        shutil.rmtree(directory)
    return None


def _failure(world: World, error: Exception) -> Failure:
    said = str(error) if isinstance(error, AssertionError) else f"10 {type(error).__name__}: {error}"
    world.note("failed")
    return Failure(said, "".join(traceback.format_exception(error)[-4:]), tuple(world.trace))


def shorten(plan: Scenario, fails: Callable[[Scenario], Failure | None]) -> Scenario:
    """A scenario that fails alike, with as few acts as can be found in a bounded number of tries."""
    first = fails(plan)
    assert first is not None
    tries = 0
    size = max(1, len(plan.acts) // 2)
    while size and tries < MOST_TRIES:
        start = 0
        shrunk = False
        while start < len(plan.acts) and tries < MOST_TRIES:
            tries += 1
            smaller = replace(plan, acts=plan.acts[:start] + plan.acts[start + size :])
            found = fails(smaller)
            if found is not None and found.promise == first.promise:
                plan, shrunk = smaller, True
            else:
                start += size
        if not shrunk or size > 1:
            size //= 2
    for number in range(len(plan.initial) - 1, -1, -1):
        smaller = replace(plan, initial=plan.initial[:number] + plan.initial[number + 1 :])
        found = fails(smaller)
        if found is not None and found.promise == first.promise:
            plan = smaller
    return plan


def shown(plan: Scenario, failure: Failure) -> str:
    """All that is needed to understand and repeat it."""
    lines = [f"{plan.name}: {failure.error}", *(f"  {policy}" for policy in plan.policies)]
    lines += [f"  initial {act}" for act in plan.initial] + [f"  {act}" for act in plan.acts]
    return "\n".join([*lines, "trace:", *failure.trace[-120:], failure.where])


def of(seed: int, acts: tuple[Act, ...], initial: tuple[Act, ...], chapter: str = "") -> Scenario:
    """The scenario of a seed with a shortened course of events."""
    return replace(scenario(seed, chapter), acts=acts, initial=initial)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--chapter", choices=list(CHAPTERS), default="", help="further troubles, by name")
    parser.add_argument("--keep-going", action="store_true")
    parser.add_argument("--whole", action="store_true", help="do not shorten what fails")
    chosen = parser.parse_args()
    logging.disable(logging.CRITICAL)
    began_s, failed = time.monotonic(), []
    for seed in range(chosen.first, chosen.first + chosen.seeds):
        plan = scenario(seed, chosen.chapter)
        failure = simulate(plan)
        if seed % 20 == 19 and chosen.keep_going:
            sys.stdout.write(f"... {seed}\n")
            sys.stdout.flush()
        if failure is None:
            continue
        failed.append(seed)
        if chosen.keep_going:
            sys.stdout.write(f"{plan.name}: {failure.error[:300]}\n")
            sys.stdout.flush()
            continue
        short = plan if chosen.whole else shorten(plan, simulate)
        sys.stdout.write(shown(short, simulate(short) or failure) + "\n")
        return 1
    took_s = time.monotonic() - began_s
    sys.stdout.write(f"{chosen.seeds} seeds, {chosen.seeds / took_s:.1f}/s, failed: {failed or 'none'}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
