"""How files stand, as triggers wrote it down (:mod:`picora_sync.index.states_schema`): counts, and what changed."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator

from picora_sync.core.model import FileRef, FileState
from picora_sync.index.rows import key, ref_of

_OPEN = "state NOT IN ('synced', 'ignored')"
"""As in the index ``file_state_open``."""


class States:
    """Queries of ``file_state`` and ``state_count``. What only the running process knows (files that settle or are on
    their way) is not in them.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def of(self, ref: FileRef) -> FileState | None:
        """How a file stands; None if it was never seen."""
        row = self._connection.execute(
            "SELECT state FROM file_state WHERE folder = ? AND path = ?", key(ref)
        ).fetchone()
        return None if row is None else FileState(row[0])

    def counts(self, folder: str) -> Counter[FileState]:
        """How many files of a folder are in which state."""
        rows = self._connection.execute(
            "SELECT state, files FROM state_count WHERE folder = ? AND files > 0", (folder,)
        )
        return Counter({FileState(state): files for state, files in rows})

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

    def changed_since(self, number: int) -> Iterator[FileRef]:
        """The files of which state, object or remark changed after that change, in the order of their last change."""
        rows = self._connection.execute(
            "SELECT folder, path FROM file_state WHERE change > ? ORDER BY change", (number,)
        )
        return (ref_of(*row) for row in rows)
