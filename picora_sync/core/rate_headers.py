"""The rate headers of an answer, in either spelling (contract §3, §16 #3). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_WAIT_S: Final = 3600.0  # the longest window there is
_EPOCH_FROM: Final = 1e9  # a smaller reset is seconds from now, a larger one a Unix time (contract §16 #3)
_NUMBER: Final = re.compile(r"\s*(\d{1,15}(?:\.\d{1,9})?)")


@dataclass(frozen=True, slots=True)
class Rates:
    """What an answer says of one window; None: it says nothing."""

    limit: int | None = None
    remaining: int | None = None
    reset_s: float | None = None
    retry_after_s: float | None = None

    @property
    def refused_for_s(self) -> float:
        """How long a 429 asks us to wait: Retry-After, else the reset, else one second."""
        return min(self.retry_after_s or self.reset_s or 1.0, LONGEST_WAIT_S)


def read_rates(headers: Iterable[tuple[str, str]]) -> Rates:
    """Read ``RateLimit-*``, else ``X-RateLimit-*``, and ``Retry-After``; what cannot be read is left out."""
    values = {name.lower(): value for name, value in headers}
    limit = _number(_either(values, "limit"))
    remaining = _number(_either(values, "remaining"))
    return Rates(
        limit=int(limit) if limit else None,
        remaining=None if remaining is None else int(remaining),
        reset_s=_reset_s(values),
        retry_after_s=_retry_after_s(values),
    )


def _either(values: dict[str, str], name: str) -> str | None:
    return values.get(f"ratelimit-{name}", values.get(f"x-ratelimit-{name}"))


def _number(value: str | None) -> float | None:
    found = _NUMBER.match(value or "")
    return float(found[1]) if found else None


def _reset_s(values: dict[str, str]) -> float | None:
    reset = _number(_either(values, "reset"))
    if reset is None or reset < _EPOCH_FROM:
        return reset
    sent_at = http_date(values.get("date"))
    return None if sent_at is None else max(0.0, reset - sent_at)


def _retry_after_s(values: dict[str, str]) -> float | None:
    value = values.get("retry-after")
    seconds = _number(value)
    if seconds is not None:
        return seconds
    until, sent_at = http_date(value), http_date(values.get("date"))
    return None if until is None or sent_at is None else max(0.0, until - sent_at)


def http_date(value: str | None) -> float | None:
    """The seconds since the epoch of an HTTP date, on the clock of whoever sent it; None if it is none."""
    try:
        return parsedate_to_datetime(value).timestamp() if value else None
    except (ValueError, OverflowError):
        return None
