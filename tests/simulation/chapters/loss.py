"""The index is lost, or damaged; people run ``rebuild``, with ``--claim`` or without.

What is on Picora is recognised, and no audio is uploaded a second time. Without a claim nothing that was there before
the loss is ever deleted, so that it may stay when its files have gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from picora_sync.errors import FileUnreadable, PicoraSyncError
from picora_sync.reconciler.audit.rebuild import Rebuilding
from tests.simulation.chapters.chapter import Chapter
from tests.simulation.process import Process
from tests.simulation.timeline import Act

if TYPE_CHECKING:
    from tests.simulation.world import World

AGAIN_S = 60.0


def lose(world: World, act: Act) -> None:
    """The state directory is gone."""

    def forget() -> None:
        world.shelf.begin_anew()
        _rebuild(world, claim=act.a % 2 == 0)

    world.while_down(forget)


def damage(world: World, act: Act) -> None:
    """Bytes of the file change; where SQLite sees nothing of it, it was nothing."""

    def overwrite() -> None:
        if world.shelf.is_damaged_by(act.a, act.b):
            world.note("  found damaged")
            world.occurred("damage was found")
            world.shelf.begin_anew()
            _rebuild(world, claim=act.b % 2 == 0)

    world.while_down(overwrite)


def _rebuild(world: World, *, claim: bool) -> None:
    """As the command does, when the folders are there; what keeps it from its end is tried again."""
    try:
        if not all(tree.mounted for tree in world.folders.trees.values()):
            raise FileUnreadable("an empty mount point would be taken for the folder")
        world.road.lag_s = 0.0  # who has to find out what happened takes longer than lists lag behind writes
        world.promises.started()  # a command is a process, too, and knows nothing of a 429 before
        process = Process(world, world.index)
        for watch in process.watches:
            problem = watch.arrive()
            if problem is not None:
                raise FileUnreadable(problem.message)
            world.folders.trees[watch.unit.policy.name].lost_mark = ""  # it is marked anew: nothing to be put back
        process.account.connect()
        work = Rebuilding(world.index, [watch.unit for watch in process.watches], process.clocks, lambda _: None)
        work.expect_readable()
        work.look()
        server_s = process.client.server_time() or world.wall()
        work.recognise(process.client, process.pacer.eta_s, server_s, claim=claim)
    except PicoraSyncError as error:
        world.note(f"  rebuild: {error}")
        world.down_until = world.now_s + AGAIN_S
        world.while_down(lambda: _rebuild(world, claim=claim))
    else:
        world.note(f"  rebuilt, {claim=}")
        world.occurred(f"the index was rebuilt, {claim=}")
        world.promises.rebuilt({item.id for item in world.index.objects.all() if item.ours})


CHAPTER = Chapter("loss", weights={"lose": 3, "damage": 3}, deeds={"lose": lose, "damage": damage})
