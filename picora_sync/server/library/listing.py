"""Pages of rows: after a cursor, filtered, one row too many to know whether more follow (contract §4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, exists, false, or_

from picora_sync.server.store.schema import tags
from picora_sync.server.web.cursors import BY_TITLE, Cursor, encode

_MAX_NEEDLE = 1000


@dataclass(frozen=True)
class Page:
    """Rows, and where the next page starts (None: this was the last)."""

    rows: list[RowMapping]
    next_cursor: str | None

    @property
    def has_more(self) -> bool:
        """Whether another page follows."""
        return self.next_cursor is not None


def fetch(
    connection: Connection,
    statement: Select[Any],
    *,
    order: str,
    by: ColumnElement[Any],
    key: ColumnElement[str],
    after: Cursor | None,
    limit: int,
    descending: bool = True,
) -> Page:
    """One page of a statement, ordered by a column (a time, a title) and, among equals, by id in the same direction."""
    if after is not None:
        if descending:
            beyond = or_(by < after.place, and_(by == after.place, key < after.id))
        else:
            beyond = or_(by > after.place, and_(by == after.place, key > after.id))
        statement = statement.where(beyond)
    ordering = (by.desc(), key.desc()) if descending else (by.asc(), key.asc())
    rows = list(connection.execute(statement.order_by(*ordering).limit(limit + 1)).mappings())
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    ended = Cursor(order, 0, last[key], last[by]) if order == BY_TITLE else Cursor(order, last[by], last[key])
    return Page(rows[:limit], encode(ended))


def tagged(owner: ColumnElement[str], user_id: str, wanted: Iterable[str]) -> ColumnElement[bool]:
    """Rows that have one of these tags; no tag holds NUL, and PostgreSQL takes none to look for."""
    possible = [tag for tag in wanted if "\x00" not in tag]
    return exists().where(tags.c.object_id == owner, tags.c.user_id == user_id, tags.c.tag.in_(possible))


def contains(columns: Iterable[ColumnElement[str]], needle: str) -> ColumnElement[bool]:
    r"""Rows where one of the case-folded columns holds the text; ``%``, ``_`` and ``\`` mean themselves."""
    if len(needle) > _MAX_NEEDLE or "\x00" in needle:
        return false()
    return or_(*(column.contains(needle.casefold(), autoescape=True, escape="\\") for column in columns))
