"""The database: short reads, and write transactions that exclude each other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from picora_sync.server.store import schema

_BUSY_TIMEOUT_MS = 30_000
_POOL_SIZE = 64
_CACHE_KIB = 512


class Database:
    """One engine. On SQLite, writers queue on a lock here instead of polling the file's."""

    def __init__(self, url: str) -> None:
        self._sqlite = make_url(url).get_backend_name() == "sqlite"
        self._engine = _engine(url, sqlite=self._sqlite)
        self._writing = threading.Lock()

    @classmethod
    def for_settings(cls, data: Path, url: str | None) -> Database:
        """The configured database, or the SQLite file of a data directory."""
        return cls(url or f"sqlite:///{data / 'picora.db'}")

    def create(self) -> None:
        """Make what is missing of the schema."""
        with self._writing:
            schema.metadata.create_all(self._engine)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for queries."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that sees and makes the newest state; rolled back on any exception."""
        if not self._sqlite:
            with self._engine.begin() as connection:
                yield connection
            return
        writer = self._engine.execution_options(picora_write=True)
        with self._writing, writer.begin() as connection:
            yield connection

    def newest_stamp_ms(self) -> int:
        """The newest time stored anywhere: stamps go on from here."""
        columns = (schema.docs.c.updated_at, schema.media.c.updated_at, schema.tombstones.c.updated_at)
        with self.read() as connection:
            return max(connection.scalar(select(func.max(column))) or 0 for column in columns)

    def close(self) -> None:
        """Give all connections back to the system."""
        self._engine.dispose()


def _engine(url: str, *, sqlite: bool) -> Engine:
    if not sqlite:
        return create_engine(url, pool_size=_POOL_SIZE, pool_pre_ping=True)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=_POOL_SIZE,
        max_overflow=_POOL_SIZE,
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: object, _entry: ConnectionPoolEntry) -> None:
        # The driver begins no transactions of its own: reads see the newest commit, _begin starts the writes.
        connection.isolation_level = None  # type: ignore[attr-defined]  # a DBAPI connection has no static type
        cursor = connection.cursor()  # type: ignore[attr-defined]  # same
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # a 201 survives a power cut
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
        cursor.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")  # per connection, and each thread may have one
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("picora_write"):
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
