"""Rate limits: fixed, UTC-aligned windows per key (contract §3, §15 #2 and #5)."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Tier = Literal["read", "upload", "mutation"]
_MINUTE_S = 60
_HOUR_S = 3600
_WINDOWS: dict[str, tuple[int, int]] = {
    "read": (600, _MINUTE_S),
    "upload": (60, _MINUTE_S),
    "mutation": (120, _MINUTE_S),
    "hourly": (5000, _HOUR_S),
}
_ADMIN_FACTOR = 10
# What is advertised when limits are off: clients pace themselves by it, so it must be more than anybody can use.
_UNLIMITED = 1_000_000


@dataclass(frozen=True)
class Budget:
    """One window as the caller is told about it."""

    tier: str
    limit: int
    used: int
    resets_at_s: int
    now_s: float

    @property
    def remaining(self) -> int:
        """Requests left, never below 0."""
        return max(0, self.limit - self.used)

    @property
    def reset_s(self) -> int:
        """Whole seconds until the window resets, at least 1."""
        return max(1, math.ceil(self.resets_at_s - self.now_s))

    @property
    def exceeded(self) -> bool:
        """Whether the request that was counted last was one too many."""
        return self.used > self.limit


class RateWindows:
    """Counts requests per key in memory: right for one process."""

    def __init__(self, clock: Callable[[], float], *, enforced: bool) -> None:
        self._clock = clock
        self._enforced = enforced
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str], tuple[int, int]] = {}

    def count(self, key_id: str, tier: Tier, *, admin: bool) -> Budget:
        """Count one request and return the window to report: the tier's, or the hour's if that is used up."""
        now_s = self._clock()
        with self._lock:
            own = self._add(key_id, tier, now_s, admin=admin)
            hour = self._add(key_id, "hourly", now_s, admin=admin)
        return hour if hour.exceeded else own

    def look(self, key_id: str, *, admin: bool) -> dict[str, Budget]:
        """All windows of a key, counting nothing."""
        now_s = self._clock()
        with self._lock:
            return {name: self._peek(key_id, name, now_s, admin=admin) for name in _WINDOWS}

    def _peek(self, key_id: str, name: str, now_s: float, *, admin: bool) -> Budget:
        limit, length_s = _WINDOWS[name]
        window = int(now_s // length_s)
        resets_at_s = (window + 1) * length_s
        if not self._enforced:
            return Budget(name, _UNLIMITED, 0, resets_at_s, now_s)
        counted, used = self._counts.get((key_id, name), (window, 0))
        limit *= _ADMIN_FACTOR if admin else 1
        return Budget(name, limit, used if counted == window else 0, resets_at_s, now_s)

    def _add(self, key_id: str, name: str, now_s: float, *, admin: bool) -> Budget:
        before = self._peek(key_id, name, now_s, admin=admin)
        if not self._enforced:
            return before
        self._counts[key_id, name] = (int(now_s // _WINDOWS[name][1]), before.used + 1)
        return Budget(name, before.limit, before.used + 1, before.resets_at_s, now_s)
