"""Forgetting a folder that was taken out of the configuration (design §5)."""

from __future__ import annotations

from dataclasses import dataclass

from picora_sync.control.messages import Forget, Forgotten, Known
from picora_sync.core.model import RemoteObject
from picora_sync.core.plan import Reason
from picora_sync.errors import CommandRefused
from picora_sync.index.rows import FileRow
from picora_sync.reconciler.context import Context

_USAGE = 2


@dataclass(frozen=True, slots=True)
class _Holdings:
    """The files of a folder, the objects that only they are bound to, and those that would stay in any case."""

    rows: list[FileRow]
    own: list[RemoteObject]
    others: int


class Forgetting:
    """Shows what is known, and drops exactly that."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._index = context.index

    def show(self, folder: str) -> Known:
        """What would be forgotten."""
        found = self._holdings(folder)
        return Known(folder=folder, files=len(found.rows), objects=len(found.own), others=found.others)

    def forget(self, request: Forget) -> Forgotten:
        """Forget it; with ``delete`` the loop deletes its own objects, in this process or in a later one."""
        folder, found = request.folder, self._holdings(request.folder)
        if (len(found.rows), len(found.own)) != (request.files, request.objects):
            raise CommandRefused(
                "CHANGED", f"what is known of {folder} is not what was shown", hint="run the command again"
            )
        if request.delete and any(intent.ref.folder == folder for intent in self._index.objects.intents()):
            raise CommandRefused(
                "IN_DOUBT",
                f"the outcome of an upload of {folder} is not known yet",
                hint="run `picora-sync sync`, which finds out, then try again",
            )
        if not request.delete:
            self._expect_none_exposed(folder, found)
        with self._index.transaction():
            self._drop(folder, found, delete=request.delete)
        return Forgotten(folder=folder, files=len(found.rows), deleting=len(found.own) if request.delete else 0)

    def _drop(self, folder: str, found: _Holdings, *, delete: bool) -> None:
        index, wall = self._index, self._context.clocks.wall()
        for row in found.rows:
            if row.bound is not None:
                index.objects.unbind(row.ref, wall, Reason.FORGOTTEN)
        for orphan in index.objects.orphans():
            if orphan.ref.folder == folder:
                if delete and orphan.object.ours:
                    index.objects.orphan(orphan.object.id, orphan.ref, orphan.at, Reason.FORGOTTEN)
                else:
                    self._context.leave(orphan.object.id)
        index.forget_folder(folder)

    def _holdings(self, folder: str) -> _Holdings:
        configured = self._context.units
        if folder in configured:
            raise CommandRefused(
                "CONFIGURED",
                f"{folder} is still in the configuration",
                hint="take it out there, run `picora-sync reload` if a daemon runs, then forget it",
                exit_code=_USAGE,
            )
        known = {name for name, _ in self._index.folders()} - configured.keys()
        if folder not in known:
            hint = f"one of: {', '.join(sorted(known))}" if known else "every known folder is in the configuration"
            raise CommandRefused("UNKNOWN_FOLDER", f"nothing is known of {folder}", hint=hint, exit_code=_USAGE)
        rows = list(self._index.files.all(folder))
        ids = {row.bound for row in rows if row.bound is not None}
        shared = {row.bound for row in self._index.files.bound_to(ids) if row.ref.folder != folder}
        objects = [item for object_id in sorted(ids - shared) if (item := self._index.objects.get(object_id))]
        objects += [orphan.object for orphan in self._index.objects.orphans() if orphan.ref.folder == folder]
        own = [item for item in objects if item.ours]
        return _Holdings(rows, own, len(objects) - len(own) + len(shared))

    def _expect_none_exposed(self, folder: str, found: _Holdings) -> None:
        """What is forgotten stays as it is: nothing may stay public that wants private (promise 4)."""
        wishes = {row.bound: row.wanted.public for row in found.rows if row.wanted is not None}
        exposed = [item for item in found.own if item.public is not False and wishes.get(item.id) is False]
        if exposed:
            raise CommandRefused(
                "EXPOSED",
                f"Picora has not confirmed yet that {exposed[0].title} is private, as its file wants",
                hint=f"add --delete, or put {folder} back into the configuration and run `picora-sync sync` first",
            )
