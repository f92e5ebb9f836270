"""What a view of a running mirror shows: the process's snapshot, counts, and which files changed since the start."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from picora_sync.cli.words import count, duration, size
from picora_sync.core.attention import Concern
from picora_sync.core.model import FileRef, FileState
from picora_sync.index import Index
from picora_sync.index.listing import Entry, Moving, Subtree, count_states, entries
from picora_sync.index.notices import concerns
from picora_sync.report import Live

RATE_OVER_S = 5.0
_SHARE = 20
"""Counting takes at most one part in so many of the loop's time."""

_LEAST_PAUSE_S = 0.5
AT_REST = (FileState.SYNCED, FileState.BLOCKED, FileState.HELD)


@dataclass(frozen=True, slots=True)
class Picture:
    """One moment. ``changed`` are the files that came to rest otherwise than before since the last picture, ``gone``
    those of which nothing is left. ``done`` and ``total`` count uploads since the start, in files and bytes.
    """

    live: Live
    changed: Sequence[Entry]
    gone: Sequence[FileRef]
    states: Mapping[str, Counter[FileState]]
    problems: tuple[Concern, ...]
    done: int
    total: int
    done_bytes: int
    total_bytes: int
    rate_bytes_s: float


class Observer:
    """Makes pictures; called by the loop's thread, which owns the index. ``since`` is the change after which files are
    shown: of the others nothing is read (decision 0282).
    """

    def __init__(self, index: Index, since: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._index = index
        self._since = self._seen = since
        self._clock = clock
        self._next_count = float("-inf")
        self._later = {left.ref for left in index.leftovers.all() if index.states.of(left.ref) is None}
        self._states: dict[str, Counter[FileState]] = {}
        self._problems: tuple[Concern, ...] = ()
        self._sent: deque[tuple[float, int]] = deque()

    def picture(self, live: Live, *, exact: bool = False) -> Picture:
        """The moment of this snapshot; what the index says may be a little older unless it must be ``exact``."""
        now = self._clock()
        changed: list[Entry] = []
        gone: list[FileRef] = []
        if exact or now >= self._next_count:
            changed, gone = self._count(live)
            self._next_count = self._clock() + max(_LEAST_PAUSE_S, _SHARE * (self._clock() - now))
        under_way = sum(transfer.sent_bytes for transfer in live.transfers)
        sizes = sum(transfer.size_bytes for transfer in live.transfers)
        return Picture(
            live=live,
            changed=changed,
            gone=gone,
            states=self._states,
            problems=self._problems,
            done=live.uploads,
            total=live.uploads + len(live.transfers) + live.waiting_uploads,
            done_bytes=live.uploaded_bytes + under_way,
            total_bytes=live.uploaded_bytes + sizes + live.waiting_bytes,
            rate_bytes_s=self._rate(now, live.uploaded_bytes + under_way),
        )

    def opened(self) -> list[Entry]:
        """The files that everybody can read since the beginning, and could not before."""
        refs = self._index.states.opened_since(self._since)
        return [each for ref in refs for each in entries(self._index, Subtree(ref.folder, ref.path)) if each.ref == ref]

    def _count(self, live: Live) -> tuple[list[Entry], list[FileRef]]:
        """What moves, or is still on Picora, is looked at again the next time."""
        moving = Moving(frozenset(live.settling), frozenset(transfer.ref for transfer in live.transfers))
        names = [folder.name for folder in live.folders]
        since, self._seen = self._seen, self._index.states.last_change()
        refs = {*self._index.states.changed(since, self._seen), *self._later}
        self._later.clear()
        changed, gone = [], []
        for ref in sorted(refs):
            entry = next((e for e in entries(self._index, Subtree(ref.folder, ref.path), moving) if e.ref == ref), None)
            if entry is None:
                gone.append(ref)
            elif entry.left is None and entry.state in AT_REST:
                changed.append(entry)
            elif entry.left is not None or self._index.states.of(ref) in AT_REST:
                self._later.add(ref)
            names += [ref.folder] if ref.folder not in names else []
        self._states = {name: count_states(self._index, name, moving) for name in names}
        self._problems = tuple(concerns(self._index, self._states.keys()))
        return changed, gone

    def _rate(self, now: float, sent_bytes: int) -> float:
        """Bytes a second over the last few seconds; an upload that had to begin again does not count backwards."""
        self._sent.append((now, sent_bytes))
        while self._sent[0][0] < now - RATE_OVER_S and len(self._sent) > 1:
            self._sent.popleft()
        since, before = self._sent[0]
        return max(0, sent_bytes - before) / (now - since) if now > since else 0.0


def progress(picture: Picture) -> str:
    """``12 of 17 files, 3.4 MB of 5.0 MB, 120.0 KB/s, 10 s left``."""
    parts = [
        f"{picture.done} of {count(picture.total, 'file')}",
        f"{size(picture.done_bytes)} of {size(picture.total_bytes)}",
    ]
    if picture.rate_bytes_s:
        parts.append(f"{size(picture.rate_bytes_s)}/s")
    if picture.live.eta_s >= 1:
        parts.append(f"{duration(picture.live.eta_s)} left")
    return ", ".join(parts)


def waiting(picture: Picture) -> str:
    """``waiting 28 s for 2 files to settle and 1 vanished file to come back``; nothing if nothing is waited for."""
    live = picture.live
    reasons = [
        f"{count(len(live.settling), 'file')} to settle" if live.settling else "",
        f"{count(live.vanished, 'vanished file')} to come back" if live.vanished else "",
    ]
    told = " and ".join(reason for reason in reasons if reason)
    return f"waiting {duration(live.wait_s)} for {told}" if told else ""
