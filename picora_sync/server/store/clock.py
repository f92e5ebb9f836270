"""Time as the server stores and shows it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime


class Stamps:
    """Hands out strictly increasing milliseconds since the epoch.

    Stamps are taken inside a write transaction, so their order is the order of the commits: a reader who has seen
    stamp *n* never misses a smaller one that commits later (contract §12), and lists have one stable order.
    """

    def __init__(self, clock: Callable[[], float], newest_ms: int = 0) -> None:
        self._clock = clock
        self._last = newest_ms
        self._lock = threading.Lock()

    def now_ms(self) -> int:
        """The clock's own reading, not a stamp."""
        return int(self._clock() * 1000)

    def take_ms(self) -> int:
        """The next stamp: the current millisecond, or one more than the last stamp."""
        with self._lock:
            self._last = max(self._last + 1, self.now_ms())
            return self._last


def iso(stamp_ms: int) -> str:
    """``2026-05-02T09:30:00.000Z`` (contract §1)."""
    seconds, millis = divmod(stamp_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{millis:03d}Z"
