"""Objects as the server last confirmed them, the bindings to them, and the intents that may become objects."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from picora_sync.core.history import BOUND, DELETED, HistoryEntry
from picora_sync.core.model import FileRef, Kind, RemoteObject, told_id
from picora_sync.core.plan import Reason, Upload
from picora_sync.core.ports import Change
from picora_sync.index.rows import (
    FILE_JOIN,
    OBJECT_COLUMNS,
    UNKNOWN_TAGS,
    UNKNOWN_TITLE,
    Row,
    key,
    object_of,
    object_values,
    ref_of,
    text,
    within,
)

INTENT_COLUMNS = """kind, sha256, folder, path, size_bytes, filename, title, public, rewrite_images, body,
  opened_at, sends, replaces"""


_WANTED = f"""EXISTS (
  SELECT 1 FROM {FILE_JOIN} LEFT JOIN object o ON o.id = b.object_id
  WHERE f.sha256 = object.sha256 AND f.kind = object.kind AND f.standing = 'present' AND f.selected = 1
  AND p.code IS NULL AND o.sha256 IS NOT object.sha256)"""


_PRIVATE = """EXISTS (
  SELECT 1 FROM file f WHERE f.folder = unbound_folder AND f.path = unbound_path
  AND f.sha256 IS NOT NULL AND f.public = 0)"""


@dataclass(frozen=True, slots=True)
class Orphan:
    """An object that nothing is bound to: since when (wall clock), why, and whose it was. ``wanted``: a file that can
    be sent wants what it holds, and is bound to nothing that holds that. ``private``: the file that it was of wants to
    be private. ``refused``: Picora did not delete it.
    """

    object: RemoteObject
    ref: FileRef
    reason: Reason
    at: float
    wanted: bool = False
    private: bool = False
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Intent:
    """A POST that was, or may have been, sent. ``opened_at`` is the server's time then, ``sends`` counts the times it
    was handed to a worker; ``body`` is the text of a note, None for audio; ``replaces`` is what the file was bound to.
    """

    kind: Kind
    sha256: str
    ref: FileRef
    size_bytes: int
    filename: str
    title: str
    public: bool
    rewrite_images: bool
    body: str | None
    opened_at: float
    sends: int
    replaces: str | None


class Objects:
    """Queries and changes of ``object``, ``binding``, ``intent`` and ``history``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    # --- asking -----------------------------------------------------------------------------------------------------

    def get(self, object_id: str) -> RemoteObject | None:
        """One object, None if the index does not know it."""
        found = self._select("id", [object_id], "")
        return found[0] if found else None

    def all(self) -> list[RemoteObject]:
        """Every object the index knows."""
        return [object_of(row) for row in self._connection.execute(f"SELECT {OBJECT_COLUMNS} FROM object")]

    def count_bindings(self) -> Counter[str]:
        """How many files are bound to each object."""
        return Counter(dict(self._connection.execute("SELECT object_id, count(*) FROM binding GROUP BY object_id")))

    def count_public(self) -> dict[str, int]:
        """How many files of each folder everybody can read, or may be able to."""
        rows = self._connection.execute(
            "SELECT b.folder, count(*) FROM object o INDEXED BY object_public JOIN binding b ON b.object_id = o.id "
            "WHERE o.public IS NOT 0 GROUP BY b.folder"
        )
        return {str(folder): int(number) for folder, number in rows}

    def changed_at(self, folder: str) -> float | None:
        """When a file of the folder last got or lost an object; None if none ever did."""
        query = "SELECT at FROM history WHERE folder = ? ORDER BY rowid DESC LIMIT 1"
        row = self._connection.execute(query, (folder,)).fetchone()
        return None if row is None else float(row[0])

    def largest_of_ours(self, kind: Kind) -> int | None:
        """The bytes of our largest object of a kind, None if we have none."""
        row = self._connection.execute("SELECT max(size_bytes) FROM object WHERE kind = ? AND ours = 1", (kind,))
        (found,) = row.fetchone()
        return None if found is None else int(found)

    def shared(self) -> list[str]:
        """The ids of the objects that several files are bound to."""
        rows = self._connection.execute("SELECT object_id FROM binding GROUP BY object_id HAVING count(*) > 1")
        return [str(object_id) for (object_id,) in rows]

    def live(self, object_ids: Collection[str]) -> list[RemoteObject]:
        """Those of these objects that can be addressed (no DELETE was sent for them)."""
        return self._select("id", list(object_ids), "AND doomed = 0")

    def holding(self, sha256s: Collection[str]) -> list[RemoteObject]:
        """The live objects that hold any of these contents."""
        return self._select("sha256", list(sha256s), "AND doomed = 0")

    def doomed(self) -> list[RemoteObject]:
        """Objects whose DELETE was sent and not confirmed."""
        rows = self._connection.execute(f"SELECT {OBJECT_COLUMNS} FROM object WHERE doomed = 1")
        return [object_of(row) for row in rows]

    def doomed_refs(self) -> list[tuple[RemoteObject, FileRef]]:
        """The same, each with the last file that was bound to it, or is."""
        rows = self._connection.execute(
            f"SELECT {OBJECT_COLUMNS}, coalesce(unbound_folder, b.folder), coalesce(unbound_path, b.path) "
            "FROM object LEFT JOIN binding b ON b.object_id = id WHERE doomed = 1 GROUP BY id"
        )
        found = [(object_of(row[:13]), row[13], row[14]) for row in rows]
        return [
            (item, FileRef("", item.title or told_id(item.id)) if folder is None else ref_of(folder, path))
            for item, folder, path in found
        ]

    def exposed_and_doomed(self) -> list[Orphan]:
        """Old versions that may be public, of files that want private, whose DELETE was sent and not confirmed."""
        rows = self._connection.execute(
            f"SELECT {OBJECT_COLUMNS}, unbound_folder, unbound_path, unbound_reason, unbound_at FROM object "
            f"WHERE doomed = 1 AND unbound_reason = 'replaced' AND public IS NOT 0 AND {_PRIVATE}"
        )
        return [Orphan(object_of(r[:13]), ref_of(r[13], r[14]), Reason(r[15]), r[16], private=True) for r in rows]

    def deletable(self) -> set[str]:
        """The ids of orphans, and of what was to be deleted and may live on."""
        rows = self._connection.execute(
            "SELECT id FROM object WHERE unbound_at IS NOT NULL UNION SELECT id FROM object WHERE doomed = 1"
        )
        return {str(row[0]) for row in rows}

    def orphans(self) -> list[Orphan]:
        """Live objects of ours that nothing is bound to."""
        rows = self._connection.execute(
            f"SELECT {OBJECT_COLUMNS}, unbound_folder, unbound_path, unbound_reason, unbound_at, {_WANTED}, "
            f"{_PRIVATE}, EXISTS (SELECT 1 FROM undeleted WHERE object_id = object.id) "
            "FROM object WHERE unbound_at IS NOT NULL AND doomed = 0"
        )
        return [
            Orphan(object_of(r[:13]), ref_of(r[13], r[14]), Reason(r[15]), r[16], *map(bool, r[17:20])) for r in rows
        ]

    def intent(self, kind: Kind, sha256: str) -> Intent | None:
        """The open intent for a content, if there is one."""
        row = self._connection.execute(
            f"SELECT {INTENT_COLUMNS} FROM intent WHERE kind = ? AND sha256 = ?",
            (kind, sha256),
        ).fetchone()
        return None if row is None else _intent_of(row)

    def intents(self) -> list[Intent]:
        """All open intents, those that want private first."""
        rows = self._connection.execute(f"SELECT {INTENT_COLUMNS} FROM intent ORDER BY public")
        return [_intent_of(row) for row in rows]

    def history(self, folder: str | None = None, path: str = "") -> list[HistoryEntry]:
        """Which objects a file, or all below a directory (no folder: all), got and lost, oldest first."""
        where, values = within(folder, path, ("folder", "path"))
        rows = self._connection.execute(
            f"SELECT folder, path, at, event, object_id, url FROM history WHERE {where} ORDER BY at, rowid", values
        )
        return [HistoryEntry(ref_of(r[0], r[1]), *r[2:]) for r in rows]

    def has_history(self, folder: str, path: str = "") -> bool:
        """Whether :meth:`history` tells anything of this."""
        where, values = within(folder, path, ("folder", "path"))
        return self._connection.execute(f"SELECT 1 FROM history WHERE {where} LIMIT 1", values).fetchone() is not None

    def _select(self, column: str, values: Sequence[str], extra: str) -> list[RemoteObject]:
        found: list[RemoteObject] = []
        for start in range(0, len(values), 400):
            block = values[start : start + 400]
            marks = ",".join("?" * len(block))
            query = f"SELECT {OBJECT_COLUMNS} FROM object WHERE {column} IN ({marks}) {extra}"
            found += map(object_of, self._connection.execute(query, block))
        return found

    # --- changing ---------------------------------------------------------------------------------------------------

    def open_intent(self, upload: Upload, body: str | None, server_s: float) -> Intent | None:
        """Write down that this content is about to be sent; returns the intent that was open already, if any."""
        wanted = upload.wanted
        before = self.intent(wanted.kind, wanted.sha256)
        self._connection.execute(
            f"INSERT INTO intent ({INTENT_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,1,?) "
            "ON CONFLICT (kind, sha256) DO UPDATE SET "
            "sends = sends + 1, public = min(public, excluded.public), rewrite_images = excluded.rewrite_images",
            (
                wanted.kind,
                wanted.sha256,
                *key(upload.ref),
                wanted.size_bytes,
                text(wanted.filename),
                text(wanted.title),
                upload.metadata.public,
                wanted.rewrite_images,
                body,
                server_s,
                upload.replaces,
            ),
        )
        return before

    def send_again(self, kind: Kind, sha256: str) -> None:
        """The content of an open intent is about to be sent once more."""
        self._connection.execute("UPDATE intent SET sends = sends + 1 WHERE kind = ? AND sha256 = ?", (kind, sha256))

    def close_intent(self, kind: Kind, sha256: str) -> None:
        """The outcome is known: it was carried out, or certainly was not."""
        self._connection.execute("DELETE FROM intent WHERE kind = ? AND sha256 = ?", (kind, sha256))

    def store(self, item: RemoteObject) -> None:
        """An object the server just confirmed; what is known of its bindings stays, and what is ours stays ours."""
        marks = ",".join("?" * 13)
        columns = [column.strip() for column in OBJECT_COLUMNS.split(",")[1:]]
        updates = ", ".join(f"{c} = max({c}, excluded.{c})" if c == "ours" else f"{c} = excluded.{c}" for c in columns)
        self._connection.execute(
            f"INSERT INTO object ({OBJECT_COLUMNS}) VALUES ({marks}) "
            f"ON CONFLICT (id) DO UPDATE SET {updates}, doomed = 0",
            object_values(item),
        )

    def patched(self, object_id: str, change: Change) -> None:
        """The server confirmed this change."""
        for column, value in (
            ("title", None if change.title is None else text(change.title)),
            ("tags", None if change.tags is None else json.dumps(change.tags)),
            ("public", change.public),
        ):
            if value is not None:
                self._connection.execute(f"UPDATE object SET {column} = ? WHERE id = ?", (value, object_id))

    def rebase(self, old: str, new: str) -> None:
        """The same account answers at another address: its URLs moved with it."""
        for column in ("url", "thumbnail_url"):
            self._connection.execute(
                f"UPDATE object SET {column} = ? || substr({column}, length(?) + 1) "
                f"WHERE substr({column}, 1, length(?)) = ?",
                (new, old, old, old),
            )

    def in_doubt(self, object_id: str, change: Change) -> None:
        """A PATCH may or may not have been carried out: what it changes is unknown until an answer says so."""
        for column, value, unknown in (
            ("title", change.title, UNKNOWN_TITLE),
            ("tags", change.tags, UNKNOWN_TAGS),
            ("public", change.public, None),
        ):
            if value is not None:
                self._connection.execute(f"UPDATE object SET {column} = ? WHERE id = ?", (unknown, object_id))

    def bind(self, ref: FileRef, item: RemoteObject, now: float, reason: Reason = Reason.REPLACED) -> None:
        """Bind a file to an object; the one it was bound to is let go for this reason."""
        row = self._connection.execute(
            "SELECT object_id FROM binding WHERE folder = ? AND path = ?", key(ref)
        ).fetchone()
        if row is not None and row[0] == item.id:
            return
        self._connection.execute(
            "INSERT INTO binding VALUES (?,?,?,?) ON CONFLICT (folder, path) DO UPDATE SET "
            "object_id = excluded.object_id, bound_at = excluded.bound_at",
            (*key(ref), item.id, now),
        )
        self._connection.execute(
            "UPDATE object SET unbound_at = NULL, unbound_reason = NULL, unbound_folder = NULL, unbound_path = NULL "
            "WHERE id = ?",
            (item.id,),
        )
        self._connection.execute("DELETE FROM undeleted WHERE object_id = ?", (item.id,))
        self._note(ref, now, BOUND, item.id, item.url)
        if row is not None:
            self.orphan(row[0], ref, now, reason)

    def unbind(self, ref: FileRef, now: float, reason: Reason) -> None:
        """A file lets go of its object."""
        row = self._connection.execute(
            "DELETE FROM binding WHERE folder = ? AND path = ? RETURNING object_id", key(ref)
        ).fetchone()
        if row is not None:
            item = self.get(row[0])
            self._note(ref, now, reason.value, row[0], item.url if item else "")
            self.orphan(row[0], ref, now, reason)

    def doom(self, object_ids: Collection[str]) -> None:
        """A DELETE is about to be sent for these: nothing may be bound to them until a GET says that they live."""
        self._connection.executemany("UPDATE object SET doomed = 1 WHERE id = ?", [(i,) for i in object_ids])

    def spare(self, object_ids: Collection[str]) -> None:
        """The DELETE was certainly not carried out."""
        self._connection.executemany("UPDATE object SET doomed = 0 WHERE id = ?", [(i,) for i in object_ids])

    def forget(self, object_id: str) -> list[FileRef]:
        """The object is gone from Picora, or not our concern any more. Returns the files that were bound to it."""
        rows = self._connection.execute(
            "DELETE FROM binding WHERE object_id = ? RETURNING folder, path", (object_id,)
        ).fetchall()
        for table, column in (("object", "id"), ("undeleted", "object_id")):
            self._connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (object_id,))
        return [ref_of(*row) for row in rows]

    def deleted(self, object_id: str, ref: FileRef, now: float) -> None:
        """As :meth:`forget`, and the history says that Picora confirmed its end."""
        item = self.get(object_id)
        self.forget(object_id)
        if item is not None:
            self._note(ref, now, DELETED, object_id, item.url)

    def vanished(self, object_id: str, now: float) -> list[FileRef]:
        """As :meth:`forget`, and the history says that somebody else deleted it."""
        item = self.get(object_id)
        refs = self.forget(object_id)
        for ref in refs:
            self._note(ref, now, "vanished", object_id, item.url if item else "")
        return refs

    def orphan(self, object_id: str, ref: FileRef, now: float, reason: Reason = Reason.REMOVED) -> None:
        """Nothing may be bound to the object any more: remember since when, why, and whose it was."""
        self._connection.execute(
            "UPDATE object SET unbound_at = ?, unbound_reason = ?, unbound_folder = ?, unbound_path = ? "
            "WHERE id = ? AND NOT EXISTS (SELECT 1 FROM binding WHERE object_id = object.id)",
            (now, reason, *key(ref), object_id),
        )

    def _note(self, ref: FileRef, now: float, event: str, object_id: str, url: str) -> None:
        self._connection.execute("INSERT INTO history VALUES (?,?,?,?,?,?)", (*key(ref), now, event, object_id, url))


def _intent_of(row: Row) -> Intent:
    return Intent(
        Kind(row[0]), row[1], ref_of(row[2], row[3]), row[4], row[5], row[6], bool(row[7]), bool(row[8]), *row[9:]
    )
