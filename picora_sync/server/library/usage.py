"""What an account uses (contract §13)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, BindParameter, ColumnElement, Table, bindparam, case, cast, func, select

from picora_sync.server.accounts import Credential
from picora_sync.server.store import uploads
from picora_sync.server.store.clock import Stamps, iso
from picora_sync.server.store.database import Database
from picora_sync.server.store.schema import docs, media


class _Held(NamedTuple):
    """Objects of one kind: how many, their bytes, how many anybody may see."""

    total: int = 0
    size_bytes: int = 0
    public: int = 0


def _sum(column: ColumnElement[int]) -> ColumnElement[int]:
    # PostgreSQL adds up BIGINT as NUMERIC, which would arrive as a Decimal.
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return _sum(case((condition, 1), else_=0))


def _held(table: Table) -> tuple[ColumnElement[int], ...]:
    """The columns of :class:`_Held`."""
    return (func.count(), _sum(table.c.size_bytes), _count(table.c.public))


_OWNER: BindParameter[str] = bindparam("user")
_DOCUMENTS = select(*_held(docs)).where(docs.c.user_id == _OWNER)
_MEDIA = select(media.c.type, *_held(media)).where(media.c.user_id == _OWNER).group_by(media.c.type)


class Usage:
    """Counts what is stored, from the rows themselves."""

    def __init__(self, database: Database, stamps: Stamps) -> None:
        self._database = database
        self._stamps = stamps

    def report(self, caller: Credential) -> dict[str, object]:
        """The blocks of ``/v1/user/me/usage``."""
        now_ms = self._stamps.now_ms()
        asked = {"user": caller.user_id}
        with self._database.read() as connection:
            documents = _Held._make(connection.execute(_DOCUMENTS, asked).one())
            by_type = {kind: _Held._make(held) for kind, *held in connection.execute(_MEDIA, asked)}
            today, month = uploads.counted(connection, caller.user_id, *_begins(now_ms))
        images, audio = (by_type.get(kind, _Held()) for kind in ("image", "audio"))
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
            "images": {
                "totalCount": images.total,
                "storageUsed": images.size_bytes,
                "bandwidthUsed": 0,
                "uploadCountToday": today,
                "uploadCountMonth": month,
                **_visibility(images),
            },
            "audio": {"totalCount": audio.total, "storageUsed": audio.size_bytes},
            "videos": {"storageUsed": 0, "bandwidthUsed": 0},
            "docs": {"totalCount": documents.total, "storageUsed": documents.size_bytes, **_visibility(documents)},
            "kbs": None,
            "updatedAt": iso(now_ms),
        }


def _begins(now_ms: int) -> tuple[int, int]:
    """When this day and this month began (UTC), in milliseconds."""
    today = datetime.fromtimestamp(now_ms / 1000, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return int(today.timestamp() * 1000), int(today.replace(day=1).timestamp() * 1000)


def _visibility(held: _Held) -> dict[str, object]:
    return {"publicCount": held.public, "privateCount": held.total - held.public}
