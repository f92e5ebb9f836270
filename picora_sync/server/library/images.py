"""Images of an account: stored once per distinct content (contract §10, §15 #10)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, RowMapping, bindparam, delete, select
from sqlalchemy.exc import IntegrityError

from picora_sync.server.accounts import Credential
from picora_sync.server.content.image_formats import EXTENSIONS, ImageInfo
from picora_sync.server.errors import ApiError
from picora_sync.server.library import listing
from picora_sync.server.library.listing import Page
from picora_sync.server.store import ids, tally, uploads
from picora_sync.server.store.blobs import Blobs
from picora_sync.server.store.clock import Stamps
from picora_sync.server.store.database import Database
from picora_sync.server.store.schema import media, tags, tombstones
from picora_sync.server.web.cursors import Cursor

LIST_ORDER = "images"
_IMAGES = select(media).where(media.c.type == "image", media.c.user_id == bindparam("user"))
_BY_HASH = _IMAGES.where(media.c.source_hash == bindparam("hash"))
_INSERT = media.insert().returning(media)
_BY_ID = _IMAGES.where(media.c.id == bindparam("id"))


@dataclass(frozen=True)
class NewImage:
    """An image that was checked and may be stored."""

    content: bytes | Path
    size_bytes: int
    source_hash: str
    content_hash: str
    info: ImageInfo
    filename: str
    tags: list[str]
    public: bool


@dataclass(frozen=True)
class ImageFilter:
    """What ``GET /v1/images`` may be narrowed to; times in milliseconds, the second one excluded."""

    tag: str | None = None
    from_ms: int | None = None
    before_ms: int | None = None


class Images:
    """Rows and bytes of images."""

    def __init__(self, database: Database, blobs: Blobs, stamps: Stamps) -> None:
        self._database = database
        self._blobs = blobs
        self._stamps = stamps

    def find_by_hash(self, user_id: str, source_hash: str) -> RowMapping | None:
        """The image with these bytes, if the user has it already."""
        with self._database.read() as connection:
            return connection.execute(_BY_HASH, {"user": user_id, "hash": source_hash}).mappings().first()

    def store(self, owner: Credential, image: NewImage) -> tuple[RowMapping, bool]:
        """Store an image, or find the one with the same bytes; True if it was new.

        Raises:
            ApiError: 403 QUOTA_EXCEEDED.
            StorageUnavailable: the bytes could not be stored.
        """
        known = self.find_by_hash(owner.user_id, image.source_hash)
        if known is not None:
            return known, False
        limit = owner.plan.img_storage_bytes
        with self._database.read() as connection:
            tally.require(connection, owner.user_id, "img_storage", image.size_bytes, limit)
        image_id = ids.new_image_id()
        key = blob_key(image_id)
        try:
            with self._blobs.for_new_row(key):
                self._blobs.put(key, image.content)
                with self._database.write() as connection:
                    now = self._stamps.take_ms(connection, owner.user_id)
                    tally.take(connection, owner.user_id, "img_storage", image.size_bytes, limit)
                    uploads.count(connection, owner.user_id, now)
                    return _insert(connection, owner.user_id, image_id, image, now), True
        except (IntegrityError, ApiError):  # the same bytes were faster, and may have taken the last room
            known = self.find_by_hash(owner.user_id, image.source_hash)
            if known is None:
                raise
            return known, False

    def get(self, user_id: str, image_id: str) -> RowMapping | None:
        """One image of a user."""
        with self._database.read() as connection:
            return connection.execute(_BY_ID, {"user": user_id, "id": image_id}).mappings().first()

    def page(self, user_id: str, wanted: ImageFilter, after: Cursor | None, limit: int) -> Page:
        """Images of a user, newest first."""
        statement = _IMAGES.params(user=user_id)
        if wanted.tag is not None:
            statement = statement.where(listing.tagged(media.c.id, user_id, [wanted.tag]))
        if wanted.from_ms is not None:
            statement = statement.where(media.c.created_at >= wanted.from_ms)
        if wanted.before_ms is not None:
            statement = statement.where(media.c.created_at < wanted.before_ms)
        with self._database.read() as connection:
            return listing.fetch(
                connection,
                statement,
                order=LIST_ORDER,
                by=media.c.created_at,
                key=media.c.id,
                after=after,
                limit=limit,
            )

    def delete(self, user_id: str, image_id: str) -> bool:
        """Remove an image; False if the user has no such one."""
        with self._database.write() as connection:
            now = self._stamps.take_ms(connection, user_id)
            row = connection.execute(_BY_ID, {"user": user_id, "id": image_id}).mappings().first()
            if row is None:
                return False
            remove_row(connection, row, now)
            tally.give_back(connection, user_id, "img_storage", row["size_bytes"])
        self._blobs.discard(blob_key(image_id))
        return True


def blob_key(image_id: str) -> str:
    """Where an image's bytes are."""
    return f"images/{image_id}"


def remove_row(connection: Connection, row: RowMapping, stamp_ms: int) -> None:
    """Replace a row of media by its tombstone (contract §12)."""
    connection.execute(delete(media).where(media.c.id == row["id"]))
    connection.execute(delete(tags).where(tags.c.object_id == row["id"]))
    grave = {"id": row["id"], "user_id": row["user_id"], "type": row["type"], "updated_at": stamp_ms}
    connection.execute(tombstones.insert(), grave)


def _insert(connection: Connection, user_id: str, image_id: str, image: NewImage, now_ms: int) -> RowMapping:
    row = {
        "id": image_id,
        "user_id": user_id,
        "type": "image",
        "filename": image.filename,
        "filename_folded": image.filename.casefold(),
        "title": None,
        "title_folded": "",
        "mime": image.info.mime,
        "ext": EXTENSIONS[image.info.mime],
        "size_bytes": image.size_bytes,
        "public": image.public,
        "source_hash": image.source_hash,
        "content_hash": image.content_hash,
        "width": image.info.width,
        "height": image.info.height,
        "tags": json.dumps(image.tags, ensure_ascii=False),
        "created_at": now_ms,
        "updated_at": now_ms,
    }
    stored = connection.execute(_INSERT, row).mappings().one()
    if image.tags:
        connection.execute(
            tags.insert(), [{"user_id": user_id, "tag": tag, "object_id": image_id} for tag in image.tags]
        )
    return stored
