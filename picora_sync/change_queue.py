"""The change queue: where the watcher, the scanner and the timers meet the loop (design §3). Thread-safe."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace

from picora_sync.core.model import FileRef, Kind, kind_of
from picora_sync.core.moves import Moves
from picora_sync.core.policy import Settle
from picora_sync.core.settle import Settler

REGULAR_SCAN = "regular scan"
"""Nothing is known to have been missed; any other reason goes before this one."""

OPEN_AGAIN_S = 5.0
"""A file that is still open for writing is looked at again after its quiet time, but not more often than this."""


class ChangeQueue:
    """A lock around :class:`Settler`, the folders to look through, and a way to wait for either.

    Implements :class:`picora_sync.core.ports.Changes`. ``clock`` is monotonic seconds; the ``now`` of the taking
    methods is a reading of it.

    ``_written`` are the audio files that events said were modified and not closed since: no more than are being
    written to, since what is lost, closed or gone is taken out.
    """

    def __init__(self, policy_for: Callable[[FileRef], Settle], clock: Callable[[], float]) -> None:
        self._policy_for = policy_for
        self._clock = clock
        self._changed = threading.Condition()
        self._settler = Settler()
        self._written: set[FileRef] = set()
        self._held_open: set[FileRef] = set()
        self._moves = Moves()
        self._rescans: dict[str, str] = {}
        self._woken = False
        self._wake_at_s = float("-inf")

    def touch(self, ref: FileRef, *, changed_s_ago: float = 0.0) -> None:
        """This path may have changed, that long ago by its time stamps (a scan knows; an event means now)."""
        policy = self._policy_for(ref)
        with self._changed:
            self._settler.touch(ref, self._clock(), policy=policy, changed_s_ago=changed_s_ago)
            self._rouse_if_earlier()

    def grew(self, ref: FileRef) -> None:
        """This file was due, but its size is still changing: hold it until it is quiet."""
        policy = self._policy_for(ref)
        with self._changed:
            self._settler.grew(ref, self._clock(), policy=policy)
            self._rouse_if_earlier()

    def hold_open(self, ref: FileRef) -> None:
        """This file was due, but a program has it open for writing: hold it for another quiet time."""
        policy = self._policy_for(ref)
        policy = replace(policy, quiet_s=max(policy.quiet_s, OPEN_AGAIN_S))
        with self._changed:
            self._settler.grew(ref, self._clock(), policy=policy)
            self._held_open.add(ref)
            self._rouse_if_earlier()

    def is_held_open(self, ref: FileRef) -> bool:
        """Whether this file waits in the queue for the program that has it open for writing."""
        with self._changed:
            return ref in self._held_open

    def written(self, ref: FileRef) -> None:
        """Some program writes to this file, and has not closed it since; only of audio is that remembered."""
        if kind_of(ref.path) is Kind.AUDIO:
            with self._changed:
                self._written.add(ref)

    def closed(self, ref: FileRef) -> None:
        """The program that wrote to this file closed it, or the file is gone."""
        with self._changed:
            self._written.discard(ref)

    def forget_written(self, folder: str) -> None:
        """Events of this folder were lost: which of its files are still written to is not known any more."""
        with self._changed:
            self._written = {ref for ref in self._written if ref.folder != folder}

    def is_written(self, ref: FileRef) -> bool:
        """Whether events told that this file was modified and not closed since."""
        with self._changed:
            return ref in self._written

    def rescan(self, folder: str, why: str) -> None:
        """This folder must be looked through; the first reason is kept, unless it was only that it was time to."""
        with self._changed:
            if self._rescans.get(folder, REGULAR_SCAN) == REGULAR_SCAN:
                self._rescans[folder] = why
            self._changed.notify_all()

    def moved(self, old: FileRef, new: FileRef) -> None:
        """A file or a directory got another name."""
        with self._changed:
            self._moves.saw(old, new)
            for ref in [ref for ref in self._written if ref == old or _is_below(ref, old)]:
                self._written.discard(ref)
                renamed = FileRef(new.folder, new.path + ref.path[len(old.path) :])
                if kind_of(renamed.path) is Kind.AUDIO:
                    self._written.add(renamed)

    def former(self, ref: FileRef) -> frozenset[FileRef]:
        """The names that this file had before, as far as somebody saw it get others."""
        with self._changed:
            return self._moves.former(ref)

    def take_due(self, now: float) -> list[FileRef]:
        """The paths that have settled; they are no longer in the queue."""
        with self._changed:
            due = self._settler.due(now)
            self._held_open.difference_update(due)
            return due

    def take_peeks(self, now: float) -> list[FileRef]:
        """The paths to check for a wish to be private, two seconds after their last change; they stay in the queue."""
        with self._changed:
            return self._settler.peek_due(now)

    def take_rescans(self) -> dict[str, str]:
        """The folders to look through, each with the reason; they are no longer in the queue."""
        with self._changed:
            taken, self._rescans = self._rescans, {}
            return taken

    def is_settling(self) -> bool:
        """Whether any path is waiting."""
        with self._changed:
            return self._settler.holds_any()

    def asks_for_rescans(self) -> bool:
        """Whether a folder is to be looked through."""
        with self._changed:
            return bool(self._rescans)

    def settling(self) -> Iterable[FileRef]:
        """The paths that are waiting."""
        with self._changed:
            return self._settler.settling()

    def settled_by(self) -> float | None:
        """When the last of them will have settled, if nothing changes any more."""
        with self._changed:
            return self._settler.settled_by()

    def wake(self) -> None:
        """End the current wait, or the next one, at once."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def wait(self, timeout_s: float, stop: threading.Event) -> None:
        """Return when something is due, a rescan is asked for, ``wake`` was called, ``stop`` is set or time is up.

        Whoever sets ``stop`` must call ``wake`` as well: nothing else ends the wait for it.
        """
        deadline_s = self._clock() + timeout_s
        with self._changed:
            while not (self._woken or self._rescans or stop.is_set()):
                due_s = self._settler.next_due()
                self._wake_at_s = deadline_s if due_s is None else min(due_s, deadline_s)
                left_s = self._wake_at_s - self._clock()
                if left_s <= 0:
                    break
                self._changed.wait(left_s)
            self._woken = False
            self._wake_at_s = float("-inf")

    def _rouse_if_earlier(self) -> None:
        """Wake the waiter only for what comes before the time it will wake by itself: a burst costs no wake-ups."""
        due_s = self._settler.next_due()
        if due_s is not None and due_s < self._wake_at_s:
            self._changed.notify_all()


def _is_below(ref: FileRef, directory: FileRef) -> bool:
    return ref.folder == directory.folder and ref.path.startswith(f"{directory.path}/")
