"""Putting right what was found out about an object on Picora, in the index: the planner makes calls of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from picora_sync.core import guard
from picora_sync.core.comparison import Mismatch
from picora_sync.core.model import FileRef, Problem, RemoteObject
from picora_sync.core.ports import Change
from picora_sync.index import Index

VANISHED = "VANISHED"
GONE = "vanished from Picora"


def note_change(index: Index, finding: Mismatch) -> list[FileRef]:
    """Remember the object as it was seen; returns the files that want it otherwise, perhaps."""
    change = finding.change
    known = finding.object
    index.objects.store(
        replace(
            known,
            title=known.title if change.title is None else change.title,
            tags=known.tags if change.tags is None else change.tags,
            public=known.public if change.public is None else change.public,
        )
    )
    return [row.ref for row in index.files.bound_to([known.id])]


def beyond_budget(
    index: Index, vanished: Collection[RemoteObject], now: float | None, what: str = GONE
) -> dict[FileRef, str]:
    """The files whose vanished objects are not made again without a person, and why (design §6.4, lesson 8).

    The budget is that of removals: what vanished counts where its files are. ``now`` is the time they are counted by.
    """
    refs = {row.ref for row in index.files.bound_to([item.id for item in vanished])}
    held: dict[FileRef, str] = {}
    for folder in {ref.folder for ref in refs}:
        ledger = guard.Ledger(
            bound=index.files.count_bound(folder),
            removed_recently=index.holds.removed_within(folder, guard.WINDOW_S, now),
        )
        pending = {ref for ref in refs if ref.folder == folder}
        if guard.judge(pending, ledger).held:
            why = f"{len(pending)} of the {ledger.bound} files of {folder} {what}"
            if ledger.removed_recently:
                why += f", after {ledger.removed_recently} within 24 hours that were deleted or vanished"
            held |= dict.fromkeys(pending, why)
    return held


def make_again(index: Index, item: RemoteObject, wall: float, counted_at: float | None) -> list[FileRef]:
    """Forget an object that is certainly gone; returns its files, which are then uploaded again."""
    refs = index.objects.vanished(item.id, wall)
    for ref in refs:
        index.holds.removed(ref, counted_at)
        index.files.try_again(ref)
    return refs


def tell_held(index: Index, held: Mapping[FileRef, str]) -> None:
    """What waits for a person, instead of what waited before."""
    index.files.retract(VANISHED)
    for ref, why in held.items():
        index.files.remark(ref, vanished_problem(why))


def vanished_problem(why: str) -> Problem:
    """What people are told of a file whose vanished object waits for them."""
    hint = "find out why: another server behind the same address? `picora-sync verify --repair` uploads them again"
    return Problem(VANISHED, why, hint)


def words(change: Change) -> str:
    """``title, now public``."""
    parts = []
    if change.title is not None:
        parts.append("title")
    if change.tags is not None:
        parts.append("tags")
    if change.public is not None:
        parts.append("now public" if change.public else "now private")
    return ", ".join(parts)
