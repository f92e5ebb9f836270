"""Files that are to lose their object: they wait, are looked at again, and pass the guard (design §6)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from picora_sync.core import guard, succession
from picora_sync.core.model import FileRef, Kind, kind_of
from picora_sync.core.plan import Action, Bind, Reason
from picora_sync.core.planner import plan
from picora_sync.core.policy import OnDelete
from picora_sync.core.ports import Absent, Ignored, Present, Unknown
from picora_sync.core.view import FileNow, Standing, View
from picora_sync.index.rows import FileRow, Seen
from picora_sync.reconciler.context import Context
from picora_sync.reconciler.deletion.relocation import Relocations

LOOK_AGAIN_S = 1.0
"""How long a removal is put off while a path is unsettled that could be the file's new place."""

PUT_OFF_S = 30.0
"""How long it is put off while an object that stays on Picora is not private yet, or has another name that is to be
uploaded."""

STALLED_S = 60.0
"""How often a removal is judged that waits for what may never come: a blocked, held or paused file that may be the
vanished one, what cannot be made private, or a look at what cannot be looked at.
"""


@dataclass(frozen=True, slots=True)
class Leaving:
    """The guard agreed that this file loses its object. Not ``counted`` is what Picora holds under another name."""

    reason: Reason
    why: str
    counted: bool = True


