"""Pages of rows: after a cursor, filtered, one row too many to know whether more follow (contract §4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, exists, or_

from picora_sync.server.store.prepared import Line, Prepared, Row
from picora_sync.server.store.schema import tags
from picora_sync.server.web.cursors import BY_TITLE, Cursor, encode

_MAX_NEEDLE = 1000
_SPECIAL = re.compile(r"[%_\\]")
_ESCAPED = r"\\\g<0>"


@dataclass(frozen=True)
class Page:
    """Rows, and where the next page starts (None: this was the last)."""

    rows: list[Row]
    next_cursor: str | None

    @property
    def has_more(self) -> bool:
        """Whether another page follows."""
        return self.next_cursor is not None


EMPTY = Page([], None)
"""What is found where nothing can be."""


def ordered(
    statement: Select[Any], by: ColumnElement[Any], key: ColumnElement[str], *, after: bool, descending: bool = True
) -> Prepared:
    """A statement for :func:`fetch`: ordered by a time or a title, among equals by id; ``after`` a cursor or not."""
    if after:
        place, last = bindparam("place", type_=by.type), bindparam("last", type_=key.type)
        if descending:
            beyond = or_(by < place, and_(by == place, key < last))
        else:
            beyond = or_(by > place, and_(by == place, key > last))
        statement = statement.where(beyond)
    ordering = (by.desc(), key.desc()) if descending else (by.asc(), key.asc())
    return Prepared(statement.order_by(*ordering).limit(bindparam("most", type_=Integer)))


def fetch(
    line: Line,
    prepared: Prepared,
    asked: Mapping[str, object],
    *,
    order: str,
    by: str,
    after: Cursor | None,
    limit: int,
) -> Page:
    """One page of a statement of :func:`ordered`; ``by`` names the column that it is ordered by."""
    begins = {} if after is None else {"place": after.place, "last": after.id}
    rows = line.all(prepared, {**asked, **begins, "most": limit + 1})
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    ended = Cursor(order, 0, last["id"], last[by]) if order == BY_TITLE else Cursor(order, last[by], last["id"])
    return Page(rows[:limit], encode(ended))


def tagged(owner: ColumnElement[str], count: int) -> ColumnElement[bool]:
    """Rows of ``user`` that have one of these tags: the values of :func:`tag_values`."""
    names = [bindparam(f"tag_{number}", type_=tags.c.tag.type) for number in range(count)]
    return exists().where(tags.c.object_id == owner, tags.c.user_id == bindparam("user"), tags.c.tag.in_(names))


def tag_values(wanted: Iterable[str]) -> dict[str, object]:
    """Values for :func:`tagged`; no tag holds NUL, and PostgreSQL takes none to look for."""
    possible = (tag for tag in wanted if "\x00" not in tag)
    return {f"tag_{number}": tag for number, tag in enumerate(dict.fromkeys(possible))}


def contains(*columns: ColumnElement[str]) -> ColumnElement[bool]:
    """Rows where one of the case-folded columns is like ``needle``: the value of :func:`pattern`."""
    return or_(*(column.like(bindparam("needle", type_=column.type), escape="\\") for column in columns))


def pattern(needle: str) -> str | None:
    r"""What holds the text, as LIKE is told; ``%``, ``_`` and ``\`` mean themselves. None: nothing can hold it."""
    if len(needle) > _MAX_NEEDLE or "\x00" in needle:
        return None
    return f"%{_SPECIAL.sub(_ESCAPED, needle.casefold())}%"
