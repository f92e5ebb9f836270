"""Deletions that Picora refuses: for a while all of them, since the key may not, and for good those of single objects.

In the end each object that nobody wants and that is still there is told of, with its URL; where its file wants to be
private, it is private.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from picora_sync.core.model import Kind, told_id
from tests.simulation.chapters.chapter import Chapter
from tests.simulation.timeline import Act

if TYPE_CHECKING:
    from tests.simulation.world import World


def forbid(world: World, act: Act) -> None:
    world.road.may_delete = False
    if act.a % 3:
        world.later(act.a * 10.0, "permit")


def permit(world: World, _: Act) -> None:
    world.road.may_delete = True


def stick(world: World, act: Act) -> bool:
    """One object can never be deleted. Not one with images: it must make room for the form that its note wants."""
    plain = [item for item in world.server.held().values() if item.kind is Kind.AUDIO or not _pictured(world, item.id)]
    if plain:
        world.road.stuck.add(plain[act.a % len(plain)].id)
    return bool(plain)


def _pictured(world: World, doc_id: str) -> bool:
    return bool(world.server.others.data(f"/v1/docs/{told_id(doc_id)}")["imageCount"])


def heal(world: World) -> None:
    """The key is exchanged in one half of the simulations."""
    if world.seed % 2:
        world.road.may_delete = True


CHAPTER = Chapter(
    "refusals",
    weights={"forbid": 3, "permit": 1, "stick": 4, "remove": 6, "edit": 6, "restore": 3, "move": 2},
    deeds={"forbid": forbid, "permit": permit, "stick": stick},
    heal=heal,
    without=frozenset({"draw"}),
)
