"""The promises of design §13, checked by a model of their own: it knows files and the server's tables, no plan.

Left out, because the parts they belong to do not exist yet:

- 1 "converges" after somebody else changed or deleted objects of ours, or ones that we share (drift, ``verify``);
- 3, 5 after the index was lost, or an older one restored (``rebuild``, adoption by content);
- 3 for a request that the server carries out after its sender gave it up (late twins).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import httpx

from picora_sync.core.model import FileRef, Kind
from picora_sync.core.policy import Folder
from tests.simulation.line import Line
from tests.simulation.matter import Matter
from tests.simulation.remote import Held
from tests.simulation.tree import Tree
from tests.simulation.wishes import (
    held_at_some_time,
    ids_of,
    is_among,
    is_in_place,
    is_kept_alive,
    is_listed,
    is_selected,
    may_go_first,
    names,
    title,
    wants_public,
)

if TYPE_CHECKING:
    from tests.simulation.world import World

DAY_S = 24 * 3600.0
FEW = 10
STABLE_S = {True: 300.0, False: 2 * 3600.0}
"""A file that was there for so long before a DELETE was first sent must have been seen: calm, and not."""
PRIVATE_WITHIN_S = (12.0, 40.0)
MOST_CALLS = 60
STORM = 4000
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
        self._calls = 0
        self._first_delete: dict[str, float] = {}
        self._held: dict[str, FileRef] = {}
        self._approved: set[str] = set()
        self._removals: list[tuple[float, str, str]] = []
        self._looked_at = 0.0
        self._left_behind: dict[str, set[str]] = {}
        self._kept: set[str] = set()
        self._forgotten: set[str] = set()
        self._vanished: set[tuple[Kind, str]] = set()

    # --- on the way -------------------------------------------------------------------------------------------------

    def about_to_send(self, request: httpx.Request) -> None:
        self._calls += 1
        assert self._calls < STORM, f"7: {self._calls} calls: a storm"
        if request.method != "GET":
            self.mutations.append(f"{request.method} {request.url.path}")
        if request.method == "DELETE":
            for object_id in ids_of(request):
                self._first_delete.setdefault(object_id, self._world.mono())

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
            self._check_deleted(before[object_id], after, f"{request.method} {request.url}")

    def look_around(self) -> None:
        """What can be seen at any time."""
        index = self._world.index
        held = [ref for ref, _, approved in index.holds.held() if not approved]
        for row in index.files.get_many(held):
            if row.bound is not None:
                self._held[row.bound] = row.ref
        for object_id, ref in list(self._held.items()):
            item = self.ours.get(object_id)
            elsewhere = item is not None and any(held_at_some_time(line, item) for line in self._living())
            if elsewhere or ref.path in self._tree(ref).lines:  # it came back, or was found under another name
                del self._held[object_id]
        now = self._world.mono()
        if self._world.scenario.calm and now - self._looked_at > 5.0:
            self._looked_at = now
            self._check_private_soon()

    def approved(self, refs: list[FileRef]) -> None:
        """A person saw these, and agreed."""
        for row in self._world.index.files.get_many(refs):
            if row.bound is not None:
                self._approved.add(row.bound)
                self._held.pop(row.bound, None)

    def taken_out(self, folder: str) -> None:
        """From now on what this folder has on Picora stays there."""
        tree, now = self._world.folders.trees[folder], self._world.mono()
        matters = [line.now for path, line in tree.lines.items() if self._seen_by(tree, path, now)[-1]]
        self._left_behind[folder] = {i for i, item in self._world.server.held().items() if is_among(item, matters)}

    def taken_in(self, folder: str) -> None:
        """It is mirrored again."""
        self._left_behind.pop(folder, None)

    def let_go(self, ids: set[str]) -> None:
        """People said that these stay for good, whoever they belong to from now on."""
        self._kept |= ids

    def rebuilt(self, claimed: set[str]) -> None:
        """The index was lost: of what was there before, it knows only what was claimed to be its own."""
        held = self._world.server.held()
        self.theirs -= claimed
        self.ours.update((i, held[i]) for i in claimed if i in held)
        self._forgotten = (self._forgotten | self.ours.keys()) - claimed
        self._held.clear()
        self._removals.clear()

    def vanished(self, item: Held) -> None:
        """Somebody else deleted it: it is made again, unless that is more than is done without a word."""
        self._vanished.add((item.kind, item.sha256))

    def renamed(self, old: str, new: str) -> None:
        """A folder goes by another name."""
        self._held = {i: ref if ref.folder != old else FileRef(new, ref.path) for i, ref in self._held.items()}
        self._removals = [(at, new if name == old else name, i) for at, name, i in self._removals]

    def _break(self, what: str) -> None:
        self.broken.append(what)

    def _tree(self, ref: FileRef) -> Tree:
        return self._world.folders.trees[ref.folder]

    def _check_whole(self, item: Held) -> None:
        """8: what is stored stood on disk, and not only while somebody was still writing."""
        now = self._world.mono()

        def stood(line: Line, at: float, matter: Matter) -> bool:
            finished = not matter.torn or (matter is line.now and now - at > STANDS_STILL_S)
            return finished and item.sha256 in matter.all_sent()

        if not any(stood(line, at, matter) for line in self._lines() for at, matter in line.history):
            self._break(f"8: {item} was never a whole file")

    def _check_deleted(self, item: Held, after: dict[str, Held], call: str) -> None:
        if item.id in self._forgotten:
            self._break(f"5: {call} deleted what nobody can know to be ours: {item}")
        if item.id in self._kept:
            self._break(f"6: {call} deleted what people said should stay: {item}")
        if item.id not in self.ours:
            self._break(f"5: {call} deleted what others made: {item}")
        if item.id in self._held and not any(held_at_some_time(line, item) for line in self._living()):
            self._break(f"6: {call} deleted what is held: {item} of {self._held[item.id]}")
        equal = any((other.kind, other.sha256) == (item.kind, item.sha256) for other in after.values())
        if any(item.id in ids for ids in self._left_behind.values()) and not equal:
            self._break(f"2: {call} deleted {item} of a folder that is configured no more")
        first = self._first_delete[item.id]
        for policy, tree in self._world.folders.mirrored():
            for path, line in tree.lines.items():
                came = max(line.since, line.moved_at if self._is_untold(line.moved_at) else 0.0)
                stable = came <= first - STABLE_S[self._world.scenario.calm]
                listed = stable and is_listed(policy, tree, path, line) and not may_go_first(policy, tree, line, item)
                if listed and not is_kept_alive(line, item, after, self._seen_by(tree, path, first)):
                    self._break(f"2: {call} deleted {item}, although {path!r} exists and nothing succeeds it")
        self._count_removal(item, call)

    def _seen_by(self, tree: Tree, path: str, until: float) -> list[bool]:
        """Which contents of the file were in sight for long enough to be sent before this time (of a DELETE): if no
        event told of one, it takes a scan to see it; one that cannot be read now may never have been read.
        """
        line, unreadable = tree.lines[path], path in tree.unreadable
        ends = [at for at, _ in line.history[1:]] + [float("inf")]
        seen = []
        for (at, _), end in zip(line.history, ends, strict=True):
            needs_s = STABLE_S[self._world.scenario.calm] if unreadable or self._is_untold(at) else SETTLED_S
            in_sight_s = tree.sight.longest_s(path, at, min(end, until), self._world.watcher)
            seen.append(in_sight_s > needs_s and end > line.since)
        return seen

    def _is_untold(self, at: float) -> bool:
        return any(begin <= at < end for begin, end in self._world.deaf_spells)

    def _count_removal(self, item: Held, call: str) -> None:
        """6: without approval at most a few removals a day."""
        if item.id in self._approved or any(held_at_some_time(line, item) for line in self._living()):
            return
        now = self._world.mono() + self._world.slept_s
        for tree in self._world.folders.trees.values():
            lines = [line for line in tree.dead if not line.overwritten and item.sha256 in line.now.all_sent()]
            if lines:
                self._removals.append((now, tree.name, item.id))
                recent = [1 for at, name, _ in self._removals if name == tree.name and at > now - DAY_S]
                if len(recent) > max(FEW, (len(tree.lines) + len(tree.dead)) // 5):
                    self._break(f"6: {call} is removal {len(recent)} within a day, and nobody approved")
                return

    def _check_private_soon(self) -> None:
        """4: in a calm world make-private takes seconds."""
        now, held = self._world.mono(), self._world.server.held()
        for policy, tree in self._world.folders.mirrored():
            for path, line in tree.lines.items():
                age_s = now - line.history[-1][0]
                if line.has_moved and line.since == line.history[-1][0]:
                    continue  # renamed and edited: a new file, and the old name's object goes as that of a missing one
                if not PRIVATE_WITHIN_S[0] < age_s < PRIVATE_WITHIN_S[1]:
                    continue
                if not line.now.sendable or wants_public(policy, line.now) or not is_listed(policy, tree, path, line):
                    continue
                if len(line.history) < 2 or line.history[-1][0] - line.history[-2][0] < SETTLED_S:
                    continue
                before = [line.history[-2][1]]
                for item in held.values():
                    shared = any(item.sha256 in other.now.all_sent() for other in self._living() if other is not line)
                    if item.public and item.id in self.ours and is_among(item, before) and not shared:
                        self._break(f"4: {path!r} wants private since {age_s:.0f} s, but {item} is public")

    def _living(self) -> list[Line]:
        return [line for tree in self._world.folders.trees.values() for line in tree.lines.values()]

    def _lines(self) -> list[Line]:
        return [*self._living(), *(line for tree in self._world.folders.trees.values() for line in tree.dead)]

    # --- in the end -------------------------------------------------------------------------------------------------

    def settled(self) -> None:
        """Changes and faults stopped long ago: the remote equals the folders."""
        held = self._world.server.held()
        missing = self.theirs - held.keys()
        assert not missing, f"5: objects of others are gone: {missing}"
        wishes = self._wishes()
        stored = Counter((item.kind, item.sha256) for i, item in held.items() if i in self.ours and i not in self._kept)
        for content, files in wishes.items():
            there = [item for item in held.values() if (item.kind, item.sha256) == content]
            if not there and content in self._vanished and self._told_of(files):
                continue
            assert there, f"1: {names(files)} is not on Picora"
            self._check_metadata(there, files)
        twice = [content for content, number in stored.items() if number > 1]
        doubled = [names(wishes.get(content, [])) for content in twice]
        assert not twice or self._keeping(), f"3: stored twice: {doubled}"
        self._check_leftovers([held[i] for i in self.ours if i in held], wishes)
        self._check_problems()
        most = MOST_CALLS + 20 * (self.changes + len(self._lines())) + 12 * self._world.road.met
        assert self._calls < most + 40 * len(self._world.trace), f"7: {self._calls} calls"
        if self._world.scenario.calm:
            posts = sum(call.startswith("POST") for call in self.mutations)
            pictured = sum(matter.pictured for line in self._lines() for _, matter in line.history)
            contents = sum(len(line.history) for line in self._lines()) + pictured * self.changes
            assert posts <= contents, f"7: {posts} uploads for {contents} contents"

    def _told_of(self, files: list[tuple[Folder, str, Matter]]) -> bool:
        """Whether people can read that something is wrong with one of these files."""
        explained = {ref for ref, _, _ in self._world.index.files.problems()}
        return any(FileRef(policy.name, path) in explained for policy, path, _ in files)

    def _wishes(self) -> dict[tuple[Kind, str], list[tuple[Folder, str, Matter]]]:
        wishes: dict[tuple[Kind, str], list[tuple[Folder, str, Matter]]] = {}
        for policy, tree in self._world.folders.mirrored():
            for path, line in tree.lines.items():
                if line.now.sendable and is_in_place(policy, tree, path) and is_selected(policy, line.now):
                    content = (line.now.kind, line.now.sent(tree.picture))
                    wishes.setdefault(content, []).append((policy, path, line.now))
        return wishes

    def _keepers(self) -> list[list[Matter]]:
        """Files that cannot be sent as they are, or of which nobody knows whether to publish them: they keep what they
        are bound to: something that stood at their path, or that they brought with them.
        """
        kept = []
        for policy, tree in self._world.folders.mirrored():
            for path, line in tree.lines.items():
                doubtful = not line.now.sendable or line.now.unclear
                if doubtful and is_in_place(policy, tree, path):
                    kept.append([*tree.stood.get(path, ()), *(matter for _, matter in line.history)])
        return kept

    def _check_metadata(self, there: list[Held], files: list[tuple[Folder, str, Matter]]) -> None:
        mine = [item for item in there if item.id in self.ours] or there[:1]
        wrong = [found for item in mine if (found := self._wrong(item, files)) is not None]
        assert len(wrong) < len(mine) if self._keeping() else not wrong, wrong[0]

    def _wrong(self, item: Held, files: list[tuple[Folder, str, Matter]]) -> str | None:
        public = all(wants_public(policy, wish) for policy, _, wish in files)
        if item.public and not public and item.id not in self.theirs:
            return f"4: {names(files)} is public: {item}"
        if any(is_among(item, matters) for matters in self._keepers()):
            return None
        titles = {title(policy, path, wish) for policy, path, wish in files}
        tags = {tag for policy, _, wish in files for tag in (*wish.tags, *policy.tags)}
        pictured = any(wish.pictured for _, _, wish in files) and item.id in self.ours
        rewritten = public and item.sha256 not in {wish.sent(None) for _, _, wish in files}
        right = {
            "visibility": item.public == public,
            "title": item.title in titles,
            "tags": item.kind is Kind.AUDIO or set(item.tags) == tags,
            "images": not pictured or item.rewritten == rewritten,
        }
        return next((f"1: {what} of {names(files)}: {item}" for what, fits in right.items() if not fits), None)

    def _keeping(self) -> list[Tree]:
        """The folders whose removed files leave their objects behind, forgotten."""
        return [tree for tree in self._world.folders.trees.values() if tree.keeps]

    def _check_leftovers(
        self, ours: list[Held], wishes: dict[tuple[Kind, str], list[tuple[Folder, str, Matter]]]
    ) -> None:
        keepers = self._keepers()
        leaving_behind = [*self._keeping(), *self._world.folders.no_more()]
        kept = 0
        for item in ours:
            if (item.kind, item.sha256) in wishes or item.id in self._kept | self._forgotten:
                continue
            if any(held_at_some_time(line, item) for tree in leaving_behind for line in tree.everything()):
                continue
            assert any(is_among(item, matters) for matters in keepers), f"1: nobody wants {item}, but it stays"
            kept += 1
        most = 2 * len(keepers)  # a blocked file renamed over another keeps what either was bound to
        assert kept <= most, f"1: {kept} objects are kept by {len(keepers)} files"

    def _check_problems(self) -> None:
        """10: what is not sent is explained."""
        explained = {ref for ref, _, _ in self._world.index.files.problems()}
        for policy, tree in self._world.folders.mirrored():
            for path, line in tree.lines.items():
                if not line.now.sendable and not line.now.empty and is_in_place(policy, tree, path):
                    assert FileRef(policy.name, path) in explained, f"10: nothing is said of {path!r}"
