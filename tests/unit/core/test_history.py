"""What was written down of a file's objects is told as one taking the place of another."""

from __future__ import annotations

import pytest

from picora_sync.core.history import HistoryEntry, chronicle
from picora_sync.core.model import FileRef

A, B = FileRef("n", "a.md"), FileRef("n", "b.md")


def entry(ref: FileRef, event: str, object_id: str) -> HistoryEntry:
    return HistoryEntry(ref, 1.0, event, object_id, f"u/{object_id}")


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        pytest.param([entry(A, "bound", "1")], [("bound", "1", None)], id="the first"),
        pytest.param(
            [entry(A, "bound", "1"), entry(A, "bound", "2"), entry(A, "bound", "3")],
            [("bound", "1", None), ("replaced", "2", "1"), ("replaced", "3", "2")],
            id="edited twice",
        ),
        pytest.param(
            [entry(A, "bound", "1"), entry(A, "removed", "1"), entry(A, "bound", "2")],
            [("bound", "1", None), ("removed", "1", None), ("bound", "2", None)],
            id="deleted and written anew",
        ),
        pytest.param(
            [entry(A, "bound", "1"), entry(B, "bound", "2"), entry(A, "bound", "3")],
            [("bound", "1", None), ("bound", "2", None), ("replaced", "3", "1")],
            id="each file has its own",
        ),
        pytest.param(
            [entry(A, "bound", "1"), entry(A, "bound", "1")],
            [("bound", "1", None), ("bound", "1", None)],
            id="the same again",
        ),
    ],
)
def test_a_history_is_told(entries: list[HistoryEntry], told: list[tuple[str, str, str | None]]) -> None:
    turns = chronicle(entries)
    assert [(t.why, t.entry.object_id, t.before.object_id if t.before else None) for t in turns] == told
