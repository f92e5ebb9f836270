"""Connections for prepared statements: SQLite's are kept here, PostgreSQL's come from SQLAlchemy's pool."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any, Protocol

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from picora_sync.server.errors import AlreadyThere, CommitUnknown, StorageUnavailable
from picora_sync.server.store.prepared import Line

_MOST = 32
_WAIT_S = 30.0


class Lines(Protocol):
    """Where statements are run."""

    def query(self) -> AbstractContextManager[Line]:
        """See :meth:`~picora_sync.server.store.database.Database.query`."""
        ...

    def transaction(self) -> AbstractContextManager[Line]:
        """See :meth:`~picora_sync.server.store.database.Database.transaction`."""
        ...

    def close(self) -> None:
        """Give all connections back to the system."""
        ...


def reason(error: Exception) -> str:
    """What the database said, in a line."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(cause).partition("\n")[0]


class SqliteLines:
    """A few connections, the one that was used last first: its statements and pages are at hand."""

    def __init__(self, engine: Engine, writing: threading.Lock) -> None:
        """``writing`` is held by whoever writes."""
        self._engine = engine
        self._writing = writing
        self._idle: deque[Line] = deque()
        self._places = threading.BoundedSemaphore(_MOST)
        self.dbapi: Any = engine.dialect.loaded_dbapi

    def query(self) -> AbstractContextManager[Line]:
        """See :class:`Lines`."""
        return _Loan(self)

    @contextmanager
    def transaction(self) -> Iterator[Line]:
        """See :class:`Lines`."""
        with self._writing, _Loan(self) as line:
            line.command("BEGIN IMMEDIATE")
            try:
                yield line
                line.command("COMMIT")
            finally:
                if line.driver.in_transaction:
                    line.command("ROLLBACK")

    def take(self) -> Line:
        """A connection that nobody else uses meanwhile.

        Raises:
            StorageUnavailable: all are in use, or the file cannot be opened.
        """
        if not self._places.acquire(timeout=_WAIT_S):
            raise StorageUnavailable("no connection is free")
        try:
            return self._idle.pop()
        except IndexError:
            return self._open()

    def give(self, line: Line) -> None:
        """Take it back."""
        self._idle.append(line)
        self._places.release()

    def close(self) -> None:
        """See :class:`Lines`."""
        while self._idle:
            self._idle.pop().driver.close()

    def _open(self) -> Line:
        try:
            lent = self._engine.raw_connection()
        except (self.dbapi.Error, PoolExhausted) as error:
            self._places.release()
            raise StorageUnavailable(reason(error)) from error
        driver = lent.driver_connection
        lent.detach()
        return Line(driver, self._engine.dialect)


class _Loan:
    """A connection of SQLite for the length of a block, and its errors as ours."""

    def __init__(self, lines: SqliteLines) -> None:
        self._lines = lines

    def __enter__(self) -> Line:
        self._line = self._lines.take()
        return self._line

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        self._lines.give(self._line)
        if isinstance(error, self._lines.dbapi.OperationalError):
            raise StorageUnavailable(str(error)) from error
        if isinstance(error, self._lines.dbapi.IntegrityError):
            raise AlreadyThere(str(error)) from error


class PostgresLines:
    """Connections of SQLAlchemy's pool, which asks whether they live and rolls back what was not committed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._dbapi: Any = engine.dialect.loaded_dbapi

    @contextmanager
    def query(self) -> Iterator[Line]:
        """See :class:`Lines`."""
        with self._lent() as line:
            line.driver.autocommit = True
            try:
                yield line
            finally:
                if not line.driver.closed:
                    line.driver.autocommit = False

    @contextmanager
    def transaction(self) -> Iterator[Line]:
        """See :class:`Lines`."""
        with self._lent() as line:
            yield line
            try:
                line.driver.commit()
            except self._dbapi.OperationalError as error:
                raise CommitUnknown(reason(error)) from error

    def close(self) -> None:
        """See :class:`Lines`."""

    @contextmanager
    def _lent(self) -> Iterator[Line]:
        try:
            lent = self._engine.raw_connection()
            try:
                yield Line(lent.driver_connection, self._engine.dialect)
            finally:
                lent.close()
        except (self._dbapi.OperationalError, OperationalError, PoolExhausted) as error:
            raise StorageUnavailable(reason(error)) from error
        except self._dbapi.IntegrityError as error:
            raise AlreadyThere(reason(error)) from error
