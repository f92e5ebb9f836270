"""Ours is what an upload of ours made (docs/decisions/0090): a table over answers, doubts and times."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from picora_sync.core.model import Kind, RemoteObject
from picora_sync.core.ownership import is_late_twin, is_made_since, is_ours
from picora_sync.core.ports import Posted

INTENT_S = 1_700_000_000.0


def made(at_s: float, title: str = "T") -> RemoteObject:
    stamp = datetime.fromtimestamp(at_s, UTC).isoformat()
    return RemoteObject("d", Kind.DOC, "https://picora.test/d", title, created_at=stamp)


CASES = {
    # duplicate, repeated, posted before, made this long after the intent: ours
    "the answer says that it was made now": (False, False, False, 0.0, True),
    "it was made now, after a try in doubt": (False, True, True, -9e9, True),
    "a duplicate at the first try, made a moment before it": (True, False, False, -0.5, False),
    "a duplicate at the first try, made a moment after the intent": (True, False, False, 0.5, False),
    "a duplicate at the second try of one call": (True, True, False, 0.5, True),
    "a duplicate in a call after one in doubt": (True, False, True, 0.5, True),
    "the same, made hours after the intent": (True, False, True, 9000.0, True),
    "the same, made within the clocks' difference": (True, False, True, -1.5, True),
    "a duplicate made before the intent, after a try in doubt": (True, True, True, -2.5, False),
}


@pytest.mark.parametrize(
    ("duplicate", "repeated", "posted_before", "after_s", "ours"), CASES.values(), ids=CASES.keys()
)
def test_whose_an_answer_is(duplicate: bool, repeated: bool, posted_before: bool, after_s: float, ours: bool) -> None:
    posted = Posted(made(max(0.0, INTENT_S + after_s)), duplicate, repeated=repeated)
    assert is_ours(posted, INTENT_S, posted_before=posted_before) is ours


@pytest.mark.parametrize("stamp", ["", "yesterday", "2023-99-99"])
def test_what_has_no_readable_time_was_not_made_since(stamp: str) -> None:
    assert not is_made_since(RemoteObject("d", Kind.DOC, "", "T", created_at=stamp), 0.0)


TWINS = {
    "made in time, called alike": (10.0, "T", True),
    "made before": (-3.0, "T", False),
    "made after the upload can still have been carried out": (101.0, "T", False),
    "called otherwise": (10.0, "a.mp3", False),
}


@pytest.mark.parametrize(("after_s", "title", "twin"), TWINS.values(), ids=TWINS.keys())
def test_what_is_a_late_twin(after_s: float, title: str, twin: bool) -> None:
    assert is_late_twin(made(INTENT_S + after_s, title), "T", INTENT_S, INTENT_S + 100.0) is twin
