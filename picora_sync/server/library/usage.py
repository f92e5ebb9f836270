"""What an account uses (contract §13)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, case, cast, func, select

from picora_sync.server.accounts import Credential
from picora_sync.server.store.clock import Stamps, iso
from picora_sync.server.store.database import Database
from picora_sync.server.store.schema import docs, media


class Usage:
    """Counts what is stored, from the rows themselves."""

    def __init__(self, database: Database, stamps: Stamps) -> None:
        self._database = database
        self._stamps = stamps

    def report(self, caller: Credential) -> dict[str, object]:
        """The blocks of ``/v1/user/me/usage``."""
        now_ms = self._stamps.now_ms()
        with self._database.read() as connection:
            documents = _documents(connection, caller.user_id)
            images = _images(connection, caller.user_id, now_ms)
            audio = _totals(connection, caller.user_id, "audio")
        plan = caller.plan
        return {
            "plan": plan.name,
            "planLimits": {
                "imgStorageBytes": plan.img_storage_bytes,
                "imgUploadMonth": plan.img_uploads_month,
                "docCount": plan.doc_count,
                "audioStorageBytes": plan.media_storage_bytes,
                "videoStorageBytes": 0,
                "kbCount": 0,
            },
            "images": images,
            "audio": {"totalCount": audio.total, "storageUsed": audio.size},
            "videos": {"storageUsed": 0, "bandwidthUsed": 0},
            "docs": documents,
            "kbs": None,
            "updatedAt": iso(now_ms),
        }


def _documents(connection: Connection, user_id: str) -> dict[str, object]:
    public = func.coalesce(func.sum(case((docs.c.public, 1), else_=0)), 0)
    columns = select(func.count(), _sum_bytes(docs.c.size_bytes), public)
    total, size, visible = connection.execute(columns.where(docs.c.user_id == user_id)).one()
    return {"totalCount": total, "storageUsed": size, "publicCount": visible, "privateCount": total - visible}


def _totals(connection: Connection, user_id: str, kind: str) -> Any:  # noqa: ANN401 - a row of labelled columns
    return connection.execute(
        select(
            func.count().label("total"),
            _sum_bytes(media.c.size_bytes).label("size"),
            func.coalesce(func.sum(case((media.c.public, 1), else_=0)), 0).label("visible"),
        ).where(media.c.user_id == user_id, media.c.type == kind)
    ).one()


def _sum_bytes(column: ColumnElement[int]) -> ColumnElement[int]:
    # PostgreSQL adds up BIGINT as NUMERIC, which would arrive as a Decimal.
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def _images(connection: Connection, user_id: str, now_ms: int) -> dict[str, object]:
    totals = _totals(connection, user_id, "image")
    today = datetime.fromtimestamp(now_ms / 1000, UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    def since(start: datetime) -> int:
        created = media.c.created_at >= int(start.timestamp() * 1000)
        own = (media.c.user_id == user_id, media.c.type == "image", created)
        return int(connection.scalar(select(func.count()).where(*own)) or 0)

    return {
        "totalCount": totals.total,
        "storageUsed": totals.size,
        "bandwidthUsed": 0,
        "uploadCountToday": since(today),
        "uploadCountMonth": since(today.replace(day=1)),
        "publicCount": totals.visible,
        "privateCount": totals.total - totals.visible,
    }
