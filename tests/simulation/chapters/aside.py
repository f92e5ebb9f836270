"""Aside: what only informs (usage, rate limits, the audio's hashes) fails in every way, for good, while notes that are
public become private. It stops nothing, and does not even slow down what makes something private.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.simulation.chapters import privacy
from tests.simulation.chapters.chapter import Chapter
from tests.simulation.remote import SIDE_FAULTS, SIDE_PATHS
from tests.simulation.timeline import Act

if TYPE_CHECKING:
    from tests.simulation.world import World


def begin(world: World) -> None:
    """From the start, as for a key that may not ask."""
    privacy.begin(world)
    dice = random.Random(f"aside {world.seed}")  # noqa: S311  (a simulation)
    world.road.aside = {path: dice.choice(SIDE_FAULTS) for path in SIDE_PATHS}


def fail_aside(world: World, act: Act) -> None:
    """One of them fails in another way from now on."""
    world.road.aside[SIDE_PATHS[act.a % len(SIDE_PATHS)]] = SIDE_FAULTS[act.b % len(SIDE_FAULTS)]


CHAPTER = Chapter(
    "aside",
    weights={**privacy.CHAPTER.weights, "fail_aside": 6},
    deeds={**privacy.CHAPTER.deeds, "fail_aside": fail_aside},
    begin=begin,
    mild=privacy.CHAPTER.mild | {"fail_aside"},
    without=privacy.CHAPTER.without,
)
