"""What is still on Picora although no file of ours is bound to it any more, and why it was not deleted."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from picora_sync.core.model import FileRef, Problem, RemoteObject
from picora_sync.core.plan import Reason
from picora_sync.index.rows import OBJECT_COLUMNS, object_of, ref_of, text, within

_KEEPING = (Reason.REPLACED, Reason.RENAMED)
"""Old versions may stay for a while (``keep_replaced``): they are leftovers only if Picora refused to delete them."""

NOT_YET = Problem("NOT_DELETED_YET", "it is deleted in its turn")


@dataclass(frozen=True, slots=True)
class Leftover:
    """An object that is to be deleted, and was not: whose it was, why it is to go and since when (wall clock), and what
    Picora said, None as long as it waits for its turn.
    """

    object: RemoteObject
    ref: FileRef
    reason: Reason
    at: float
    refusal: Problem | None

    @property
    def problem(self) -> Problem:
        """What a person should know of it."""
        said = self.refusal or NOT_YET
        message = f"{_WAS[self.reason]}, and is still on Picora ({_SEEN[self.object.public]}): {self.object.url}"
        return Problem(said.code, f"{message}. {said.message}", said.hint)


_WAS = {
    Reason.REPLACED: "an old version was replaced",
    Reason.RENAMED: "an old version was replaced",
    Reason.REMOVED: "it was deleted from the folder",
    Reason.IGNORED: "it is ignored now",
    Reason.UNSELECTED: "it is no longer published",
    Reason.FORGOTTEN: "its folder was forgotten",
}
_SEEN = {True: "PUBLIC", False: "private", None: "perhaps public"}


class Leftovers:
    """Queries and changes of ``undeleted``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self, folders: Collection[str] | None = None) -> list[Leftover]:
        """Those of these folders (None: of all), in the order of their files. What a folder left behind that is not
        configured any more stays on purpose, unless somebody asked for its end.
        """
        found = self.at()
        if folders is None:
            return found
        return [each for each in found if each.ref.folder in folders or each.reason is Reason.FORGOTTEN]

    def at(self, folder: str | None = None, path: str = "") -> list[Leftover]:
        """Those of a file, or of all below a directory (no folder: of all), by file, the newest first."""
        where, values = within(folder, path, ("unbound_folder", "unbound_path"))
        rows = self._connection.execute(
            f"SELECT {OBJECT_COLUMNS}, unbound_folder, unbound_path, unbound_reason, unbound_at, "
            "u.code, u.message, u.hint FROM object LEFT JOIN undeleted u ON u.object_id = id "
            "WHERE unbound_at IS NOT NULL AND (u.code IS NOT NULL OR (ours = 1 AND unbound_reason NOT IN (?, ?))) "
            f"AND {where} ORDER BY unbound_folder, unbound_path, unbound_at DESC",
            (*_KEEPING, *values),
        )
        return [
            Leftover(
                object_of(row[:13]),
                ref_of(row[13], row[14]),
                Reason(row[15]),
                row[16],
                None if row[17] is None else Problem(*row[17:20]),
            )
            for row in rows
        ]

    def refuse(self, object_ids: Iterable[str], problem: Problem, now: float) -> list[str]:
        """Picora did not delete these; returns those of which that is new."""
        fresh = []
        for object_id in object_ids:
            known = self._connection.execute("SELECT code FROM undeleted WHERE object_id = ?", (object_id,)).fetchone()
            if known is None or known[0] != problem.code:
                fresh.append(object_id)
            self._connection.execute(
                "INSERT INTO undeleted VALUES (?,?,?,?,?) ON CONFLICT (object_id) DO UPDATE SET "
                "code = excluded.code, message = excluded.message, hint = excluded.hint",
                (object_id, problem.code, text(problem.message), text(problem.hint), now),
            )
        return fresh
