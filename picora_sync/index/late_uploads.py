"""Uploads that were given up and may still arrive: what they would make, and until when that is looked for."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from picora_sync.core.model import FileRef, Kind, kind_of
from picora_sync.index.rows import key, ref_of, text

_COLUMNS = "sha256, folder, path, size_bytes, title, made_since, made_until, until"


@dataclass(frozen=True, slots=True)
class TwinWatch:
    """Audio with this content and title, made by the server between these times, is a late twin of ours; it is looked
    for until ``until``. A document has no twins, but may be made anew until ``made_until``. All times are the server's.
    """

    sha256: str
    ref: FileRef
    size_bytes: int
    title: str
    made_since: float
    made_until: float
    until: float

    @property
    def kind(self) -> Kind | None:
        """Of what was sent."""
        return kind_of(self.ref.path)


class Twins:
    """Queries and changes of ``twin_watch``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self) -> list[TwinWatch]:
        """All that is looked for."""
        return [_watch_of(row) for row in self._connection.execute(f"SELECT {_COLUMNS} FROM twin_watch")]

    def get(self, sha256: str) -> TwinWatch | None:
        """What is looked for with this content."""
        row = self._connection.execute(f"SELECT {_COLUMNS} FROM twin_watch WHERE sha256 = ?", (sha256,)).fetchone()
        return None if row is None else _watch_of(row)

    def watch(self, watch: TwinWatch) -> None:
        """Look for it from now on; with an earlier watch of the same content the times of both."""
        self._connection.execute(
            f"INSERT INTO twin_watch ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (sha256) DO UPDATE SET "
            "made_until = excluded.made_until, until = excluded.until",
            (
                watch.sha256,
                *key(watch.ref),
                watch.size_bytes,
                text(watch.title),
                watch.made_since,
                watch.made_until,
                watch.until,
            ),
        )

    def end(self, sha256: str) -> None:
        """It is looked for no longer."""
        self._connection.execute("DELETE FROM twin_watch WHERE sha256 = ?", (sha256,))


def _watch_of(row: tuple[str, str, bytes, int, str, float, float, float]) -> TwinWatch:
    return TwinWatch(row[0], ref_of(row[1], row[2]), *row[3:])
