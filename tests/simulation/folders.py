"""The folders, what the configuration says of them, and how that changes while the daemon is down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from picora_sync.core.policy import Folder, OnDelete
from picora_sync.reconciler.context import Clocks
from tests.simulation.line import Line
from tests.simulation.tree import Tree


class Folders:
    """``policies`` are those that are mirrored; ``taken_out`` were, and their files are still there. All are in
    ``trees``, by the name that the configuration gives, or gave them last.
    """

    def __init__(
        self, policies: Iterable[Folder], directory: Path, clocks: Clocks, told: Callable[[str, str], None]
    ) -> None:
        self._directory = directory
        self._clocks = clocks
        self._told = told
        self.policies: tuple[Folder, ...] = ()
        self.taken_out: dict[str, Folder] = {}
        self.trees: dict[str, Tree] = {}
        for policy in policies:
            self.add(policy)

    def mirrored(self) -> Iterator[tuple[Folder, Tree]]:
        """What is to be on Picora."""
        for policy in self.policies:
            yield policy, self.trees[policy.name]

    def living(self) -> list[Line]:
        """All files that are."""
        return [line for tree in self.trees.values() for line in tree.lines.values()]

    def lines(self) -> list[Line]:
        """All files that are or were."""
        return [line for tree in self.trees.values() for line in tree.everything()]

    def no_more(self) -> list[Tree]:
        """What was on Picora once, and stays there."""
        return [self.trees[name] for name in self.taken_out]

    def add(self, policy: Folder) -> None:
        """Mirror another folder."""
        root = self._directory / policy.name
        self.trees[policy.name] = Tree(policy.name, root, self._clocks, self._told)
        self.policies += (replace(policy, root=str(root)),)
        self._heed(self.policies[-1])

    def configure(self, name: str, policy: Folder) -> None:
        """Mirror the folder of this name like that from now on; perhaps under another name."""
        self.policies = tuple(policy if each.name == name else each for each in self.policies)
        if policy.name != name:
            self.trees = {(policy.name if key == name else key): tree for key, tree in self.trees.items()}
            self.trees[policy.name].name = policy.name
        self._heed(policy)

    def take_out(self, name: str) -> None:
        """Mirror it no more."""
        self.taken_out[name] = next(policy for policy in self.policies if policy.name == name)
        self.policies = tuple(policy for policy in self.policies if policy.name != name)

    def take_in(self, name: str) -> None:
        """Mirror it again."""
        self.policies += (self.taken_out.pop(name),)
        self._heed(self.policies[-1])

    def _heed(self, policy: Folder) -> None:
        tree = self.trees[policy.name]
        tree.keeps = tree.keeps or policy.on_delete is OnDelete.KEEP
        tree.selected_anew()
