"""The index is lost, and nobody runs ``rebuild``: the daemon starts with an empty one, in folders that were mirrored.

What was there before can never be known to be ours, so that it is never deleted, and may stay when its files have gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.chapters.chapter import Chapter
from tests.simulation.chapters.older import BY_HAND_S
from tests.simulation.timeline import Act

if TYPE_CHECKING:
    from tests.simulation.world import World


def lose(world: World, _: Act) -> None:
    """Somebody deletes the state directory, and starts the daemon again."""
    world.while_down(lambda: _begin(world))


def _begin(world: World) -> None:
    world.down_until = world.now_s + BY_HAND_S
    world.while_down(lambda: _forget(world))


def _forget(world: World) -> None:
    if not all(tree.mounted for tree in world.folders.trees.values()):
        _begin(world)  # an empty mount point would be taken for the folder
        return
    world.note("  lost")
    world.shelf.begin_anew()
    world.promises.rebuilt(set())


CHAPTER = Chapter("bereft", weights={"lose": 3}, deeds={"lose": lose})
