"""Runs seeds, and shortens what fails: ``python -m tests.simulation.simulate --from 0 --seeds 1000``."""

from __future__ import annotations

import argparse
import gc
import logging
import multiprocessing
import shutil
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from tests.simulation.chapters import CHAPTERS, kinds, scenario
from tests.simulation.premises import new_directory
from tests.simulation.timeline import Act, Scenario
from tests.simulation.world import World

MOST_TRIES = 300
GARBAGE = 50_000
"""After so many new objects garbage is searched for."""
COLUMNS = 3


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


def simulate(plan: Scenario, tally: Counter[str] | None = None) -> Failure | None:
    """Run one scenario; None if all promises were kept. What happened in it is counted in the ``tally``."""
    directory = new_directory()
    try:
        world = World(plan, directory)
        try:
            world.run()
        except Exception as error:  # noqa: BLE001  (anything at all is a finding)
            return _failure(world, error)
        finally:
            if tally is not None:
                tally.update(world.tally())
            world.close()
    finally:
        shutil.rmtree(directory)
    return None


def course(plan: Scenario) -> list[str]:
    """All that happened in a scenario, call by call, and what it came to."""
    directory = new_directory()
    try:
        world = World(plan, directory)
        try:
            world.run()
        except AssertionError as error:
            world.note(str(error))
        world.note("the end")
        held = sorted(map(str, world.server.held().values()))
        world.close()
    finally:
        shutil.rmtree(directory)
    return [*world.trace, *held]


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


def table(tally: Counter[str], wanted: Iterable[str] = ()) -> str:
    """How often what happened, in columns; what is ``wanted`` and never happened, too."""
    times = dict.fromkeys(wanted, 0) | tally
    cells = [f"{number:9,} {what:36}" for what, number in sorted(times.items())]
    rows = -(-len(cells) // COLUMNS)
    return "\n".join("".join(cells[row::rows]).rstrip() for row in range(rows))


EVERY = "every"
"""Stands for all chapters, and for the simulation without any."""


def _settle_in() -> None:
    """What was imported stays: it need not be searched for garbage again and again."""
    logging.disable(logging.CRITICAL)
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)


class Result(NamedTuple):
    """What came of one simulation."""

    seed: int
    chapter: str
    failure: Failure | None
    tally: Counter[str]


def _run(named: tuple[int, str]) -> Result:
    tally: Counter[str] = Counter()
    return Result(*named, simulate(scenario(*named), tally), tally)


def _results(names: Sequence[tuple[int, str]], processes: int) -> Iterator[Result]:
    if processes == 1:
        _settle_in()
        yield from map(_run, names)
        return
    with multiprocessing.get_context("spawn").Pool(processes, _settle_in) as pool:
        yield from pool.imap_unordered(_run, names, chunksize=4)
        pool.close()  # so that they end by themselves, and clear up
        pool.join()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=100, help="so many of each chapter")
    parser.add_argument("--chapter", choices=[*CHAPTERS, EVERY], default="", help="further troubles, by name")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--keep-going", action="store_true", help="list what fails instead of shortening the first")
    parser.add_argument("--most-failures", type=int, default=20, help="when it stops though it keeps going")
    parser.add_argument("--whole", action="store_true", help="do not shorten what fails")
    return parser.parse_args()


def main() -> int:
    """Run them; what fails is shown, shortened unless asked otherwise."""
    chosen = _options()
    chapters = list(CHAPTERS) if chosen.chapter == EVERY else [chosen.chapter]
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    names = [(seed, chapter) for seed in seeds for chapter in chapters]
    began_s, failed, done = time.monotonic(), [], 0
    tally: Counter[str] = Counter()
    for seed, chapter, failure, happened in _results(names, chosen.processes):
        done += 1
        tally += happened
        if done % 100 == 0:
            _say(f"... {done} of {len(names)}, {done / (time.monotonic() - began_s):.1f}/s, {len(failed)} failed")
        if failure is None:
            continue
        plan = scenario(seed, chapter)
        failed.append(plan.name)
        if not chosen.keep_going:
            short = plan if chosen.whole else shorten(plan, simulate)
            _say(shown(short, simulate(short) or failure))
            return 1
        _say(f"{plan.name}: {failure.error[:300]}")
        if len(failed) >= chosen.most_failures:
            break
    _say(table(tally, {what for name in chapters for what in kinds(name)}))
    _say(f"{done} simulations, {done / (time.monotonic() - began_s):.1f}/s, failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
