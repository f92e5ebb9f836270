"""Mount points: a directory becomes or ceases to be one, roots are swapped, and a root loses its mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.chapters.chapter import Chapter
from tests.simulation.line import DIRECTORIES
from tests.simulation.timeline import Act

if TYPE_CHECKING:
    from tests.simulation.tree import Tree
    from tests.simulation.world import World

MARK = ".picora-sync/folder"


def begin(world: World) -> None:
    """In half of the simulations a directory of each folder is on a disk of its own, from the start."""
    for tree in world.folders.trees.values():
        if world.seed % 2 and (tree.root / "d").is_dir():
            tree.disks.add("d")


def unplug(world: World, act: Act) -> bool:
    """A disk below the root is unmounted, and later mounted again."""
    tree = world.tree(act)
    unplugged = [tree.displace(directory, disk=False) for directory in sorted(tree.disks)]
    world.errand(float(act.b * 5), tree.put_in_place)
    return any(unplugged)


def cover(world: World, act: Act) -> bool:
    """A disk is mounted over a directory that has none, and later unmounted."""
    tree = world.tree(act)
    directory = DIRECTORIES[act.a % len(DIRECTORIES)]
    if any(f"{each}/".startswith(f"{directory}/") or f"{directory}/".startswith(f"{each}/") for each in tree.disks):
        return False
    world.errand(float(act.b * 5), tree.put_in_place)
    return tree.displace(directory, disk=act.b % 2 == 0)


def swap_roots(world: World, act: Act) -> bool:
    """Each of two folders is where the other should be."""
    trees = list(world.folders.trees.values())[:2]
    possible = len(trees) == 2 and all(tree.reachable for tree in trees)
    if possible:
        _swap(world)
        world.errand(float(act.b * 5), lambda: _swap(world))
    return possible


def _swap(world: World) -> None:
    one, other = list(world.folders.trees.values())[:2]
    one.root.rename(one.away)
    other.root.rename(one.root)
    one.away.rename(other.root)
    for tree in (one, other):
        tree.hide() if tree.mounted else tree.show()


def lose_mark(world: World, act: Act) -> bool:
    """The file that tells the folder is deleted; a person puts it back as the message says."""
    tree = world.tree(act)
    mark = tree.root / MARK
    possible = tree.reachable and mark.exists()
    if possible:
        tree.lost_mark = mark.read_text()
        mark.unlink()
        world.errand(float(act.b * 3), lambda: _mark_again(tree))
    return possible


def _mark_again(tree: Tree) -> None:
    if tree.lost_mark and tree.mounted:
        (tree.root / MARK).write_text(tree.lost_mark)
        tree.lost_mark = ""


def heal(world: World) -> None:
    for tree in world.folders.trees.values():
        tree.put_in_place()
        _mark_again(tree)


CHAPTER = Chapter(
    "mounts",
    weights={"unplug": 5, "cover": 3, "swap_roots": 2, "lose_mark": 2},
    deeds={"unplug": unplug, "cover": cover, "swap_roots": swap_roots, "lose_mark": lose_mark},
    heal=heal,
    begin=begin,
)
