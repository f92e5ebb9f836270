"""Where a vanished file may have gone: an object goes only when its file is really gone (design §6.5, promise 2)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from picora_sync.core.model import FileRef, Fingerprint, Kind, kind_of
from picora_sync.core.ports import Absent, Presence, Present, Unknown
from picora_sync.core.succession import is_another, is_heir
from picora_sync.index.objects import Orphan
from picora_sync.index.rows import FileRow, Seen
from picora_sync.reconciler.context import Context, Unsettled
from picora_sync.reconciler.deletion.rename_traces import traces_of


class Relocations:
    """The files that Picora does not hold as they are now, as they are at the moment of asking."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._by_bytes: dict[str | None, list[FileRow]] = {}
        self._by_inode: dict[tuple[int, int] | None, list[FileRow]] = {}
        self._unread: list[FileRow] = []
        self._looks: dict[FileRef, Presence] = {}
        for row in context.index.files.unconfirmed():
            if row.seen is Seen.UNKNOWN:
                self._unread.append(row)
            self._by_bytes.setdefault(row.file_sha256, []).append(row)
            self._by_inode.setdefault(_inode_of(row.fingerprint), []).append(row)

    def of(self, gone: FileRow) -> FileRow | None:
        """The file that it is now, if that is not on Picora yet: by its inode, edited or not, or by its bytes. Also one
        that appeared where nothing can be looked at, since it may be that.
        """
        # What was read is as it was read, and found by that: no need to look at each of many.
        inode, sha256 = _inode_of(gone.fingerprint), gone.file_sha256
        alike = chain(
            self._by_bytes.get(sha256, ()) if sha256 is not None else (),
            self._by_inode.get(inode, ()) if inode is not None else (),
            self._unread,
        )
        return next((row for row in alike if row.ref != gone.ref and self._may_be(row, gone)), None)

    def heir(self, gone: FileRow) -> FileRow | None:
        """The file that it certainly is now, edited, whether Picora holds that or not."""
        if gone.fingerprint is None:
            return None
        rows = self._others(gone, self._context.index.files.with_inode_of(gone.fingerprint))
        if not rows:
            return None
        traces = traces_of(self._context, [gone, *rows])
        for row in rows:
            match self._look(row.ref):
                case Present(fingerprint) if _inode_of(fingerprint) == _inode_of(gone.fingerprint):
                    if is_heir(gone.ref, traces[gone.ref], row.ref, traces[row.ref]):
                        return row
                case _:
                    pass
        return None

    def sharer(self, gone: FileRow) -> FileRow | None:
        """Another file that is bound to its object and holds the same: nothing is deleted without this one."""
        if gone.bound is None or gone.wanted is None:
            return None
        rows = self._others(gone, self._context.index.files.bound_to([gone.bound]))
        sha256 = gone.wanted.sha256
        same = (row for row in rows if row.wanted is not None and row.wanted.selected and row.wanted.sha256 == sha256)
        return next((row for row in same if isinstance(self._look(row.ref), Present)), None)

    def _others(self, gone: FileRow, rows: Iterable[FileRow]) -> list[FileRow]:
        there = [row for row in rows if row.ref != gone.ref and row.seen is Seen.PRESENT]
        return [row for row in there if kind_of(row.ref.path) is kind_of(gone.ref.path)]

    def _may_be(self, row: FileRow, gone: FileRow) -> bool:
        if kind_of(row.ref.path) is not kind_of(gone.ref.path):
            return False
        match self._look(row.ref):
            case Present(fingerprint, born_ns):
                is_same = _inode_of(fingerprint) == _inode_of(gone.fingerprint) is not None
                is_same = is_same and not is_another(gone.born_ns, born_ns)
                is_equal = row.file_sha256 is not None and row.file_sha256 == gone.file_sha256
                return is_same or (is_equal and row.bound is None and not _stood_beside(row, fingerprint, gone))
            case Unknown():
                return row.bound is None
            case _:
                return False

    def _look(self, ref: FileRef) -> Presence:
        if ref not in self._looks:
            unit = self._context.unit(ref)
            self._looks[ref] = Absent() if unit is None else unit.disk.look(ref.path)
        return self._looks[ref]


def still_unsettled(context: Context, orphans: Iterable[Orphan], unsettled: Unsettled) -> dict[str, frozenset[FileRef]]:
    """For each object that lost its last file the paths that were unsettled then, and still are: what it holds may have
    gone there, as when two files are swapped. Paths that change later are no reason to wait.
    """
    fresh: dict[Kind, frozenset[FileRef]] = {}
    left: dict[frozenset[FileRef], frozenset[FileRef]] = {}  # of many objects and many paths, most have the same set
    places = {}
    for orphan in orphans:
        kind, before = orphan.object.kind, context.places.get(orphan.object.id)
        if before is None:
            if kind not in fresh:
                fresh[kind] = frozenset(ref for ref in unsettled() if kind_of(ref.path) is kind)
            places[orphan.object.id] = fresh[kind] - {orphan.ref} if orphan.ref in fresh[kind] else fresh[kind]
        else:
            if before not in left:
                left[before] = before & unsettled()
            places[orphan.object.id] = left[before]
    return places


def _stood_beside(row: FileRow, now: Fingerprint, gone: FileRow) -> bool:
    """Whether this file was there before the other was last read, and is as it was: it is no new place of that."""
    return row.fingerprint == now and row.hashed_at < gone.hashed_at


def _inode_of(fingerprint: Fingerprint | None) -> tuple[int, int] | None:
    return None if fingerprint is None else (fingerprint.inode, fingerprint.device)
