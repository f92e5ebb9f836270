"""Waiting until a file has stopped changing (design §2 "settle", §4, lesson 11). Times are seconds of one clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from picora_sync.core.deadlines import Deadlines
from picora_sync.core.model import FileRef
from picora_sync.core.policy import Settle

PEEK_QUIET_S = 2.0


@dataclass(slots=True)
class _Burst:
    """Changes of one file that have not been handed out yet.

    ``first_s`` is when we learned of the first one, ``last_s`` when the last one happened.
    """

    first_s: float
    last_s: float
    policy: Settle
    growing: bool = False

    def due_s(self) -> float:
        quiet_s = self.last_s + self.policy.quiet_s
        return quiet_s if self.growing else min(quiet_s, self.first_s + self.policy.at_most_s)


class Settler:
    """Holds the touched files until each has been quiet long enough, or has been changing too long.

    ``due`` hands a file out once and forgets it. ``peek_due`` names it earlier, after two seconds of quiet and once a
    burst, so that a note that wants private is found without waiting for the rest (design §4).
    """

    def __init__(self) -> None:
        self._bursts: dict[FileRef, _Burst] = {}
        self._due: Deadlines[FileRef] = Deadlines()
        self._peeks: Deadlines[FileRef] = Deadlines()

    def touch(self, ref: FileRef, now: float, *, policy: Settle, changed_s_ago: float = 0.0) -> None:
        """The file may have changed, ``changed_s_ago`` seconds before now.

        A scan passes the age of the file's time stamps, so that a file that has long been quiet is due at once;
        a time stamp in the future counts as now.
        """
        changed_s = now - max(0.0, changed_s_ago)
        burst = self._bursts.get(ref)
        if burst is None:
            burst = self._bursts[ref] = _Burst(now, changed_s, policy)
        elif changed_s > burst.last_s:
            burst.last_s = changed_s
        else:  # nothing that we did not know: no second peek
            burst.policy = policy
            self._due.set(ref, burst.due_s())
            return
        burst.policy = policy
        self._arm(ref, burst)

    def grew(self, ref: FileRef, now: float, *, policy: Settle) -> None:
        """The file's size is still changing: wait for a whole quiet time from now, and however long that takes."""
        burst = self._bursts.setdefault(ref, _Burst(now, now, policy))
        burst.last_s, burst.policy, burst.growing = max(now, burst.last_s), policy, True
        self._arm(ref, burst)

    def due(self, now: float) -> list[FileRef]:
        """The files that have settled, longest waiting first; they are no longer held."""
        refs = list(self._due.take(now))
        for ref in refs:
            del self._bursts[ref]
            self._peeks.discard(ref)
        return refs

    def peek_due(self, now: float) -> list[FileRef]:
        """The files that have been quiet for two seconds since their last change and were not named since."""
        return list(self._peeks.take(now))

    def next_due(self) -> float | None:
        """When ``due`` or ``peek_due`` will next have something, None if nothing is held."""
        times = [at for at in (self._due.next(), self._peeks.next()) if at is not None]
        return min(times, default=None)

    def holds_any(self) -> bool:
        """Whether any file is held."""
        return bool(self._bursts)

    def settling(self) -> Iterable[FileRef]:
        """The files that are held."""
        return tuple(self._bursts)

    def settled_by(self) -> float | None:
        """When the last of them will have settled, if nothing changes any more."""
        return max((burst.due_s() for burst in self._bursts.values()), default=None)

    def _arm(self, ref: FileRef, burst: _Burst) -> None:
        due_s, peek_s = burst.due_s(), burst.last_s + PEEK_QUIET_S
        self._due.set(ref, due_s)
        if peek_s < due_s:
            self._peeks.set(ref, peek_s)
        else:
            self._peeks.discard(ref)
