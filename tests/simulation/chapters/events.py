"""Events: the queue overflows, the watcher dies, events come hours late, in storms, or for what never was there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from picora_sync.core.model import FileRef
from tests.simulation.chapters.chapter import Chapter
from tests.simulation.line import NOTES, SOUNDS
from tests.simulation.timeline import Act

if TYPE_CHECKING:
    from tests.simulation.world import World

GHOSTS = (
    *NOTES,
    *SOUNDS,
    "ghost.md",
    "ghost.flac",
    "d",
    "box.md",
    ".picoraignore",
    "pic.png",
    "no/such/dir/x.md",
    "A.MD",
)


def overflow(world: World, act: Act) -> None:
    """What was under way is lost; the watcher says so."""
    name = world.tree(act).name
    world.late = [late for late in world.late if late[1] != name]
    if world.process is not None:
        world.process.queue.rescan(name, "events were lost")


def watcher_dies(world: World, _: Act) -> None:
    """No event comes until the next start; only scans see anything."""
    world.deaf_until = float("inf")
    world.while_up(lambda: setattr(world, "deaf_until", 0.0))


def tardy(world: World, act: Act) -> None:
    """For a while events come up to hours late; until then they are as good as lost."""
    world.tardy_s = float(act.a % 7000)
    lasts_s = float(act.b % 600)
    world.deaf_spells.append((world.now_s, world.now_s + lasts_s))
    world.errand(lasts_s, lambda: setattr(world, "tardy_s", 0.0))


def ghosts(world: World, act: Act) -> bool:
    """Events of paths that did not change, or never existed."""
    if world.process is not None:
        for number in range(act.b % 40):
            path = GHOSTS[(act.a + number * 7) % len(GHOSTS)]
            world.process.queue.touch(FileRef(world.tree(act).name, path))
    return world.process is not None


def storm(world: World, act: Act) -> bool:
    """One path is told of again and again."""
    tree = world.tree(act)
    path = tree.choose(act.a)
    if path is not None:
        world.late += [(world.now_s + number * 0.7, tree.name, path) for number in range(act.b % 100)]
    return path is not None


CHAPTER = Chapter(
    "events",
    weights={"overflow": 3, "watcher_dies": 2, "tardy": 3, "ghosts": 3, "storm": 2},
    deeds={"overflow": overflow, "watcher_dies": watcher_dies, "tardy": tardy, "ghosts": ghosts, "storm": storm},
)
