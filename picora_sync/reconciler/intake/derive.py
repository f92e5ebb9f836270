"""Files that are being read beside the loop, and what came of it; the loop never waits for a parser (decision 0230).

A derivation is asked for when a file has settled, carried out by a thread of the folder's, and recorded by a later
turn of the loop. Meanwhile the file counts as not looked at yet.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from picora_sync.core.model import FileRef, Fingerprint, Kind, Problem, kind_of
from picora_sync.core.ports import Derived
from picora_sync.errors import PicoraSyncError, Stopped
from picora_sync.workers import Background

UNDER_WAY = {Kind.DOC: 1000, Kind.AUDIO: 50}
"""So many files of a kind and a folder may wait to be read, or to be recorded, at once."""
TEXT_BYTES = 16 << 20
"""So much text may wait to be recorded; the text of what comes on top is made again when it is sent."""

MayAsk = Callable[[str, Kind | None], bool]
"""Whether another file of this folder and kind may be asked for."""

DeriveOutcome = Derived | Problem | PicoraSyncError | Stopped


@dataclass(slots=True, eq=False)
class Derivation:
    """A file that is read. ``fingerprint`` is how it looked before; ``begun`` orders it among the changes of names."""

    ref: FileRef
    fingerprint: Fingerprint
    begun: int
    is_wanted: bool = True


@dataclass(frozen=True, slots=True)
class DerivationResult:
    """What came of one."""

    of: Derivation
    outcome: DeriveOutcome


class Derivations:
    """One derivation per file at most. Used by the loop's thread only, but for the work itself.

    ``aim`` tells the lines of one user from those of another.
    """

    def __init__(self, background: Background, aim: str) -> None:
        self._background = background
        self._aim = aim
        self._under_way: dict[FileRef, Derivation] = {}
        self._number: Counter[tuple[str, Kind]] = Counter()
        self._answers: queue.SimpleQueue[DerivationResult | BaseException] = queue.SimpleQueue()
        self._current = threading.local()
        self._lock = threading.Lock()  # around the number alone
        self._text_bytes = 0
        self._changes = 0
        self._changed: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._under_way)

    def refs(self) -> Collection[FileRef]:
        """The files that are read now."""
        return self._under_way.keys()

    def may_ask(self, folder: str, kind: Kind | None) -> bool:
        """Whether another file of this kind may be asked for; what is neither a note nor audio is never read. A folder
        whose files hang takes no room from others.
        """
        return kind is None or self._number[folder, kind] < UNDER_WAY[kind]

    def goes_on(self, ref: FileRef, fingerprint: Fingerprint) -> bool:
        """Whether the file is read as it looks now."""
        known = self._under_way.get(ref)
        return known is not None and known.fingerprint == fingerprint

    def ask(self, ref: FileRef, fingerprint: Fingerprint, derive: Callable[[], Derived | Problem]) -> None:
        """Have the file read; what is still read of it from before is of no use any more."""
        self.withdraw(ref)
        derivation = self._under_way[ref] = Derivation(ref, fingerprint, self._changes)
        kind = kind_of(ref.path)
        if kind is not None:
            self._number[ref.folder, kind] += 1
        self._background.start(
            (self._aim, ref.folder, kind), partial(self._work, derivation, derive), self._answers.put
        )

    def withdraw(self, ref: FileRef) -> None:
        """What comes of it is of no use any more."""
        derivation = self._under_way.pop(ref, None)
        if derivation is not None:
            derivation.is_wanted = False

    def name_changed(self, name: str) -> None:
        """What a file of this name (normalised) holds, or leads to, has changed: notes that are read now may have seen
        it as it was.
        """
        if self._reads_notes():
            self._changes += 1
            self._changed[name] = self._changes

    def is_overtaken(self, answer: DerivationResult) -> bool:
        """Whether a name that the note looked up has changed since it was asked for."""
        if not isinstance(answer.outcome, Derived):
            return False
        depends = answer.outcome.wanted.depends
        return any(self._changed.get(each.name, 0) > answer.of.begun for each in depends)

    def waiting(self) -> bool:
        """Whether something waits to be recorded."""
        return not self._answers.empty()

    def finished(self) -> Iterator[DerivationResult]:
        """What came since, one after the other; re-raises what no derivation may raise."""
        while not self._answers.empty():
            answer = self._answers.get()
            if isinstance(answer, BaseException):
                raise answer
            kind = kind_of(answer.of.ref.path)
            if kind is not None:
                self._number[answer.of.ref.folder, kind] -= 1
            with self._lock:
                self._text_bytes -= _text_bytes(answer.outcome)
            if answer.of.is_wanted:
                del self._under_way[answer.of.ref]
                yield answer
            if not self._reads_notes():
                self._changed.clear()

    def _reads_notes(self) -> bool:
        return any(number for (_, kind), number in self._number.items() if kind is Kind.DOC)

    def is_obsolete(self) -> bool:
        """Asked by a thread that reads: whether what it reads is of no use any more."""
        current: Derivation | None = getattr(self._current, "derivation", None)
        return current is not None and not current.is_wanted

    def _work(
        self, derivation: Derivation, derive: Callable[[], Derived | Problem]
    ) -> DerivationResult | BaseException:
        self._current.derivation = derivation
        outcome: DeriveOutcome
        try:
            outcome = derive() if derivation.is_wanted else Stopped()
        except (PicoraSyncError, Stopped) as error:
            outcome = error
        except BaseException as error:  # noqa: BLE001  (a bug must end the process, not this thread only)
            return error
        return DerivationResult(derivation, self._without_excess(outcome))

    def _without_excess(self, outcome: DeriveOutcome) -> DeriveOutcome:
        with self._lock:
            is_too_much = self._text_bytes and self._text_bytes + _text_bytes(outcome) > TEXT_BYTES
            if isinstance(outcome, Derived) and is_too_much:
                outcome = replace(outcome, text=None)
            self._text_bytes += _text_bytes(outcome)
        return outcome


class Due:
    """Files that have settled and were not looked at yet, longest waiting first. Where there is no room for a kind of a
    folder, the others pass it.
    """

    def __init__(self) -> None:
        self._fresh: deque[FileRef] = deque()
        self._kept_back: dict[tuple[str, Kind | None], deque[FileRef]] = {}

    def __len__(self) -> int:
        return len(self._fresh) + sum(map(len, self._kept_back.values()))

    def __iter__(self) -> Iterator[FileRef]:
        for refs in (*self._kept_back.values(), self._fresh):
            yield from refs

    def add(self, refs: Iterable[FileRef]) -> None:
        """These have settled."""
        self._fresh.extend(refs)

    def take(self, may_ask: MayAsk) -> FileRef | None:
        """The next one that may be asked for; None if there is none."""
        for line, refs in self._kept_back.items():
            if refs and may_ask(*line):
                return refs.popleft()
        while self._fresh:
            ref = self._fresh.popleft()
            line = ref.folder, kind_of(ref.path)
            if may_ask(*line):
                return ref
            self._kept_back.setdefault(line, deque()).append(ref)
        return None

    def may_take(self, may_ask: MayAsk) -> bool:
        """Whether :meth:`take` may have one."""
        return bool(self._fresh) or any(refs and may_ask(*line) for line, refs in self._kept_back.items())


def _text_bytes(outcome: DeriveOutcome) -> int:
    return len(outcome.text) if isinstance(outcome, Derived) and outcome.text is not None else 0
