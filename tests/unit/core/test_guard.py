"""Which removals may go ahead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.core.guard import FEW, Ledger, judge, why_held
from picora_sync.core.model import FileRef


def refs(first: int, last: int) -> frozenset[FileRef]:
    return frozenset(FileRef("notes", f"{n}.md") for n in range(first, last))


CASES = {
    "nothing": (refs(0, 0), Ledger(10), 0),
    "one of many": (refs(0, 1), Ledger(100), 1),
    "a few": (refs(0, FEW), Ledger(20), FEW),
    "one more than a few": (refs(0, FEW + 1), Ledger(20), 0),
    "a fifth of many": (refs(0, 40), Ledger(200), 40),
    "more than a fifth of many": (refs(0, 41), Ledger(200), 0),
    "with those of the last day": (refs(0, 5), Ledger(20, removed_recently=6), 0),
    "just within the day's budget": (refs(0, 5), Ledger(20, removed_recently=5), 5),
    "the only file": (refs(0, 1), Ledger(1), 0),
    "all of two": (refs(0, 2), Ledger(2), 0),
    "one beside held ones": (refs(0, 3), Ledger(100, held=refs(0, 2)), 0),
    "approved ones of many": (refs(0, 30), Ledger(40, approved=refs(0, 7)), 7),
    "all approved": (refs(0, 40), Ledger(40, approved=refs(0, 40)), 40),
    "approved ones do not use up the budget": (refs(0, 15), Ledger(100, approved=refs(0, 10)), 15),
    "all of two that become one": (refs(0, 2), Ledger(2, merged=refs(0, 2)), 2),
    "more than a few that become one": (refs(0, 11), Ledger(20, merged=refs(0, 11)), 0),
    "an approval for something else": (refs(0, 30), Ledger(40, approved=refs(30, 40)), 0),
}


@pytest.mark.parametrize(("pending", "ledger", "allowed"), CASES.values(), ids=CASES.keys())
def test_judge(pending: frozenset[FileRef], ledger: Ledger, allowed: int) -> None:
    verdict = judge(pending, ledger)
    assert len(verdict.allowed) == allowed
    assert verdict.allowed | verdict.held == pending
    assert not verdict.allowed & verdict.held
    assert bool(verdict.why) == bool(verdict.held)


def test_the_reason_counts_the_files_that_there_were() -> None:
    verdict = judge(refs(0, 1), Ledger(bound=2, removed_recently=29))
    assert verdict.why == "30 of 31 files would be deleted within 24 hours (limit 10)"


ANY = st.integers(0, 40)


@given(ANY, ANY, ANY, st.integers(0, 60))
def test_nothing_unapproved_passes_beyond_the_limit(pending: int, approved: int, recent: int, bound: int) -> None:
    verdict = judge(refs(0, pending), Ledger(bound, recent, approved=refs(0, approved)))
    unapproved = verdict.allowed - refs(0, approved)
    assert not unapproved or recent + len(unapproved) <= max(FEW, bound // 5)
    assert not unapproved or pending < bound


@given(st.integers(1, 40), ANY, ANY, st.integers(0, 5000))
def test_what_is_held_stays_so_however_the_folder_grows_and_however_long_ago_the_others_went(
    held: int, pending: int, recent: int, bound: int
) -> None:
    ledger = Ledger(bound, recent, held=refs(0, held))
    verdict = judge(refs(0, held) | refs(40, 40 + pending), ledger)
    assert verdict.allowed == frozenset()
    assert refs(0, held) <= verdict.held


REASONS = {
    "many": (20, Ledger(52), "20 of 52 files would be deleted within 24 hours (limit 10)"),
    "with those of the last day": (
        4,
        Ledger(50, removed_recently=8),
        "12 of 58 files would be deleted within 24 hours (limit 10)",
    ),
    "all": (3, Ledger(3), "nothing would be left of the 3 files of this folder on Picora"),
    "few are left": (
        2,
        Ledger(52),
        "2 of 52 files, held with others that are not to be deleted any more, would be deleted",
    ),
}


@pytest.mark.parametrize(("number", "ledger", "why"), REASONS.values(), ids=REASONS.keys())
def test_the_reason_counts_what_is_held(number: int, ledger: Ledger, why: str) -> None:
    assert why_held(number, ledger) == why
