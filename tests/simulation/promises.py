"""The promises of design §13, checked by a model of their own: it knows files and the server's tables, no plan.

What goes wrong on the way is found here, with :mod:`secrecy` (4), :mod:`budget` (6) and :mod:`manners` (7);
:mod:`ending` says what must hold in the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx

from picora_sync.core.model import FileRef, Kind, told_id
from tests.simulation.budget import Budget
from tests.simulation.ending import Ending
from tests.simulation.line import Line
from tests.simulation.manners import Manners
from tests.simulation.remote import Held, ids_of, kind_asked
from tests.simulation.secrecy import Secrecy
from tests.simulation.tree import Tree
from tests.simulation.wishes import (
    contents_of,
    held_at_some_time,
    is_among,
    is_kept_alive,
    is_listed,
    is_selected,
    may_go_first,
    was_told_too_late,
)

if TYPE_CHECKING:
    from tests.simulation.world import World

STABLE_S = {True: 300.0, False: 2 * 3600.0}
"""A file that was there for so long before a DELETE was first sent must have been seen: calm, and not."""
SETTLED_S = 60.0
STANDS_STILL_S = 14.0
"""Audio that stood still for so long counts as whole (the quiet time is 15 s)."""


class Promises:
    """``broken`` are the violations seen on the way; :meth:`settled` raises what is wrong in the end."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.ours: dict[str, Held] = {}
        self.theirs: set[str] = set()
        self.broken: list[str] = []
        self.mutations: list[str] = []
        self.changes = 0
        self.manners = Manners()
        self._first_delete: dict[str, float] = {}
        self._named: set[str] = set()
        self._told_at: dict[str, float] = {}
        self._held: dict[str, FileRef] = {}
        self._approved: set[str] = set()
        self._budget = Budget(world.folders)
        self._secrecy = Secrecy(world)
        self._left_behind: dict[str, set[str]] = {}
        self._forgotten_at: dict[str, float] = {}
        self.kept: set[str] = set()
        self.forgotten: set[str] = set()
        self.remade: set[tuple[Kind, str]] = set()
        self._vanished: dict[str, tuple[Held, float]] = {}
        self._rebuilt_at = 0.0

    # --- on the way -------------------------------------------------------------------------------------------------

    def about_to_send(self, request: httpx.Request) -> None:
        self.manners.sent(self._world.mono(), request)
        if request.method != "GET":
            self.mutations.append(f"{request.method} {request.url.path}")
        if request.method == "DELETE":
            for each in ids_of(request):
                self._first_delete.setdefault(each, self._world.mono())

    def heard(self, request: httpx.Request, answer: httpx.Response) -> None:
        self.manners.answered(self._world.mono(), request, answer)
        if answer.is_success:
            unknown = self.ours.keys() - self._told_at.keys()
            about = [each for each in unknown if self.ours[each].kind is kind_asked(request)]
            self._named |= {each for each in about if told_id(each).encode() in answer.content}

    def started(self) -> None:
        """Another process runs; what its predecessor was told at the last is lost."""
        self.manners.began()
        self._named.clear()

    def refused(self) -> None:
        self.manners.refused(self._world.mono())

    def carried_out(
        self, request: httpx.Request, answer: httpx.Response, before: dict[str, Held], after: dict[str, Held]
    ) -> None:
        """The server did what was asked."""
        if answer.status_code == 429 and not self._world.road.met:
            self._break("7: a 429 although no fault was injected")
        for object_id in after.keys() - before.keys():
            self.ours[object_id] = after[object_id]
            self._check_whole(after[object_id])
        for object_id in before.keys() - after.keys():
            self._check_deleted(before[object_id], before, after, f"{request.method} {request.url}")

    def look_around(self) -> None:
        """What can be seen at any time, and that the loop has heard all answers by now."""
        self._told_at.update(dict.fromkeys(self._named, self._world.mono()))
        self._named.clear()
        index = self._world.index
        held = [ref for ref, _, approved in index.holds.held() if not approved]
        for row in index.files.get_many(held):
            if row.bound is not None:
                self._held[row.bound] = row.ref
        for object_id, ref in list(self._held.items()):
            item = self.ours.get(object_id)
            elsewhere = item is not None and any(held_at_some_time(line, item) for line in self._world.folders.living())
            tree = self._world.folders.trees.get(ref.folder)  # none under the name that it had before
            if elsewhere or (
                tree is not None and ref.path in tree.lines
            ):  # it came back, or was found under another name
                del self._held[object_id]
        self._budget.look_around(self._world.real_s())
        self.broken += [*self._secrecy.leaks(), *self.manners.wrong]

    def approved(self, refs: list[FileRef]) -> None:
        """A person saw these, and agreed."""
        for row in self._world.index.files.get_many(refs):
            if row.bound is not None:
                self._approved.add(row.bound)
                self._held.pop(row.bound, None)
                self._budget.approved()

    def is_held(self, object_id: str) -> bool:
        """Whether it waits for a person."""
        return object_id in self._held

    def taken_out(self, folder: str) -> None:
        """From now on what this folder has on Picora stays there."""
        tree, now = self._world.folders.trees[folder], self._world.mono()
        if now < self._forgotten_at.get(folder, float("-inf")) + STABLE_S[self._world.scenario.calm]:
            return  # it may not have been looked through since
        matters = [line.now for path, line in tree.lines.items() if self._seen_by(tree, path, now)[-1]]
        self._left_behind[folder] = {i for i, item in self._world.server.held().items() if is_among(item, matters)}

    def taken_in(self, folder: str) -> None:
        """It is mirrored again; what was forgotten of it is not known before it was looked through."""
        self._left_behind.pop(folder, None)
        if folder in self._forgotten_at:
            self._forgotten_at[folder] = self._world.mono()

    def given_up(self, folder: str) -> None:
        """People said that what this folder left behind may be deleted."""
        self._left_behind.pop(folder, None)
        self._held = {object_id: ref for object_id, ref in self._held.items() if ref.folder != folder}
        trees = self._world.folders.trees
        matters = contents_of([trees[folder]] if folder in trees else [])  # it goes by another name by now
        self._approved |= {i for i, item in self._world.server.held().items() if is_among(item, matters)}

    def forgot(self, folder: str) -> None:
        """Nothing is known of it any more: what it shared with other folders is theirs alone (decision 0177)."""
        self._forgotten_at[folder] = self._world.mono()
        held = self._world.server.held()
        others = contents_of([tree for _, tree in self._world.folders.mirrored()])
        shared = {i for i in self._left_behind.get(folder, ()) if i in held and is_among(held[i], others)}
        self._left_behind[folder] = self._left_behind.get(folder, set()) - shared

    def let_go(self, ids: set[str]) -> None:
        """People said that these stay for good, whoever they belong to from now on."""
        self.kept |= ids

    def rebuilt(self, claimed: set[str]) -> None:
        """The index was lost: of what was there before, it knows only what was claimed to be its own."""
        held = self._world.server.held()
        self.theirs -= claimed
        self.ours.update((i, held[i]) for i in claimed if i in held)
        self.forgotten = (self.forgotten | self.ours.keys()) - claimed
        for ids in self._left_behind.values():  # a new index knows nothing of a folder that was taken out before
            ids.difference_update(claimed)
        self._held.clear()
        self._rebuilt_at = self._world.mono()
        self._budget.begin_anew()

    def vanished(self, item: Held) -> None:
        """Somebody else deleted it: it is made again, unless that is more than is done without a word."""
        self.remade.add((item.kind, item.sha256))
        self._vanished[item.id] = item, self._world.mono()

    def renamed(self, old: str, new: str) -> None:
        """A folder goes by another name."""
        self._held = {i: ref if ref.folder != old else FileRef(new, ref.path) for i, ref in self._held.items()}

    def _break(self, what: str) -> None:
        self.broken.append(what)

    def _check_whole(self, item: Held) -> None:
        """8: what is stored stood on disk, and not only while somebody was still writing."""
        now = self._world.mono()

        def stood(line: Line) -> bool:
            ends = [at for at, _ in line.history[1:]] + [now]
            return any(
                item.sha256 in matter.all_sent() and (not matter.torn or end - at > STANDS_STILL_S)
                for (at, matter), end in zip(line.history, ends, strict=True)
            )

        if not any(map(stood, self._world.folders.lines())):
            self._break(f"8: {item} was never a whole file")

    def _check_deleted(self, item: Held, before: dict[str, Held], after: dict[str, Held], call: str) -> None:
        if item.id in self.forgotten:
            self._break(f"5: {call} deleted what nobody can know to be ours: {item}")
        if item.id in self.kept:
            self._break(f"6: {call} deleted what people said should stay: {item}")
        if item.id not in self.ours:
            self._break(f"5: {call} deleted what others made: {item}")
        if item.id in self._held and not any(held_at_some_time(line, item) for line in self._world.folders.living()):
            self._break(f"6: {call} deleted what is held: {item} of {self._held[item.id]}")
        equal = any((other.kind, other.sha256) == (item.kind, item.sha256) for other in after.values())
        if any(item.id in ids for ids in self._left_behind.values()) and not equal:
            self._break(f"2: {call} deleted {item} of a folder that is configured no more")
        first = self._first_delete[item.id]
        missed_s = self._world.mono() - 2 * self._world.verify_s  # what others delete is missed when that is looked at
        told_at = self._told_at.get(item.id, float("inf"))
        thought = after | {i: lost for i, (lost, at) in self._vanished.items() if at > missed_s}
        for policy, tree in self._world.folders.mirrored():
            for path, line in tree.lines.items():
                came = max(line.since, line.moved_at if self._is_untold(line.moved_at) else 0.0)
                stable = came <= first - STABLE_S[self._world.scenario.calm]
                listed = stable and is_listed(policy, tree, path, line) and not may_go_first(policy, tree, line, item)
                listed = listed and not was_told_too_late(line, told_at)
                if listed and not is_kept_alive(line, item, thought, self._seen_by(tree, path, first)):
                    self._break(f"2: {call} deleted {item}, although {path!r} exists and nothing succeeds it")
        self._check_removal(item, before, after, call)

    def _seen_by(self, tree: Tree, path: str, until: float) -> list[bool]:
        """Which contents of the file were in sight for long enough to be sent before this time (of a DELETE): if no
        event told of one, it takes a scan to see it; one that cannot be read now may never have been read, nor one that
        was there when a read failed. A new index knows only what is there.
        """
        line, unreadable = tree.lines[path], path in tree.unreadable
        ends = [at for at, _ in line.history[1:]] + [float("inf")]
        seen = []
        for (at, _), end in zip(line.history, ends, strict=True):
            unread = unreadable or tree.flaked_at >= at
            needs_s = STABLE_S[self._world.scenario.calm] if unread or self._is_untold(at) else SETTLED_S
            in_sight_s = tree.sight.longest_s(path, at, min(end, until), self._world.watcher)
            seen.append(in_sight_s > needs_s and end > max(line.since, self._rebuilt_at))
        return seen

    def _is_untold(self, at: float) -> bool:
        return any(begin <= at < end for begin, end in self._world.deaf_spells)

    def _check_removal(self, item: Held, before: dict[str, Held], after: dict[str, Held], call: str) -> None:
        """6: without approval at most a few removals a day, and something is left."""
        if item.id in self._approved or any(held_at_some_time(line, item) for line in self._world.folders.living()):
            return
        told_at = self._told_at.get(item.id, float("inf"))
        wrong = self._budget.removed(self._world.real_s(), item, told_at, before, after)
        if wrong is not None:
            self._break(f"6: {call} is {wrong}, and nobody approved")

    def check_holds(self, knows_moves: Callable[[str], bool]) -> None:
        """6: nothing is held that is still there under another name. Raises AssertionError."""
        index, stored = self._world.index, self._world.server.held()
        for row in index.files.get_many(ref for ref, _, approved in index.holds.held() if not approved):
            item = stored.get(row.bound or "")
            if item is None or row.ref.folder not in self._world.folders.trees:
                continue
            for policy, tree in self._world.folders.mirrored():
                for path, line in tree.lines.items():
                    moved = knows_moves(path) and is_selected(policy, line.now) and held_at_some_time(line, item)
                    assert not moved, f"6: {row.ref} is held without need: it is {path!r} by now"

    # --- in the end -------------------------------------------------------------------------------------------------

    def settled(self) -> None:
        """Changes and faults stopped long ago: raises AssertionError unless the remote equals the folders."""
        Ending(self._world, self).check()
