"""People clear folders out, and approve what is held, or keep it, at any moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from picora_sync.cli.commands.approve import forget
from tests.simulation.chapters.chapter import Chapter
from tests.simulation.timeline import Act

if TYPE_CHECKING:
    from tests.simulation.world import World


def clear(world: World, act: Act) -> None:
    """Everything goes, or half of it; perhaps it comes back."""
    tree = world.tree(act)
    if not tree.mounted:
        return
    paths = sorted(tree.lines)[:: 1 + act.a % 2]
    gone = {path: tree.lines[path].now for path in paths}
    for path in paths:
        tree.take_away(path)
    if act.b % 3 == 0:
        world.errand(float(act.b), lambda: [tree.put_back(path, now) for path, now in gone.items()])


def approve_folder(world: World, act: Act) -> None:
    """One folder, exactly as listed."""
    world.while_down(lambda: world.approve_listed(world.tree(act).name))


def keep(world: World, act: Act) -> None:
    """``approve --keep``: what is held is forgotten, and its objects stay for good."""

    def forget_held() -> None:
        name = world.tree(act).name
        held = [(ref, why) for ref, why, approved in world.index.holds.held(name) if not approved]
        before = {item.id for item in world.index.objects.all()}
        forget(world.index, held, world.wall())
        world.promises.let_go(before - {item.id for item in world.index.objects.all()})

    world.while_down(forget_held)


CHAPTER = Chapter(
    "people",
    weights={"clear": 5, "approve_folder": 3, "keep": 4},
    deeds={"clear": clear, "approve_folder": approve_folder, "keep": keep},
)
