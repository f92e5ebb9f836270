"""Statements that are compiled once and run on the driver's own connection.

SQLAlchemy takes ten times as long to run a small query as SQLite does. What every request asks goes this way; what is
rare, or made up as it goes, goes through SQLAlchemy's connections.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Boolean, Dialect, Executable
from sqlalchemy.sql.compiler import SQLCompiler

Row = dict[str, Any]


class Prepared:
    """A statement of SQLAlchemy as text, for each dialect that runs it. Its values are named by ``bindparam``."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._texts: dict[str, _Text] = {}

    def text(self, dialect: Dialect) -> _Text:
        """The statement in the words of a dialect."""
        found = self._texts.get(dialect.name)
        if found is None:
            found = self._texts[dialect.name] = _Text(self._statement, dialect)
        return found


class _Text:
    """SQL, the values that are always the same, and the columns that come back."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        kind: Callable[..., Dialect] = type(dialect)
        named = kind(paramstyle="named" if dialect.name == "sqlite" else "pyformat")
        compiled = statement.compile(dialect=named)  # type: ignore[attr-defined]  # every executable of ours compiles
        if not isinstance(compiled, SQLCompiler):
            raise TypeError
        self.sql = compiled.string
        self.constants = {name: value for name, value in compiled.params.items() if value is not None}
        self._names = tuple(str(column.keyname) for column in compiled._result_columns)  # noqa: SLF001 - no public way
        kinds = (column.type for column in compiled._result_columns)  # noqa: SLF001 - same
        # SQLite keeps flags as numbers; everything else of ours comes back as it is.
        self._flags = tuple(name for name, kind in zip(self._names, kinds, strict=True) if isinstance(kind, Boolean))

    def row(self, values: Sequence[Any]) -> Row:
        """What came back, by name."""
        row = dict(zip(self._names, values, strict=True))
        for name in self._flags:
            if row[name] is not None:
                row[name] = bool(row[name])
        return row


class Line:
    """A driver's connection, on which prepared statements are run."""

    def __init__(self, driver: Any, dialect: Dialect) -> None:  # noqa: ANN401 - sqlite3's or psycopg's
        self.driver = driver
        self._dialect = dialect

    def first(self, prepared: Prepared, values: Mapping[str, object]) -> Row | None:
        """The first row that comes back, if any."""
        text = prepared.text(self._dialect)
        found = self.driver.execute(text.sql, {**text.constants, **values}).fetchone()
        return None if found is None else text.row(found)

    def all(self, prepared: Prepared, values: Mapping[str, object]) -> list[Row]:
        """All rows that come back."""
        text = prepared.text(self._dialect)
        return [text.row(row) for row in self.driver.execute(text.sql, {**text.constants, **values}).fetchall()]

    def run(self, prepared: Prepared, values: Mapping[str, object]) -> int:
        """Run what gives no rows back; how many it touched."""
        text = prepared.text(self._dialect)
        return int(self.driver.execute(text.sql, {**text.constants, **values}).rowcount)

    def run_many(self, prepared: Prepared, values: Sequence[Mapping[str, object]]) -> None:
        """Run it once for each."""
        if values:
            cursor = self.driver.cursor()
            cursor.executemany(prepared.text(self._dialect).sql, values)
            cursor.close()

    def command(self, sql: str) -> None:
        """A word of the database itself."""
        self.driver.execute(sql)
