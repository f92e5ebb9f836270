"""What a comparison of index and account found is written down, so that the planner puts it right (design §9).

The comparison was made by a command, beside the loop: what has changed since is left alone.
"""

from __future__ import annotations

from dataclasses import replace

from picora_sync.control.messages import Repair, Repaired, Unrepaired, Wrong
from picora_sync.core.comparison import Mismatch
from picora_sync.core.model import FileRef, RemoteObject
from picora_sync.core.plan import Delete
from picora_sync.index.rows import FileRow, Seen
from picora_sync.reconciler import Reconciler
from picora_sync.reconciler.audit import repair
from picora_sync.reconciler.audit.remote_query import bound_objects


class Repairing:
    """Carries out ``Repair``; the caller's thread owns the index."""

    def __init__(self, reconciler: Reconciler) -> None:
        self._reconciler = reconciler
        self._context = reconciler.context
        self._index = reconciler.context.index

    def repair(self, request: Repair) -> Repaired:
        """Exactly what is named, as far as it is still as it was."""
        begun, left = 0, list[Unrepaired]()
        with self._index.transaction():
            known, busy = bound_objects(self._index), self._reconciler.busy_objects()
            for wrong in request.rows:
                item = known.get(wrong.object)
                if item is None or item.id in busy:
                    why = "something is being done about it"
                else:
                    why = self._put_right(item, wrong)
                begun += not why
                if why:
                    left.append(Unrepaired(object=wrong.object, why=why))
            repair.tell_held(self._index, {FileRef(each.folder, each.path): each.why for each in request.held})
        return Repaired(begun=begun, left=tuple(left))

    def _put_right(self, item: RemoteObject, wrong: Wrong) -> str:
        """Why it cannot be; "" if it is on its way."""
        match wrong.what:
            case "changed":
                title, tags = wrong.title or item.title, item.tags if wrong.tags is None else wrong.tags
                public = item.public if wrong.public is None else wrong.public
                seen = replace(item, title=title, tags=tags, public=public)
                self._context.todo.update(repair.note_change(self._index, Mismatch(item, seen)))
            case "missing":
                wall, now = self._context.clocks.wall(), self._context.removal_time()
                self._context.todo.update(repair.make_again(self._index, item, wall, now))
            case "content":
                return self._replace(item)
        return ""

    def _replace(self, item: RemoteObject) -> str:
        """What holds other bytes than were sent makes place for its file: Picora would take equal text for the same."""
        rows = self._index.files.bound_to([item.id])
        if not all(_is_sendable(row, item) and self._context.unit(row.ref) for row in rows):
            return "its file is not there as it was sent"
        if not item.ours:
            return "somebody else made it: delete it by hand, then its file is uploaded"
        self._index.objects.doom([item.id])
        self._reconciler.backlog.put(Delete(item.id, item.kind, rows[0].ref, "it holds something else than was sent"))
        return ""


def _is_sendable(row: FileRow, item: RemoteObject) -> bool:
    wants = row.wanted is not None and row.wanted.selected and row.wanted.sha256 == item.sha256
    return wants and row.seen is Seen.PRESENT and row.blocked is None
