"""How it stands with Picora: reachable or not, key accepted or not, and which kinds of work are stopped (design §8)."""

from __future__ import annotations

import random
from collections.abc import Hashable
from enum import StrEnum

from picora_sync.core.backlog import Lane
from picora_sync.core.model import Problem, Rank
from picora_sync.core.quota import QuotaLedger
from picora_sync.errors import KeyRefused, OutcomeUnknown, RemoteError, ScopeMissing, Unreachable

LONGEST_PAUSE_S = 60.0
LONGEST_PRIVATE_PAUSE_S = 30.0
"""What is to become private is tried at least this often, whether ``/health`` answers or not."""
FAILING_APART_S = 120.0
"""Failures that are further apart are not one trouble: the longest pause between two tries is shorter."""


class AccountState(StrEnum):
    """What ``status`` says of the account."""

    OK = "ok"
    OFFLINE = "offline"
    FAILING = "failing"
    """It answers, and neither takes nor refuses the key."""
    REFUSED = "refused"
    LIMITED = "limited"
    RESTRICTED = "restricted"
    """The key may not do all that is needed."""
    NOT_ASKED = "not asked yet"


class Connection:
    """The gates every job passes; ``quota`` is what the account still takes. Times are monotonic seconds."""

    def __init__(self, jitter: random.Random) -> None:
        self._jitter = jitter
        self._closed: dict[Lane, tuple[float, Problem]] = {}
        self.quota = QuotaLedger()
        self._failures = 0
        self._probe_at: float | None = None
        self._faults: dict[Hashable, tuple[int, int]] = {}
        self._successes = 0
        self.deletes_closed_until = 0.0
        self.deletes_refused: Problem | None = None
        self.offline_since: float | None = None
        self.trouble: Problem | None = None
        self._answers = False
        self.refused = False
        self.verified = False
        self.informed = False
        """Whether the account was asked what it allows; that it does not tell is an answer, too."""
        self.doubted_since: float | None = None
        """Since when a call was refused as if the key were wrong, and nobody heard whether it is."""
        self._failing: tuple[float, float, Problem] | None = None
        self._private_at, self._private_failures = 0.0, 0

    @property
    def state(self) -> AccountState:
        """One word for it."""
        if self.refused:
            return AccountState.REFUSED
        if self.offline_since is not None or self.doubted_since is not None:
            return AccountState.FAILING if self._answers else AccountState.OFFLINE
        if not self.verified:
            return AccountState.NOT_ASKED
        if self._lacking() is not None:
            return AccountState.RESTRICTED
        return AccountState.LIMITED if self._closed or self.quota.short else AccountState.OK

    @property
    def wrong(self) -> Problem | None:
        """What keeps it from being well, if that is no single file's."""
        return self.trouble or self._lacking()

    def _lacking(self) -> Problem | None:
        """What the key may not do, though it is taken."""
        return next((problem for _, problem in self._closed.values() if problem.code == ScopeMissing.code), None)

    def open(self, lane: Lane, now: float, rank: Rank = Rank.BACKFILL) -> bool:
        """Whether work of this lane may start; nothing may before it is known whose account this is (design §7).

        What makes something private is tried whatever other calls come to: its own answer alone slows it down.
        """
        if not self.verified or self.refused:
            return False
        if rank is Rank.MAKE_PRIVATE:
            return self._private_at <= now
        is_known = self.doubted_since is None and self._probe_at is None and (self.informed or lane is Lane.PATCH)
        return is_known and (lane not in self._closed or self._closed[lane][0] <= now)

    def recognised(self) -> None:
        """The key is good, and it is known whose account this is."""
        self.verified, self.refused, self.trouble, self.doubted_since = True, False, None, None
        self._probe_at, self.offline_since, self._failures = None, None, 0
        self.private_succeeded()

    def accepted(self) -> None:
        """The account is reachable, ours, and was asked what it allows."""
        self.recognised()
        self.informed = True

    def unverified(self, now: float, error: RemoteError) -> None:
        """The account could not be verified: the key is refused, Picora not reached, or its answer no help."""
        trouble, refused = Problem(error.code, error.message, error.hint), isinstance(error, KeyRefused)
        self.verified, self.refused, self.trouble, self.doubted_since = False, refused, trouble, None
        self._answers = not isinstance(error, Unreachable | OutcomeUnknown)
        self._faults.clear()  # it was not the fault of the work
        if not refused and self.offline_since is None:
            self.offline_since = now

    def doubt_key(self, now: float, trouble: Problem) -> None:
        """A call was refused as if the key were wrong: only ``verify`` tells whether it is."""
        self.trouble, self._answers = trouble, True
        if self.doubted_since is None:
            self.doubted_since = now

    def doubt(self, now: float, trouble: Problem) -> None:
        """A call got no whole answer: nothing more starts until ``/health`` was asked."""
        self.trouble = trouble
        if self._probe_at is None:
            self._probe_at = now

    def private_failed(self, now: float) -> None:
        """What was to make something private got no answer: it is tried again soon, and then less and less often."""
        self._private_failures += 1
        self._private_at = now + min(LONGEST_PRIVATE_PAUSE_S, 2.0 ** min(self._private_failures, 10))

    def probe_due(self, now: float) -> bool:
        """Whether ``/health`` is to be asked now."""
        return not self.refused and self._probe_at is not None and self._probe_at <= now

    def probed(self, now: float, *, healthy: bool) -> None:
        """``/health`` was asked: go on, or wait with full jitter before asking again."""
        if healthy:
            self._probe_at, self.offline_since, self._failures, self.trouble = None, None, 0, None
            self.private_succeeded()
            return
        if self.offline_since is None:
            self.offline_since, self._answers = now, False
        self._faults.clear()  # it was not the fault of the work
        self._probe_at = now + self.pause_s()

    def pause_s(self) -> float:
        """How long to wait before the next try: exponential backoff with full jitter."""
        self._failures += 1
        return self._jitter.uniform(0.5, min(LONGEST_PAUSE_S, 2.0 ** min(self._failures, 10)))

    def probe_started(self) -> None:
        """One probe at a time."""
        self._probe_at = float("inf")

    def close(self, lane: Lane, until: float, problem: Problem) -> None:
        """Nothing of this lane can succeed until then."""
        self._closed[lane] = (until, problem)

    def close_deletes(self, until: float, problem: Problem) -> None:
        """Nothing can be deleted until then: the key may not."""
        self.deletes_closed_until, self.deletes_refused = until, problem

    def closed(self, lane: Lane) -> Problem | None:
        """Why a lane is closed."""
        entry = self._closed.get(lane)
        return None if entry is None else entry[1]

    def reopen(self, lane: Lane) -> None:
        """The time is over."""
        self._closed.pop(lane, None)

    def to_reopen(self, now: float) -> list[Lane]:
        """The lanes whose time is over."""
        return [lane for lane, (until, _) in self._closed.items() if until <= now]

    def fault(self, work: Hashable) -> tuple[int, bool]:
        """Count a 5xx or a broken answer for this piece of work; returns how many in a row it has met, and whether
        anything else succeeded since the first of them.
        """
        number, successes = self._faults.get(work, (0, self._successes))
        self._faults[work] = (number + 1, successes)
        return number + 1, self._successes > successes

    def failed(self, now: float, problem: Problem) -> None:
        """A call failed, whatever the reason."""
        since = now if self._failing is None or now - self._failing[1] > FAILING_APART_S else self._failing[0]
        self._failing = (since, now, problem)

    def failing(self, now: float) -> tuple[float, Problem] | None:
        """For how long nothing but failures came back, and the last of them; None if none did lately."""
        if self._failing is None or now - self._failing[1] > FAILING_APART_S:
            return None
        return now - self._failing[0], self._failing[2]

    def success(self, work: Hashable) -> None:
        """It worked."""
        self._faults.pop(work, None)
        self._successes += 1
        self._failing = None

    def private_succeeded(self) -> None:
        """Nothing speaks against trying at once."""
        self._private_at, self._private_failures = 0.0, 0

    def next_due(self) -> float | None:
        """When something here is to be done next."""
        times = [until for until, _ in self._closed.values()]
        if self._private_failures:
            times.append(self._private_at)
        if (at := self.quota.next_due()) is not None:
            times.append(at)
        if self._probe_at is not None and self._probe_at != float("inf"):
            times.append(self._probe_at)
        return min(times, default=None)
