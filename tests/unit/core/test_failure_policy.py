"""What each error means for what comes next: one row per error of the tree."""

from __future__ import annotations

import pytest

from picora_sync import errors
from picora_sync.core.failure_policy import (
    FAULTS,
    HOUR_S,
    MANY_FAULTS,
    AskWhetherReachable,
    AskWhetherRefused,
    BlockFile,
    CloseLane,
    Consequence,
    Full,
    LookAgain,
    Retry,
    Vanished,
    judge,
)
from picora_sync.core.model import Problem

ROWS: list[tuple[errors.PicoraSyncError, type[Consequence]]] = [
    (errors.FileChanged("m"), LookAgain),
    (errors.FileUnreadable("m"), LookAgain),
    (errors.Unreachable("m"), AskWhetherReachable),
    (errors.OutcomeUnknown("m"), AskWhetherReachable),
    (errors.UploadCut("m"), AskWhetherReachable),
    (errors.NotPicora("m"), AskWhetherReachable),
    (errors.KeyRefused("m"), AskWhetherRefused),
    (errors.ScopeMissing("m"), CloseLane),
    (errors.PlanRequired("m"), CloseLane),
    (errors.QuotaExceeded("m"), Full),
    (errors.NotFound("m"), Vanished),
    (errors.RateLimited("m", retry_after_s=7.0), Retry),
    (errors.Rejected("m"), BlockFile),
    (errors.ServerFault("m"), Retry),
    (errors.RemoteError("m"), BlockFile),
]


@pytest.mark.parametrize(("error", "consequence"), ROWS, ids=[type(error).__name__ for error, _ in ROWS])
def test_the_first_failure(error: errors.PicoraSyncError, consequence: type[Consequence]) -> None:
    assert isinstance(judge(error, 1, others_succeed=True), consequence)


def test_every_remote_error_has_a_row() -> None:
    assert set(errors.RemoteError.__subclasses__()) <= {type(error) for error, _ in ROWS}


BROKEN = [errors.ServerFault("m"), errors.OutcomeUnknown("m"), errors.UploadCut("m"), errors.NotPicora("m")]


@pytest.mark.parametrize("error", BROKEN, ids=[type(error).__name__ for error in BROKEN])
@pytest.mark.parametrize(("others_succeed", "most"), [(True, FAULTS), (False, MANY_FAULTS)])
def test_a_broken_answer_blocks_only_after_many(error: errors.RemoteError, others_succeed: bool, most: int) -> None:
    assert not isinstance(judge(error, most - 1, others_succeed=others_succeed), BlockFile)
    blocked = judge(error, most, others_succeed=others_succeed)
    assert isinstance(blocked, BlockFile)
    assert blocked.retry_s == HOUR_S


def test_pauses_grow_up_to_a_minute() -> None:
    pauses = [judge(errors.ServerFault("m"), n, others_succeed=False) for n in (1, 2, 3, 10)]
    assert pauses == [Retry(2.0), Retry(4.0), Retry(8.0), Retry(60.0)]
    asked = [judge(errors.OutcomeUnknown("m"), n, others_succeed=False) for n in (1, 2, 3, 10)]
    assert asked == [AskWhetherReachable(s) for s in (1.0, 2.0, 4.0, 60.0)]


def test_being_offline_never_blocks() -> None:
    assert judge(errors.Unreachable("m"), 1000, others_succeed=True) == AskWhetherReachable(60.0)


def test_a_limit_is_waited_out_as_told() -> None:
    assert judge(errors.RateLimited("m", retry_after_s=7.0), 0, others_succeed=True) == Retry(7.0)


def test_images_that_fit_no_more_block_their_note_only() -> None:
    full = errors.QuotaExceeded("m", meta={"type": "img_storage"})
    assert isinstance(judge(full, 0, others_succeed=True), BlockFile)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.Rejected("m", api_code="VALIDATION_ERROR"), "VALIDATION_ERROR"),
        (errors.Rejected("m"), "REJECTED"),
        (errors.QuotaExceeded("m", api_code="FORBIDDEN"), "QUOTA_EXCEEDED"),
    ],
)
def test_the_problem_has_the_most_telling_code(error: errors.RemoteError, code: str) -> None:
    consequence = judge(error, 0, others_succeed=False)
    assert isinstance(consequence, BlockFile | Full)
    assert consequence.problem == Problem(code, "m")
