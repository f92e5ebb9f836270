"""A backup of the state directory is put back, and nobody runs ``rebuild``: the index believes what was true once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.chapters.chapter import Chapter
from tests.simulation.timeline import Act

if TYPE_CHECKING:
    from tests.simulation.world import World

VERIFY_S = 3000.0
"""What the older index cannot know is put right when index and account are compared: so often here, daily otherwise."""
BY_HAND_S = 120.0
"""Putting a copy back takes longer than lists lag behind writes."""


def copy(world: World, _: Act) -> None:
    world.shelf.keep_copy()


def restore(world: World, _: Act) -> None:
    world.while_down(lambda: _begin(world))


def _begin(world: World) -> None:
    world.down_until = world.now_s + BY_HAND_S
    world.while_down(lambda: _put_back(world))


def _put_back(world: World) -> None:
    if world.shelf.restore_copy():
        world.note("  restored")
        world.occurred("an older index was put back")
        objects = world.index.objects
        unsure = {(intent.kind, intent.sha256) for intent in objects.intents()}
        explained = {i for i, item in world.server.held().items() if (item.kind, item.sha256) in unsure}
        world.promises.rebuilt({item.id for item in objects.all() if item.ours} | explained)


CHAPTER = Chapter(
    "older",
    weights={"copy_state": 3, "restore_state": 3},
    deeds={"copy_state": copy, "restore_state": restore},
    verify_s=VERIFY_S,
)
