"""Audio uploads that were given up and may still arrive: their late twins are found and collected (design §7)."""

from __future__ import annotations

from collections.abc import Iterable

from picora_sync.core.model import FileRef, Kind, RemoteObject
from picora_sync.core.ownership import is_late_twin
from picora_sync.core.plan import Reason, Upload
from picora_sync.executor import Look
from picora_sync.index.twins import TwinWatch
from picora_sync.reconciler.context import Context

LATEST_S = 15 * 60.0
"""So long after it was given up an upload may still be carried out; what is made later comes from somebody else."""
WATCH_S = 24 * 3600.0
"""Lists may lag behind writes, and this machine may sleep: so long it is looked for."""
FIRST_LOOK_S = 120.0
LONGEST_PAUSE_S = 6 * 3600.0


class Twins:
    """When to look for which content. Times in memory are monotonic, those in the index the server's."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._next: dict[str, tuple[float, float]] = {}  # content → when to look next, and the pause after that

    def start(self) -> None:
        """Take up what an earlier process looked for."""
        now = self._context.clocks.mono()
        self._next = {watch.sha256: (now, FIRST_LOOK_S) for watch in self._context.index.twins.all()}

    def watch(self, upload: Upload, server_s: float) -> None:
        """An open intent for this audio ends, and a POST of it may still be carried out."""
        intent = self._context.index.objects.intent(Kind.AUDIO, upload.wanted.sha256)
        if intent is None:
            return
        watch = TwinWatch(
            intent.sha256,
            intent.ref,
            intent.size_bytes,
            intent.title,
            intent.opened_at,
            made_until=server_s + LATEST_S,
            until=server_s + WATCH_S,
        )
        self._context.index.twins.watch(watch)
        self._next[watch.sha256] = (self._context.clocks.mono() + FIRST_LOOK_S, FIRST_LOOK_S)

    def take(self) -> Look | None:
        """The next look that is due; the one after it comes later each time."""
        now = self._context.clocks.mono()
        for sha256, (at, pause_s) in self._next.items():
            watch = self._context.index.twins.get(sha256)
            if at <= now and watch is not None:
                self._next[sha256] = (now + pause_s, min(2 * pause_s, LONGEST_PAUSE_S))
                return Look(sha256, watch.size_bytes)
        return None

    def next_due(self) -> float | None:
        """When the next look is due."""
        return min((at for at, _ in self._next.values()), default=None)

    def listed(self, look: Look, objects: Iterable[RemoteObject], server_s: float) -> None:
        """What holds the content: twins of ours are to be collected; the watch ends with its time."""
        index, watch = self._context.index, self._context.index.twins.get(look.sha256)
        if watch is None:
            return
        for item in objects:
            if is_late_twin(item, watch.title, watch.made_since, watch.made_until):
                collect_twin(self._context, item, watch.ref)
        if server_s >= watch.until:
            index.twins.end(watch.sha256)
            del self._next[watch.sha256]


def collect_twin(context: Context, item: RemoteObject, ref: FileRef) -> None:
    """An object that an upload of ours made besides the one its file is bound to goes the way of what is replaced."""
    index = context.index
    if index.objects.get(item.id) is None:
        index.objects.store(item)
        index.objects.orphan(item.id, ref, context.clocks.wall(), Reason.REPLACED)
