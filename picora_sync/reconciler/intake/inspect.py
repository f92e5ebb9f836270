"""What happened to a path is decided by looking at it now (design §3); the result goes into the index.

What has to be read for that is read beside the loop, and recorded when that is done.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from picora_sync.core.model import ASSET_SUFFIXES, FileRef, Fingerprint, Kind, Problem, Wanted, kind_of, suffix_of
from picora_sync.core.ports import Absent, Derived, Ignored, Present, Unknown
from picora_sync.errors import FileChanged, FileUnreadable
from picora_sync.index.rows import FileRow, Seen
from picora_sync.reconciler.context import Context, Unit
from picora_sync.reconciler.deletion.grace import Removals
from picora_sync.reconciler.intake.derive import DerivationResult, Derivations, DeriveOutcome
from picora_sync.reconciler.intake.derived_cache import Texts
from picora_sync.reconciler.intake.open_files import HoldOpen
from picora_sync.reconciler.intake.privacy import Privacy

EMPTY = "EMPTY"
"""The code of a note with nothing in it: ignored if it is new, blocked if something is bound to it (design §5)."""

PERHAPS_MOVED = "PERHAPS_MOVED"
"""The code of a file that vanished when a directory could not be read any more."""

FRESH_S = 60.0
FEW = 20
"""A new file written within the last minute is sent before the backfill, as long as it is one of a few."""

LONG_AGO_S = 1e9
"""What was read in vain is read again at once."""

MOST_NAMESAKES = 100
"""So many known files of the same name are looked at for each new file."""

RACE_S = 2.0
"""A file that was touched this shortly before it was hashed is hashed again."""


class Inspector:
    """Looks at paths, has derived what they want, and records both."""

    def __init__(
        self, context: Context, removals: Removals, texts: Texts, derivations: Derivations, hold_open: HoldOpen
    ) -> None:
        self._context = context
        self._hold_open = hold_open
        self._removals = removals
        self._texts = texts
        self._derivations = derivations
        self.privacy = Privacy(context, derivations)
        self._found: dict[FileRef, tuple[Fingerprint, float]] = {}  # audio with stamps of the future, since when (mono)

    def inspect(self, ref: FileRef) -> None:
        """Look at one path that may have changed."""
        unit = self._context.unit(ref)
        if unit is None:
            return
        if kind_of(ref.path) is None:
            self._attachment(unit, ref)
            return
        was_outdated = ref in self._context.outdated
        self._context.outdated.discard(ref)
        self._context.interactive.discard(ref)
        row = self._context.index.files.get(ref)
        match unit.disk.look(ref.path):
            case Absent():
                self._derivations.withdraw(ref)
                self._context.unread.pop(ref, None)
                self._context.queue.closed(ref)
                self._absent(unit, ref, row)
            case Unknown(problem, of_root=of_root):
                self._derivations.withdraw(ref)
                if of_root:
                    self._context.away[ref.folder] = False
                    self._out_of_sight(row)
                else:
                    self._unreadable(ref, problem, None)
                self._removals.suspend(ref)
            case Ignored(why):
                self._derivations.withdraw(ref)
                self._context.unread.pop(ref, None)
                self._context.queue.closed(ref)
                self._ignored(ref, row, why, None)
            case Present(fingerprint):
                self._present(unit, ref, row, fingerprint)
        if ref not in self._derivations.refs():
            self._context.todo.add(ref)
        elif was_outdated:
            self._context.outdated.add(ref)  # until it was read

    def inspect_and_record(self, ref: FileRef) -> None:
        """Both, where files are read at once."""
        self.inspect(ref)
        for answer in self._derivations.finished():
            self.record(answer)

    def record(self, answer: DerivationResult) -> None:
        """Write down what was derived, unless the file, or what was read for it, has changed meanwhile: then it is
        derived again. What wants private now must not be overwritten by what it wanted before.
        """
        ref, outcome = answer.of.ref, answer.outcome
        unit = self._context.unit(ref)
        if unit is None:
            return
        row = self._context.index.files.get(ref)
        now = unit.disk.look(ref.path)
        if not isinstance(now, Present):
            self.inspect(ref)
            return
        self._context.todo.add(ref)
        self._context.outdated.discard(ref)
        read = outcome.fingerprint if isinstance(outcome, Derived) else answer.of.fingerprint
        if isinstance(outcome, FileChanged):
            self._context.outdated.add(ref)
            self._context.queue.grew(ref)
            self.privacy.heed(unit, ref, row, now.fingerprint)
        elif read != now.fingerprint:
            self._context.outdated.add(ref)
            self._context.queue.touch(ref)
        elif self._derivations.is_overtaken(answer) or self._context.index.files.is_asked_anew(ref):
            self._context.outdated.add(ref)
            self._context.queue.touch(ref, changed_s_ago=LONG_AGO_S)
        else:
            self._derived(unit, ref, row, now, outcome)

    def _attachment(self, unit: Unit, ref: FileRef) -> None:
        if ref.path.rpartition("/")[2] == ".picoraignore":
            self._context.index.files.rederive_refused(ref.folder)
            self._context.queue.rescan(ref.folder, ".picoraignore changed")
        elif suffix_of(ref.path) in ASSET_SUFFIXES:
            unit.content.refresh()
            self.privacy.touch_dependents(ref)

    def _absent(self, unit: Unit, ref: FileRef, row: FileRow | None) -> None:
        unit.content.refresh()
        self.privacy.touch_dependents(ref)
        if row is None:
            return
        if row.bound is None:
            self._context.index.files.forget(ref)
            return
        closed = self._may_be_in(row)
        if closed is not None:
            self._context.index.files.block(ref, _perhaps_in(closed, ref), None, self._context.clocks.wall())
            self._removals.suspend(ref)
            return
        self._context.index.files.unblock(ref)
        self._context.index.files.see(ref, Seen.MISSING)
        self._expect_removal(unit, row)

    def _may_be_in(self, row: FileRow) -> str | None:
        """Where a vanished file may be, as nobody can look into it: what closed when the file vanished, and after that
        what is closed still (decision 0145).
        """
        waits = row.blocked is not None and row.blocked.code == PERHAPS_MOVED
        places = (self._context.closed if waits else self._context.closing).get(row.ref.folder, frozenset())
        return min(places, default=None)

    def _ignored(self, ref: FileRef, row: FileRow | None, why: str, fingerprint: Fingerprint | None) -> None:
        self._context.index.files.ignore(ref, why, fingerprint, self._context.clocks.wall())
        if row is not None and row.seen is not Seen.IGNORED:
            self.privacy.touch_dependents(ref)  # what is left out is not shown by other notes, either
        unit = self._context.unit(ref)
        if row is not None and row.bound is not None and unit is not None:
            self._expect_removal(unit, row)

    def _present(self, unit: Unit, ref: FileRef, row: FileRow | None, fingerprint: Fingerprint) -> None:
        if row is not None and _is_as_before(row, fingerprint):
            self._derivations.withdraw(ref)
            self._context.unread.pop(ref, None)
            if row.seen is Seen.IGNORED:
                return  # still nothing in it
            self._context.index.files.see(ref, Seen.PRESENT)
            self._settle_removal(unit, ref, row, row.wanted)
            return
        if self._is_warm(unit, ref, fingerprint):
            self._derivations.withdraw(ref)
            return
        if self._derivations.goes_on(ref, fingerprint) and not self._context.index.files.is_asked_anew(ref):
            return
        self._context.index.files.reading(ref)
        self._derivations.ask(ref, fingerprint, partial(unit.content.derive, ref.path))

    def _derived(self, unit: Unit, ref: FileRef, row: FileRow | None, now: Present, outcome: DeriveOutcome) -> None:
        """What the file wants; or why that cannot be said now."""
        fingerprint = now.fingerprint
        match outcome:
            case Derived():
                self._context.unread.pop(ref, None)
                self._wants(unit, ref, row, outcome, now.born_ns)
            case Problem():
                self._context.unread.pop(ref, None)
                self._unusable(ref, row, outcome, fingerprint)
                self.privacy.heed(unit, ref, row, fingerprint)
            case FileUnreadable():
                problem = Problem(outcome.problem_code, outcome.message, outcome.hint)
                self._unreadable(ref, problem, fingerprint)
                if row is not None and _is_there(row):
                    self._removals.suspend(ref)  # it may be what it was held for
                else:
                    self._removals.withdraw(ref)
                self.privacy.heed(unit, ref, row, fingerprint)
            case _:
                raise outcome

    def _wants(self, unit: Unit, ref: FileRef, row: FileRow | None, derived: Derived, born_ns: int | None) -> None:
        if derived.wanted.unclear and row is not None and row.bound is not None:
            # What cannot be understood makes a note private, and is no reason to take it away (design §4).
            derived = replace(derived, wanted=replace(derived.wanted, selected=True))
        if derived.wanted.kind is Kind.DOC and not derived.wanted.public:
            self.privacy.turned_private(ref, row, derived.fingerprint)
        if row is None or row.bound is None:
            self._look_for_former(ref, derived.fingerprint)
        self._context.index.files.present(ref, derived, self._context.clocks.wall(), born_ns)
        self._texts.keep(ref, derived)
        if (row is not None and row.bound is not None) or self._is_fresh(derived.fingerprint):
            self._context.interactive.add(ref)
        self._settle_removal(unit, ref, row, derived.wanted)
        if row is None or row.seen is Seen.IGNORED or row.file_sha256 != derived.file_sha256:
            if row is None or row.seen is not Seen.PRESENT:
                unit.content.refresh()
            self.privacy.touch_dependents(ref)

    def _look_for_former(self, ref: FileRef, fingerprint: Fingerprint) -> None:
        """Before a new file is sent: it may be a known one that went away, told later or never. That is missed
        at once, so that the two can be matched (design §4).
        """
        files = self._context.index.files
        alike = [row for row in files.with_inode_of(fingerprint) if row.seen is Seen.PRESENT and row.bound is not None]
        for row in (*alike, *files.present_called(ref.path.rpartition("/")[2], MOST_NAMESAKES)):
            if row.ref != ref and self.privacy.is_gone(row.ref):
                self.inspect(row.ref)

    def _unreadable(self, ref: FileRef, problem: Problem, fingerprint: Fingerprint | None) -> None:
        self._context.index.files.block(ref, problem, None, self._context.clocks.wall())
        self._context.not_read(ref, fingerprint)

    def _out_of_sight(self, row: FileRow | None) -> None:
        """The whole root is away, which the scan tells once for all its files: each is looked at when it is back."""
        if row is not None and (row.bound is not None or row.seen is not Seen.IGNORED):
            self._context.index.files.see(row.ref, Seen.UNKNOWN)

    def _is_warm(self, unit: Unit, ref: FileRef, fingerprint: Fingerprint) -> bool:
        """Audio that was written to within its quiet time, or that a program has open for that, goes back to the queue:
        it may still grow (design §5). Where its stamps do not tell, it must be found twice as it is.
        """
        if kind_of(ref.path) is not Kind.AUDIO:
            return False
        ages, mono = self._context.ages, self._context.clocks.mono()
        quiet_s = ages.touched_s_ago(fingerprint, mono)
        if ages.is_ahead(fingerprint, mono):
            found, since = self._found.get(ref, (fingerprint, mono))
            self._found[ref] = (fingerprint, since if found == fingerprint else mono)
            quiet_s = mono - self._found[ref][1]
        if quiet_s >= unit.policy.settle(Kind.AUDIO).quiet_s:
            if self._hold_open(unit, ref, fingerprint, quiet_s):
                return True
            self._found.pop(ref, None)
            return False
        self._context.outdated.add(ref)
        self._context.queue.touch(ref, changed_s_ago=quiet_s)
        return True

    def _is_fresh(self, fingerprint: Fingerprint) -> bool:
        """Whether this new file is somebody's work of the last minute; many at once are a backfill."""
        few = len(self._context.interactive) < FEW
        return few and self._context.ages.touched_s_ago(fingerprint, self._context.clocks.mono()) < FRESH_S

    def _unusable(self, ref: FileRef, row: FileRow | None, problem: Problem, fingerprint: Fingerprint) -> None:
        if problem.code == EMPTY and (row is None or row.bound is None):
            self._context.index.files.ignore(ref, problem.message, fingerprint, self._context.clocks.wall())
            return
        self._context.index.files.block(ref, problem, fingerprint, self._context.clocks.wall())
        self._removals.withdraw(ref)

    def _settle_removal(self, unit: Unit, ref: FileRef, row: FileRow | None, wanted: Wanted | None) -> None:
        if wanted is not None and not wanted.selected:
            if row is not None:
                self._expect_removal(unit, row)
        elif row is None or not (_is_there(row) and _same_content(row.wanted, wanted)):
            self._removals.withdraw(ref)

    def _expect_removal(self, unit: Unit, row: FileRow) -> None:
        expect = self._removals.expect_anew if _was_there(row) else self._removals.expect
        expect(row.ref, unit.policy.delete_after_s)


