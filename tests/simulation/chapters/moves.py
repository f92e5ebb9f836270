"""Moves: shelves of essays get other names while essays in them are edited, in place or saved anew, some go to another
folder; others are scrapped, and new ones stand on their inodes. Here nothing is held that only moved.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from picora_sync.core.model import FileRef
from tests.simulation.chapters.chapter import Chapter
from tests.simulation.inodes import Inodes
from tests.simulation.matter import edited, essay
from tests.simulation.timeline import BLIND, DISK, JUMPY, OTHERS, RARE_DISK, Act

if TYPE_CHECKING:
    from tests.simulation.line import Line
    from tests.simulation.tree import Tree
    from tests.simulation.world import World

SHELVES = ("shelf", "rack/old", "rack/new", "board", "board 2")
FEWEST, MORE = 15, 30
"""So many essays are there in the beginning, and up to so many more."""
ESSAY = "essay "
SAVED = b" saved"
ACTS = frozenset(("move_shelf", "wander", "scrap", "move_shelf_across", "add_essays", "lie"))


def begin(world: World) -> None:
    """A shelf in each folder, on a file system that gives inodes away again, and may tell when a file was made."""
    trees = list(world.folders.trees.values())
    inodes = Inodes([root for tree in trees for root in (tree.root, tree.away)], tells_births=world.seed % 3 > 0)
    for index, tree in enumerate(trees):
        tree.inodes = inodes
        for number in range(FEWEST + world.seed % MORE):
            own = 1000 * index + number
            tree.put_back(f"{SHELVES[0]}/{ESSAY}{own}.md", essay(own))


def move_shelf(world: World, act: Act) -> bool:
    """A shelf gets another name; some essays on it are edited, at once or one after another."""
    tree = world.tree(act)
    shelves = _shelves(tree)
    if not tree.reachable or not shelves:
        return False
    old, new = shelves[act.a % len(shelves)], SHELVES[act.b % len(SHELVES)]
    _tell(world, tree, old, new, act)
    if not tree.rename_directory(old, new):
        return False
    _edit_some(world, tree, new, act)
    return True


def move_shelf_across(world: World, act: Act) -> bool:
    """All of a shelf goes to the other folder."""
    trees = list(world.folders.trees.values())
    one, other = trees[act.folder % len(trees)], trees[(act.folder + 1) % len(trees)]
    shelves = _shelves(one)
    if one is other or not one.reachable or not other.reachable or not shelves:
        return False
    shelf = shelves[act.a % len(shelves)]
    for path in _essays(one, shelf):
        one.hand_over(path, other)
    _edit_some(world, other, shelf, act)
    return True


def wander(world: World, act: Act) -> bool:
    """An essay goes to another shelf, or gets another name, and is edited in place."""
    tree = world.tree(act)
    essays = _essays(tree)
    if not tree.reachable or not essays:
        return False
    old = essays[act.a % len(essays)]
    name = old.rpartition("/")[2] if act.b % 2 or _was_saved(tree.lines[old]) else f"{ESSAY}{act.a} {act.b}.md"
    new = f"{SHELVES[act.b % len(SHELVES)]}/{name}"
    if new in tree.lines or not tree.may_stand(new):
        return False
    _tell(world, tree, old, new, act)
    tree.rename(old, new)
    if act.b % 3 and new in tree.lines:
        tree.put_back(new, edited(tree.lines[new].now, act.b))
    return True


def scrap(world: World, act: Act) -> bool:
    """Essays are deleted, and as many others written on their inodes, perhaps with their names."""
    tree = world.tree(act)
    essays = _essays(tree)[: 1 + act.b % 25]
    if not tree.reachable or not essays:
        return False
    for path in essays:
        tree.take_away(path)
    for number, path in enumerate(essays if act.a % 3 else []):
        name = path.rpartition("/")[2] if act.a % 2 else f"{ESSAY}{act.a} {number}.md"
        shelf = f"new {int(world.now_s)}"  # where another was before, it would be an edit
        tree.put_back(f"{shelf}/{name}", essay(int(world.now_s) * 100 + number))
    return True


def add_essays(world: World, act: Act) -> None:
    """Some more."""
    for number in range(act.b % 12):
        path = f"{SHELVES[act.a % len(SHELVES)]}/{ESSAY}{act.a} {number}.md"
        world.tree(act).put_back(path, essay(int(world.now_s) * 100 + 50 + number))


def lie(world: World, act: Act) -> bool:
    """A watcher tells of a move that never happened."""
    tree = world.tree(act)
    if world.process is None:
        return False
    old, new = SHELVES[act.a % len(SHELVES)], SHELVES[act.b % len(SHELVES)]
    world.process.queue.moved(FileRef(tree.name, old), FileRef(tree.name, new))
    return True


def _tell(world: World, tree: Tree, old: str, new: str, act: Act) -> None:
    if world.process is not None and act.a % 2:
        world.process.queue.moved(FileRef(tree.name, old), FileRef(tree.name, new))


def _edit_some(world: World, tree: Tree, shelf: str, act: Act) -> None:
    apart_s = (0.0, 0.0, 0.3, 4.0)[act.b % 4]

    def edit(path: str, number: int) -> None:
        """Only one that had no other name is saved anew: with another name and another inode nothing would tell."""
        if not tree.reachable or path not in tree.lines:
            return
        content = edited(tree.lines[path].now, act.b + number)
        if (act.a + act.b) % 2 or path.rpartition("/")[2].count(" ") > 1:
            tree.put_back(path, content)
        else:
            tree.save_over(path, replace(content, data=content.data + SAVED))

    for number, path in enumerate(_essays(tree, shelf)[act.a % 5 :][: act.a % 23]):
        world.errand(number * apart_s, partial(edit, path, number)) if apart_s else edit(path, number)


def _was_saved(line: Line) -> bool:
    return any(SAVED in content.data for _, content in line.history)


def _essays(tree: Tree, shelf: str = "") -> list[str]:
    return sorted(path for path in tree.lines if is_essay(path) and path.startswith(f"{shelf}/" if shelf else ""))


def _shelves(tree: Tree) -> list[str]:
    return sorted({path.rpartition("/")[0] for path in _essays(tree)})


def is_essay(path: str) -> bool:
    """Whether a file is one of those that this chapter is about."""
    return path.rpartition("/")[2].startswith(ESSAY)


CHAPTER = Chapter(
    "moves",
    weights={
        "move_shelf": 8,
        "wander": 4,
        "scrap": 4,
        "move_shelf_across": 4,
        "add_essays": 2,
        "lie": 2,
        "crash": 2,
        "stop": 2,
    },
    deeds={
        "move_shelf": move_shelf,
        "wander": wander,
        "scrap": scrap,
        "move_shelf_across": move_shelf_across,
        "add_essays": add_essays,
        "lie": lie,
    },
    begin=begin,
    mild=ACTS,
    # Not even "write": a file that cannot be sent, on a reused inode whose birth is not told, may be the vanished one.
    without=frozenset(DISK | RARE_DISK | BLIND | JUMPY | OTHERS),
    numbers=(2, 4, 8, 16),
    knows_moves=is_essay,
)
