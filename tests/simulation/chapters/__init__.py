"""Further troubles, a theme each. A chapter adds acts of its own to the scenario of a seed, drawn from a random stream
of its own: what a seed means without a chapter, or in another one, never changes when a chapter is added or rewritten.
"""

from __future__ import annotations

import random
from dataclasses import replace

from tests.simulation import timeline
from tests.simulation.chapters import (
    answers,
    aside,
    bereft,
    clocks,
    configuration,
    control,
    disks,
    events,
    everything,
    full,
    loss,
    mounts,
    moves,
    older,
    others,
    people,
    power,
    privacy,
    races,
    refusals,
    trash,
)
from tests.simulation.chapters.chapter import NONE, Chapter
from tests.simulation.remote import FAULTS
from tests.simulation.timeline import Act, Scenario

MODULES = (
    *(configuration, control, power, clocks, events, people, others, answers, disks, races, mounts, loss, full),
    privacy,
    refusals,
    trash,
)
KEPT = tuple(module.CHAPTER for module in MODULES)
MIXED = tuple(chapter for chapter in KEPT if chapter not in (full.CHAPTER, refusals.CHAPTER, trash.CHAPTER))
"""An account that is full from the start would keep the other troubles from happening, as would one in which nothing is
deleted; trash has no act of its own."""
APART = (older.CHAPTER, bereft.CHAPTER, trash.HOARD, moves.CHAPTER, aside.CHAPTER)
CHAPTERS = {chapter.name: chapter for chapter in (NONE, *KEPT, everything.mix(MIXED), *APART)}
"""By name; "" is the simulation without any."""
AFTERWARDS_S = 60.0
TWINS = 0.2
"""In so many of the simulations of any chapter a request is carried out late."""


def scenario(seed: int, chapter: str = "") -> Scenario:
    """The simulation that belongs to a seed in a chapter."""
    plain = timeline.scenario(seed)
    return plain if not chapter else _with(plain, CHAPTERS[chapter])


def kinds(chapter: str) -> frozenset[str]:
    """What is to happen in the simulations of a chapter, if there are enough of them."""
    acts = {*timeline.KINDS, *CHAPTERS[chapter].weights} - CHAPTERS[chapter].without
    return frozenset(acts | {f"answer: {fault}" for fault in FAULTS if "fault" in acts})


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
        for _ in range(dice.choice(chapter.numbers))
    ]
    if random.Random(f"late twins in {chapter.name} {plain.seed}").random() < TWINS:  # noqa: S311
        added.append(Act(round(dice.uniform(0.0, end_s), 2), answers.late_twin.__name__, 0, 0, dice.randrange(1000)))
    acts = [act for act in plain.acts if act.what not in chapter.without]
    return replace(plain, acts=tuple(sorted((*acts, *added))), calm=False, chapter=chapter.name)
