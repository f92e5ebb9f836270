"""When which part of a folder was out of sight: its root not mounted, another disk over one of its directories, nobody
there to look.
"""

from __future__ import annotations

FOREVER_S = float("inf")


class Sight:
    """At most one part is hidden at a time. Times are monotonic."""

    def __init__(self, *, lost: bool = False) -> None:
        self._hidden = [("", 0.0, FOREVER_S)] if lost else []

    def lose(self, below: str, at: float) -> None:
        """What is below this directory ("" for all, else with a slash) cannot be seen from now on."""
        self._hidden.append((below, at, FOREVER_S))

    def regain(self, at: float) -> None:
        """It can be seen again."""
        below, since, _ = self._hidden.pop()
        self._hidden.append((below, since, at))

    def longest_s(self, path: str, begin: float, end: float, watcher: Sight) -> float:
        """For how long without a break this place could be looked at meanwhile, and ``watcher`` could look."""
        longest_s = 0.0
        for below, since, until in sorted((*self._hidden, *watcher._hidden), key=lambda spell: spell[1]):
            if path.startswith(below) and begin < until and since < end:
                longest_s, begin = max(longest_s, since - begin), until
        return max(longest_s, end - begin)
