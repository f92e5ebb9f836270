"""People fill folders and clear them out, at once or little by little, approve what is held, or some of it, or keep it,
move files to another folder, pause, resume and send again, at any moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from picora_sync.control.messages import Approve, Held, Pause, RemovalRow, Resend, Resume, ShowHeld
from picora_sync.core.model import FileRef
from tests.simulation.chapters.chapter import Chapter
from tests.simulation.matter import letter
from tests.simulation.timeline import Act

if TYPE_CHECKING:
    from picora_sync.control.orders import Orders
    from tests.simulation.world import World


LETTERS = (15, 40)
TRICKLE_S = 90.0
EDITS = frozenset(("pack", "clear", "trickle", "move_across"))


def pack(world: World, act: Act) -> None:
    """Many new notes at once."""
    tree = world.tree(act)
    for number in range(LETTERS[0] + act.b % (LETTERS[1] - LETTERS[0])):
        tree.put_back(f"o/letter {number}.md", letter(number + act.a % 7))


def clear(world: World, act: Act) -> bool:
    """Everything goes, or half of it, or all but one file; perhaps it comes back."""
    tree = world.tree(act)
    if not tree.reachable:
        return False
    paths = sorted(tree.lines)[(slice(None), slice(None, None, 2), slice(1, None))[act.a % 3]]
    gone = {path: tree.lines[path].now for path in paths}
    for path in paths:
        tree.take_away(path)
    if act.b % 3 == 0:
        world.errand(float(act.b), lambda: [tree.put_back(path, now) for path, now in gone.items()])
    return bool(gone)


def trickle(world: World, act: Act) -> None:
    """One file after another goes: slowly, but it may become many."""
    tree = world.tree(act)
    for number, path in enumerate(sorted(tree.lines)[: act.b % 30]):
        world.errand(number * TRICKLE_S, lambda path=path: tree.take_away_if_there(path))


def move_across(world: World, act: Act) -> bool:
    """A file goes to the other folder, under the same name."""
    trees = list(world.folders.trees.values())
    one, other = trees[act.folder % len(trees)], trees[(act.folder + 1) % len(trees)]
    return one is not other and one.reachable and other.reachable and one.give(act.a, other)


def approve_folder(world: World, act: Act) -> None:
    """One folder, exactly as listed."""
    world.order(lambda orders: _answer(world, orders, world.tree(act).name, keep=False))


def approve_some(world: World, act: Act) -> None:
    """Only every other row of the list."""
    world.order(lambda orders: _answer(world, orders, world.tree(act).name, keep=act.b % 2 == 0, every=2))


def keep(world: World, act: Act) -> None:
    """``approve --keep``: what is held is forgotten, and its objects stay for good."""
    world.order(lambda orders: _answer(world, orders, world.tree(act).name, keep=True))


def _answer(world: World, orders: Orders, folder: str, *, keep: bool, every: int = 1) -> None:
    shown = orders.carry_out(ShowHeld(folder=folder))
    assert isinstance(shown, Held)
    rows = tuple(RemovalRow(path=row.path, object=row.object) for row in shown.rows[::every])
    before = {item.id for item in world.index.objects.all()}
    if not rows:
        return
    world.occurred("held files were kept" if keep else "held files were approved")
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


def heal(world: World) -> None:
    """Whatever the paused folders are called by now."""
    world.order(lambda orders: orders.carry_out(Resume()))


CHAPTER = Chapter(
    "people",
    weights={
        "pack": 4,
        "clear": 5,
        "trickle": 3,
        "move_across": 2,
        "approve_folder": 3,
        "approve_some": 3,
        "keep": 4,
        "pause": 3,
        "resend": 1,
    },
    deeds={
        "pack": pack,
        "clear": clear,
        "trickle": trickle,
        "move_across": move_across,
        "approve_folder": approve_folder,
        "approve_some": approve_some,
        "keep": keep,
        "pause": pause,
        "resend": resend,
    },
    heal=heal,
    mild=EDITS | {"approve_folder", "approve_some", "keep", "pause", "resend"},
)
