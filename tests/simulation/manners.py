"""Promise 7: how often Picora is asked, and whether it is left alone when it says so. Times are monotonic seconds."""

from __future__ import annotations

import httpx

STORM = 4000
PATIENT_S = 5.0
"""While nothing answers, it is asked no more often than this, on average."""
FIRST_TRIES = 40
"""And so often at the start of each outage and life, when it may have been a moment's trouble."""
LONGEST_WAIT_S = 3600.0
"""There is no longer window (contract §3)."""


class Manners:
    """``wrong`` is what was done that is not done."""

    def __init__(self) -> None:
        self.calls = 0
        self.wrong: list[str] = []
        self._not_before: dict[str, float] = {}
        self._down_since: float | None = None
        self._in_vain = 0

    def began(self) -> None:
        """A process starts that knows nothing of what an earlier one was told."""
        self._not_before.clear()
        self._in_vain = 0

    def sent(self, now: float, request: httpx.Request) -> None:
        """A request reached Picora."""
        self.calls += 1
        self._down_since, self._in_vain = None, 0
        if self.calls >= STORM:
            self.wrong.append(f"7: {self.calls} calls: a storm")
        early_s = self._not_before.get(_tier(request), 0.0) - now
        if early_s > 0.0:
            self.wrong.append(f"7: {request.method} {request.url.path} comes {early_s:.1f} s too early after a 429")

    def answered(self, now: float, request: httpx.Request, answer: httpx.Response) -> None:
        """And this is what the sender heard."""
        told, tier = answer.headers.get("Retry-After"), _tier(request)
        if tier and told is not None and answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            self._not_before[tier] = now + min(float(told), LONGEST_WAIT_S)

    def refused(self, now: float) -> None:
        """Nothing answered."""
        if self._down_since is None:
            self._down_since = now
        self._in_vain += 1
        most = FIRST_TRIES + (now - self._down_since) / PATIENT_S
        if self._in_vain > most:
            self.wrong.append(f"7: {self._in_vain} tries in {now - self._down_since:.0f} s while nothing answers")


def _tier(request: httpx.Request) -> str:
    """Its rate class; "" for what is in none."""
    if request.url.path in ("/health", "/v1/user/me/rate-limits"):
        return ""
    return {"GET": "read", "POST": "upload"}.get(request.method, "mutation")
