"""Opening the index, its transactions, and what concerns it as a whole."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from math import inf
from pathlib import Path

from picora_sync.errors import IndexDamaged
from picora_sync.index import safety
from picora_sync.index.faults import told, unwritable, words
from picora_sync.index.files import Files
from picora_sync.index.holds import Holds
from picora_sync.index.late_uploads import LateUploadRows
from picora_sync.index.leftovers import Leftovers
from picora_sync.index.objects import Objects
from picora_sync.index.schema import MIGRATIONS, migrate, version_of
from picora_sync.index.scrubbing import scrub_once
from picora_sync.index.states import States

SQLITE = sqlite3.sqlite_version
"""The version of the library."""


class Index:
    """One SQLite database per state directory, used by one thread.

    WAL with ``synchronous=FULL``: a committed intent survives power loss. Every change happens in
    :meth:`transaction`; the effects of one answer of the server share one transaction.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.files = Files(connection)
        self.objects = Objects(connection)
        self.holds = Holds(connection)
        self.twins = LateUploadRows(connection)
        self.leftovers = Leftovers(connection)
        self.states = States(connection)

    @classmethod
    def open(cls, path: Path, migrations: Sequence[str] = MIGRATIONS) -> Index:
        """Open or make the index; the caller holds the lock of its directory.

        One that fails its check is put aside, and nothing is put in its place (lesson 18): that is for ``rebuild``.

        Raises IndexDamaged if it is no index, or of a newer version; IndexUnwritable if its disk takes no more.
        """
        safety.expect_none_in_quarantine(path)
        try:
            if not path.exists():
                safety.make(path, migrations)
            with ExitStack() as undo:
                connection = sqlite3.connect(path, isolation_level=None, timeout=10.0, check_same_thread=False)
                undo.callback(connection.close)
                fault = safety.fault_of(connection)
                if fault is None:
                    connection.execute("PRAGMA journal_mode = WAL")
                    connection.execute("PRAGMA synchronous = FULL")
                    connection.execute("PRAGMA foreign_keys = ON")
                    connection.execute("PRAGMA temp_store = MEMORY")  # else each trigger opens a file
                    migrate(connection, migrations, partial(safety.back_up, connection, path))
                    scrub_once(connection, path)
                    undo.pop_all()
                    return cls(connection)
            raise safety.quarantine(path, fault)
        except (sqlite3.Error, OSError) as error:
            raise unwritable(error) or IndexDamaged(
                f"the index {path} cannot be used: {error}", hint="is it yours, and a file? `ls -l` shows it"
            ) from error

    @classmethod
    def open_successor(cls, path: Path) -> Index:
        """Begin the index that is to take the place of this one, or go on with it (:meth:`take_place`)."""
        successor = safety.rebuilding(path)
        if successor.exists():
            safety.discard_unless_sound(successor)
        return cls.open(successor)

    def take_place(self, path: Path) -> Path | None:
        """Close this successor, and put it in the place of the index; returns where the old one is kept now."""
        self.give_back_room()  # closing would leave what is in the journal there, if the disk is full
        self.close()
        return safety.take_place(path)

    @classmethod
    def open_for_reading(cls, path: Path, migrations: Sequence[str] = MIGRATIONS) -> Index | None:
        """A look at the index beside a running daemon; None if there is none yet. Raises IndexDamaged, as for an empty
        one.
        """
        safety.expect_none_in_quarantine(path)
        if not path.exists():
            return None
        try:
            with ExitStack() as undo:
                address = f"file:{_uri(path)}?mode=ro"
                connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=10.0)
                undo.callback(connection.close)
                connection.execute("SELECT 1 FROM sqlite_master")  # what is broken in the definitions shows now
                version = version_of(connection)
                if version == len(migrations):
                    undo.pop_all()
                    return cls(connection)
                if not version:
                    raise sqlite3.DatabaseError("it is empty")
                copy = sqlite3.connect(":memory:", isolation_level=None)
                connection.backup(copy)
                migrate(copy, migrations)  # of another picora-sync
                return cls(copy)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise IndexDamaged(
                f"the index {path} cannot be read: {words(error)}",
                hint="run `picora-sync sync` while no daemon runs: it checks the index, and says what to do",
            ) from error

    def copy_in_memory(self) -> Index:
        """A private copy, for asking what would be done."""
        connection = sqlite3.connect(":memory:", isolation_level=None)
        with self.reading():
            self._connection.backup(connection)
        return Index(connection)

    def fault(self) -> str | None:
        """What is wrong with what is stored, None if it is sound; looks at all of it."""
        return safety.fault_of(self._connection)

    @classmethod
    def in_memory(cls) -> Index:
        """An empty index that leaves nothing behind."""
        connection = sqlite3.connect(":memory:", isolation_level=None)
        migrate(connection)
        return cls(connection)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; nested uses join the outer one. Raises IndexUnwritable if the disk takes no more,
        IndexDamaged if SQLite finds it broken.
        """
        if self._connection.in_transaction:
            yield
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except BaseException as error:
            if self._connection.in_transaction:  # SQLite itself rolls back what a full disk interrupted
                self._connection.execute("ROLLBACK")
            failure = told(error)
            if failure is not None:
                raise failure from error
            raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """What is read in this block may be damaged, and nobody checked it: raises IndexDamaged then."""
        try:
            yield
        except sqlite3.Error as error:
            raise told(error) or error from error

    def give_back_room(self) -> None:
        """Shorten the journal, which can be larger than what is in it. Raises IndexUnwritable, IndexDamaged."""
        with self.reading():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def meta(self, key: str) -> str | None:
        """A single remembered value."""
        row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Remember a single value."""
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def folder(self, name: str) -> tuple[str, str | None, float | None] | None:
        """``(root, root_id, scanned_at)`` of a folder as last known."""
        row = self._connection.execute(
            "SELECT root, root_id, scanned_at FROM folder WHERE name = ?", (name,)
        ).fetchone()
        return None if row is None else (os.fsdecode(row[0]), row[1], row[2])

    def set_folder(self, name: str, root: str, root_id: str | None) -> None:
        """Remember where a folder is, and its identity."""
        self._connection.execute(
            "INSERT INTO folder (name, root, root_id) VALUES (?1, ?2, ?3) "
            "ON CONFLICT (name) DO UPDATE SET root = ?2, root_id = ?3",
            (name, os.fsencode(root), root_id),
        )

    def former_name(self, root: str, root_id: str, configured: Collection[str]) -> str | None:
        """What the folder at this root, or with this mark, was called; None if no unconfigured name fits."""
        rows = self._connection.execute(
            "SELECT name FROM folder WHERE root = ?1 OR (root_id = ?2 AND root_id <> '') ORDER BY root <> ?1, name",
            (os.fsencode(root), root_id),
        )
        return next((str(name) for (name,) in rows if name not in configured), None)

    def rename_folder(self, old: str, new: str) -> None:
        """All that is known of a folder belongs to its new name, of which no file may be known yet."""
        self._connection.execute("UPDATE folder SET name = ? WHERE name = ?", (new, old))
        for table in ("file", "dependency", "problem", "binding", "intent", "twin_watch", "hold", "removal", "history"):
            self._connection.execute(f"UPDATE {table} SET folder = ? WHERE folder = ?", (new, old))
        self._connection.execute("UPDATE object SET unbound_folder = ? WHERE unbound_folder = ?", (new, old))
        for about in ("mounts", "paused", "settings", "judgement", "untaken"):
            self._connection.execute(
                "UPDATE OR REPLACE meta SET key = ? WHERE key = ?", (f"{about}:{new}", f"{about}:{old}")
            )

    def folder_scanned(self, name: str, at: float) -> None:
        """Remember that a whole scan of the folder was completed."""
        self._connection.execute("UPDATE folder SET scanned_at = ? WHERE name = ?", (at, name))

    def mounts(self, name: str) -> frozenset[str] | None:
        """The mount points below a folder's root as they were when it was last scanned, None before that."""
        known = self.meta(f"mounts:{name}")
        return None if known is None else frozenset(json.loads(known))

    def set_mounts(self, name: str, mounts: frozenset[str]) -> None:
        """Remember the mount points below a folder's root."""
        self.set_meta(f"mounts:{name}", json.dumps(sorted(mounts)))

    def untaken(self, name: str) -> dict[str, int]:
        """How many files of a folder, by suffix, hold sound of a kind that Picora does not take."""
        return dict(json.loads(self.meta(f"untaken:{name}") or "{}"))

    def set_untaken(self, name: str, numbers: Mapping[str, int]) -> None:
        """Remember that."""
        told = json.dumps(dict(sorted(numbers.items())))
        if told != (self.meta(f"untaken:{name}") or "{}"):
            self.set_meta(f"untaken:{name}", told)

    def paused(self) -> frozenset[str]:
        """The folders for which nothing is sent but what makes something private, however long yet."""
        return frozenset(self.paused_until())

    def paused_until(self) -> dict[str, float]:
        """The same, each with the wall clock's time at which that ends by itself; infinity if it does not."""
        rows = self._connection.execute("SELECT substr(key, 8), value FROM meta WHERE substr(key, 1, 7) = 'paused:'")
        return {str(name): float(until) if until else inf for name, until in rows}

    def pause(self, name: str, until: float = inf) -> None:
        """Keep a folder's work back, until :meth:`resume` or until this time; also in later processes."""
        self.set_meta(f"paused:{name}", "" if until == inf else repr(until))

    def resume(self, name: str) -> None:
        """Let a folder's work go on."""
        self._connection.execute("DELETE FROM meta WHERE key = ?", (f"paused:{name}",))

    def forget_folder(self, name: str) -> None:
        """Nothing is known of a folder any more but its history; its bindings must be gone already."""
        self._connection.execute("DELETE FROM folder WHERE name = ?", (name,))
        for table in ("file", "dependency", "problem", "intent", "hold", "removal"):
            self._connection.execute(f"DELETE FROM {table} WHERE folder = ?", (name,))
        for about in ("mounts", "paused", "settings", "judgement"):
            self._connection.execute("DELETE FROM meta WHERE key = ?", (f"{about}:{name}",))

    def folders(self) -> list[tuple[str, str]]:
        """``(name, root)`` of all folders ever mirrored."""
        rows = self._connection.execute("SELECT name, root FROM folder ORDER BY name")
        return [(str(name), os.fsdecode(root)) for name, root in rows]


def _uri(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
