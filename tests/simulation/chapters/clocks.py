"""Clocks: the machine sleeps, and its clock is set while the daemon runs, or does not, a little, much, or to 1970."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.chapters.chapter import Chapter
from tests.simulation.timeline import Act

if TYPE_CHECKING:
    from tests.simulation.world import World

SLEEPS_S = (20.0, 400.0, 30_000.0, 200_000.0)
FAR_S = (-2.1e9, 1e9, -1e7, 3e7)
"""1973 is what a machine without a battery for its clock may start with; the future is a typing mistake."""
LITTLE_S = (-25.0, -5.0, 5.0, 25.0)


def sleep(world: World, act: Act) -> None:
    """Time passes for everybody but the machine: its monotonic clock stands still."""
    world.slept_s += SLEEPS_S[act.a % len(SLEEPS_S)]


def jump_far(world: World, act: Act) -> None:
    """And back after a while, as when the network comes up and the time is asked for."""
    by_s = FAR_S[act.a % len(FAR_S)]
    world.jump(by_s)
    world.errand(float(act.b), lambda: world.jump(-by_s))


def jump_while_down(world: World, act: Act) -> None:
    world.while_down(lambda: world.jump(FAR_S[act.a % len(FAR_S)] / 1e3))


def nudge(world: World, act: Act) -> None:
    """Too little to be noticed."""
    world.jump(LITTLE_S[act.a % len(LITTLE_S)])


CHAPTER = Chapter(
    "clocks",
    weights={"sleep": 4, "jump_far": 3, "jump_while_down": 2, "nudge": 3},
    deeds={"sleep": sleep, "jump_far": jump_far, "jump_while_down": jump_while_down, "nudge": nudge},
)
