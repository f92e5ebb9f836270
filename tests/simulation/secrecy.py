"""Promise 4, while nothing else goes wrong: what wants to be private is private within seconds."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from picora_sync.core.policy import Folder
from tests.simulation.line import Line
from tests.simulation.matter import Matter
from tests.simulation.sight import Sight
from tests.simulation.wishes import is_among, is_listed, wants_public

if TYPE_CHECKING:
    from tests.simulation.world import World

QUIET_S = 3.0
"""A pause in the changes of a file that is long enough to look at it (2 s, and an event may come late)."""
WITHIN_S = {True: 10.0, False: 60.0}
"""From then on: calm, and where answers, events and threads take their time."""
LAST_TROUBLE_S = 60.0
"""After the last trouble that is no fault of the server's so much more time is left: a root is looked for, audio …"""
LAST_FAULT_S = 2 * 3600.0
"""After a fault the product waits as long as it thinks fit, up to an hour."""
REPLACED_WITHIN_S = 360.0
"""A file that changes without end is sent 300 s after it began to (design §10), and its old version goes then."""
REMOVED_WITHIN_S = 120.0
"""A missing file is sure to be gone after that (``delete_after``, and a look); what it shared stays until then."""
ASLEEP_S = 900.0
"""How long the loop may sleep in these simulations where nothing is due (``world.ALONE_S``)."""
BOUND_AFTER_S = 60.0
"""A content that stood for so long was uploaded: settled after at most that, and sent."""


class Secrecy:
    """Looks at all files from time to time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._looked_at = 0.0
        self._shared_at: dict[str, float] = {}
        self._met = 0
        self._met_at = 0.0

    def leaks(self) -> list[str]:
        """What is public though its file has wanted private for too long."""
        now = self._world.mono()
        if self._met != self._world.road.met:
            self._met, self._met_at = self._world.road.met, now
        if now - self._looked_at < 5.0 or not self._world.is_untroubled():
            return []
        self._looked_at = now
        return [
            leak
            for policy, tree in self._world.folders.mirrored()
            for path, line in tree.lines.items()
            if is_listed(policy, tree, path, line)
            for leak in self._leaks_of(policy, path, line)
        ]

    def _leaks_of(self, policy: Folder, path: str, line: Line) -> list[str]:
        hidden = _hidden_since(policy, line)
        if hidden is None:
            return []
        since, before = hidden
        world = self._world
        others = [other for other in world.folders.living() if other is not line]
        others += [gone for tree in world.folders.trees.values() if tree.keeps for gone in tree.dead]  # stays as it was
        known = world.promises.ours.keys() - world.promises.forgotten  # a lost index cannot know of what it uploaded
        alike = [item for item in world.server.held().values() if item.id in known and is_among(item, [before])]
        now = world.mono()
        kept = self._kept_since()
        shared = (
            item.id
            for item in alike
            if any(_held_lately(other, item.sha256, kept.get(id(other), now)) for other in others)
        )
        self._shared_at.update(dict.fromkeys(shared, now))
        troubled_s = max(world.troubled_at + LAST_TROUBLE_S, max(world.fault_at, self._met_at) + LAST_FAULT_S)
        if self._became_another_unseen(path, line):
            troubled_s += REMOVED_WITHIN_S
            alike = [item for item in alike if not world.promises.is_held(item.id)]
        if world.mono() < max(since + WITHIN_S[world.scenario.calm], troubled_s):
            return []
        return [
            f"4: {path!r} wants private since {now - since:.0f} s, but {item} is public"
            for item in alike
            if item.public and now - self._shared_at.get(item.id, 0.0) >= REMOVED_WITHIN_S
        ]

    def _kept_since(self) -> dict[int, float]:
        """From when on a line may have been replaced whose folder keeps what was replaced for those who pinned its URL:
        at its change, or by the process that began after it; the loop that deletes it may sleep for a while.
        """
        now = self._world.mono()
        return {
            id(line): min(now, self._world.troubled_at) - policy.keep_replaced_s - ASLEEP_S
            if now - self._world.troubled_at < policy.keep_replaced_s + ASLEEP_S + REPLACED_WITHIN_S
            else now - policy.keep_replaced_s - ASLEEP_S
            for policy, tree in self._world.folders.mirrored()
            if policy.keep_replaced_s
            for line in tree.lines.values()
        }

    def _became_another_unseen(self, path: str, line: Line) -> bool:
        """Whether it got another inode and then another name, and nobody could look in between: then nobody can know it
        for the same, and the old name's object goes as that of a missing file (decision 0165), if that is not held.
        """
        if not line.has_moved or line.saved_over_at > line.moved_at:
            return False
        return Sight().longest_s(path, line.saved_over_at, line.moved_at, self._world.watcher) < QUIET_S


def _held_lately(line: Line, sha256: str, now: float) -> bool:
    """Whether a file held this then, or its next version need not have been sent: until then the old one stays as it
    is. What cannot be sent is no version: the file keeps what it held before (design §5).
    """
    versions = [(at, matter) for at, matter in line.history if matter.sendable]
    ends = [*(at for at, _ in versions[1:]), float("inf")]
    held = (end for (_, matter), end in zip(versions, ends, strict=False) if sha256 in matter.all_sent())
    return any(end > now - REPLACED_WITHIN_S for end in held)


def _hidden_since(policy: Folder, line: Line) -> tuple[float, Matter] | None:
    """When the file could first be seen to want private after it was public for long, and what it held then."""
    if line.unknown:
        return None  # a new file, and the old name's object goes as that of a missing one (decision 0165)
    private = 0
    for _, matter in reversed(line.history):
        if wants_public(policy, matter) or not matter.sendable:
            break
        private += 1
    first = len(line.history) - private
    if not private or not first or not line.history[first - 1][1].sendable:
        return None
    came_at, before = line.history[first - 1]
    if line.history[first][0] - came_at < BOUND_AFTER_S:
        return None
    times = [at for at, _ in line.history[first:]] + [float("inf")]
    return next((at for at, then in pairwise(times) if then - at >= QUIET_S)), before
