"""Races: audio is written to while it is being sent, and other audio, half copied, stands in its place meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from picora_sync.core.model import Kind
from tests.simulation.chapters.chapter import Chapter
from tests.simulation.matter import matter
from tests.simulation.timeline import Act

if TYPE_CHECKING:
    from tests.simulation.world import World

SOUNDS_MADE = 3
DONE_WITHIN_S = 10.0


def record(world: World, act: Act) -> bool:
    """New audio, so that there is something to send."""
    tree = world.tree(act)
    if tree.reachable:
        for number in range(SOUNDS_MADE):
            tree.save(act.a * SOUNDS_MADE + number, act.b + number)
    return tree.reachable


def tear(world: World, act: Act) -> None:
    """Somebody copies other audio over the file that is sent next, in its midst."""
    tree = world.tree(act)

    def begin(path: str) -> None:
        now, whole = tree.lines[path].now, matter(Kind.AUDIO, act.b)
        middle = min(len(now.data), len(whole.data)) // 2
        tree.put_back(path, replace(now, data=whole.data[:middle] + now.data[middle:], torn=True))
        world.errand(act.a % DONE_WITHIN_S, lambda: finish(path))
        world.occurred("a file was torn while it was sent")

    def finish(path: str) -> None:
        if path in tree.lines and tree.lines[path].now.torn:
            tree.put_back(path, matter(Kind.AUDIO, act.b))

    tree.on_sending = begin


def cut(world: World, act: Act) -> None:
    """The file that is sent next gets shorter, or longer, or goes, in its midst."""
    tree = world.tree(act)

    def begin(path: str) -> None:
        now = tree.lines[path].now
        if act.b % 3 == 0:
            tree.take_away(path)
        else:
            tree.put_back(path, now.shrunk() if act.b % 3 == 1 else now.grown(act.a))
        world.occurred("a file changed while it was sent")

    tree.on_sending = begin


def heal(world: World) -> None:
    for tree in world.folders.trees.values():
        tree.on_sending = None


CHAPTER = Chapter(
    "races",
    weights={"record": 4, "tear": 5, "cut": 4},
    deeds={"record": record, "tear": tear, "cut": cut},
    heal=heal,
    mild=frozenset(("record", "tear", "cut")),
)
