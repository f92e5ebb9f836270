"""Which removals may go ahead, and which wait for a person (design §6.4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from picora_sync.core.model import FileRef
from picora_sync.core.plan import Action, Bind, Unbind, Upload
from picora_sync.core.view import ContentKey, View

FEW = 10
"""So many removals in 24 h need no question, in a folder of any size."""
SHARE = 0.2
"""Beyond that, this share of the folder's bound files."""
WINDOW_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the guard knows of one folder: files bound now, removals of the last 24 h, approved ones, held ones, and
    those that lose their object to another file's: they count, but something of them is left.
    """

    bound: int
    removed_recently: int = 0
    approved: frozenset[FileRef] = frozenset()
    held: frozenset[FileRef] = frozenset()
    merged: frozenset[FileRef] = frozenset()


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
    limit, total = _limit(ledger), ledger.removed_recently + len(rest)
    if len(waiting - ledger.merged) >= ledger.bound:
        return Verdict(approved, rest, _why_all(ledger))
    if rest & ledger.held or total > limit:
        return Verdict(approved, rest, _why_many(len(rest), ledger))
    return Verdict(waiting, frozenset())


def why_held(number: int, ledger: Ledger) -> str:
    """Why so many are held by now: what is held stays so, however few they have become (promise 6)."""
    return _why_all(ledger) if number >= ledger.bound else _why_many(number, ledger)


def _limit(ledger: Ledger) -> int:
    return max(FEW, int(ledger.bound * SHARE))


def _why_all(ledger: Ledger) -> str:
    return f"nothing would be left of the {ledger.bound} files of this folder on Picora"


def _why_many(number: int, ledger: Ledger) -> str:
    total, there_were, limit = ledger.removed_recently + number, ledger.bound + ledger.removed_recently, _limit(ledger)
    if total > limit:
        return f"{total} of {there_were} files would be deleted within 24 hours (limit {limit})"
    return f"{number} of {ledger.bound} files, held with others that are not to be deleted any more, would be deleted"


def merged(view: View, actions: Iterable[Action]) -> frozenset[FileRef]:
    """The files that would give up objects of their own for one that they share (500 notes turned into one pointer
    file): replacing is no removal, unless several vanished objects have one successor (design §6).
    """
    before = {file.ref: file.bound for file in view.files if file.bound is not None}
    successor = _successors(view, actions)
    kept = {bound for ref, bound in before.items() if ref not in successor}
    items = [item for item in view.objects.values() if item.id in kept]
    held_by_others = {(item.kind, item.sha256) for item in items if item.sha256 is not None}
    losers: dict[ContentKey, set[FileRef]] = {}
    for ref, content in successor.items():
        if content is not None and ref in before and before[ref] not in kept:
            losers.setdefault(content, set()).add(ref)
    return frozenset(
        ref
        for content, refs in losers.items()
        if content in held_by_others or len({before[ref] for ref in refs}) > 1
        for ref in refs
    )


def _successors(view: View, actions: Iterable[Action]) -> dict[FileRef, ContentKey | None]:
    """What the files hold afterwards whose binding changes; None: nothing, or what was renamed to them."""
    found: dict[FileRef, ContentKey | None] = {}
    for action in actions:
        match action:
            case Upload(ref, wanted, also=also):
                found |= dict.fromkeys((ref, *also), (wanted.kind, wanted.sha256))
            case Bind(ref, object_id, renamed_from=None):
                item = view.objects[object_id]
                found[ref] = None if item.sha256 is None else (item.kind, item.sha256)
            case Unbind(ref):
                found[ref] = None
            case _:
                pass
    return found
