"""How many images an account uploaded, by day: a number that deleting does not lower (contract §13)."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, case, delete, func, select, text

from picora_sync.server.store.prepared import Line, Prepared
from picora_sync.server.store.schema import image_uploads

DAY_MS = 24 * 3600 * 1000
_KEPT_DAYS = 62  # more than the longest month
_ADD = Prepared(
    text("""
INSERT INTO image_uploads (user_id, day, used) VALUES (:user, :day, 1)
ON CONFLICT (user_id, day) DO UPDATE SET used = image_uploads.used + 1
""")
)
_columns = image_uploads.c
_TODAY = case((_columns.day >= bindparam("today"), _columns.used), else_=0)
_COUNTED = select(func.coalesce(func.sum(_TODAY), 0), func.coalesce(func.sum(_columns.used), 0)).where(
    _columns.user_id == bindparam("user"), _columns.day >= bindparam("month")
)


def count(line: Line, user_id: str, stamp_ms: int) -> None:
    """One more, in the transaction of its row."""
    line.run(_ADD, {"user": user_id, "day": stamp_ms // DAY_MS})


def counted(connection: Connection, user_id: str, today_ms: int, month_ms: int) -> tuple[int, int]:
    """How many since the beginnings of this day and of this month."""
    asked = {"user": user_id, "today": today_ms // DAY_MS, "month": month_ms // DAY_MS}
    today, month = connection.execute(_COUNTED, asked).one()
    return int(today), int(month)


def forget_old(connection: Connection, now_ms: int) -> None:
    """Drop the days that no number is made of any more."""
    connection.execute(delete(image_uploads).where(_columns.day < now_ms // DAY_MS - _KEPT_DAYS))
