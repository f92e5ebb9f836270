"""Which failures are worth another attempt, and when (contract §3 "Client retry rules")."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception

from picora_sync.core.rate_headers import LONGEST_WAIT_S
from picora_sync.errors import OutcomeUnknown, RateLimited, RemoteError, ServerFault, Stopped, Unreachable

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryRule:
    """Seconds to wait before each repetition, by what failed; an empty tuple means: never repeat after that.

    ``refused`` stands in where a 429 names no time.
    """

    refused: tuple[float, ...] = (1.0, 2.0, 4.0)
    not_sent: tuple[float, ...] = (0.5, 1.5)
    maybe_carried_out: tuple[float, ...] = ()


IDEMPOTENT: Final = RetryRule(maybe_carried_out=(0.5, 1.5))
"""GET, PATCH, DELETE, and POST of a document, which the server knows by its hash (contract §8.1)."""

NEVER_TWICE: Final = RetryRule()
"""POST of audio: repeated only if it was certainly not carried out."""

ONCE: Final = RetryRule(refused=(), not_sent=())
"""What nothing depends on: it is asked again another time."""


def call_with_retries(send: Callable[[], T], rule: RetryRule, stop: threading.Event) -> tuple[T, bool]:
    """Call ``send`` until it returns, or fails in a way, or as often, that the rule gives up. Returns the result, and
    whether an earlier attempt may have been carried out.

    Raises:
        Stopped: ``stop`` was set during a wait.
        RemoteError: the last failure; ``perhaps_done`` if an earlier attempt may have been carried out.
    """
    attempts = _Attempts(rule)

    def tell(state: RetryCallState) -> None:
        if not stop.is_set() and state.outcome is not None:
            log.info("repeating in %.1f s: %s", state.upcoming_sleep, state.outcome.exception())

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise Stopped

    retrying = Retrying(
        retry=retry_if_exception(attempts.allow), wait=attempts.wait_s, before_sleep=tell, sleep=sleep, reraise=True
    )
    try:
        return retrying(send), attempts.perhaps_done
    except RemoteError as error:
        error.perhaps_done |= attempts.perhaps_done
        raise


class _Attempts:
    """What is left of a rule's repetitions: refusals and faults are counted apart, so both ladders end."""

    def __init__(self, rule: RetryRule) -> None:
        self._refused = list(rule.refused)
        self._not_sent = list(rule.not_sent)
        self._maybe = list(rule.maybe_carried_out)
        self._next_s = 0.0
        self.perhaps_done = False

    def allow(self, error: BaseException) -> bool:
        """Whether to repeat after this error; remembers for how long to wait first."""
        ladder = self._ladder(error)
        if not ladder:
            return False
        self._next_s = ladder.pop(0)
        self.perhaps_done |= ladder is self._maybe
        if isinstance(error, RateLimited) and error.retry_after_s > 0:
            self._next_s = min(error.retry_after_s, LONGEST_WAIT_S)
        return True

    def wait_s(self, _state: RetryCallState) -> float:
        """The wait that ``allow`` chose."""
        return self._next_s

    def _ladder(self, error: BaseException) -> list[float]:
        if isinstance(error, RateLimited):
            return self._refused
        if isinstance(error.__cause__, httpx.TimeoutException):
            return []  # our own patience ended: asking again at once would only double the wait
        if isinstance(error, Unreachable):
            return self._not_sent
        return self._maybe if isinstance(error, (OutcomeUnknown, ServerFault)) else []
