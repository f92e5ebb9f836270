"""What a failed request means for what comes next (design §8 "Failures"): a pure decision."""

from __future__ import annotations

from dataclasses import dataclass

from picora_sync.core.model import Problem
from picora_sync.errors import (
    FileChanged,
    FileUnreadable,
    KeyRefused,
    NotFound,
    NotPicora,
    OutcomeUnknown,
    PicoraSyncError,
    PlanRequired,
    QuotaExceeded,
    RateLimited,
    ScopeMissing,
    ServerFault,
    Unreachable,
)

SERVER_FAULTS = 5
"""So many 5xx in a row on one file block it, and it is tried hourly."""
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class LookAgain:
    """The file changed: it goes back to the queue."""


@dataclass(frozen=True, slots=True)
class AskWhetherReachable:
    """No whole answer: put the work back, and ask ``/health`` whether Picora is there at all."""


@dataclass(frozen=True, slots=True)
class StopCalls:
    """The key is refused: no call makes sense until it is mended."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class Retry:
    """Try the same again after this many seconds."""

    after_s: float


@dataclass(frozen=True, slots=True)
class Block:
    """The file is blocked; tried again after ``retry_s``, None: only when it or the configuration changes."""

    problem: Problem
    retry_s: float | None = None


@dataclass(frozen=True, slots=True)
class CloseLane:
    """Nothing of this kind can succeed now: all that waits is blocked, until ``retry_s`` passed or room was made."""

    problem: Problem
    retry_s: float = HOUR_S


@dataclass(frozen=True, slots=True)
class Vanished:
    """The object is not there any more."""


Consequence = LookAgain | AskWhetherReachable | StopCalls | Retry | Block | CloseLane | Vanished


def judge(error: PicoraSyncError, faults: int) -> Consequence:  # noqa: PLR0911  (one return per error: a table)
    """What to do after this error; ``faults`` counts the 5xx in a row this very work has met, this one included."""
    problem = Problem(_code(error), error.message, error.hint)
    match error:
        case FileChanged():
            return LookAgain()
        case FileUnreadable():
            return LookAgain()
        case Unreachable() | OutcomeUnknown() | NotPicora():
            return AskWhetherReachable()
        case KeyRefused():
            return StopCalls(problem)
        case RateLimited():
            return Retry(error.retry_after_s)
        case ServerFault():
            return Block(problem, HOUR_S) if faults >= SERVER_FAULTS else Retry(min(60.0, 2.0**faults))
        case QuotaExceeded() | PlanRequired() | ScopeMissing():
            return CloseLane(problem)
        case NotFound():
            return Vanished()
        case _:
            return Block(problem)


def _code(error: PicoraSyncError) -> str:
    api_code = getattr(error, "api_code", None)
    return str(api_code) if api_code and type(error).code == "REJECTED" else type(error).code
