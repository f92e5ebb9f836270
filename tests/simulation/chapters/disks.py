"""Disks: the index finds no room for another page, for a while; reads of files and directories fail, always or now and
then, at the start or in the midst of an upload.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from tests.simulation.chapters.chapter import Chapter
from tests.simulation.timeline import Act

if TYPE_CHECKING:
    from tests.simulation.world import World

ERRORS = (errno.EIO, errno.ESTALE, errno.EACCES, errno.ETIMEDOUT, errno.EMFILE)


def fill(world: World, act: Act) -> None:
    """The process ends at the first write that needs room, and each time it is started, until there is room again."""
    world.shelf.fill(full=True)
    world.errand(float(act.a % 600), lambda: world.shelf.fill(full=False))


def flake(world: World, act: Act) -> None:
    """Every third of the next reads fails."""
    tree = world.tree(act)
    tree.errno, tree.flaky = ERRORS[act.a % len(ERRORS)], act.b % 90


def sicken(world: World, act: Act) -> None:
    """One file, or one directory, cannot be read for a while."""
    tree = world.tree(act)
    tree.errno = ERRORS[act.a % len(ERRORS)]
    (tree.lock if act.b % 2 else tree.lock_directory)(act.a)
    world.errand(float(act.b), tree.unlock)


def heal(world: World) -> None:
    for tree in world.folders.trees.values():
        tree.flaky = 0


CHAPTER = Chapter(
    "disks",
    weights={"fill": 4, "flake": 5, "sicken": 4},
    deeds={"fill": fill, "flake": flake, "sicken": sicken},
    heal=heal,
)
