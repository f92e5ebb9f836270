"""The derived texts of notes on their way, so that they need not be made twice; bounded in bytes and number."""

from __future__ import annotations

from collections import OrderedDict

from picora_sync.core.model import FileRef, Fingerprint
from picora_sync.core.ports import Derived

LIMIT_BYTES = 16 << 20
LIMIT_NOTES = 1000
"""Short notes take more room for what is known of them than for their text."""


class Texts:
    """A small store of what was derived last, the oldest dropped first."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES, limit_notes: int = LIMIT_NOTES) -> None:
        self._limit_bytes = limit_bytes
        self._limit_notes = limit_notes
        self._bytes = 0
        self._kept: OrderedDict[FileRef, Derived] = OrderedDict()
        self._pinned: OrderedDict[FileRef, Derived] = OrderedDict()

    def pin(self, ref: FileRef, derived: Derived) -> None:
        """Remember a text that is about to be sent, however long it is; a few of them at once."""
        self._pinned.pop(ref, None)
        self._pinned[ref] = derived
        while len(self._pinned) > 1 and sum(each.wanted.size_bytes for each in self._pinned.values()) > 2 * LIMIT_BYTES:
            self._pinned.popitem(last=False)

    def has(self, ref: FileRef, sha256: str) -> bool:
        """Whether a text with this hash is remembered."""
        return any(ref in kept and kept[ref].wanted.sha256 == sha256 for kept in (self._pinned, self._kept))

    def keep(self, ref: FileRef, derived: Derived) -> None:
        """Remember the text of a note."""
        self.drop(ref)
        if derived.text is None or derived.wanted.size_bytes > self._limit_bytes:
            return
        self._kept[ref] = derived
        self._bytes += derived.wanted.size_bytes
        while self._bytes > self._limit_bytes or len(self._kept) > self._limit_notes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.wanted.size_bytes

    def drop(self, ref: FileRef) -> None:
        """Forget a note's text."""
        self._pinned.pop(ref, None)
        old = self._kept.pop(ref, None)
        if old is not None:
            self._bytes -= old.wanted.size_bytes

    def take(self, ref: FileRef, sha256: str, fingerprint: Fingerprint) -> str | None:
        """The text with this hash, if it was derived from the file as it is now; it is then forgotten here."""
        derived = self._pinned.get(ref) or self._kept.get(ref)
        if derived is None:
            return None
        self.drop(ref)
        fits = derived.wanted.sha256 == sha256 and derived.fingerprint == fingerprint
        return derived.text if fits else None
