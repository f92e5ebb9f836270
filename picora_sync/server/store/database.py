"""The database: short reads, and write transactions that see each other's outcome."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from picora_sync.server.errors import CommitUnknown, ServerError, StorageUnavailable
from picora_sync.server.store import names, schema
from picora_sync.server.store.lines import Lines, PostgresLines, SqliteLines, reason
from picora_sync.server.store.prepared import Line

_BUSY_TIMEOUT_MS = 30_000
_POOL_SIZE = 64
_CACHE_KIB = 512
# PostgreSQL allows 100 connections by default: four processes fit, or one server with up to 20 workers.
_SHARED_POOL_SIZE = 20
_MOST_CONNECTIONS = 80
_CONNECT_TIMEOUT_S = 5
_START_LOCK = 0x5069636F7261  # "Picora": any number that no other program on this database locks


class Database:
    """One engine. On SQLite, writers queue on a lock here instead of polling the file's.

    On PostgreSQL, writers of one account queue on its row (``Stamps.take_ms``).
    """

    def __init__(self, url: str, *, processes: int = 1) -> None:
        parsed = _parse(url)
        self._sqlite = parsed.get_backend_name() == "sqlite"
        self._engine = _sqlite_engine(parsed) if self._sqlite else _postgres_engine(parsed, processes)
        self._reader = self._engine if self._sqlite else self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writing = threading.Lock()
        self._lines: Lines = SqliteLines(self._engine, self._writing) if self._sqlite else PostgresLines(self._engine)

    @classmethod
    def for_settings(cls, data: Path, url: str | None, *, processes: int = 1) -> Database:
        """The configured database, or the SQLite file of a data directory; ``processes`` of one server share it.

        Raises:
            ServerError: the URL is wrong, or its driver is not installed.
        """
        return cls(url or f"sqlite:///{data / 'picora.db'}", processes=processes)

    @property
    def shared(self) -> bool:
        """Whether other processes may serve from it too."""
        return not self._sqlite

    def create(self) -> None:
        """Make what is missing of the schema; safe when several processes start at once.

        Raises:
            ServerError: the database cannot be used.
        """
        try:
            with self.write_alone() as connection:
                schema.create(connection)
                names.create(connection)
        except (StorageUnavailable, DBAPIError) as error:  # DBAPIError: an option or a right that is missing
            raise ServerError(
                f"The database cannot be used: {reason(error)}",
                hint="Check --database, and whether it runs, has room, and lets this user make tables.",
            ) from error

    def query(self) -> AbstractContextManager[Line]:
        """For prepared statements that read; each sees the newest commit.

        Raises:
            StorageUnavailable: the database does not answer.
        """
        return self._lines.query()

    def transaction(self) -> AbstractContextManager[Line]:
        """One transaction of prepared statements; rolled back on any exception.

        Raises:
            AlreadyThere: a row like it exists; nothing was written.
            StorageUnavailable: nothing was written.
            CommitUnknown: the connection broke while it was committed.
        """
        return self._lines.transaction()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for queries that are rare.

        Raises:
            StorageUnavailable: the database does not answer.
        """
        with _translated(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction; rolled back on any exception.

        Raises:
            StorageUnavailable: nothing was written.
            CommitUnknown: the connection broke while it was committed.
        """
        if self._sqlite:
            writer = self._engine.execution_options(picora_write=True)
            with self._writing, _translated(), writer.begin() as connection:
                yield connection
            return
        with _translated(), self._engine.connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
            except BaseException:
                transaction.rollback()
                raise
            try:
                transaction.commit()
            except OperationalError as error:
                raise CommitUnknown(str(error)) from error

    @contextmanager
    def write_alone(self) -> Iterator[Connection]:
        """Like :meth:`write`, and no other process is in such a block: for what a start may make only once."""
        with self.write() as connection:
            if not self._sqlite:
                connection.execute(select(func.pg_advisory_xact_lock(_START_LOCK)))
            yield connection

    def faults(self) -> list[str]:
        """What the database itself finds damaged; PostgreSQL checks pages when it reads them."""
        if not self._sqlite:
            return []
        with self.read() as connection:
            found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"]
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check")
            return found + [f"row {row[1]} of {row[0]} refers to nothing in {row[2]}" for row in broken]

    def close(self) -> None:
        """Give all connections back to the system."""
        self._lines.close()
        self._engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    """What the database cannot do now, as the error that callers know.

    Raises:
        StorageUnavailable: it is full, gone, or has no connection left.
    """
    try:
        yield
    except (OperationalError, PoolExhausted) as error:
        raise StorageUnavailable(reason(error)) from error


def _parse(url: str) -> URL:
    """A URL of one of the two databases, with our driver.

    Raises:
        ServerError: it is something else.
    """
    hint = "Use sqlite:///path or postgresql+psycopg://user@host/name; write @ and / in a password as %40 and %2F."
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ServerError("The database URL cannot be read", hint=hint) from error
    if "@" in (parsed.host or ""):  # a part of the password, which nobody shall read in a message
        raise ServerError("The database URL cannot be read", hint=hint)
    if parsed.drivername in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ServerError(f"There is no support for {parsed.drivername} as database", hint=hint)
    return parsed


def _postgres_engine(url: URL, processes: int) -> Engine:
    try:
        return create_engine(
            url,
            pool_size=min(_SHARED_POOL_SIZE, _MOST_CONNECTIONS // processes),
            max_overflow=0,
            pool_pre_ping=True,
            # The default, written out: the locks of Stamps and the statements of tally rely on nothing stronger.
            isolation_level="READ COMMITTED",
            connect_args={"connect_timeout": _CONNECT_TIMEOUT_S},
        )
    except ImportError as error:
        raise ServerError(
            "The driver of PostgreSQL is not installed", hint="pip install 'picora-sync[server,postgres]'"
        ) from error


def _sqlite_engine(url: URL) -> Engine:
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
