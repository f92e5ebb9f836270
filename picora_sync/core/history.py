"""Which object a file had when: what the index wrote down, told as one object taking the place of another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from picora_sync.core.model import FileRef

BOUND = "bound"
REPLACED = "replaced"
DELETED = "deleted"
"""Picora confirmed that an object is gone, whatever its file has by then."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """What was written down: at this time (wall clock) the file got this object (``bound``), or lost it."""

    ref: FileRef
    at: float
    event: str
    object_id: str
    url: str


@dataclass(frozen=True, slots=True)
class Turn:
    """The same, with the object that the file had until then: None if it had none, or if it is the one it lost."""

    entry: HistoryEntry
    before: HistoryEntry | None = None

    @property
    def why(self) -> str:
        """``bound``, ``replaced``, or why it was lost."""
        return REPLACED if self.before is not None else self.entry.event


def chronicle(entries: Iterable[HistoryEntry]) -> Iterator[Turn]:
    """Tell entries, oldest first, as turns."""
    has: dict[FileRef, HistoryEntry] = {}
    for entry in entries:
        if entry.event == DELETED:
            yield Turn(entry)
            continue
        before = has.pop(entry.ref, None)
        if entry.event != BOUND:
            yield Turn(entry)
            continue
        has[entry.ref] = entry
        yield Turn(entry, before if before is not None and before.object_id != entry.object_id else None)
