"""How long ago a file changed by its time stamps, though the clock that made them may have been set since."""

from __future__ import annotations

from picora_sync.core.model import Fingerprint

JUMP_S = 2.0
"""Wall and monotonic clock drifting apart by this much: sleep, wake, a reboot, or somebody set the clock."""


class Ages:
    """Compares time stamps with the slowest clock they can have been made by (design §3, promise 9).

    A clock that was set forward makes a file that is being written look old. So, for ``longest_quiet_s`` after a jump
    (then a stamp from before it is that old in any case), ages are what they would be had there been no jump; a stamp
    that then lies in the future counts as now. ``saved`` is :attr:`state` of an earlier process: a jump while nothing
    ran counts, too. Times are seconds; ``mono`` may start anew.
    """

    def __init__(self, longest_quiet_s: float, saved: str | None = None) -> None:
        self._longest_quiet_s = longest_quiet_s
        self._ahead_s: float | None = None
        self._least_ahead_s = self._until = 0.0
        if saved is not None:
            self._ahead_s, self._least_ahead_s, self._until = map(float, saved.split())

    @property
    def state(self) -> str | None:
        """To be kept for the next process; it changes only around jumps."""
        return None if self._ahead_s is None else f"{self._ahead_s} {self._least_ahead_s} {self._until}"

    def observe(self, mono: float, wall: float) -> bool:
        """Look at the clocks, before anything is asked; True if one jumped since the last look."""
        ahead_s, before_s = wall - mono, self._ahead_s
        if before_s is None:
            self._ahead_s = self._least_ahead_s = ahead_s
            return False
        jumped = abs(ahead_s - before_s) > JUMP_S
        if jumped:
            self._ahead_s = ahead_s
            self._least_ahead_s = min(self._least_ahead_s, ahead_s)
            self._until = mono + self._longest_quiet_s
        elif mono >= self._until:
            self._least_ahead_s = before_s
        return jumped

    def quiet_s(self, fingerprint: Fingerprint, mono: float) -> float:
        """For how long the file has certainly been quiet, as far as its stamps tell."""
        return max(0.0, mono + self._least_ahead_s - max(fingerprint.mtime_ns, fingerprint.ctime_ns) / 1e9)

    def touched_s_ago(self, fingerprint: Fingerprint, mono: float) -> float:
        """The least time since one of its stamps was made, by any clock; stamps in the future say nothing."""
        stamps = (fingerprint.mtime_ns / 1e9, fingerprint.ctime_ns / 1e9)
        clocks = (mono + ahead_s for ahead_s in (self._least_ahead_s, self._ahead_s or 0.0))
        return min((clock - at for clock in clocks for at in stamps if at <= clock), default=float("inf"))

    def is_ahead(self, fingerprint: Fingerprint, mono: float) -> bool:
        """Whether another clock stamped it, which is ahead of ours (a file server's), or ours before it was set back:
        no age can be told.
        """
        return fingerprint.ctime_ns / 1e9 > mono + max(self._least_ahead_s, self._ahead_s or 0.0)
