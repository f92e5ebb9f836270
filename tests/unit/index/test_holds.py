"""Removals that wait for a person, and how many there were lately."""

from __future__ import annotations

from picora_sync.core.model import FileRef
from picora_sync.index import Index
from tests.unit.index.support import A, B, derived


def test_holds_are_approved_one_by_one_and_stay_approved(index: Index) -> None:
    index.files.present(A, derived(), 1.0)
    index.holds.hold([A, B], "many", 1.0)
    index.holds.approve([A])
    index.holds.hold([A, B], "still many", 2.0)
    assert index.holds.held("notes") == [(A, "still many", True), (B, "still many", False)]
    row = index.files.get(A)
    assert row is not None
    assert (row.held, row.approved) == (False, True)
    index.holds.release(A)
    assert [ref for ref, _, _ in index.holds.held()] == [B]
    assert index.holds.held("other") == []


def test_removals_are_counted_within_their_window(index: Index) -> None:
    for at in (1.0, 2.0, 3.0):
        index.holds.removed(A, at)
    index.holds.removed(FileRef("other", "c.md"), 3.0)
    assert index.holds.removed_within("notes", 2.0, now=4.0) == 2
    assert index.holds.removed_within("notes", 4.0, now=4.0) == 2  # the older one is forgotten
