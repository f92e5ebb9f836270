"""The pacer that all workers of one account share (design §8)."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from picora_sync.core.model import Rank, Tier
from picora_sync.core.pacing import Pacing
from picora_sync.errors import Stopped

_IN_LINE_S: Final = 0.1
"""After this time it is asked again whether nobody waits in line any more."""
_SUCCESS: Final = range(200, 300)
_LOOK_AGAIN_S: Final = 1.0  # an answer may have changed the budget while the first in line waits


class ThreadPacer:
    """A :class:`Pacing` behind a lock; requests of a tier go out in the order in which they asked.

    ``clock`` gives seconds that never go back (``time.monotonic``). Setting ``stop`` ends every wait: the first in
    line waits for ``stop`` itself, and hands its turn down the line when it leaves. ``requests`` counts what went out.
    """

    def __init__(self, pacing: Pacing, clock: Callable[[], float], stop: threading.Event) -> None:
        self._pacing = pacing
        self._clock = clock
        self._stop = stop
        self._lock = threading.Lock()
        self._lines: dict[Tier, deque[threading.Event]] = {tier: deque() for tier in Tier}
        self._lent = threading.local()
        self.requests = 0
        self._accepted_at: float | None = None

    def take(self, tier: Tier, rank: Rank) -> float:
        """As :class:`picora_sync.core.ports.Budget`; who waits in line already goes first."""
        with self._lock:
            now = self._clock()
            wait_s = self._pacing.wait_s(tier, now, rank)
            if self._lines[tier] or wait_s:
                return max(wait_s, _IN_LINE_S if self._lines[tier] else 0.0)
            self._pacing.spend(tier, now)
            return 0.0

    def give_back(self, tier: Tier) -> None:
        """As :class:`picora_sync.core.ports.Budget`."""
        with self._lock:
            self._pacing.give_back(tier)

    @contextmanager
    def lend(self, tier: Tier) -> Iterator[None]:
        """As :class:`picora_sync.core.ports.Budget`; what is not used within is given back."""
        self._lent.tier = tier
        try:
            yield
        finally:
            if self._use_lent(tier):
                self.give_back(tier)

    def acquire(self, tier: Tier) -> None:
        """Wait until a request of this tier may be sent; every return must be followed by one ``observe``.

        Raises:
            Stopped: the program is ending.
        """
        if self._go_with_lent(tier):
            return
        with self._turn(tier):
            while True:
                if self._stop.is_set():
                    raise Stopped
                wait_s = self._spend_or_wait_s(tier)
                if not wait_s:
                    return
                self._stop.wait(min(wait_s, _LOOK_AGAIN_S))

    def observe(self, tier: Tier, status: int, headers: Iterable[tuple[str, str]]) -> None:
        """Take in the answer to a request that ``acquire`` let go; status 0 stands for none that tells anything."""
        with self._lock:
            now = self._clock()
            if status in _SUCCESS:
                self._accepted_at = now
            self._pacing.learn(tier, status, headers, now)

    def budget(self) -> dict[str, tuple[int, int]]:
        """Limit and rest for each class of requests."""
        with self._lock:
            return self._pacing.left(self._clock())

    def accepted_s_ago(self) -> float | None:
        """How long ago an answer last showed that the key is good; None if none did yet (lesson 19)."""
        with self._lock:
            return None if self._accepted_at is None else self._clock() - self._accepted_at

    def prime(self, reply: Mapping[str, object]) -> None:
        """Take in the data of ``GET /v1/user/me/rate-limits`` (contract §13)."""
        with self._lock:
            self._pacing.prime(reply, self._clock())

    def wait_s(self, tier: Tier) -> float:
        """Seconds until the budget allows one more request of this tier, those in line left out."""
        with self._lock:
            return self._pacing.wait_s(tier, self._clock())

    def eta_s(self, requests: Mapping[Tier, int]) -> float:
        """Seconds until the last of these requests can have gone out."""
        with self._lock:
            return self._pacing.eta_s(requests, self._clock())

    def _go_with_lent(self, tier: Tier) -> bool:
        """Whether the request goes out as the one that was taken; not if the tier was refused since."""
        if self._stop.is_set() or not self._use_lent(tier):
            return False
        with self._lock:
            if self._pacing.blocked_s(tier, self._clock()):
                self._pacing.give_back(tier)
                return False
            self.requests += 1
            return True

    def _use_lent(self, tier: Tier) -> bool:
        """Whether this thread has a request of this tier that it was lent; it has it no more."""
        if getattr(self._lent, "tier", None) is not tier:
            return False
        self._lent.tier = None
        return True

    def _spend_or_wait_s(self, tier: Tier) -> float:
        rank = Rank.BACKFILL if tier is Tier.READ else Rank.MAKE_PRIVATE  # what was begun is finished
        with self._lock:
            now = self._clock()
            wait_s = self._pacing.wait_s(tier, now, rank)
            if not wait_s:
                self._pacing.spend(tier, now)
                self.requests += 1
            return wait_s

    @contextmanager
    def _turn(self, tier: Tier) -> Iterator[None]:
        mine, line = threading.Event(), self._lines[tier]
        with self._lock:
            line.append(mine)
            line[0].set()
        try:
            mine.wait()
            yield
        finally:
            with self._lock:
                line.remove(mine)
                if line:
                    line[0].set()
