"""A priority queue of keys by time, in which a key's time may be moved at any moment."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

_SLACK = 64


@dataclass(slots=True)
class _Entry:
    at_s: float
    ticket: int
    ticket_at_s: float


class Deadlines(Generic[K]):
    """Each key has one time. Moving it later costs O(1), all else O(log n), amortised.

    Invariant: every key has exactly one live ticket in the heap (``ticket`` names it), and that ticket's time is
    never after the key's; a ticket that comes up early is put back at the key's time. Dead tickets are swept out
    when they outnumber the live ones, so memory stays O(keys).
    """

    def __init__(self) -> None:
        self._entries: dict[K, _Entry] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._tickets = count()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: K) -> bool:
        return key in self._entries

    def set(self, key: K, at_s: float) -> None:
        """Give the key this time, whether it had one or not."""
        entry = self._entries.get(key)
        if entry is not None and at_s >= entry.ticket_at_s:
            entry.at_s = at_s
            return
        ticket = next(self._tickets)
        self._entries[key] = _Entry(at_s, ticket, at_s)
        heappush(self._heap, (at_s, ticket, key))
        if len(self._heap) > 2 * len(self._entries) + _SLACK:
            self._sweep()

    def discard(self, key: K) -> None:
        """Forget the key, if it is there."""
        self._entries.pop(key, None)

    def next(self) -> float | None:
        """The earliest time, None if there is no key."""
        while self._heap:
            _, ticket, key = self._heap[0]
            entry = self._entries.get(key)
            if entry is None or entry.ticket != ticket:
                heappop(self._heap)
            elif entry.at_s > entry.ticket_at_s:
                heappop(self._heap)
                entry.ticket_at_s = entry.at_s
                heappush(self._heap, (entry.at_s, ticket, key))
            else:
                return entry.at_s
        return None

    def take(self, now_s: float) -> Iterator[K]:
        """Remove and give the keys whose time has come, earliest first."""
        at_s = self.next()
        while at_s is not None and at_s <= now_s:
            key = heappop(self._heap)[2]
            del self._entries[key]
            yield key
            at_s = self.next()

    def _sweep(self) -> None:
        self._heap = [(entry.ticket_at_s, entry.ticket, key) for key, entry in self._entries.items()]
        heapify(self._heap)
