"""Further troubles, a theme each. A chapter adds acts of its own to the scenario of a seed, drawn from a random stream
of its own: what a seed means without a chapter, or in another one, never changes when a chapter is added or rewritten.
"""

from __future__ import annotations

import random
from dataclasses import replace

from tests.simulation import timeline
from tests.simulation.chapters import (
    answers,
    clocks,
    configuration,
    disks,
    events,
    full,
    loss,
    mounts,
    older,
    others,
    people,
    power,
)
from tests.simulation.chapters.chapter import NONE, Chapter
from tests.simulation.timeline import Act, Scenario

MODULES = (configuration, power, clocks, events, people, others, answers, disks, mounts, loss, full, older)
CHAPTERS = {chapter.name: chapter for chapter in (NONE, *(module.CHAPTER for module in MODULES))}
"""By name; "" is the simulation without any."""
AFTERWARDS_S = 60.0


def scenario(seed: int, chapter: str = "") -> Scenario:
    """The simulation that belongs to a seed in a chapter."""
    plain = timeline.scenario(seed)
    return plain if not chapter else _with(plain, CHAPTERS[chapter])


def _with(plain: Scenario, chapter: Chapter) -> Scenario:
    dice = random.Random(f"{chapter.name} {plain.seed}")  # noqa: S311  (a simulation)
    end_s = max((act.at_s for act in plain.acts), default=0.0) + AFTERWARDS_S
    names, chances = list(chapter.weights), list(chapter.weights.values())
    added = [
        Act(
            round(dice.uniform(0.0, end_s), 2),
            dice.choices(names, chances)[0],
            dice.randrange(6),
            dice.randrange(1000),
            dice.randrange(1000),
        )
        for _ in range(dice.choice((1, 2, 3, 6, 10)))
    ]
    return replace(plain, acts=tuple(sorted((*plain.acts, *added))), calm=False, chapter=chapter.name)
