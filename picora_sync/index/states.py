"""How files stand, as triggers wrote it down (:mod:`picora_sync.index.states_schema`): counts, and what changed."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator

from picora_sync.core.model import FileRef, FileState
from picora_sync.index.rows import key, ref_of

GONE = "gone"
_OPEN = "state NOT IN ('synced', 'ignored', 'gone')"
"""As in the index ``file_state_open``."""


class States:
    """Queries of ``file_state`` and ``state_count``. What only the running process knows (files that settle or are on
    their way) is not in them.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def of(self, ref: FileRef) -> FileState | None:
        """How a file stands; None if it was never seen, or is gone."""
        query = "SELECT state FROM file_state WHERE folder = ? AND path = ?"
        row = self._connection.execute(query, key(ref)).fetchone()
        return None if row is None or row[0] == GONE else FileState(row[0])

    def counts(self, folder: str) -> Counter[FileState]:
        """How many files of a folder are in which state."""
        query = "SELECT state, files FROM state_count WHERE folder = ? AND files > 0 AND state <> 'gone'"
        return Counter({FileState(state): files for state, files in self._connection.execute(query, (folder,))})

    def open(self, folder: str) -> Iterator[tuple[FileRef, FileState]]:
        """The files of a folder that are neither synced nor ignored, in order."""
        rows = self._connection.execute(
            f"SELECT path, state FROM file_state INDEXED BY file_state_open WHERE folder = ? AND {_OPEN} ORDER BY path",
            (folder,),
        )
        return ((ref_of(folder, path), FileState(state)) for path, state in rows)

    def last_change(self) -> int:
        """The number of the last change."""
        return int(self._connection.execute("SELECT number FROM last_change").fetchone()[0])

    def changed(self, after: int, until: int) -> list[FileRef]:
        """The files of which state, object, remark or visibility last changed between these changes; gone ones too."""
        return self._where("change > ? AND change <= ?", after, until)

    def opened_since(self, number: int) -> list[FileRef]:
        """The files that everybody can read since a change after that one."""
        return self._where("change > ? AND opened > ? AND public = 1", number, number)

    def forget_gone(self) -> None:
        """Nobody is shown any more which files are gone."""
        if self._connection.execute("SELECT 1 FROM state_count WHERE state = 'gone' AND files > 0").fetchone():
            self._connection.execute("DELETE FROM file_state WHERE state = 'gone'")

    def _where(self, condition: str, *numbers: int) -> list[FileRef]:
        query = f"SELECT folder, path FROM file_state INDEXED BY file_state_change WHERE {condition} ORDER BY 1, 2"
        return [ref_of(*row) for row in self._connection.execute(query, numbers)]
