"""Rate limits: fixed, UTC-aligned windows per key (contract §3, §15 #2 and #5)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from picora_sync.server.store.counters import Counters

Tier = Literal["read", "upload", "mutation"]
_MINUTE_S = 60
_HOUR_S = 3600
_TOTAL = "hourly"
_WINDOWS: dict[str, tuple[int, int]] = {
    "read": (600, _MINUTE_S),
    "upload": (60, _MINUTE_S),
    "mutation": (120, _MINUTE_S),
    _TOTAL: (5000, _HOUR_S),
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
    """Which window a request falls in, and what is left of it."""

    def __init__(self, clock: Callable[[], float], counters: Counters, *, enforced: bool) -> None:
        self._clock = clock
        self._counters = counters
        self._enforced = enforced

    def count(self, key_id: str, tier: Tier, *, admin: bool) -> Budget:
        """Count one request and return the window to report: the tier's, or the hour's if that is used up."""
        now_s = self._clock()
        if not self._enforced:
            return _budget(tier, 0, now_s, _UNLIMITED)
        own, hour = ((name, _number(name, now_s)) for name in (tier, _TOTAL))
        used, used_hour = self._counters.add(key_id, own, hour)
        hourly = _budget(_TOTAL, used_hour, now_s, _limit(_TOTAL, admin=admin))
        return hourly if hourly.exceeded else _budget(tier, used, now_s, _limit(tier, admin=admin))

    def look(self, key_id: str, *, admin: bool) -> dict[str, Budget]:
        """All windows of a key, counting nothing."""
        now_s = self._clock()
        if not self._enforced:
            return {name: _budget(name, 0, now_s, _UNLIMITED) for name in _WINDOWS}
        used = self._counters.look(key_id, {name: _number(name, now_s) for name in _WINDOWS})
        return {name: _budget(name, used[name], now_s, _limit(name, admin=admin)) for name in _WINDOWS}


def _number(name: str, now_s: float) -> int:
    return int(now_s // _WINDOWS[name][1])


def _limit(name: str, *, admin: bool) -> int:
    return _WINDOWS[name][0] * (_ADMIN_FACTOR if admin else 1)


def _budget(name: str, used: int, now_s: float, limit: int) -> Budget:
    resets_at_s = (_number(name, now_s) + 1) * _WINDOWS[name][1]
    return Budget(name, limit, used, resets_at_s, now_s)
