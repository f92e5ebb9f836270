"""Somebody else at the same account: changes and deletes our objects, refuses our key for a while, changes the plan.

What others did to an object of ours is put right by the regular comparison of index and account, except that many
objects that vanished are not made again without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from picora_sync.core.model import Kind, told_id
from tests.simulation.chapters.chapter import Chapter
from tests.simulation.timeline import Act

if TYPE_CHECKING:
    from tests.simulation.remote import Held
    from tests.simulation.world import World

PLANS = ("trial", "pro", "pro_plus")
PLAN = "pro_plus"
VERIFY_S = 3000.0
"""So often index and account are compared here."""


def meddle(world: World, act: Act) -> bool:
    """Another title, or the other visibility."""
    item = _one_of_ours(world, act)
    if item is not None:
        key = "isPublic" if item.kind is Kind.DOC else "is_public"
        change = {"title": "meddled"} if act.b % 2 else {key: not item.public}
        world.server.others.patch(_path(item), json=change)
    return item is not None


def delete(world: World, act: Act) -> bool:
    item = _one_of_ours(world, act)
    if item is not None:
        world.server.others.delete(_path(item))
        world.promises.vanished(item)
    return item is not None


def refuse(world: World, act: Act) -> None:
    """The key is refused, until somebody mends that."""
    world.road.refusing = True
    world.errand(float(act.a * 3), lambda: setattr(world.road, "refusing", False))


def change_plan(world: World, act: Act) -> None:
    world.server.service.move_to_plan(world.server.others, PLANS[act.a % len(PLANS)])


def heal(world: World) -> None:
    world.road.refusing = False
    world.server.service.move_to_plan(world.server.others, PLAN)


def _one_of_ours(world: World, act: Act) -> Held | None:
    held = world.server.held()
    ours = sorted((item for i, item in held.items() if i in world.promises.ours), key=lambda item: item.sha256)
    return ours[act.a % len(ours)] if ours else None


def _path(item: Held) -> str:
    return f"/v1/{'docs' if item.kind is Kind.DOC else 'audio'}/{told_id(item.id)}"


CHAPTER = Chapter(
    "others",
    weights={"meddle": 4, "delete": 3, "refuse": 2, "change_plan": 2, "plant": 3},
    deeds={"meddle": meddle, "delete": delete, "refuse": refuse, "change_plan": change_plan},
    heal=heal,
    verify_s=VERIFY_S,
)
