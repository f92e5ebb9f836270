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
    UploadCut,
)

FAULTS = 5
"""So many 5xx, or broken answers, in a row on one file block it if others succeed meanwhile; it is tried hourly."""
MANY_FAULTS = 20
"""And so many if nothing else was tried that could have succeeded."""
LONGEST_PAUSE_S = 60.0
OTHER_DIMENSIONS = ("img_storage", "video_storage")
"""What may be full without keeping documents and audio out (contract §2)."""
HOUR_S = 3600.0
WORDLESS_S = 30.0
"""After refusals that name no time, and the repetitions that the client made itself."""


@dataclass(frozen=True, slots=True)
class LookAgain:
    """The file changed: it goes back to the queue."""


@dataclass(frozen=True, slots=True)
class AskWhetherReachable:
    """No whole answer: put the work back for so long, and ask ``/health`` whether Picora is there at all."""

    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class AskWhetherRefused:
    """This call was refused as if the key were wrong: put the work back for so long, and have the key verified."""

    problem: Problem
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Retry:
    """Try the same again after this many seconds."""

    after_s: float


@dataclass(frozen=True, slots=True)
class BlockFile:
    """The file is blocked; tried again after ``retry_s``, None: only when it or the configuration changes."""

    problem: Problem
    retry_s: float | None = None


@dataclass(frozen=True, slots=True)
class CloseLane:
    """Nothing of this kind can succeed now: all that waits is blocked, until ``retry_s`` passed."""

    problem: Problem
    retry_s: float = HOUR_S


@dataclass(frozen=True, slots=True)
class Full:
    """The account has no room for this: it waits until room is made; tried again after ``retry_s`` in any case."""

    problem: Problem
    retry_s: float = HOUR_S


@dataclass(frozen=True, slots=True)
class Vanished:
    """The object is not there any more."""


Consequence = LookAgain | AskWhetherReachable | AskWhetherRefused | Retry | BlockFile | CloseLane | Full | Vanished

GOOD_KEY = "Picora takes the key for other calls, and refuses this one: a proxy in between? It is tried hourly."


def judge(  # noqa: C901, PLR0911, PLR0912  (one case and return per error: a table)
    error: PicoraSyncError, faults: int, *, others_succeed: bool
) -> Consequence:
    """What to do after this error.

    ``faults`` counts the 5xx, the 401 and the broken answers in a row this very work has met, this one included;
    ``others_succeed`` tells whether any other work succeeded since the first of them.
    """
    problem = Problem(_code(error), error.message, error.hint)
    match error:
        case FileChanged():
            return LookAgain()
        case FileUnreadable():
            return LookAgain()
        case Unreachable() if faults <= 1:
            return AskWhetherReachable()
        case Unreachable():  # though /health was reached meanwhile
            return AskWhetherReachable(min(LONGEST_PAUSE_S, 2.0 ** min(faults, 10)))
        case OutcomeUnknown() | UploadCut() | NotPicora() | ServerFault() if faults >= (
            FAULTS if others_succeed else MANY_FAULTS
        ):
            return BlockFile(problem, HOUR_S)
        case OutcomeUnknown() | UploadCut() | NotPicora():
            return AskWhetherReachable(min(LONGEST_PAUSE_S, 2.0 ** (faults - 1)))
        case KeyRefused() if faults >= (FAULTS if others_succeed else MANY_FAULTS):
            return BlockFile(Problem(problem.code, problem.message, GOOD_KEY), HOUR_S)
        case KeyRefused():
            return AskWhetherRefused(problem, min(LONGEST_PAUSE_S, 2.0 ** (faults - 1)))
        case RateLimited():
            return Retry(error.retry_after_s or WORDLESS_S)
        case ServerFault():
            return Retry(min(LONGEST_PAUSE_S, 2.0**faults))
        case QuotaExceeded(dimension=dimension) if dimension in OTHER_DIMENSIONS:
            return BlockFile(problem, HOUR_S)
        case QuotaExceeded():
            return Full(problem)
        case PlanRequired() | ScopeMissing():
            return CloseLane(problem)
        case NotFound():
            return Vanished()
        case _:
            return BlockFile(problem)


def _code(error: PicoraSyncError) -> str:
    api_code = getattr(error, "api_code", None)
    return str(api_code) if api_code and type(error).code == "REJECTED" else type(error).code
