"""Uploads that were given up and may still arrive (design §7, decision 0175).

Of audio they make late twins, which are found and collected. A document that is there makes them change nothing: so it
stays until none can arrive any more.
"""

from __future__ import annotations

from collections.abc import Iterable

from picora_sync.core.model import FileRef, Kind, RemoteObject
from picora_sync.core.ownership import is_late_twin
from picora_sync.core.plan import Reason, Upload
from picora_sync.core.view import ContentKey
from picora_sync.index.late_uploads import TwinWatch
from picora_sync.jobs import Look
from picora_sync.reconciler.context import Context

LATEST_S = 15 * 60.0
"""So long after it was given up an upload may still be carried out; what is made later comes from somebody else."""
WATCH_S = {Kind.DOC: LATEST_S, Kind.AUDIO: 24 * 3600.0}
"""Lists may lag behind writes, and this machine may sleep: so long it is looked for."""
FIRST_LOOK_S = 120.0
LONGEST_PAUSE_S = 6 * 3600.0


class LateUploads:
    """When to look for which content. Times in memory are monotonic, those in the index the server's."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._next: dict[ContentKey, tuple[float, float]] = {}  # content → when to look next, and the pause after that

    def start(self) -> None:
        """Take up what an earlier process looked for."""
        now = self._context.clocks.mono()
        self._next = {(watch.kind, watch.sha256): (now, FIRST_LOOK_S) for watch in self._context.index.twins.all()}

    def watch(self, upload: Upload, server_s: float) -> None:
        """An open intent for this content ends, and a POST of it may still be carried out."""
        kind = upload.wanted.kind
        intent = self._context.index.objects.intent(kind, upload.wanted.sha256)
        if intent is None:
            return
        watch = TwinWatch(
            kind,
            intent.sha256,
            intent.ref,
            intent.size_bytes,
            intent.title,
            intent.opened_at,
            made_until=server_s + LATEST_S,
            until=server_s + WATCH_S[kind],
        )
        self._context.index.twins.watch(watch)
        first_s = FIRST_LOOK_S if kind is Kind.AUDIO else LATEST_S
        self._next[kind, watch.sha256] = (self._context.clocks.mono() + first_s, FIRST_LOOK_S)

    def take(self) -> Look | None:
        """The next look that is due; the one after it comes later each time."""
        now = self._context.clocks.mono()
        for (kind, sha256), (at, pause_s) in self._next.items():
            watch = self._context.index.twins.get(kind, sha256) if kind is Kind.AUDIO else None
            if at <= now and watch is not None:
                self._next[kind, sha256] = (now + pause_s, min(2 * pause_s, LONGEST_PAUSE_S))
                return Look(sha256, watch.size_bytes)
        return None

    def end_those_of_documents(self) -> None:
        """Nobody looks for them: they end with their time."""
        now, server_s = self._context.clocks.mono(), self._context.server_time()
        documents = [each for each, (at, _) in self._next.items() if at <= now and each[0] is Kind.DOC]
        for content in documents:
            watch = self._context.index.twins.get(*content)
            if watch is None:
                continue
            if is_over(self._context, watch):
                self._context.index.twins.end(watch)
                del self._next[content]
            else:
                left_s = min(max(watch.made_until - server_s, 1.0), LATEST_S)
                self._next[content] = (now + left_s, left_s)

    def next_due(self) -> float | None:
        """When the next look is due, or the next watch of a document ends."""
        return min((at for at, _ in self._next.values()), default=None)

    def listed(self, look: Look, objects: Iterable[RemoteObject], server_s: float) -> None:
        """What holds the content: twins of ours are to be collected; the watch ends with its time."""
        index, watch = self._context.index, self._context.index.twins.get(Kind.AUDIO, look.sha256)
        if watch is None:
            return
        for item in objects:
            if is_late_twin(item, watch.title, watch.made_since, watch.made_until):
                collect_twin(self._context, item, watch.ref)
        if server_s >= watch.until:
            index.twins.end(watch)
            del self._next[watch.kind, watch.sha256]


def collect_twin(context: Context, item: RemoteObject, ref: FileRef) -> None:
    """An object that an upload of ours made besides the one its file is bound to goes the way of what is replaced."""
    index = context.index
    if index.objects.get(item.id) is None:
        index.objects.store(item)
        index.objects.orphan(item.id, ref, context.clocks.wall(), Reason.REPLACED)


def may_be_made_anew(context: Context, item: RemoteObject) -> bool:
    """Whether an upload that was given up would make this document once more, were it deleted now."""
    if item.kind is not Kind.DOC or item.sha256 is None:
        return False
    watch = context.index.twins.get(Kind.DOC, item.sha256)
    return watch is not None and not is_over(context, watch)


def is_over(context: Context, watch: TwinWatch) -> bool:
    """Whether nothing can arrive any more; before the server told its time nobody knows."""
    server_s = context.removal_time()
    return server_s is not None and server_s >= watch.made_until
