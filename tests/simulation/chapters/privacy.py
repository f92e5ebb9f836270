"""Privacy: notes that are public become private, while much else is to be done, while people go on typing, in folders
that are paused, and when the daemon dies just then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.simulation.chapters.chapter import Chapter
from tests.simulation.chapters.people import pack, pause
from tests.simulation.matter import letter
from tests.simulation.timeline import BLIND, FAULTY, JUMPY, RARE_DISK, Act

if TYPE_CHECKING:
    from tests.simulation.tree import Tree
    from tests.simulation.world import World

SHOWN = 6
FIRST = 100
TYPED_S = 6.0
EDITS = frozenset(("pack", "hide", "show", "type_on"))


def begin(world: World) -> None:
    """Some notes are public from the start."""
    for tree in world.folders.trees.values():
        for number in range(SHOWN):
            tree.put_back(_path(number), letter(FIRST + number, public=True))


def hide(world: World, act: Act) -> None:
    """A note says that it is private; some get another name at once."""
    tree, path = world.tree(act), _path(act.a)
    if act.b % 4 != 1 or not tree.reachable or path not in tree.lines:
        _say(tree, act.a, public=False)
        return
    tree.rename(path, f"hidden {path}")
    tree.put_back(f"hidden {path}", letter(FIRST + act.a % SHOWN, public=False))


def show(world: World, act: Act) -> None:
    _say(world.tree(act), act.a, public=True)


def type_on(world: World, act: Act) -> None:
    """A note becomes private, and is saved again and again while somebody writes."""
    tree = world.tree(act)
    _say(tree, act.a, public=False)
    for number in range(1, act.b % 60):
        world.errand(number * TYPED_S, lambda number=number: _type(tree, act.a, number))


def _say(tree: Tree, number: int, *, public: bool) -> None:
    if tree.reachable:
        tree.put_back(_path(number), letter(FIRST + number % SHOWN, public=public))


def _type(tree: Tree, number: int, times: int) -> None:
    if tree.reachable:
        content = letter(FIRST + number % SHOWN, public=False)
        tree.put_back(_path(number), replace(content, data=content.data + b"more\n" * times))


def _path(number: int) -> str:
    return f"shown {number % SHOWN}.md"


CHAPTER = Chapter(
    "privacy",
    weights={"hide": 6, "show": 4, "type_on": 4, "pack": 4, "pause": 3, "crash": 2, "stop": 2},
    deeds={"hide": hide, "show": show, "type_on": type_on, "pack": pack, "pause": pause},
    begin=begin,
    mild=EDITS | {"pause"},
    without=frozenset(FAULTY | RARE_DISK | BLIND | JUMPY),
)
