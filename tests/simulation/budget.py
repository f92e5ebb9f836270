"""Promise 6, counted anew: so many files go a day without a word, never more, and never the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.remote import Held
from tests.simulation.tree import Tree
from tests.simulation.wishes import contents_of, held_at_some_time, is_among

if TYPE_CHECKING:
    from tests.simulation.folders import Folders

FEW = 10
SHARE = 0.2
DAY_S = 24 * 3600.0


class Budget:
    """Removals by folder, in seconds that pass for everybody, whatever the machine's clock says."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._removals: dict[Tree, list[float]] = {}
        self._sizes: dict[Tree, list[tuple[float, int]]] = {}
        self._asked = False

    def look_around(self, now: float) -> None:
        """Remember how many files there are: the guard may have judged earlier than the call went out."""
        for tree in self._folders.trees.values():
            sizes = self._sizes.setdefault(tree, [])
            if not sizes or sizes[-1][1] != len(tree.lines):
                sizes.append((now, len(tree.lines)))
            while len(sizes) > 1 and sizes[1][0] < now - DAY_S:
                sizes.pop(0)

    def approved(self) -> None:
        """A person agreed to some: from now on a folder may be left empty."""
        self._asked = True

    def begin_anew(self) -> None:
        """The index was lost, and with it what it counted."""
        self._removals.clear()

    def removed(
        self, now: float, item: Held, told_at: float, before: dict[str, Held], after: dict[str, Held]
    ) -> str | None:
        """Count a removal nobody approved; what is wrong with it, if anything. What was gone before the loop was told
        (``told_at``) that its upload had been carried out is none (decision 0176).
        """
        losers = [tree for tree in self._folders.trees.values() if _lost(tree, item, told_at)]
        if not losers:
            return None
        recent = {tree: [at for at in self._removals.get(tree, ()) if at > now - DAY_S] for tree in losers}
        tree = min(losers, key=lambda each: len(recent[each]))
        self._removals[tree] = [*recent[tree], now]
        number, most = len(recent[tree]) + 1, max(FEW, int(SHARE * self._most_bound(tree, before)))
        if number > most:
            return f"removal {number} within a day, of at most {most}"
        if not self._asked and not any(is_among(each, contents_of(losers)) for each in after.values()):
            return "the last object of its folder"
        return None

    def _most_bound(self, tree: Tree, before: dict[str, Held]) -> int:
        """No more files than this were bound when the guard judged."""
        waiting = sum(any(held_at_some_time(line, item) for item in before.values()) for line in tree.dead)
        return waiting + max((number for _, number in self._sizes.get(tree, ())), default=len(tree.lines))


def _lost(tree: Tree, item: Held, told_at: float) -> bool:
    gone = (line for line in tree.dead if not line.overwritten and line.died_at > told_at)
    return any(item.sha256 in line.now.all_sent() for line in gone)
