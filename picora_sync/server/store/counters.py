"""Counts of requests per key in fixed windows: in memory for one process, in the database for several."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Protocol

from sqlalchemy import bindparam, select, text

from picora_sync.server.store.database import Database
from picora_sync.server.store.schema import rate_counts

# Both rows of a request in one statement, the tier's first: whoever holds the hour's row waits for nobody.
# A process whose clock is behind counts in the newer window.
_ADD = text("""
INSERT INTO rate_counts (key_id, tier, window_number, used)
VALUES (:key_id, :tier, :tier_window, 1), (:key_id, :total, :total_window, 1)
ON CONFLICT (key_id, tier) DO UPDATE SET
    used = CASE WHEN excluded.window_number > rate_counts.window_number THEN 1 ELSE rate_counts.used + 1 END,
    window_number = CASE WHEN excluded.window_number > rate_counts.window_number
        THEN excluded.window_number ELSE rate_counts.window_number END
RETURNING tier, used
""")
_LOOK = select(rate_counts.c.tier, rate_counts.c.window_number, rate_counts.c.used).where(
    rate_counts.c.key_id == bindparam("key_id")
)


class Counters(Protocol):
    """Requests that were counted, by key and tier, in the newest window of each."""

    def add(self, key_id: str, tier: tuple[str, int], total: tuple[str, int]) -> tuple[int, int]:
        """Count one request in two windows (name, number); the new counts of both."""
        ...

    def look(self, key_id: str, windows: Mapping[str, int]) -> dict[str, int]:
        """What was counted in these windows."""
        ...


class MemoryCounters:
    """Right for one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str], tuple[int, int]] = {}

    def add(self, key_id: str, tier: tuple[str, int], total: tuple[str, int]) -> tuple[int, int]:
        """See :class:`Counters`."""
        with self._lock:
            return self._add(key_id, *tier), self._add(key_id, *total)

    def look(self, key_id: str, windows: Mapping[str, int]) -> dict[str, int]:
        """See :class:`Counters`."""
        with self._lock:
            found = {name: self._counts.get((key_id, name), (number, 0)) for name, number in windows.items()}
        return {name: used if found_in >= windows[name] else 0 for name, (found_in, used) in found.items()}

    def _add(self, key_id: str, name: str, number: int) -> int:
        newest, used = self._counts.get((key_id, name), (number, 0))
        entry = (number, 1) if number > newest else (newest, used + 1)
        self._counts[key_id, name] = entry
        return entry[1]


class DatabaseCounters:
    """One set of counts for all processes on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, key_id: str, tier: tuple[str, int], total: tuple[str, int]) -> tuple[int, int]:
        """See :class:`Counters`."""
        values = {
            "key_id": key_id,
            "tier": tier[0],
            "tier_window": tier[1],
            "total": total[0],
            "total_window": total[1],
        }
        with self._database.write() as connection:
            counted = {str(row.tier): int(row.used) for row in connection.execute(_ADD, values)}
        return counted[tier[0]], counted[total[0]]

    def look(self, key_id: str, windows: Mapping[str, int]) -> dict[str, int]:
        """See :class:`Counters`."""
        with self._database.read() as connection:
            rows = connection.execute(_LOOK, {"key_id": key_id}).all()
        found = {row.tier: row.used for row in rows if row.tier in windows and row.window_number >= windows[row.tier]}
        return {name: found.get(name, 0) for name in windows}
