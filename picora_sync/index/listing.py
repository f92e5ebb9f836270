"""What is where: one entry per file, with its state (design §5, §9), and what files left on Picora."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from picora_sync.core.model import FileRef, FileState, Kind, Problem, RemoteObject, kind_of
from picora_sync.core.plan import Reason
from picora_sync.index.leftovers import Leftover
from picora_sync.index.store import Index


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, as ``ls`` shows it; the object's fields are None as long as it has none. ``left``: it is what a file
    left on Picora, that is gone or has another object. ``unclear``: why the note is private although it may have been
    meant to be public.
    """

    ref: FileRef
    state: FileState
    kind: Kind | None
    object: RemoteObject | None
    sha256: str | None
    problem: Problem | None
    left: Reason | None = None
    unclear: Problem | None = None


@dataclass(frozen=True, slots=True)
class Subtree:
    """A file, or all below a directory, of one folder; ``""`` is its root."""

    folder: str
    path: str = ""

    def holds(self, ref: FileRef) -> bool:
        """Whether the file is this one, or below it."""
        inside = not self.path or ref.path == self.path or ref.path.startswith(f"{self.path}/")
        return ref.folder == self.folder and inside


@dataclass(frozen=True, slots=True)
class Moving:
    """What only the running process knows: the files that settle, and those that are on their way."""

    settling: Collection[FileRef] = frozenset()
    uploading: Collection[FileRef] = frozenset()


AT_REST = Moving()


def entries(index: Index, place: Subtree | None = None, moving: Moving = AT_REST) -> Iterator[Entry]:
    """All files at a place (None: all there are), one after the other, in order; what has its end still before it
    follows. A file that is gone is listed until Picora confirmed that its object is, too.
    """
    unclear = index.files.unclear()
    for row, item, state in index.files.listed(*_bounds(place)):
        shown = _now(row.ref, state, moving)
        sha256 = row.wanted.sha256 if row.wanted else None
        yield Entry(row.ref, shown, kind_of(row.ref.path), item, sha256, row.blocked, unclear=unclear.get(row.ref))
    for left in _unlisted(index, place, moving):
        yield _left(left)
    for ref in _unseen(index, place, moving):
        yield Entry(ref, FileState.SETTLING, kind_of(ref.path), None, None, None)


def old_versions(index: Index, place: Subtree | None = None, moving: Moving = AT_REST) -> Iterator[Entry]:
    """What else Picora refused to delete: objects that files had before those that :func:`entries` lists."""
    shown = {left.object.id for left in _unlisted(index, place, moving)}
    for left in index.leftovers.at(*_bounds(place)):
        if left.refusal is not None and left.object.id not in shown:
            yield _left(left)


def readable(index: Index, place: Subtree | None = None, moving: Moving = AT_REST) -> Iterator[Entry]:
    """What everybody can read, or may be able to: of what :func:`entries` lists, and of what else the index knows to be
    on Picora. Old versions that are kept for a while are among it.
    """
    yield from (each for each in entries(index, place, moving) if each.object and each.object.public is not False)
    shown = {left.object.id for left in _unlisted(index, place, moving)}
    orphans = ((orphan.object, orphan.ref, orphan.reason) for orphan in index.objects.orphans())
    doomed = ((item, ref, Reason.REMOVED) for item, ref in index.objects.doomed_refs())
    for item, ref, reason in (*orphans, *doomed):
        is_shown = item.id in shown or index.files.bound_to([item.id])
        if not is_shown and item.public is not False and (place is None or place.holds(ref)):
            yield Entry(ref, FileState.QUEUED, item.kind, item, item.sha256, None, reason)


def count_states(index: Index, folder: str, moving: Moving = AT_REST) -> Counter[FileState]:
    """How many files of a folder are in which state, counted as :func:`entries` lists them; no row is read for that
    but those of what moves.
    """
    place = Subtree(folder)
    counts = index.states.counts(folder)
    for ref in {*moving.settling, *moving.uploading}:
        if ref.folder == folder and (state := index.states.of(ref)) is not None:
            counts[state] -= 1
            counts[_now(ref, state, moving)] += 1
    counts.update(_left(left).state for left in _unlisted(index, place, moving))
    counts.update(FileState.SETTLING for _ in _unseen(index, place, moving))
    return counts


def settling(index: Index, folder: str, moving: Moving) -> Iterator[FileRef]:
    """The files of a folder that settle, or just vanished and may turn up elsewhere; what is synced is not read."""
    for ref, state in index.states.open(folder):
        if _now(ref, state, moving) is FileState.SETTLING:
            yield ref
    for ref in moving.settling:
        if ref.folder == folder and index.states.of(ref) is FileState.SYNCED and ref not in moving.uploading:
            yield ref
    yield from _unseen(index, Subtree(folder), moving)


def _now(ref: FileRef, state: FileState, moving: Moving) -> FileState:
    if state not in (FileState.QUEUED, FileState.SYNCED):
        return state
    if ref in moving.uploading:
        return FileState.UPLOADING
    return FileState.SETTLING if ref in moving.settling else state


def _unlisted(index: Index, place: Subtree | None, moving: Moving) -> Iterator[Leftover]:
    """What files left that are gone: the latest of each."""
    before = None
    for left in index.leftovers.at(*_bounds(place)):
        if left.ref != before and left.ref not in moving.settling and index.states.of(left.ref) is None:
            before = left.ref
            yield left


def _unseen(index: Index, place: Subtree | None, moving: Moving) -> list[FileRef]:
    """What settles and was never seen before."""
    here = (ref for ref in moving.settling if place is None or place.holds(ref))
    return sorted(ref for ref in here if kind_of(ref.path) is not None and index.states.of(ref) is None)


def _bounds(place: Subtree | None) -> tuple[str | None, str]:
    return (None, "") if place is None else (place.folder, place.path)


def _left(left: Leftover) -> Entry:
    state = FileState.QUEUED if left.refusal is None else FileState.BLOCKED
    problem = None if left.refusal is None else left.problem
    return Entry(left.ref, state, left.object.kind, left.object, left.object.sha256, problem, left.reason)
