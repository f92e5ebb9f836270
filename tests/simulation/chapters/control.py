"""Control: the configuration is read again while the daemon runs, and what a folder left behind is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from picora_sync.control.messages import Forget, Forgotten, Known, ShowKnown
from picora_sync.errors import CommandRefused
from tests.simulation.chapters import configuration
from tests.simulation.chapters.chapter import Chapter
from tests.simulation.timeline import Act

if TYPE_CHECKING:
    from picora_sync.control.orders import Orders
    from tests.simulation.world import World


def reload(world: World, act: Act) -> None:
    """Any change of the configuration, and all of a sudden."""
    names = list(configuration.CHANGES)
    change = configuration.CHANGES[names[act.b % len(names)]]
    world.reload(lambda: change(world, act))


def drop(world: World, act: Act) -> None:
    """A folder is taken out of the configuration, and soon forgotten."""
    world.reload(lambda: configuration.take_out(world, act))
    world.errand(float(act.b % 200), lambda: forget(world, act))


def forget(world: World, act: Act) -> bool:
    """A folder that was taken out is forgotten, and with ``--delete`` what it left behind is deleted."""
    names = list(world.folders.taken_out)
    if names:
        name = names[act.a % len(names)]
        world.order(lambda orders: _forget(world, orders, name, delete=act.b % 2 == 0))
    return bool(names)


def _forget(world: World, orders: Orders, folder: str, *, delete: bool) -> None:
    before = {item.id for item in world.index.objects.all()}
    try:
        known = orders.carry_out(ShowKnown(folder=folder))
        assert isinstance(known, Known)
        if delete:
            world.promises.given_up(folder)
        done = orders.carry_out(Forget(folder=folder, files=known.files, objects=known.objects, delete=delete))
        assert isinstance(done, Forgotten)
    except CommandRefused as error:
        world.note(f"  forget: {error.message}")
        return
    world.occurred("a folder was forgotten" + (", and deleted" if delete else ""))
    world.promises.forgot(folder)
    world.promises.let_go(before - {item.id for item in world.index.objects.all()})


CHAPTER = Chapter(
    "control",
    weights={"reload": 6, "drop": 4, "forget": 3},
    deeds={"reload": reload, "drop": drop, "forget": forget},
)
