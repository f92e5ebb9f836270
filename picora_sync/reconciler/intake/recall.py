"""Calls back what an older picora-sync let out: notes that it took for public, and comments that it took for text.

The index knows by which version of the judgement a folder's notes were judged. With a newer one they are judged anew
before the folder is next scanned, and nothing but making private is done meanwhile (decision 0212).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from picora_sync.core.model import Dependency, FileRef, Kind, Problem, Wanted, kind_of
from picora_sync.core.ports import Absent, Derived, Unknown
from picora_sync.errors import PicoraSyncError, Stopped
from picora_sync.reconciler.context import Context, Unit
from picora_sync.reconciler.intake.derive import DerivationResult, Derivations
from picora_sync.reconciler.intake.privacy import Privacy

JUDGEMENT = 3
"""The version of what decides who may read a note, and of what is never sent of it: raise it when either closes a leak.

1: only a block just as the API reads it was frontmatter, and a comment between dollars was taken for math.
2: one slip in a key was seen, not two; comments in names, in several lines of metadata, and in indented code were sent.
"""

SLICE_S = 0.25
"""After this much judging the loop looks at answers again."""

WAIT_S = 30.0
"""What was called back has so much time to become private, before other work goes on beside it; so has a read."""


class Recall:
    """Judges the notes of each folder anew whose object may be public."""

    def __init__(
        self,
        context: Context,
        derivations: Derivations,
        privacy: Privacy,
    ) -> None:
        self._context = context
        self._derivations = derivations
        self._privacy = privacy
        self._waiting = set(context.units)
        self._left: dict[str, list[FileRef]] = {}
        self._judged: set[str] = set()
        self._depends: dict[str, dict[str, list[Dependency]]] = {}
        self._hold_text: dict[FileRef, bool] = {}
        self._stalls_at = 0.0
        self._patience_ends: float | None = None

    def take_up(self) -> None:
        """Take up the folders whose notes an older version judged; one whose root is away, when it is back."""
        context = self._context
        for folder in sorted(self._waiting):
            known = context.index.meta(_key(folder))
            if known is not None and int(known) >= JUDGEMENT:
                self._waiting.discard(folder)
            elif context.units[folder].disk.check_root() is None:
                self._waiting.discard(folder)
                rows = [row for row in context.index.files.all(folder) if kind_of(row.ref.path) is Kind.DOC]
                refs = [row.ref for row in rows if self._privacy.may_be_public(row)]
                if not refs:
                    self._judged.add(folder)
                    continue
                self._left[folder] = refs
                self._stalls_at = context.clocks.mono() + WAIT_S
                self._depends[folder] = context.index.files.dependencies(folder)

    def judging(self) -> bool:
        """Whether notes are left to be judged, or are read for it; a read that hangs holds nothing up for long."""
        return bool(self._left) and self._context.clocks.mono() < self._stalls_at

    def ready(self) -> bool:
        """Whether :meth:`turn` has something to do now."""
        may_ask = any(refs and self._derivations.may_ask(folder, Kind.DOC) for folder, refs in self._left.items())
        return self.judging() and (may_ask or self._derivations.waiting() or any(map(self._is_done, self._left)))

    def patience_ends(self) -> float | None:
        """Until when what is called back is waited for, on the monotonic clock; None if nothing is."""
        ends = self._stalls_at if self._left else self._patience_ends
        return ends if ends is not None and ends > self._context.clocks.mono() else None

    def turn(self) -> None:
        """Judge for a while."""
        for answer in self._derivations.finished():
            self._record(answer)
            self._stalls_at = self._context.clocks.mono() + WAIT_S
        until = self._context.clocks.mono() + SLICE_S
        for folder, refs in self._left.items():
            while refs and self._derivations.may_ask(folder, Kind.DOC):
                self._judge(self._context.units[folder], refs.pop())
                self._stalls_at = self._context.clocks.mono() + WAIT_S
                if self._context.clocks.mono() >= until:
                    return
        for folder in list(filter(self._is_done, self._left)):
            del self._left[folder], self._depends[folder]
            self._judged.add(folder)
            self._patience_ends = self._context.clocks.mono() + WAIT_S

    def _is_done(self, folder: str) -> bool:
        return not self._left[folder] and all(ref.folder != folder for ref in self._derivations.refs())

    def run(self) -> None:
        """Judge all that is left at once."""
        while self._left:
            self.turn()

    def finish(self) -> None:
        """What was called back is private: write down that the folders are judged."""
        for folder in self._judged:
            self._context.index.set_meta(_key(folder), str(JUDGEMENT))
        self._judged.clear()
        self._patience_ends = None

    def _judge(self, unit: Unit, ref: FileRef) -> None:
        row = self._context.index.files.get(ref)
        if row is None:
            return
        match unit.disk.look(ref.path):
            case Absent():
                return
            case Unknown():
                self._context.index.files.rederive(ref)  # as soon as it can be read
                return
        if unit.content.wants_private(ref.path):
            self._privacy.hide([row])
        elif row.fingerprint is not None:
            shown = list(_notes_of(unit, self._depends[ref.folder].get(ref.path, ())))
            self._derivations.ask(ref, row.fingerprint, lambda: self._of_suspect(unit, ref.path, shown))

    def _of_suspect(self, unit: Unit, path: str, shown: Iterable[FileRef]) -> Derived | Problem:
        """What is sent of the note now. Called by a thread. Raises Stopped if neither a comment nor the text of a note
        that is private now can stand in what was sent: that it differs is then no reason to send it (design §4 "Sent
        form").
        """
        if unit.content.holds_comment(path) or any(self._holds_text(unit, note) for note in shown):
            return unit.content.derive(path)
        raise Stopped

    def _holds_text(self, unit: Unit, note: FileRef) -> bool:
        if note not in self._hold_text:
            content = unit.content
            self._hold_text[note] = content.holds_comment(note.path) or content.wants_private(note.path)
        return self._hold_text[note]

    def _record(self, answer: DerivationResult) -> None:
        row, outcome = self._context.index.files.get(answer.of.ref), answer.outcome
        if row is None or isinstance(outcome, Stopped):
            return
        if isinstance(outcome, PicoraSyncError):
            self._context.index.files.rederive(row.ref)  # as soon as it can be read
        elif isinstance(outcome, Problem) or row.wanted is None or _said(outcome.wanted) != _said(row.wanted):
            self._privacy.hide([row])


def _said(wanted: Wanted) -> tuple[str, str, str, frozenset[str]]:
    """All of a note that can hold a comment."""
    return wanted.sha256, wanted.title, wanted.filename, frozenset(wanted.tags)


def _notes_of(unit: Unit, depends: Sequence[Dependency]) -> Iterable[FileRef]:
    """The notes of the same folder that a note may show."""
    root = unit.policy.root.rstrip("/") + "/"
    targets = (each.target for each in depends if each.target is not None and each.target.startswith(root))
    paths = (target.removeprefix(root) for target in targets)
    return (FileRef(unit.policy.name, path) for path in paths if kind_of(path) is Kind.DOC)


def _key(folder: str) -> str:
    return f"judgement:{folder}"
