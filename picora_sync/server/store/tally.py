"""Quota used per user and dimension, changed in the transaction of the rows it counts (contract §14)."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection, bindparam, select, update

from picora_sync.server import errors
from picora_sync.server.store.clock import NEXT
from picora_sync.server.store.prepared import Line, Prepared
from picora_sync.server.store.schema import users

Dimension = Literal["doc_count", "media_storage", "img_storage"]

_COLUMNS = {
    "doc_count": users.c.doc_count,
    "media_storage": users.c.media_bytes,
    "img_storage": users.c.img_bytes,
}
_TAKE = {
    dimension: Prepared(
        update(users)
        .where(users.c.id == bindparam("user"), column + bindparam("amount") <= bindparam("limit"))
        .values({column: column + bindparam("amount"), users.c.stamp_ms: NEXT})
        .returning(users.c.stamp_ms)
    )
    for dimension, column in _COLUMNS.items()
}
_GIVE = {
    dimension: update(users).where(users.c.id == bindparam("user")).values({column: column - bindparam("amount")})
    for dimension, column in _COLUMNS.items()
}
_USED = {
    dimension: Prepared(select(column.label("used")).where(users.c.id == bindparam("user")))
    for dimension, column in _COLUMNS.items()
}


def take(line: Line, user_id: str, dimension: Dimension, amount: int, limit: int, now_ms: int) -> int:
    """Use up quota, and take the account's next stamp (:class:`~picora_sync.server.store.clock.Stamps`): returns it.

    Exact under any concurrency, because test and change are one statement.

    Raises:
        ApiError: 403 QUOTA_EXCEEDED; nothing was taken.
    """
    asked = {"user": user_id, "amount": amount, "limit": limit, "now": now_ms}
    taken = line.first(_TAKE[dimension], asked)
    if taken is None:
        raise errors.quota_exceeded(dimension, limit, used(line, user_id, dimension))
    return int(taken["stamp_ms"])


def give_back(connection: Connection, user_id: str, dimension: Dimension, amount: int) -> None:
    """Free quota of what was deleted."""
    connection.execute(_GIVE[dimension], {"user": user_id, "amount": amount})


def used(line: Line, user_id: str, dimension: Dimension) -> int:
    """What is used now."""
    found = line.first(_USED[dimension], {"user": user_id})
    return 0 if found is None else int(found["used"])


def require(dimension: Dimension, amount: int, limit: int, now_used: int) -> None:
    """Refuse early what cannot fit, before any work is done for it.

    Raises:
        ApiError: 403 QUOTA_EXCEEDED.
    """
    if now_used + amount > limit:
        raise errors.quota_exceeded(dimension, limit, now_used)
