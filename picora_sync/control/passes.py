"""One full pass over all folders: when it is over, and what it came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from picora_sync.control.messages import FolderScan, Passed, Rescanned
from picora_sync.core.model import FileRef, FileState, Problem
from picora_sync.index.listing import Moving, count_states, settling
from picora_sync.index.notices import concerns
from picora_sync.reconciler import Reconciler
from picora_sync.report import LEFT, Live, SyncReport

SPARE_S = 60.0


class Rescanning:
    """Looking through some folders, now: when it is over, and what was found."""

    def __init__(self, reconciler: Reconciler, folders: Iterable[str]) -> None:
        self._index = reconciler.context.index
        self._looks = {folder: reconciler.scans.look_through(folder) for folder in folders}

    def over(self) -> bool:
        """Whether all of them were looked through."""
        return all(look.over for look in self._looks.values())

    def answer(self) -> Rescanned:
        """How much is to be looked at in each, and what kept it from being looked through."""
        troubles = {ref.folder: problem.message for ref, problem, _ in self._index.files.problems() if not ref.path}
        scans = (
            FolderScan(name=folder, different=look.different, trouble=troubles.get(folder, ""))
            for folder, look in self._looks.items()
        )
        return Rescanned(folders=tuple(scans))


class Pass:
    """Counts from the moment it is made. ``requests`` tells how many calls the process has made so far."""

    def __init__(self, reconciler: Reconciler, requests: Callable[[], int], *, wait: bool = True) -> None:
        self._reconciler = reconciler
        self._requests = requests
        self._wait = wait
        self._before = replace(reconciler.tally)
        self._requests_before = requests()
        policies = [unit.policy for unit in reconciler.context.units.values()]
        waits = [max(each.doc_settle.at_most_s, each.audio_settle.at_most_s) + each.delete_after_s for each in policies]
        self._patience_ends = reconciler.context.clocks.mono() + max(waits, default=0.0) + SPARE_S

    def begin(self) -> None:
        """Have every folder looked through, with the next turn of the loop, and what was refused deleted again."""
        self._reconciler.retry_deletes()
        for name in self._reconciler.context.units:
            self._reconciler.context.queue.rescan(name, "a full pass")

    def over(self) -> bool:
        """Whether nothing is left to be done now; if it waits, whether all that it found has settled, too.

        A file that is written to without end is sent ``at_most`` after its first change, and keeps no pass waiting.
        """
        if self._reconciler.working():
            return False
        impatient = self._reconciler.context.clocks.mono() >= self._patience_ends
        return not self._wait or impatient or not self._reconciler.settling()

    def answer(self) -> Passed:
        """The report, for somebody who waits for it."""
        return Passed.of(self.report())

    def live(self, live: Live) -> Live:
        """A snapshot of the process as one of this pass."""
        before = self._before
        return replace(
            live,
            uploads=live.uploads - before.uploads,
            uploaded_bytes=live.uploaded_bytes - before.uploaded_bytes,
            patched=live.patched - before.patched,
            deleted=live.deleted - before.deleted,
            requests=live.requests - self._requests_before,
        )

    def report(self) -> SyncReport:
        """What was done since the beginning, and how the files stand now."""
        context, tally, before = self._reconciler.context, self._reconciler.tally, self._before
        moving = Moving(frozenset(context.queue.settling()))
        counts: Counter[FileState] = Counter()
        left: list[tuple[FileRef, Problem]] = []
        for folder in context.units:
            counts.update(count_states(context.index, folder, moving))
            left += [(ref, self._left(ref, moving.settling)) for ref in settling(context.index, folder, moving)]
        wrong = concerns(context.index, context.units)
        return SyncReport(
            files=counts.total() - counts[FileState.IGNORED],
            synced=counts[FileState.SYNCED],
            blocked=counts[FileState.BLOCKED],
            held=counts[FileState.HELD],
            uploaded=tally.uploads - before.uploads,
            patched=tally.patched - before.patched,
            deleted=tally.deleted - before.deleted,
            requests=self._requests() - self._requests_before,
            problems=[*((each.ref, each.problem) for each in wrong), *left],
            left=sum(bool(each.url) for each in wrong),
            gaps=len(context.index.files.gaps(context.units)),
        )

    def _left(self, ref: FileRef, settling: Collection[FileRef]) -> Problem:
        """What is said of a file that the pass did not wait for."""
        if self._reconciler.context.queue.is_held_open(ref):
            return Problem(LEFT, f"{ref.path} is open for writing in another program", "close it there")
        why = "still changes" if ref in settling else "just vanished, and may turn up elsewhere"
        return Problem(LEFT, f"{ref.path} {why}", "it is left for the next run")
