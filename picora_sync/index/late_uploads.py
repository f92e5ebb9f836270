"""Uploads that were given up and may still arrive: what they would make, and until when that is looked for."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from picora_sync.core.model import FileRef, Kind
from picora_sync.index.rows import key, ref_of, text

_COLUMNS = "kind, sha256, folder, path, size_bytes, title, made_since, made_until, until"


@dataclass(frozen=True, slots=True)
class TwinWatch:
    """Audio with this content and title, made by the server between these times, is a late twin of ours; it is looked
    for until ``until``. A document has no twins, but may be made anew until ``made_until``. All times are the server's.
    """

    kind: Kind
    sha256: str
    ref: FileRef
    size_bytes: int
    title: str
    made_since: float
    made_until: float
    until: float


class LateUploadRows:
    """Queries and changes of ``twin_watch``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self) -> list[TwinWatch]:
        """All that is looked for."""
        return [_watch_of(row) for row in self._connection.execute(f"SELECT {_COLUMNS} FROM twin_watch")]

    def get(self, kind: Kind, sha256: str) -> TwinWatch | None:
        """What is looked for with this content."""
        query = f"SELECT {_COLUMNS} FROM twin_watch WHERE kind = ? AND sha256 = ?"
        row = self._connection.execute(query, (kind, sha256)).fetchone()
        return None if row is None else _watch_of(row)

    def watch(self, watch: TwinWatch) -> None:
        """Look for it from now on; with an earlier watch of the same content the times of both."""
        self._connection.execute(
            f"INSERT INTO twin_watch ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (kind, sha256) DO UPDATE SET "
            "made_until = excluded.made_until, until = excluded.until",
            (
                watch.kind,
                watch.sha256,
                *key(watch.ref),
                watch.size_bytes,
                text(watch.title),
                watch.made_since,
                watch.made_until,
                watch.until,
            ),
        )

    def end(self, watch: TwinWatch) -> None:
        """It is looked for no longer."""
        self._connection.execute("DELETE FROM twin_watch WHERE kind = ? AND sha256 = ?", (watch.kind, watch.sha256))


def _watch_of(row: tuple[str, str, str, bytes, int, str, float, float, float]) -> TwinWatch:
    return TwinWatch(Kind(row[0]), row[1], ref_of(row[2], row[3]), *row[4:])
