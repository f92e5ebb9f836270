"""What is where: one entry per file, with its state (design §5, §9), and what files left on Picora."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from picora_sync.core.model import FileRef, FileState, Kind, Problem, RemoteObject, kind_of
from picora_sync.core.plan import Reason
from picora_sync.index.leftovers import Leftover
from picora_sync.index.rows import FileRow, Seen
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


def entries(
    index: Index,
    folder: str | None = None,
    settling: Collection[FileRef] = frozenset(),
    uploading: Collection[FileRef] = frozenset(),
) -> Iterator[Entry]:
    """All files of a folder (None: of all), in order; the live sets come from the running process. A file that is gone
    is listed until Picora confirmed that its object is, too.
    """
    objects = {item.id: item for item in index.objects.all()}
    bindings = index.objects.count_bindings()
    unclear = index.files.unclear()
    known = set()
    for row in index.files.all(folder):
        known.add(row.ref)
        item = objects.get(row.bound) if row.bound else None
        state = _state(row, item, shared=item is not None and bindings[item.id] > 1)
        if state in (FileState.QUEUED, FileState.SYNCED) and row.ref in uploading:
            state = FileState.UPLOADING
        elif state in (FileState.QUEUED, FileState.SYNCED) and row.ref in settling:
            state = FileState.SETTLING
        sha256 = row.wanted.sha256 if row.wanted else None
        yield Entry(row.ref, state, kind_of(row.ref.path), item, sha256, row.blocked, unclear=unclear.get(row.ref))
    for left in _left_in(index, folder):
        if left.ref not in known and left.ref not in settling:
            known.add(left.ref)
            yield _left(left)
    for ref in sorted(set(settling) - known):
        if folder in (None, ref.folder) and kind_of(ref.path) is not None:
            yield Entry(ref, FileState.SETTLING, kind_of(ref.path), None, None, None)


def old_versions(index: Index, listed: Collection[Entry], folder: str | None = None) -> Iterator[Entry]:
    """What else Picora refused to delete: objects that files had before those that are ``listed``."""
    shown = {entry.object.id for entry in listed if entry.object is not None}
    for left in _left_in(index, folder):
        if left.refusal is not None and left.object.id not in shown:
            yield _left(left)


def readable(index: Index, listed: Collection[Entry]) -> Iterator[Entry]:
    """What everybody can read, or may be able to: of what is ``listed``, and of what else the index knows to be on
    Picora. Old versions that are kept for a while are among it.
    """
    yield from (entry for entry in listed if entry.object is not None and entry.object.public is not False)
    shown = {entry.object.id for entry in listed if entry.object is not None}
    for orphan in index.objects.orphans():
        if orphan.object.id not in shown and orphan.object.public is not False:
            yield _unbound(orphan.object, orphan.ref, orphan.reason)
    for item, ref in index.objects.doomed_refs():
        if item.id not in shown and item.public is not False:
            yield _unbound(item, ref, Reason.REMOVED)


def _unbound(item: RemoteObject, ref: FileRef, reason: Reason) -> Entry:
    return Entry(ref, FileState.QUEUED, item.kind, item, item.sha256, None, reason)


def _left_in(index: Index, folder: str | None) -> list[Leftover]:
    return [left for left in index.leftovers.all() if folder in (None, left.ref.folder)]


def _left(left: Leftover) -> Entry:
    state = FileState.QUEUED if left.refusal is None else FileState.BLOCKED
    problem = None if left.refusal is None else left.problem
    return Entry(left.ref, state, left.object.kind, left.object, left.object.sha256, problem, left.reason)


def count_states(listed: Iterator[Entry]) -> Counter[FileState]:
    """How many files are in which state."""
    return Counter(entry.state for entry in listed)


def _state(row: FileRow, item: RemoteObject | None, *, shared: bool) -> FileState:
    if row.held:
        return FileState.HELD
    if row.blocked is not None:
        return FileState.BLOCKED
    if row.seen is Seen.MISSING:
        return FileState.SETTLING
    if row.seen is Seen.IGNORED or (row.wanted is not None and not row.wanted.selected):
        return FileState.IGNORED
    return FileState.SYNCED if _matches(row, item, shared=shared) else FileState.QUEUED


def _matches(row: FileRow, item: RemoteObject | None, *, shared: bool) -> bool:
    """Whether the object is what the file wants; a shared one may carry another file's title, or be private for it."""
    wanted = row.wanted
    if item is None or wanted is None or item.public is None or item.sha256 != wanted.sha256:
        return False
    if shared:
        return wanted.public or not item.public
    tags_match = item.kind is Kind.AUDIO or item.tags == wanted.tags
    return item.public == wanted.public and item.title == wanted.title and tags_match
