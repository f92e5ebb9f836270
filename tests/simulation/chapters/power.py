"""The process dies at any point, the first run included, again soon after it was started; or the power is cut.

A death can fall before and after each request, before and after the server carries it out, before and after each look
at the disk, and between writing an intent down and handing its job to a worker: every pair of index and server that a
kill can leave, since what happens to the index between two of these points is one transaction. The index is a file, of
which a power cut takes the write-ahead log unless the connection synchronises it with each commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.chapters.chapter import Chapter
from tests.simulation.timeline import Act

if TYPE_CHECKING:
    from tests.simulation.world import World

EARLIEST = 150
"""The first death falls within the first so many points of the first run."""


def power_cut(world: World, act: Act) -> None:
    world.points_left = 1 + act.a % 60
    world.power_cut = True


def die_soon(world: World, act: Act) -> None:
    world.points_left = 1 + act.a % 300


def die_again(world: World, act: Act) -> None:
    """At once, and again within the first points of the next life."""

    def arm() -> None:
        world.points_left = 1 + act.a % 8
        world.power_cut = act.b % 2 == 0

    world.while_down(arm)


def full_at_commit(world: World, act: Act) -> None:
    """What was written finds no room when it is to be made safe: the process ends, and is started again."""
    world.shelf.fail_at_commit(1 + act.a % 12)


def begin(world: World) -> None:
    world.points_left = 1 + world.seed % EARLIEST
    world.power_cut = world.seed % 3 == 0


CHAPTER = Chapter(
    "power",
    weights={"power_cut": 5, "die_soon": 3, "die_again": 3, "full_at_commit": 3},
    deeds={"power_cut": power_cut, "die_soon": die_soon, "die_again": die_again, "full_at_commit": full_at_commit},
    begin=begin,
)
