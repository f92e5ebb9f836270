"""What people, networks and machines do in every simulation; what a chapter adds is in ``chapters``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from picora_sync.core.model import Kind
from tests.simulation.matter import matter
from tests.simulation.remote import Armed
from tests.simulation.timeline import Act, fault_of

if TYPE_CHECKING:
    from tests.simulation.world import World

Deed = Callable[["World", Act], bool | None]
"""Carries out an act; False if nothing came of it."""
JUMPS_S = (40.0, 3600.0, 90_000.0, -40.0, -3600.0)


def on_disk(world: World, act: Act) -> bool:
    """What has no deed of its own is done by a tree."""
    tree = world.tree(act)
    before = tree.told, tree.mounted
    if tree.reachable or act.what == "mount":
        getattr(tree, act.what)(act.a, act.b % 13 + 1 if act.what == "remove_many" else act.b)
    return (tree.told, tree.mounted) != before


def fault(world: World, act: Act) -> None:
    what, method, times = fault_of(act)
    world.road.armed.append(Armed(what, method, times))
    world.note(f"  {what} on {method or 'any'} x{times}")


def offline(world: World, act: Act) -> None:
    world.road.up = False
    world.later(act.a % 300, "online")


def online(world: World, _: Act) -> None:
    world.road.up = True


def lag(world: World, act: Act) -> None:
    world.road.lag_s = float(act.a % 70)


def crash(world: World, act: Act) -> None:
    world.points_left = 1 + act.a % 40


def stop(world: World, _: Act) -> None:
    world.dying = True


def deaf(world: World, act: Act) -> None:
    world.deaf_until = world.now_s + act.a % 200
    world.deaf_spells.append((world.now_s, world.deaf_until))


def jump(world: World, act: Act) -> None:
    world.jump(JUMPS_S[act.a % len(JUMPS_S)])


def rescan(world: World, act: Act) -> bool:
    if world.process is not None:
        world.process.queue.rescan(world.tree(act).name, "asked for")
    return world.process is not None


def approve(world: World, _: Act) -> bool | None:
    """As the command does: it stops the daemon, approves what is listed, and starts it again."""
    if world.scenario.calm:
        return False
    if world.process is not None:
        world.dying = True
    world.to_come.insert(0, Act(world.now_s, "approved"))
    return None


def approved(world: World, _: Act) -> bool:
    if world.process is None:
        return world.approve_listed() > 0
    if world.dying:
        world.later(0.5, "approved")
    return False


def plant(world: World, act: Act) -> bool:
    """Somebody else uploads something, perhaps the same as what is in the folder; not while we are uploading it,
    since nobody could tell then whose it is.
    """
    tree, others = world.tree(act), world.server.others
    path = tree.choose(act.a)
    content = tree.lines[path].now if path is not None and act.b % 2 else matter(Kind.DOC, act.b)
    under_way = any(world.index.objects.intent(content.kind, sha) for sha in content.all_sent())
    if not content.sendable or content.torn or under_way:
        return False
    before = world.server.held()
    if content.kind is Kind.AUDIO:
        others.post_audio(content.data, "theirs.flac", "audio/flac", title="theirs")
    else:
        others.post_doc(content.data.decode(), title="theirs", isPublic=act.b % 3 == 0)
    planted = world.server.held().keys() - before.keys()
    world.promises.theirs |= planted
    return bool(planted)


DEEDS: dict[str, Deed] = {
    deed.__name__: deed
    for deed in (fault, offline, online, lag, crash, stop, deaf, jump, rescan, approve, approved, plant)
}
