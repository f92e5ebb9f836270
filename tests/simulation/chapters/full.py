"""The account is full: its plan is small, shrinks and grows, and some folders let old versions go first."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from picora_sync.core.policy import WhenFull
from picora_sync.server.plans import PLANS, Plan
from tests.contract import samples
from tests.simulation.chapters.chapter import Chapter
from tests.simulation.timeline import Act

if TYPE_CHECKING:
    from tests.simulation.world import World

SOUND_BYTES = len(samples.flac(salt=bytes(8)))
LARGE = "pro_plus"


def _small(documents: int, sounds: int) -> Plan:
    name = f"{documents} documents, {sounds} sounds"
    room = {"doc_count": documents, "media_storage_bytes": sounds * SOUND_BYTES + SOUND_BYTES // 2}
    return replace(PLANS[LARGE], name=name, **room)


SMALL = (_small(2, 1), _small(5, 2), _small(9, 4))


def begin(world: World) -> None:
    """The service offers small plans, too, and the folders say what to do on them."""
    dice = random.Random(f"full {world.seed}")  # noqa: S311  (a simulation)
    PLANS.update((plan.name, plan) for plan in SMALL)
    world.server.service.move_to_plan(world.server.others, dice.choice(SMALL).name)
    for policy in world.folders.policies:
        world.folders.configure(policy.name, replace(policy, when_full=dice.choice(tuple(WhenFull))))


def change_plan(world: World, act: Act) -> None:
    names = [*(plan.name for plan in SMALL), LARGE]
    world.server.service.move_to_plan(world.server.others, names[act.a % len(names)])


def heal(world: World) -> None:
    world.server.service.move_to_plan(world.server.others, LARGE)


CHAPTER = Chapter(
    "full",
    weights={"change_plan": 4, "edit": 8, "append": 3, "remove": 4, "restore": 3, "swap": 2, "write": 4},
    deeds={"change_plan": change_plan},
    heal=heal,
    begin=begin,
)
