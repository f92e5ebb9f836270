"""Time as the server stores and shows it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import BindParameter, Connection, bindparam, case, update

from picora_sync.server.store.schema import users

_NOW: BindParameter[int] = bindparam("now")
NEXT = case((users.c.stamp_ms < _NOW, _NOW), else_=users.c.stamp_ms + 1)
"""The next stamp of an account's row: ``now`` (:meth:`Stamps.now_ms`), or one more than its last stamp."""
_TAKE = update(users).where(users.c.id == bindparam("user")).values(stamp_ms=NEXT).returning(users.c.stamp_ms)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - UTC, whose name is appended as Z


class Stamps:
    """Hands out milliseconds since the epoch that strictly increase per account.

    A stamp is kept in the account's row, which stays locked until the transaction ends. So the order of an account's
    stamps is the order of its commits, in however many processes: a reader who has seen stamp *n* never misses a
    smaller one that commits later (contract §12), and lists have one stable order.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def now_ms(self) -> int:
        """The clock's own reading, not a stamp."""
        return int(self._clock() * 1000)

    def take_ms(self, connection: Connection, user_id: str) -> int:
        """The next stamp of an account: the current millisecond, or one more than its last stamp.

        Other writers of the account wait from here on. A transaction that decides by what it reads takes its stamp
        first; one that takes it first of all can never deadlock.
        """
        return int(connection.execute(_TAKE, {"user": user_id, "now": self.now_ms()}).scalar_one())


@lru_cache(maxsize=1024)
def iso(stamp_ms: int) -> str:
    """``2026-05-02T09:30:00.000Z`` (contract §1)."""
    return f"{(_EPOCH + timedelta(milliseconds=stamp_ms)).isoformat(timespec='milliseconds')}Z"
