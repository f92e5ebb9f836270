"""Quota used per user and dimension, changed in the transaction of the rows it counts (contract §14)."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection, bindparam, select, update

from picora_sync.server import errors
from picora_sync.server.store.schema import users

Dimension = Literal["doc_count", "media_storage", "img_storage"]

_COLUMNS = {
    "doc_count": users.c.doc_count,
    "media_storage": users.c.media_bytes,
    "img_storage": users.c.img_bytes,
}
_TAKE = {
    dimension: update(users)
    .where(users.c.id == bindparam("user"), column + bindparam("amount") <= bindparam("limit"))
    .values({column: column + bindparam("amount")})
    for dimension, column in _COLUMNS.items()
}
_GIVE = {
    dimension: update(users).where(users.c.id == bindparam("user")).values({column: column - bindparam("amount")})
    for dimension, column in _COLUMNS.items()
}
_USED = {dimension: select(column).where(users.c.id == bindparam("user")) for dimension, column in _COLUMNS.items()}


def take(connection: Connection, user_id: str, dimension: Dimension, amount: int, limit: int) -> None:
    """Use up quota; exact under any concurrency, because test and change are one statement.

    Raises:
        ApiError: 403 QUOTA_EXCEEDED; nothing was taken.
    """
    taken = connection.execute(_TAKE[dimension], {"user": user_id, "amount": amount, "limit": limit})
    if taken.rowcount == 0:
        raise errors.quota_exceeded(dimension, limit, used(connection, user_id, dimension))


def give_back(connection: Connection, user_id: str, dimension: Dimension, amount: int) -> None:
    """Free quota of what was deleted."""
    connection.execute(_GIVE[dimension], {"user": user_id, "amount": amount})


def used(connection: Connection, user_id: str, dimension: Dimension) -> int:
    """What is used now."""
    return int(connection.scalar(_USED[dimension], {"user": user_id}) or 0)


def require(connection: Connection, user_id: str, dimension: Dimension, amount: int, limit: int) -> None:
    """Refuse early what cannot fit, before any work is done for it.

    Raises:
        ApiError: 403 QUOTA_EXCEEDED.
    """
    now = used(connection, user_id, dimension)
    if now + amount > limit:
        raise errors.quota_exceeded(dimension, limit, now)
