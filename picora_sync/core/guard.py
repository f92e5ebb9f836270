"""Which removals may go ahead, and which wait for a person (design §6.4)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from picora_sync.core.model import FileRef

FEW = 10
"""So many removals in 24 h need no question, in a folder of any size."""
SHARE = 0.2
"""Beyond that, this share of the folder's bound files."""
WINDOW_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the guard knows of one folder: files bound now, removals of the last 24 h, approved ones, held ones."""

    bound: int
    removed_recently: int = 0
    approved: frozenset[FileRef] = frozenset()
    held: frozenset[FileRef] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """``allowed`` may lose their objects now; ``held`` wait for ``approve``, because of ``why``."""

    allowed: frozenset[FileRef]
    held: frozenset[FileRef]
    why: str = ""


def judge(pending: Collection[FileRef], ledger: Ledger) -> Verdict:
    """Let a few removals pass, hold the whole set when it is many or everything.

    ``pending`` are all files of one folder that are to lose their object, those already held included. Approved ones
    always pass, and only they once something is held.
    """
    waiting = frozenset(pending)
    approved = waiting & ledger.approved
    rest = waiting - approved
    if not rest:
        return Verdict(approved, frozenset())
    limit = max(FEW, int(ledger.bound * SHARE))
    total = ledger.removed_recently + len(rest)
    if len(waiting) >= ledger.bound:
        return Verdict(approved, rest, f"nothing would be left of the {ledger.bound} files of this folder on Picora")
    if rest & ledger.held or total > limit:
        return Verdict(
            approved, rest, f"{total} of {ledger.bound} files would be deleted within 24 hours (limit {limit})"
        )
    return Verdict(waiting, frozenset())