def _perhaps_in(closed: str, ref: FileRef) -> Problem:
    return Problem(
        PERHAPS_MOVED,
        f"{ref.path} is not there any more, and may be in {closed or 'its folder'}, which cannot be read",
        "Let picora-sync read that, or name it under ignore: until then Picora keeps what was uploaded.",
    )


def _is_there(row: FileRow) -> bool:
    """Whether it was there when last seen, be it that nobody could read it. What a file that is there is held for is
    judged with each plan; what a missing one is held for is over when it is there again.
    """
    return row.seen in (Seen.PRESENT, Seen.UNKNOWN) and (row.wanted is None or row.wanted.selected)


def _was_there(row: FileRow) -> bool:
    """Whether nothing was said before of this file losing its object."""
    return row.seen is Seen.PRESENT and (row.wanted is None or row.wanted.selected)


def _same_content(one: Wanted | None, other: Wanted | None) -> bool:
    return one is not None and other is not None and one.sha256 == other.sha256


def _is_as_before(row: FileRow, fingerprint: Fingerprint) -> bool:
    """Unchanged, and not touched so shortly before the last reading that a change could hide behind equal stamps.

    A file that could not be read is read again, whatever its stamps say.
    """
    if row.seen is Seen.UNKNOWN:
        return False
    changed_at = max(fingerprint.mtime_ns, fingerprint.ctime_ns) / 1e9
    known = row.wanted is not None or row.blocked is not None or row.seen is Seen.IGNORED
    return known and row.fingerprint == fingerprint and row.hashed_at - changed_at > RACE_S
