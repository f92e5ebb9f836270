"""How much the account still takes, kind by kind (design §8, contract §14). Pure: ``now`` is seconds of any clock.

What the account says it uses is a hint: others use it, too, and a document that Picora holds already takes no room. Its
word that something did not fit is certain, until room is made or an hour has passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from picora_sync.core.model import Kind, Quota

ASK_AGAIN_S: Final = 3600.0
"""After this long without news, something is sent again to see whether it fits."""


def cost(kind: Kind, size_bytes: int) -> int:
    """What an object takes: documents are counted, audio by its bytes."""
    return 1 if kind is Kind.DOC else size_bytes


class QuotaLedger:
    """``left`` per kind as far as it is known; ``short`` are the kinds of which something waits for room."""

    def __init__(self) -> None:
        self._left: dict[Kind, int] = {}
        self._short: dict[Kind, float] = {}
        self._grown: set[Kind] = set()

    @property
    def short(self) -> frozenset[Kind]:
        """The kinds of which something did not fit, and no room was made since."""
        return frozenset(self._short)

    def left(self, kind: Kind) -> int | None:
        """What fits; None if only trying tells."""
        return self._left.get(kind)

    def learn(self, quotas: Mapping[Kind, Quota], now: float) -> None:
        """What the account says of itself. That no document fits is believed only after one was refused: the next may
        be one that Picora holds already.
        """
        for kind, quota in quotas.items():
            left = max(0, quota.limit - quota.used)
            if kind in self._short:
                self._short[kind] = now + ASK_AGAIN_S
                if left:
                    self._grown.add(kind)
            elif kind is Kind.DOC and not left:
                self._left.pop(kind, None)
                continue
            self._left[kind] = left

    def refused(self, kind: Kind, size_bytes: int, now: float) -> None:
        """The account did not take an object of this size."""
        too_much = cost(kind, size_bytes)
        self._left[kind] = max(0, min(self._left.get(kind, too_much), too_much - 1))
        self.withheld(kind, now)

    def withheld(self, kind: Kind, now: float) -> None:
        """Something was not sent, since it would not fit."""
        self._short.setdefault(kind, now + ASK_AGAIN_S)

    def stored(self, kind: Kind, size_bytes: int) -> None:
        """An object was made."""
        self._add(kind, -cost(kind, size_bytes))

    def freed(self, kind: Kind, size_bytes: int) -> None:
        """An object was deleted: what did not fit may fit now."""
        self._add(kind, cost(kind, size_bytes))
        if kind in self._short:
            self._grown.add(kind)

    def replaced(self, kind: Kind, old_bytes: int, new_bytes: int) -> None:
        """One object made place for another."""
        self._add(kind, cost(kind, old_bytes) - cost(kind, new_bytes))

    def take_grown(self, now: float) -> frozenset[Kind]:
        """The kinds of which what waits is to be tried again: room was made, or nothing was heard for long."""
        for kind, until in self._short.items():
            if until <= now:
                self._left.pop(kind, None)
                self._grown.add(kind)
        grown, self._grown = frozenset(self._grown), set()
        for kind in grown:
            self._short.pop(kind, None)
        return grown

    def next_due(self) -> float | None:
        """When :meth:`take_grown` has something to say."""
        return float("-inf") if self._grown else min(self._short.values(), default=None)

    def _add(self, kind: Kind, more: int) -> None:
        if kind in self._left:
            self._left[kind] = max(0, self._left[kind] + more)
