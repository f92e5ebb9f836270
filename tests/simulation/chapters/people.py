"""People clear folders out, approve what is held, or keep it, pause, resume and send again, at any moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from picora_sync.control.messages import Approve, Held, Pause, Resend, Resume, Row, ShowHeld
from picora_sync.core.model import FileRef
from tests.simulation.chapters.chapter import Chapter
from tests.simulation.timeline import Act

if TYPE_CHECKING:
    from picora_sync.control.orders import Orders
    from tests.simulation.world import World


def clear(world: World, act: Act) -> None:
    """Everything goes, or half of it, or all but one file; perhaps it comes back."""
    tree = world.tree(act)
    if not tree.reachable:
        return
    paths = sorted(tree.lines)[(slice(None), slice(None, None, 2), slice(1, None))[act.a % 3]]
    gone = {path: tree.lines[path].now for path in paths}
    for path in paths:
        tree.take_away(path)
    if act.b % 3 == 0:
        world.errand(float(act.b), lambda: [tree.put_back(path, now) for path, now in gone.items()])


def approve_folder(world: World, act: Act) -> None:
    """One folder, exactly as listed."""
    world.order(lambda orders: _answer(world, orders, world.tree(act).name, keep=False))


def keep(world: World, act: Act) -> None:
    """``approve --keep``: what is held is forgotten, and its objects stay for good."""
    world.order(lambda orders: _answer(world, orders, world.tree(act).name, keep=True))


def _answer(world: World, orders: Orders, folder: str, *, keep: bool) -> None:
    shown = orders.carry_out(ShowHeld(folder=folder))
    assert isinstance(shown, Held)
    rows = tuple(Row(path=row.path, object=row.object) for row in shown.rows)
    before = {item.id for item in world.index.objects.all()}
    refs = [FileRef(folder, row.path) for row in rows]
    if not keep:
        world.promises.approved(refs)
    orders.carry_out(Approve(folder=folder, rows=rows, keep=keep))
    world.promises.let_go(before - {item.id for item in world.index.objects.all()})


def pause(world: World, act: Act) -> None:
    """A folder, or all of them, for a while."""
    folder = world.tree(act).name if act.b % 2 else None
    world.order(lambda orders: orders.carry_out(Pause(folder=folder)))
    world.errand(float(act.a), lambda: world.order(lambda orders: orders.carry_out(Resume(folder=folder))))


def resend(world: World, act: Act) -> None:
    world.order(lambda orders: orders.carry_out(Resend(folder=world.tree(act).name)))


CHAPTER = Chapter(
    "people",
    weights={"clear": 5, "approve_folder": 3, "keep": 4, "pause": 3, "resend": 1},
    deeds={"clear": clear, "approve_folder": approve_folder, "keep": keep, "pause": pause, "resend": resend},
)
