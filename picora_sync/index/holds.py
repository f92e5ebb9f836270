"""Removals that wait for a person, what was approved, and how many were carried out lately (design §6.4)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from picora_sync.core.model import FileRef
from picora_sync.index.rows import key, ref_of


class Holds:
    """Queries and changes of ``hold`` and ``removal``; both survive restarts."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def held(self, folder: str | None = None) -> list[tuple[FileRef, str, bool]]:
        """``(file, why, approved)`` of what waits, or was approved and is not done yet."""
        rows = self._connection.execute(
            "SELECT folder, path, why, approved FROM hold WHERE ?1 IS NULL OR folder = ?1 ORDER BY folder, path",
            (folder,),
        )
        return [(ref_of(r[0], r[1]), str(r[2]), bool(r[3])) for r in rows]

    def hold(self, refs: Iterable[FileRef], why: str, now: float) -> None:
        """Keep these removals back; what was approved stays approved."""
        self._connection.executemany(
            "INSERT INTO hold (folder, path, why, held_at) VALUES (?,?,?,?) "
            "ON CONFLICT (folder, path) DO UPDATE SET why = excluded.why",
            [(*key(ref), why, now) for ref in refs],
        )

    def permit(self, refs: Iterable[FileRef], why: str, now: float) -> None:
        """Nobody need be asked about these; they are counted, and what makes them takes its time."""
        for ref in refs:
            self._connection.execute(
                "INSERT OR REPLACE INTO hold (folder, path, why, held_at, approved) VALUES (?,?,?,?,1)",
                (*key(ref), why, now),
            )
            self.removed(ref, now)

    def release(self, ref: FileRef) -> bool:
        """The file came back, or its removal was carried out; whether it was held, or approved."""
        return self._connection.execute("DELETE FROM hold WHERE folder = ? AND path = ?", key(ref)).rowcount > 0

    def approve(self, refs: Iterable[FileRef]) -> None:
        """A person saw exactly these, and agrees."""
        self._connection.executemany(
            "UPDATE hold SET approved = 1 WHERE folder = ? AND path = ?", [key(ref) for ref in refs]
        )

    def removed(self, ref: FileRef, now: float) -> None:
        """Count a removal that is carried out."""
        self._connection.execute("INSERT INTO removal VALUES (?,?,?)", (*key(ref), now))

    def removed_since(self, folder: str, since: float) -> int:
        """How many removals this folder had since then; older ones are dropped."""
        self._connection.execute("DELETE FROM removal WHERE folder = ? AND removed_at < ?", (folder, since))
        row = self._connection.execute("SELECT count(*) FROM removal WHERE folder = ?", (folder,)).fetchone()
        return int(row[0])
