"""Answers: requests that are carried out after their sender gave them up, lists that lag, a server that lies, every
status that there is, and bodies of any shape.

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
STATUSES = (
    *(300, 301, 302, 303, 304, 307, 308),
    *(402, 405, 406, 407, 408, 410, 411, 412, 414, 415, 416, 417, 418, 421, 423, 424, 425, 426, 428, 431, 451, 499),
    *(501, 504, 505, 506, 507, 508, 510, 511, 520, 521, 522, 523, 524, 525, 526, 530, 599),
)
SHAPES = tuple(
    f"shape: {shape}" for shape in ("list", "text", "number", "null", "deep", "not text", "nulls", "numbers")
)
TWINS_UP_TO_S = 60


def late_twin(world: World, act: Act) -> None:
    world.road.late_s = 1.0 + act.b % TWINS_UP_TO_S
    world.road.armed.append(Armed("late twin", "POST", 1 + act.a % 2))


def cut(world: World, act: Act) -> None:
    """Uploads of audio break off, before the closing boundary or with it."""
    world.road.late_s = float(act.b % TWINS_UP_TO_S)
    world.road.armed.append(Armed("cut", "POST", 1 + act.a % 6))


def lag_long(world: World, act: Act) -> None:
    world.road.lag_s = float(act.a % 90)


def lie(world: World, act: Act) -> None:
    world.road.armed.append(Armed(LIES[act.a % len(LIES)], METHODS[act.b % len(METHODS)], 1 + act.b // 10 % 4))


def storm_of_429(world: World, act: Act) -> None:
    world.road.armed.append(Armed("429", "", 5 + act.a % 20))


def any_status(world: World, act: Act) -> None:
    """In the envelope of the API, or as a page of something in between."""
    what = f"{STATUSES[act.a % len(STATUSES)]}{' page' if act.b % 2 else ''}"
    world.road.armed.append(Armed(what, METHODS[act.b // 2 % len(METHODS)], 1 + act.b // 10 % 7))


def any_shape(world: World, act: Act) -> None:
    """Success, but not as the API tells it."""
    world.road.armed.append(Armed(SHAPES[act.a % len(SHAPES)], METHODS[act.b % len(METHODS)], 1 + act.b // 10 % 4))


CHAPTER = Chapter(
    "answers",
    weights={"late_twin": 5, "cut": 4, "lag_long": 3, "lie": 6, "any_status": 6, "any_shape": 6, "storm_of_429": 1},
    deeds={
        "late_twin": late_twin,
        "cut": cut,
        "lag_long": lag_long,
        "lie": lie,
        "any_status": any_status,
        "any_shape": any_shape,
        "storm_of_429": storm_of_429,
    },
)
