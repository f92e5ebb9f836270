"""Removals that wait for a person, what was approved, and how many were carried out lately (design §6.4)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from picora_sync.core.model import FileRef
from picora_sync.index.rows import key, ref_of, text


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
            [(*key(ref), text(why), now) for ref in refs],
        )

    def permit(self, refs: Iterable[FileRef], why: str, now: float, counted_at: float | None) -> None:
        """Nobody need be asked about these; they are counted, and what makes them takes its time."""
        for ref in refs:
            self._connection.execute(
                "INSERT OR REPLACE INTO hold (folder, path, why, held_at, approved) VALUES (?,?,?,?,1)",
                (*key(ref), text(why), now),
            )
            self.removed(ref, counted_at)

    def release(self, ref: FileRef) -> bool:
        """The file came back, or its removal was carried out; whether it was held, or approved."""
        return self._connection.execute("DELETE FROM hold WHERE folder = ? AND path = ?", key(ref)).rowcount > 0

    def counts(self) -> dict[str, int]:
        """How many removals wait for a person, by folder; those without any are left out."""
        rows = self._connection.execute("SELECT folder, count(*) FROM hold WHERE approved = 0 GROUP BY folder")
        return {str(folder): int(number) for folder, number in rows}

    def reword(self, reasons: Iterable[tuple[FileRef, str]]) -> None:
        """Say anew why these wait."""
        self._connection.executemany(
            "UPDATE hold SET why = ? WHERE folder = ? AND path = ?", [(text(why), *key(ref)) for ref, why in reasons]
        )

    def approve(self, refs: Iterable[FileRef]) -> None:
        """A person saw exactly these, and agrees."""
        self._connection.executemany(
            "UPDATE hold SET approved = 1 WHERE folder = ? AND path = ?", [key(ref) for ref in refs]
        )

    def removed(self, ref: FileRef, at: float | None) -> None:
        """Count a removal that is carried out, by the server's clock; None: the time is not known yet."""
        self._connection.execute("INSERT INTO removal VALUES (?,?,?)", (*key(ref), float("inf") if at is None else at))

    def removed_within(self, folder: str, window_s: float, now: float | None) -> int:
        """How many removals this folder had in this time before ``now`` (the server's); older ones are dropped, and
        what lies in the future was now. As long as nobody knows the time, all of them count.
        """
        if now is not None:
            change = "UPDATE removal SET removed_at = ?2 WHERE folder = ?1 AND removed_at > ?2"
            self._connection.execute(change, (folder, now))
            self._connection.execute(
                "DELETE FROM removal WHERE folder = ? AND removed_at < ?", (folder, now - window_s)
            )
        row = self._connection.execute("SELECT count(*) FROM removal WHERE folder = ?", (folder,)).fetchone()
        return int(row[0])
