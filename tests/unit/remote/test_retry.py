from __future__ import annotations

import httpx
import pytest

from picora_sync.errors import (
    FileChanged,
    KeyRefused,
    NotFound,
    NotPicora,
    OutcomeUnknown,
    PlanRequired,
    QuotaExceeded,
    RateLimited,
    Rejected,
    RemoteError,
    ScopeMissing,
    ServerFault,
    Stopped,
    Unreachable,
)
from picora_sync.remote.retry import IDEMPOTENT, NEVER_TWICE, RetryRule, call_with_retries
from tests.unit.remote.support import VirtualStop


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


class Calls:
    """Fails with each error in turn, the last one for ever; None succeeds."""

    def __init__(self, *errors: Exception | None) -> None:
        self.errors = list(errors)
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        error = self.errors.pop(0) if len(self.errors) > 1 else self.errors[0]
        if error is not None:
            raise error
        return "done"


def limited(wait_s: float) -> RateLimited:
    return RateLimited("slow down", retry_after_s=wait_s)


FAULT, GONE, UNKNOWN = ServerFault("500"), Unreachable("no route"), OutcomeUnknown("reset")


@pytest.mark.parametrize(
    ("rule", "error", "waits"),
    [
        (IDEMPOTENT, limited(17), [17, 17, 17]),
        (IDEMPOTENT, limited(0), [1, 2, 4]),
        (IDEMPOTENT, limited(1e9), [3600, 3600, 3600]),
        (IDEMPOTENT, FAULT, [0.5, 1.5]),
        (IDEMPOTENT, UNKNOWN, [0.5, 1.5]),
        (IDEMPOTENT, GONE, [0.5, 1.5]),
        (NEVER_TWICE, limited(3), [3, 3, 3]),
        (NEVER_TWICE, GONE, [0.5, 1.5]),
        (NEVER_TWICE, FAULT, []),
        (NEVER_TWICE, UNKNOWN, []),
        (IDEMPOTENT, caused(OutcomeUnknown("late"), httpx.ReadTimeout("")), []),
        (IDEMPOTENT, caused(Unreachable("late"), httpx.ConnectTimeout("")), []),
        (IDEMPOTENT, caused(OutcomeUnknown("reset"), httpx.ReadError("")), [0.5, 1.5]),
        *((IDEMPOTENT, kind("no"), []) for kind in (KeyRefused, NotFound, NotPicora, PlanRequired, QuotaExceeded)),
        *((IDEMPOTENT, kind("no"), []) for kind in (Rejected, ScopeMissing, FileChanged)),
        (IDEMPOTENT, ValueError("bug"), []),
    ],
)
def test_a_failure_is_repeated_as_the_contract_says_and_then_surfaces(
    rule: RetryRule, error: Exception, waits: list[float]
) -> None:
    stop, calls = VirtualStop(), Calls(error)
    with pytest.raises(type(error)) as caught:
        call_with_retries(calls, rule, stop)
    assert caught.value is error
    assert stop.waits == waits
    assert calls.made == len(waits) + 1


def test_a_success_after_failures_is_returned() -> None:
    assert call_with_retries(Calls(FAULT, limited(2), FAULT, None), IDEMPOTENT, VirtualStop()) == ("done", True)


@pytest.mark.parametrize("first", [None, GONE, limited(1)])
def test_a_success_tells_that_no_earlier_attempt_can_have_been_carried_out(first: Exception | None) -> None:
    assert call_with_retries(Calls(first, None), IDEMPOTENT, VirtualStop()) == ("done", False)


def test_refusals_and_faults_are_counted_apart_and_both_end() -> None:
    stop = VirtualStop()
    calls = Calls(limited(0), FAULT, limited(0), FAULT, limited(0), FAULT)
    with pytest.raises(ServerFault):
        call_with_retries(calls, IDEMPOTENT, stop)
    assert stop.waits == [1, 0.5, 2, 1.5, 4]


def test_each_call_begins_with_all_its_repetitions() -> None:
    stop = VirtualStop()
    for _ in range(2):
        with pytest.raises(ServerFault):
            call_with_retries(Calls(FAULT), IDEMPOTENT, stop)
    assert stop.waits == [0.5, 1.5, 0.5, 1.5]


@pytest.mark.parametrize("error", [limited(3600), FAULT, GONE])
def test_stop_ends_a_wait_and_nothing_more_is_sent(error: Exception) -> None:
    stop, calls = VirtualStop(), Calls(error)
    stop.set_after = 1
    with pytest.raises(Stopped):
        call_with_retries(calls, IDEMPOTENT, stop)
    assert calls.made == 1


@pytest.mark.parametrize("stopped", [False, True])
def test_a_repetition_is_announced_unless_we_stop(caplog: pytest.LogCaptureFixture, *, stopped: bool) -> None:
    stop = VirtualStop()
    if stopped:
        stop.set()
    with caplog.at_level("INFO"), pytest.raises((Stopped, Unreachable)):
        call_with_retries(Calls(GONE), IDEMPOTENT, stop)
    assert [record.message for record in caplog.records] == (
        [] if stopped else ["repeating in 0.5 s: no route", "repeating in 1.5 s: no route"]
    )


@pytest.mark.parametrize("last", [Unreachable("no route"), limited(1), KeyRefused("no"), QuotaExceeded("no")])
@pytest.mark.parametrize("first", [UNKNOWN, FAULT])
def test_a_last_attempt_that_was_refused_does_not_hide_that_an_earlier_one_may_have_been_carried_out(
    first: Exception, last: RemoteError
) -> None:
    last.perhaps_done = False  # each case is raised twice
    with pytest.raises(type(last)) as caught:
        call_with_retries(Calls(first, last), IDEMPOTENT, VirtualStop())
    assert caught.value.perhaps_done


@pytest.mark.parametrize("first", [GONE, limited(1)])
def test_what_was_refused_each_time_was_certainly_not_carried_out(first: Exception) -> None:
    with pytest.raises(KeyRefused) as caught:
        call_with_retries(Calls(first, KeyRefused("no")), IDEMPOTENT, VirtualStop())
    assert not caught.value.perhaps_done
