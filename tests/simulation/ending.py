"""What must hold when all changes and faults stopped long ago."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from picora_sync.core.model import FileRef, Kind
from picora_sync.core.policy import Folder
from tests.simulation.matter import Matter
from tests.simulation.remote import Held
from tests.simulation.tree import Tree
from tests.simulation.wishes import (
    contents_of,
    held_at_some_time,
    is_among,
    is_in_place,
    is_selected,
    names,
    title,
    wants_public,
)

if TYPE_CHECKING:
    from tests.simulation.promises import Promises
    from tests.simulation.world import World

MOST_CALLS = 60


class Ending:
    """The remote equals the folders, and what is not there is explained."""

    def __init__(self, world: World, promises: Promises) -> None:
        self._world = world
        self._promises = promises
        self._hoarded = world.server.hoarded()
        refused = [left for left in world.index.leftovers.all() if left.refusal is not None]
        self._left = {left.object.id: left.ref for left in refused if left.object.url in left.problem.message}

    def check(self) -> None:
        """Changes and faults stopped long ago: the remote equals the folders."""
        held = self._world.server.held()
        missing = self._promises.theirs - held.keys()
        assert not missing, f"5: objects of others are gone: {missing}"
        wishes = self._wishes()
        counted = self._promises.ours.keys() - self._promises.kept
        stored = Counter((item.kind, item.sha256) for i, item in held.items() if i in counted)
        for content, files in wishes.items():
            there = [item for item in held.values() if (item.kind, item.sha256) == content]
            ours = [item for item in there if item.id in self._promises.ours]
            if not ours and content in self._promises.remade and self._told_of(files):
                continue
            if not there and content in self._hoarded and self._told_of(files):
                continue
            assert there, f"1: {names(files)} is not on Picora"
            self._check_metadata(there, files)
        twice = [content for content, number in stored.items() if number > 1]
        doubled = [names(wishes.get(content, [])) for content in twice]
        assert not twice or self._keeping(), f"3: stored twice: {doubled}"
        self._check_leftovers([held[i] for i in self._promises.ours if i in held], wishes)
        self._check_problems()
        most = MOST_CALLS + 20 * (self._promises.changes + len(self._world.folders.lines())) + 12 * self._world.road.met
        assert self._promises.manners.calls < most + 40 * len(self._world.trace), (
            f"7: {self._promises.manners.calls} calls"
        )
        if self._world.scenario.calm:
            posts = sum(call.startswith("POST") for call in self._promises.mutations)
            matters = contents_of(self._world.folders.trees.values())
            contents = len(matters) + sum(matter.pictured for matter in matters) * self._promises.changes
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

    def _wants_private(self, ref: FileRef) -> bool:
        """Whether a file is there, can be read, and wants to be private."""
        for policy, tree in self._world.folders.mirrored():
            line = tree.lines.get(ref.path) if policy.name == ref.folder else None
            if line is not None and is_in_place(policy, tree, ref.path) and line.now.sendable:
                return is_selected(policy, line.now) and not wants_public(policy, line.now)
        return False

    def _keepers(self) -> list[list[Matter]]:
        """Files that cannot be sent as they are, or of which nobody knows whether to publish them: they keep what they
        are bound to: something that stood at their path, or that they brought with them.
        """
        kept = []
        for policy, tree in self._world.folders.mirrored():
            for path, line in tree.lines.items():
                content = (line.now.kind, line.now.sent(tree.picture))
                doubtful = not line.now.sendable or line.now.unclear or content in self._hoarded
                if doubtful and is_in_place(policy, tree, path):
                    kept.append([*tree.stood.get(path, ()), *(matter for _, matter in line.history)])
        return kept

    def _check_metadata(self, there: list[Held], files: list[tuple[Folder, str, Matter]]) -> None:
        mine = [item for item in there if item.id in self._promises.ours] or there[:1]
        wrong = [found for item in mine if (found := self._wrong(item, files)) is not None]
        assert len(wrong) < len(mine) if self._keeping() else not wrong, wrong[0]

    def _wrong(self, item: Held, files: list[tuple[Folder, str, Matter]]) -> str | None:
        public = all(wants_public(policy, wish) for policy, _, wish in files)
        if item.public and not public and item.id not in self._promises.theirs:
            return f"4: {names(files)} is public: {item}"
        if any(is_among(item, matters) for matters in self._keepers()):
            return None
        titles = {title(policy, path, wish) for policy, path, wish in files}
        tags = {tag for policy, _, wish in files for tag in (*wish.tags, *policy.tags)}
        pictured = any(wish.pictured for _, _, wish in files) and item.id in self._promises.ours
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
            if (item.kind, item.sha256) in wishes or item.id in self._promises.kept | self._promises.forgotten:
                continue
            if any(held_at_some_time(line, item) for tree in leaving_behind for line in tree.everything()):
                continue
            if any(is_among(item, tree.given) for tree in self._keeping()):
                continue
            if item.id in self._left:
                assert not (item.public and self._wants_private(self._left[item.id])), (
                    f"4: an old version is public: {item}"
                )
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
