"""Folders that are looked through beside the loop: it walks in a thread, and compares in slices (decision 0265)."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any

from picora_sync.change_queue import REGULAR_SCAN
from picora_sync.core.model import FileRef, Problem
from picora_sync.core.silence import does_not_answer
from picora_sync.errors import Stopped
from picora_sync.reconciler.context import Context
from picora_sync.reconciler.deletion.grace import Removals
from picora_sync.reconciler.intake.scan import LONG_AGO_S, Difference, Errand, Steps, looking, untold
from picora_sync.workers import Background

NO_PROGRESS_S = 5.0
"""A walk that comes on by not a single file for so long hangs: nothing is known of the folder until it goes on."""


@dataclass(eq=False)
class FolderLook:
    """Somebody asks for a folder to be looked through: ``different`` paths were found when it is ``over``."""

    over: bool = False
    different: int = 0


@dataclass(eq=False)
class _Scan:
    """A folder that is looked through. ``known`` are files that events told of, ``looks`` who asked for it."""

    folder: str
    steps: Steps
    told_of: bool
    known: set[FileRef]
    looks: list[FolderLook]
    errand: Errand | None = None
    answer: Any = None


@dataclass
class _Answer:
    """What came of an errand."""

    of: _Scan
    outcome: Any


class Scans:
    """Used by the loop's thread only, but for the errands.

    What is asked for while others are looked through begins when they have ended, and a turn later: so every removal
    is judged after whole scans (design §6), however often folders are to be looked through.
    """

    def __init__(
        self, context: Context, background: Background, removals: Removals, unread: Callable[[], Iterable[FileRef]]
    ) -> None:
        self._context = context
        self._background = background
        self._removals = removals
        self._unread = unread
        self._waiting: dict[str, str] = {}
        self._under_way: dict[str, _Scan] = {}
        self._hanging: dict[str, _Scan] = {}
        self._ended: set[str] = set()
        self._asked: dict[str, list[FolderLook]] = {}
        self._answers: queue.SimpleQueue[_Answer] = queue.SimpleQueue()

    def __bool__(self) -> bool:
        return bool(self._waiting or self._under_way) or not self._answers.empty()

    def are_under_way(self) -> bool:
        """Whether the mirror is in the midst of looking."""
        return bool(self._under_way)

    def is_first(self) -> bool:
        """Whether a folder is looked through of which this process knows nothing yet."""
        return not self._under_way.keys() <= self._ended

    def look_through(self, folder: str) -> FolderLook:
        """Have a folder looked through, from now on."""
        look = FolderLook()
        self._asked.setdefault(folder, []).append(look)
        self._context.queue.rescan(folder, "somebody asks for it")
        return look

    def heard(self, refs: Iterable[FileRef]) -> None:
        """Events told of these: what a scan says of them may be older."""
        refs = set(refs)
        for each in self._under_way.values():
            each.known |= {ref for ref in refs if ref.folder == each.folder}

    def next_due(self) -> float | None:
        """When :meth:`turn` has something to do, on the monotonic clock; what comes from a walk wakes the loop."""
        if self._waiting and not self._under_way:
            return self._context.clocks.mono()
        if not self._answers.empty() or any(each.errand is None for each in self._under_way.values()):
            return self._context.clocks.mono()
        patience = [self._hangs_at(folder) for folder in self._under_way.keys() - self._hanging.keys()]
        return min((at for at in patience if at < inf), default=None)

    def begin(self) -> None:
        """Begin with what is to be looked through, unless others still are."""
        for folder, why in self._context.queue.take_rescans().items():
            if self._waiting.get(folder, REGULAR_SCAN) == REGULAR_SCAN:
                self._waiting[folder] = why
        if self._under_way:
            return
        waiting, self._waiting = self._waiting, {}
        for folder, why in waiting.items():
            unit, looks = self._context.units.get(folder), self._asked.pop(folder, [])
            if unit is None:
                continue
            told_of = why == REGULAR_SCAN and folder in self._context.scanned
            known = set(self._unread()) if told_of else set()
            self._under_way[folder] = _Scan(folder, looking(self._context, unit), told_of, known, looks)

    def turn(self, until: float) -> None:
        """Go on for a while with what is looked through."""
        self._take_in()
        self._give_up()
        for scan in list(self._under_way.values()):
            while scan.errand is None and self._step(scan):
                if self._context.clocks.mono() >= until:
                    return

    def _step(self, scan: _Scan) -> bool:
        """One step; False if that was the last."""
        answer, scan.answer = scan.answer, None
        try:
            errand = scan.steps.send(answer)
        except StopIteration as end:
            self._end(scan, end.value)
            return False
        if errand is not None:
            self._send_out(scan, errand)
        return True

    def _send_out(self, scan: _Scan, errand: Errand) -> None:
        if scan.folder in self._hanging:
            scan.answer = errand.unanswered(self._trouble(scan.folder))
            return
        scan.errand = errand
        self._context.units[scan.folder].pulse.start()
        self._background.start(("scan", scan.folder), partial(_carry_out, scan, errand), self._answers.put)
        self._take_in()

    def _take_in(self) -> None:
        while not self._answers.empty():
            answer = self._answers.get()
            scan, outcome = answer.of, answer.outcome
            if self._hanging.get(scan.folder) is scan:
                del self._hanging[scan.folder]
                self._waiting[scan.folder] = "its disk answers again"
            elif isinstance(outcome, Stopped):
                self._under_way.pop(scan.folder, None)  # the next process looks through it
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                scan.errand, scan.answer = None, outcome
                scan.known |= set(self._unread() if scan.told_of else ())

    def _give_up(self) -> None:
        """Go on without what hangs."""
        now = self._context.clocks.mono()
        for scan in self._under_way.values():
            if scan.errand is not None and now >= self._hangs_at(scan.folder):
                self._hanging[scan.folder] = scan
                scan.answer, scan.errand = scan.errand.unanswered(self._trouble(scan.folder)), None

    def _hangs_at(self, folder: str) -> float:
        return self._context.units[folder].pulse.at + NO_PROGRESS_S

    def _trouble(self, folder: str) -> Problem:
        return does_not_answer(self._context.units[folder].policy.root)

    def _end(self, scan: _Scan, differences: list[Difference]) -> None:
        del self._under_way[scan.folder]
        self._ended.add(scan.folder)
        self._removals.take_up(scan.folder)
        if self._context.closing.get(scan.folder):
            for ref in scan.known:  # what vanished meanwhile may be where nobody can look any more
                self._context.queue.touch(ref, changed_s_ago=LONG_AGO_S)
        missed = untold(differences, scan.known) if scan.told_of else None
        if missed is not None:
            self._context.untold[scan.folder] = missed
        for look in scan.looks:
            look.over, look.different = True, len(differences)


def _carry_out(scan: _Scan, errand: Errand) -> _Answer:
    try:
        return _Answer(scan, errand.work())
    except BaseException as error:  # noqa: BLE001  (a bug must end the process, not this thread only)
        return _Answer(scan, error)
