"""Answers: requests that are carried out after their sender gave them up, lists that lag, and a server that lies.

A ``late twin`` is carried out up to a minute after the time-out. What the server says of an object, without its being
so, is believed only as far as something else agrees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.chapters.chapter import Chapter
from tests.simulation.remote import Armed
from tests.simulation.timeline import METHODS, Act

if TYPE_CHECKING:
    from tests.simulation.world import World

LIES = ("other visibility", "other hash", "429", "429 for an hour", "429 without a word", "drip", "empty after")
TWINS_UP_TO_S = 60


def late_twin(world: World, act: Act) -> None:
    world.road.late_s = 1.0 + act.b % TWINS_UP_TO_S
    world.road.armed.append(Armed("late twin", "POST", 1 + act.a % 2))


def lag_long(world: World, act: Act) -> None:
    world.road.lag_s = float(act.a % 90)


def lie(world: World, act: Act) -> None:
    world.road.armed.append(Armed(LIES[act.a % len(LIES)], METHODS[act.b % len(METHODS)], 1 + act.b // 10 % 4))


def storm_of_429(world: World, act: Act) -> None:
    world.road.armed.append(Armed("429", "", 5 + act.a % 20))


CHAPTER = Chapter(
    "answers",
    weights={"late_twin": 5, "lag_long": 3, "lie": 6, "storm_of_429": 1},
    deeds={"late_twin": late_twin, "lag_long": lag_long, "lie": lie, "storm_of_429": storm_of_429},
)
