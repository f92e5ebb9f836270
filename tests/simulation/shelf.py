"""Where the index lies: a real file, of which a death leaves what a kill or a power cut would leave."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

from picora_sync.errors import IndexDamaged
from picora_sync.index import Index

NAME = "index.db"
WAL = f"{NAME}-wal"
MOST_PAGES = 1 << 30
FULL_DISK = sqlite3.SQLITE_FULL
FULL = 2
"""``PRAGMA synchronous`` of a connection whose commits are on the disk when they return."""


class Committing:
    """A connection of which one commit fails, as when the disk has no room for the pages of the journal."""

    def __init__(self, connection: sqlite3.Connection, number: int) -> None:
        self._connection = connection
        self._left = number

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, statement: str, *parameters: object) -> sqlite3.Cursor:
        if statement == "COMMIT":
            self._left -= 1
            if not self._left:
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorcode = FULL_DISK
                raise error
        return self._connection.execute(statement, *parameters)


class Shelf:
    """``index`` is open between :meth:`open` and :meth:`die`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lives = 0
        self._path.parent.mkdir(parents=True)
        self._full = False
        self._copy: dict[str, bytes] = {}
        self.index = Index.open(self._path)

    @property
    def _path(self) -> Path:
        return self.directory / str(self._lives) / NAME

    def die(self, *, power_cut: bool = False) -> None:
        """The process is gone at once, and the index is opened anew. A power cut takes what was not synchronised."""
        (synchronous,) = self.index._connection.execute("PRAGMA synchronous").fetchone()  # noqa: SLF001  (what it says of itself)
        old, self._lives = self._path.parent, self._lives + 1
        lost = WAL if power_cut and synchronous < FULL else None
        new = self._path.parent
        new.mkdir()
        for name in (NAME, WAL):
            if name != lost and (old / name).exists():
                shutil.copyfile(old / name, new / name)
        self.index.close()
        shutil.rmtree(old)
        self.index = Index.open(self._path)
        self.fill(full=self._full)

    def begin_anew(self) -> None:
        """The index is lost; there is an empty one."""
        self.index.close()
        shutil.rmtree(self._path.parent)
        self._lives += 1
        self._path.parent.mkdir()
        self.index = Index.open(self._path)

    def keep_copy(self) -> None:
        """Somebody copies the whole state directory."""
        self._copy = {name: path.read_bytes() for name in (NAME, WAL) if (path := self._path.parent / name).exists()}

    def restore_copy(self) -> bool:
        """And puts it back later; whether there was one."""
        if self._copy:
            self.index.close()
            shutil.rmtree(self._path.parent)
            self._lives += 1
            self._path.parent.mkdir()
            for name, data in self._copy.items():
                (self._path.parent / name).write_bytes(data)
            self.index = Index.open(self._path)
        return bool(self._copy)

    def is_damaged_by(self, where: int, length: int) -> bool:
        """Overwrite a part of the file; whether that is noticed when it is opened. If not, it is mended again."""
        self.index.close()
        sound = self._path.read_bytes()
        at = where * len(sound) // 1000
        broken = sound[:at] + b"\xa5" * (1 + length) + sound[at + 1 + length :]
        self._path.write_bytes(broken[: len(sound)] if length % 3 else sound[:at])
        try:
            Index.open(self._path).close()
        except IndexDamaged:
            return True
        for name in (NAME, WAL):
            (self._path.parent / name).unlink(missing_ok=True)
        self._path.write_bytes(sound)
        self.index = Index.open(self._path)
        return False

    def fill(self, *, full: bool) -> None:
        """The disk takes no more (``full``), or takes more again: SQLite itself refuses every page that is new."""
        self._full = full
        most = 1 if full else MOST_PAGES  # fewer than there are means: no more than there are
        self.index._connection.execute(f"PRAGMA max_page_count = {most}")  # noqa: SLF001  (the disk's part)

    def fail_at_commit(self, number: int) -> None:
        """Of the commits to come, this one finds no more room, and is rolled back."""
        connection: Any = Committing(self.index._connection, number)  # noqa: SLF001  (the disk's part)
        self.index._connection = connection  # noqa: SLF001

    def close(self) -> None:
        self.index.close()
