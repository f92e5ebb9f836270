"""Audio on Picora that the index does not know: two POSTs of one content are two objects (promise 3).

Others put it there; or we did, before the index was lost, or after the copy of it was made that is in its place now. No
index can tell of itself that it is such a one. So each process lists the account's audio once, before the first audio
that it uploads, adds what the index forgets from then on (``on_delete: keep``), and looks closely before it uploads
what may be there already. What is found counts as somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterable

from picora_sync.core.model import Kind, RemoteObject
from picora_sync.core.plan import Upload
from picora_sync.jobs import Survey
from picora_sync.reconciler.context import Context


class Strangers:
    """What the survey of the account found that the index does not know. Times are monotonic."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._at: float | None = 0.0  # when to ask for the survey; None while it is under way, or was made
        self._by_hash: dict[str, list[RemoteObject]] = {}
        self._by_size: dict[int, list[RemoteObject]] = {}  # those whose hash the server does not tell; 0: any size
        self._sought: set[str] = set()
        self.known = False

    def take(self, now: float) -> Survey | None:
        """The survey, if it is to be made now."""
        if self._at is None or self._at > now:
            return None
        self._at = None
        return Survey()

    def ask_at(self, at: float) -> None:
        """It came to nothing: try again then."""
        self._at = at

    def ask_anew(self) -> None:
        """Something may have been stored that nobody will hear of: nothing is uploaded before another survey."""
        self.known, self._at = False, 0.0
        self._sought.clear()

    def next_due(self) -> float | None:
        """When the survey is to be tried again."""
        return self._at

    def listed(self, audio: Iterable[RemoteObject]) -> None:
        """All audio of the account."""
        self._by_hash, self._by_size = {}, {}
        for item in audio:
            if self._context.index.objects.get(item.id) is not None:
                continue
            if item.sha256 is not None:
                self._by_hash.setdefault(item.sha256, []).append(item)
            else:
                self._by_size.setdefault(item.size_bytes, []).append(item)
        self.known, self._at = True, None

    def like(self, upload: Upload) -> tuple[RemoteObject, ...]:
        """Those that may be what this upload would store a second time. What an intent is open for is looked for in any
        case.
        """
        self._take_in_what_was_left()
        sha256, size_bytes = upload.wanted.sha256, upload.wanted.size_bytes
        if sha256 in self._sought or self._context.index.objects.intent(Kind.AUDIO, sha256) is not None:
            return ()
        untold = (*self._by_size.get(size_bytes, ()), *self._by_size.get(0, ()))
        return (*self._by_hash.get(sha256, ()), *untold)

    def _take_in_what_was_left(self) -> None:
        for item in self._context.left:
            if item.sha256 is not None:
                self._by_hash.setdefault(item.sha256, []).append(item)
                self._sought.discard(item.sha256)
        self._context.left.clear()

    def sought(self, upload: Upload, found: Iterable[RemoteObject]) -> None:
        """What holds this content, oldest first: files that want it are bound to the oldest, or it is uploaded."""
        self._sought.add(upload.wanted.sha256)
        index, oldest = self._context.index, next(iter(found), None)
        if oldest is not None and index.objects.get(oldest.id) is None:
            index.objects.store(oldest)
        wanting = index.files.wanting([upload.wanted.sha256])
        self._context.todo.update((upload.ref, *upload.also), (row.ref for row in wanting))