class Removals:
    """The waiting room in front of the guard. Times are monotonic, and start anew with the process.

    What is expected ends soon, and is waited for; what stalled is asked about again, but nobody waits for that.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._due_at: dict[FileRef, float] = {}
        self._stalled: dict[FileRef, float] = {}
        self._loosened: set[str] = set()
        self._counted: dict[str, int] = {}

    def __len__(self) -> int:
        return sum(1 for _ in self._awaited(self._due_at))

    def expect_anew(self, ref: FileRef, after_s: float) -> None:
        """A file that was there is to lose its object: what it was held or approved for before is over."""
        self._context.index.holds.release(ref)
        self.expect(ref, after_s)

    def expect(self, ref: FileRef, after_s: float) -> None:
        """This file is to lose its object unless things change within ``after_s``."""
        self._stalled.pop(ref, None)
        self._due_at.setdefault(ref, self._context.clocks.mono() + after_s)

    def take_up(self, folder: str) -> None:
        """The folder was looked through: what stalled there is judged now."""
        for ref in [ref for ref in self._stalled if ref.folder == folder]:
            del self._stalled[ref]
            self.expect(ref, 0.0)

    def start_anew(self) -> None:
        """The machine slept, or its clock was set: what is missing gets its whole grace again (design §6.5)."""
        for waiting in (self._due_at, self._stalled):
            for ref in waiting:
                unit = self._context.unit(ref)
                waiting[ref] = self._context.clocks.mono() + (unit.policy.delete_after_s if unit is not None else 0.0)

    def suspend(self, ref: FileRef) -> None:
        """Nobody knows whether it is there: no removal, but what waits for a person goes on waiting."""
        self._due_at.pop(ref, None)
        self._stalled.pop(ref, None)

    def withdraw(self, ref: FileRef) -> None:
        """It is there (again): no removal, and no hold."""
        self._due_at.pop(ref, None)
        self._stalled.pop(ref, None)
        if self._context.index.holds.release(ref):
            self._loosened.add(ref.folder)

    def loosened(self) -> set[FileRef]:
        """What is held where something left the hold: it may have been held for being the same as that."""
        folders, self._loosened = self._loosened, set()
        return {ref for folder in folders for ref, _, _ in self._context.index.holds.held(folder)}

    def next_due(self) -> float | None:
        """When the next removal is to be judged."""
        return min((at for each in (self._due_at, self._stalled) for _, at in self._awaited(each)), default=None)

    def over_by(self) -> float | None:
        """When the last grace ends, as far as it is known."""
        return max((at for _, at in self._awaited(self._due_at)), default=None)

    def _awaited(self, waiting: Mapping[FileRef, float]) -> Iterator[tuple[FileRef, float]]:
        """Nothing is removed for a paused folder."""
        return ((ref, at) for ref, at in waiting.items() if ref.folder not in self._context.paused)

    def reconsider_held(self, folders: Iterable[str]) -> None:
        """After a start: what was missing, held or approved waits out its grace again; after an approval, too."""
        for name in folders:
            unit = self._context.units[name]
            self._context.todo.update(ref for ref, _, _ in self._context.index.holds.held(name))
            for ref in self._context.index.files.leaving(name):
                self.expect(ref, unit.policy.delete_after_s)

    def judge(self, uninspected: Collection[FileRef] = ()) -> dict[FileRef, Leaving]:
        """Let those go whose time has come and whom the guard allows; hold the others. ``uninspected`` are paths that
        have settled and that nobody looked at yet.
        """
        now = self._context.clocks.mono()
        for ref in [ref for ref, at in self._awaited(self._stalled) if at <= now]:
            self._due_at[ref] = self._stalled.pop(ref)
        due = [ref for ref, at in self._awaited(self._due_at) if at <= now]
        unknown = self._unknown_kinds({kind_of(ref.path) for ref in due}, uninspected)
        ripe = [ref for ref in due if kind_of(ref.path) not in unknown]
        self._due_at.update(dict.fromkeys(due, now + LOOK_AGAIN_S))
        if not ripe:
            return {}
        places, pending = Relocations(self._context), dict[str, dict[FileRef, Leaving]]()
        for ref in ripe:
            del self._due_at[ref]
            if (why := self._ripe(ref, places)) is not None:
                pending.setdefault(ref.folder, {})[ref] = why
        passed: dict[FileRef, Leaving] = {}
        for folder, refs in pending.items():
            passed |= self._pass_guard(folder, refs, places)
        return passed

    def _ripe(self, ref: FileRef, places: Relocations) -> Leaving | None:
        """Why this file may lose its object now; None if it must wait for something else, or is none that is to."""
        row = self._context.index.files.get(ref)
        if row is None or row.bound is None:
            return None
        if self._is_private_first(row):
            self._wait_for(row, row)
            return None
        if self._is_in_a_paused_folder(row):
            self._stall(ref)
            return None
        return self._confirm(row, places)

    def _expected(self, folder: str, places: Relocations) -> tuple[set[FileRef], int]:
        """Those whose time has not come yet: they count too, so that a slow stream of deletions is held as a whole. And
        how many of those that wait were found in another folder meanwhile: they are neither removed nor left here.
        """
        if self._keeps(folder):
            return set(), 0
        rows = self._context.index.files.get_many(ref for ref in self._due_at if ref.folder == folder)
        waiting = [row for row in rows if row.bound is not None]
        found = {row.ref: places.heir(row) or places.sharer(row) for row in waiting}
        away = sum(1 for other in found.values() if other is not None and other.ref.folder != folder)
        return {ref for ref, other in found.items() if other is None}, away

    def _keeps(self, folder: str) -> bool:
        """Whether nothing is deleted with its file (design §6.6): the guard has nothing to guard."""
        unit = self._context.units.get(folder)
        return unit is not None and unit.policy.on_delete is OnDelete.KEEP

    def _unknown_kinds(self, kinds: Collection[Kind | None], uninspected: Collection[FileRef]) -> set[Kind | None]:
        """Those of these kinds of which a path is there that nobody knows of yet, and that nothing is bound to: a
        vanished file may have gone there.
        """
        paths = (*self._context.queue.settling(), *uninspected) if kinds else ()
        return {kind for kind in kinds if any(kind_of(ref.path) is kind and self._is_unbound(ref) for ref in paths)}

    def _is_unbound(self, ref: FileRef) -> bool:
        row = self._context.index.files.get(ref)
        return row is None or row.bound is None

    def _is_private_first(self, row: FileRow) -> bool:
        """Whether its object will stay on Picora, and must become private before it is forgotten here."""
        unit = self._context.unit(row.ref)
        if unit is None or row.bound is None or row.wanted is None or row.wanted.public:
            return False
        item = self._context.index.objects.get(row.bound)
        if item is None or item.public is False or len(self._context.index.files.bound_to([row.bound])) > 1:
            return False
        return unit.policy.on_delete is OnDelete.KEEP or not (item.ours or unit.policy.delete_adopted)

    def _is_in_a_paused_folder(self, row: FileRow) -> bool:
        """Whether the content is in a paused folder now, and will be bound there: it may have moved."""
        if row.wanted is None or not self._context.paused:
            return False
        wanting = self._context.index.files.wanting([row.wanted.sha256])
        return any(each.ref.folder in self._context.paused and each.bound != row.bound for each in wanting)

    def _confirm(self, row: FileRow, places: Relocations) -> Leaving | None:
        """Look once more before anything is deleted."""
        unit = self._context.unit(row.ref)
        if unit is None:
            return None
        match unit.disk.look(row.ref.path):
            case Absent() if row.ref.folder in self._context.away:  # its root came back, and was not looked through yet
                self._due_at[row.ref] = self._context.clocks.mono() + LOOK_AGAIN_S
            case Absent():
                return self._removed(row, places)
            case Ignored(why):
                return Leaving(Reason.IGNORED, f"now ignored: {why}")
            case Present() if _unselected(row):
                return Leaving(Reason.UNSELECTED, "no longer published")
            case Present():
                self._context.queue.touch(row.ref)
            case Unknown():
                self._stall(row.ref)
        return None

    def _removed(self, row: FileRow, places: Relocations) -> Leaving | None:
        """It vanished: unless it is another file now that Picora does not hold yet."""
        place = places.of(row)
        if place is not None:
            self._wait_for(row, place)
            return None
        heir = places.heir(row)
        if heir is not None and heir.bound not in (None, row.bound):
            return Leaving(Reason.RENAMED, f"renamed to {heir.ref.path}, and changed since", counted=False)
        if (other := places.sharer(row)) is not None:
            return Leaving(Reason.REMOVED, f"the same as {other.ref.path}", counted=False)
        return Leaving(Reason.REMOVED, "deleted from the folder")

    def _wait_for(self, row: FileRow, other: FileRow) -> None:
        """Something is to be done about the other first: soon, or nobody knows when if that waits itself."""
        if other.blocked is not None or other.held or other.ref.folder in self._context.paused:
            self._stall(row.ref)
        else:
            self._due_at[row.ref] = self._context.clocks.mono() + PUT_OFF_S

    def _stall(self, ref: FileRef) -> None:
        self._stalled[ref] = self._context.clocks.mono() + STALLED_S

    def plan(self, view: View) -> list[Action]:
        """What the planner says, without what the guard holds: files that would give up objects of their own for one
        that they share keep what they have.
        """
        view, carried = self._carry(view)
        actions = plan(view)
        merged = guard.merged(view, actions)
        for file in view.files:
            if file.guarded and file.ref not in merged and _is_free(file, view):
                self._context.index.holds.release(file.ref)
        held: set[FileRef] = set()
        for folder in {ref.folder for ref in merged}:
            held |= self._hold_merged(folder, frozenset(ref for ref in merged if ref.folder == folder))
        if held:
            actions = plan(replace(view, files=tuple(_kept(file) if file.ref in held else file for file in view.files)))
        return [*carried, *actions]

    def _carry(self, view: View) -> tuple[View, list[Bind]]:
        """Let what was renamed and edited take its object along: from then on it is a file that changed (design §4)."""
        pairs = {ref: old for ref, old in succession.successors(view).items() if self._is_certainly(ref, old)}
        return succession.carry(view, pairs)

    def _is_certainly(self, ref: FileRef, old: FileRef) -> bool:
        """Whether the disk says so, too: one is gone, and the other there as it was read."""
        row, unit, home = self._context.index.files.get(ref), self._context.unit(ref), self._context.unit(old)
        if row is None or unit is None or home is None:
            return False
        if not isinstance(home.disk.look(old.path), Absent):
            self._context.queue.touch(old)
            return False
        match unit.disk.look(ref.path):
            case Present(fingerprint) if row.fingerprint is not None:
                return (fingerprint.inode, fingerprint.device) == (row.fingerprint.inode, row.fingerprint.device)
            case _:
                return False

    def settled(self, actions: Iterable[Action]) -> None:
        """What was found under another name is not waited for any more."""
        for action in actions:
            if isinstance(action, Bind) and action.renamed_from is not None:
                self.suspend(action.renamed_from)

    def recount(self) -> None:
        """Have the reasons of what is held count what is held now."""
        holds = self._context.index.holds
        counts = holds.counts()
        for folder, number in counts.items():
            if number != self._counted.get(folder):
                why = guard.why_held(number, self._ledger(folder))
                rows = [(ref, before) for ref, before, approved in holds.held(folder) if not approved]
                holds.reword((ref, _reworded(before, why)) for ref, before in rows)
        self._counted = counts

    def _hold_merged(self, folder: str, merged: frozenset[FileRef]) -> frozenset[FileRef]:
        """Those that must wait. For the others a permission is left: their successor must be uploaded first."""
        index, wall, now = self._context.index, self._context.clocks.wall(), self._context.removal_time()
        expected, away = self._expected(folder, Relocations(self._context))
        ledger = replace(self._ledger(folder, away), merged=merged)
        verdict = guard.judge(merged | expected | ledger.held, ledger)
        index.holds.hold(verdict.held & merged, f"it became the same as other files; {verdict.why}", wall)
        index.holds.permit((verdict.allowed & merged) - ledger.approved, "it became the same as other files", wall, now)
        return verdict.held & merged

    def _pass_guard(self, folder: str, leaving: dict[FileRef, Leaving], places: Relocations) -> dict[FileRef, Leaving]:
        """Those that may go: what is on Picora under another name is no removal (design §6)."""
        index, wall = self._context.index, self._context.clocks.wall()
        held = {ref for ref, _, approved in index.holds.held(folder) if not approved}
        forgotten = leaving.keys() - held if self._keeps(folder) else frozenset()
        moved = {ref: why for ref, why in leaving.items() if ref in forgotten or not why.counted}
        for ref in moved:
            index.holds.release(ref)
        pending = {ref: why for ref, why in leaving.items() if ref not in moved}
        if not pending:
            return moved
        expected, away = self._expected(folder, places)
        ledger = self._ledger(folder, away)
        verdict = guard.judge(pending.keys() | expected | ledger.held, ledger)
        for ref in verdict.held & pending.keys():
            index.holds.hold([ref], _why_held(pending[ref], verdict.why), wall)
        allowed = verdict.allowed & pending.keys()
        for ref in allowed:
            index.holds.release(ref)
            if ref not in ledger.approved:  # what a person agreed to leaves the budget to what comes unasked
                index.holds.removed(ref, self._context.removal_time())
        return moved | {ref: pending[ref] for ref in allowed}

    def _ledger(self, folder: str, away: int = 0) -> guard.Ledger:
        """``away``: so many vanished files are in another folder by now."""
        index = self._context.index
        held = {ref: approved for ref, _, approved in index.holds.held(folder)}
        return guard.Ledger(
            bound=index.files.count_bound(folder) - away,
            removed_recently=index.holds.removed_within(folder, guard.WINDOW_S, self._context.removal_time()),
            approved=frozenset(ref for ref, approved in held.items() if approved),
            held=frozenset(ref for ref, approved in held.items() if not approved),
        )


def _is_free(file: FileNow, view: View) -> bool:
    """Whether a present file that is held, or was let pass, has nothing more to do with that."""
    if file.standing is not Standing.PRESENT or file.wanted is None:
        return False
    return (file.wanted.kind, file.wanted.sha256) not in view.busy


def _why_held(leaving: Leaving, why: str) -> str:
    """A file that is still there is held for what became of it (design §5)."""
    return why if leaving.reason is Reason.REMOVED else f"{leaving.why}; {why}"


def _reworded(why: str, numbers: str) -> str:
    """The numbers follow what became of the file, if that is said."""
    what, parted, _ = why.rpartition("; ")
    return f"{what}{parted}{numbers}"


def _kept(file: FileNow) -> FileNow:
    return replace(file, standing=Standing.KEPT)


def _unselected(row: FileRow) -> bool:
    return row.seen is Seen.PRESENT and row.wanted is not None and not row.wanted.selected
