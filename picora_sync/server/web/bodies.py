"""How many bodies arrive at the same time: each holds a worker, and no key may hold them all."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from picora_sync.server import errors

WORKERS = 2048
"""Threads of one process, started on demand; a body that is slow holds one until it is cut off."""
MOST_OF_ONE_KEY = WORKERS * 3 // 4
_RETRY_AFTER_S = 2


class Bodies:
    """Counts the bodies that are being read, by key."""

    def __init__(self, most_of_one_key: int = MOST_OF_ONE_KEY) -> None:
        self._most = most_of_one_key
        self._lock = threading.Lock()
        self._under_way: Counter[str] = Counter()

    def __call__(self) -> int:
        """How many are under way now."""
        with self._lock:
            return self._under_way.total()

    @contextmanager
    def under_way(self, key_id: str) -> Iterator[None]:
        """A block that reads a body.

        Raises:
            ApiError: 503, the key has too many of them.
        """
        with self._lock:
            if self._under_way[key_id] >= self._most:
                raise errors.too_busy(_RETRY_AFTER_S)
            self._under_way[key_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way[key_id] -= 1
                if not self._under_way[key_id]:
                    del self._under_way[key_id]
