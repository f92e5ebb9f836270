"""What happens in a simulation, as data: made from a seed, printed when it fails, shortened, and kept as a case."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import NamedTuple

from picora_sync.core.policy import Folder, OnDelete, Select
from tests.simulation.line import NOTES, SOUNDS
from tests.simulation.remote import FAULTS

METHODS = ("", "POST", "PATCH", "DELETE", "GET")
DISK = {
    "write": 10,
    "save": 8,
    "edit": 12,
    "restore": 6,
    "append": 5,
    "truncate": 3,
    "remove": 6,
    "move": 8,
    "swap": 3,
    "change_case": 2,
    "move_directory": 3,
    "directory_to_file": 2,
    "touch": 3,
    "link": 2,
    "draw": 4,
    "copy_slowly": 4,
}
RARE_DISK = {"remove_many": 2, "lock": 3, "lock_directory": 1, "rule": 2, "unmount": 2}
FAULTY = {"fault": 16, "offline": 3, "lag": 3}
DEADLY = {"crash": 8, "stop": 3}
BLIND = {"deaf": 4}
OTHERS = {"plant": 5}
JUMPY = {"jump": 2}
CONTROL = {"approve": 2, "rescan": 1}
KINDS = frozenset(DISK | RARE_DISK | FAULTY | DEADLY | BLIND | OTHERS | JUMPY | CONTROL)
"""Everything that a seed may draw."""


class Act(NamedTuple):
    """At this second of the simulation; the numbers choose among what there is then."""

    at_s: float
    what: str
    folder: int = 0
    a: int = 0
    b: int = 0


@dataclass(frozen=True)
class Scenario:
    """A whole simulation. ``calm`` means that nothing but the files changes: then times and counts are bounded too."""

    seed: int
    policies: tuple[Folder, ...]
    initial: tuple[Act, ...]
    acts: tuple[Act, ...]
    calm: bool
    rate_limits: bool
    skew_s: float
    chapter: str = ""

    @property
    def name(self) -> str:
        """What repeats it."""
        return f"seed {self.seed}" + (f" of chapter {self.chapter}" if self.chapter else "")


def scenario(seed: int) -> Scenario:
    """The simulation that belongs to a seed."""
    dice = random.Random(seed)  # noqa: S311  (a simulation)
    calm = dice.random() < 0.15
    weights = DISK | CONTROL
    if not calm:
        for more in (RARE_DISK, FAULTY, DEADLY, BLIND, OTHERS, JUMPY):
            if dice.random() < 0.7:
                weights = weights | more
    policies = _policies(dice)
    spots = len(NOTES) + len(SOUNDS)
    initial = tuple(
        Act(0.0, "write", dice.randrange(len(policies)), dice.randrange(spots), dice.randrange(1000))
        for _ in range(dice.choice((0, 3, 8, 20)))
    )
    return Scenario(
        seed,
        policies,
        initial,
        _acts(dice, weights, len(policies)),
        calm,
        rate_limits=dice.random() < 0.5,
        skew_s=dice.choice((0.0, 0.0, -1.0, 1.0)),
    )


def _policies(dice: random.Random) -> tuple[Folder, ...]:
    return tuple(
        Folder(
            f"folder{number}",
            "",
            public=dice.choice((None, None, True, False)),
            tags=dice.choice(((), (), ("vault",))),
            on_delete=OnDelete.KEEP if dice.random() < 0.1 else OnDelete.DELETE,
            select=Select.PUBLISHED if dice.random() < 0.15 else Select.ALL,
            keep_replaced_s=dice.choice((0.0, 0.0, 0.0, 600.0)),
        )
        for number in range(dice.choice((1, 1, 2)))
    )


def _acts(dice: random.Random, weights: dict[str, int], folders: int) -> tuple[Act, ...]:
    acts: list[Act] = []
    at_s = 0.0
    names, chances = list(weights), list(weights.values())
    for _ in range(dice.choice((5, 10, 20, 40))):
        at_s += dice.choice((0.0, 0.1, 1.0, 3.0, 9.0, 12.0, 20.0, 45.0, 120.0))
        act = Act(
            round(at_s + dice.random(), 2),
            dice.choices(names, chances)[0],
            dice.randrange(folders),
            dice.randrange(1000),
            dice.randrange(1000),
        )
        acts.append(act)
        acts.extend(_sequel(dice, act))
    return tuple(sorted(acts))


def _sequel(dice: random.Random, act: Act) -> list[Act]:
    """What belongs to an act and comes later."""
    later = {"copy_slowly": "finish_copy", "unmount": "mount", "lock": "unlock", "lock_directory": "unlock"}
    spans = {"copy_slowly": (1.0, 12.0), "unmount": (1.0, 900.0), "lock": (1.0, 300.0), "lock_directory": (1.0, 300.0)}
    if act.what not in later:
        return []
    return [act._replace(at_s=round(act.at_s + dice.uniform(*spans[act.what]), 2), what=later[act.what])]


def fault_of(act: Act) -> tuple[str, str, int]:
    """Which fault, on which method, how many times."""
    return FAULTS[act.a % len(FAULTS)], METHODS[act.b % len(METHODS)], 1 + act.b // 10 % 4
