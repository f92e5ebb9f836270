"""Where a vanished file may have gone: an object goes only when its file is really gone (design §6.5, promise 2)."""

from __future__ import annotations

from picora_sync.core.model import FileRef, Fingerprint, kind_of
from picora_sync.core.ports import Present, Unknown
from picora_sync.index.objects import Orphan
from picora_sync.index.rows import FileRow
from picora_sync.reconciler.context import Context


class Places:
    """The files that Picora does not hold as they are now, as they are at the moment of asking."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._unconfirmed = context.index.files.unconfirmed()

    def of(self, gone: FileRow) -> FileRow | None:
        """The file that it is now, if that is not on Picora yet: by its inode, edited or not, or by its bytes. Also one
        that appeared where nothing can be looked at, since it may be that.
        """
        return next((row for row in self._unconfirmed if row.ref != gone.ref and self._may_be(row, gone)), None)

    def _may_be(self, row: FileRow, gone: FileRow) -> bool:
        unit = self._context.unit(row.ref)
        if unit is None or kind_of(row.ref.path) is not kind_of(gone.ref.path):
            return False
        equal = row.file_sha256 is not None and row.file_sha256 == gone.file_sha256
        if row.blocked is None and not equal and not _is_same(row.fingerprint, gone.fingerprint):
            return False  # what is not blocked was read, and is as it was read: no need to look
        match unit.disk.look(row.ref.path):
            case Present(fingerprint):
                return equal or _is_same(fingerprint, gone.fingerprint)
            case Unknown():
                return row.bound is None
            case _:
                return False


def still_unsettled(context: Context, orphan: Orphan, unsettled: frozenset[FileRef]) -> frozenset[FileRef]:
    """The paths that were unsettled when an object lost its last file, and still are: what it holds may have gone
    there, as when two files are swapped. Paths that change later are no reason to wait.
    """
    if orphan.object.id in context.places:
        return context.places[orphan.object.id] & unsettled
    return frozenset(ref for ref in unsettled if ref != orphan.ref and kind_of(ref.path) is orphan.object.kind)


def _is_same(one: Fingerprint | None, other: Fingerprint | None) -> bool:
    if one is None or other is None:
        return False
    return (one.inode, one.device) == (other.inode, other.device)
