"""Images of an account: stored once per distinct content (contract §10, §15 #10)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, RowMapping, bindparam, delete, select

from picora_sync.server.accounts import Credential
from picora_sync.server.content.image_formats import EXTENSIONS, ImageInfo
from picora_sync.server.errors import AlreadyThere, ApiError
from picora_sync.server.library import listing
from picora_sync.server.library.listing import Page
from picora_sync.server.store import ids, tally, uploads
from picora_sync.server.store.blobs import Blobs
from picora_sync.server.store.clock import Stamps
from picora_sync.server.store.database import Database
from picora_sync.server.store.prepared import Line, Prepared, Row
from picora_sync.server.store.schema import media, tags, tombstones
from picora_sync.server.web.cursors import Cursor

LIST_ORDER = "images"
_IMAGES = select(media).where(media.c.type == "image", media.c.user_id == bindparam("user"))
_BY_HASH = Prepared(_IMAGES.where(media.c.source_hash == bindparam("hash")))
_BY_ID = _IMAGES.where(media.c.id == bindparam("id"))
_GET = Prepared(_BY_ID)
_INSERT = Prepared(media.insert())
INSERT_TAG = Prepared(tags.insert())
_NOTHING: dict[str, None] = dict.fromkeys(media.c.keys())


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

    def store(self, owner: Credential, source_hash: str, check: Callable[[], NewImage]) -> tuple[Row, bool]:
        """Store an image, or find the one with the same bytes; True if it was new.

        ``check`` is asked for what to store only if the bytes are new: a duplicate succeeds whatever it is.

        Raises:
            ApiError: 403 QUOTA_EXCEEDED, or what ``check`` raises.
            StorageUnavailable: the bytes could not be stored.
        """
        with self._database.query() as line:
            known = line.first(_BY_HASH, {"user": owner.user_id, "hash": source_hash})
            used = 0 if known else tally.used(line, owner.user_id, "img_storage")
        if known is not None:
            return known, False
        image = check()
        limit = owner.plan.img_storage_bytes
        tally.require("img_storage", image.size_bytes, limit, used)
        image_id = ids.new_image_id()
        key = blob_key(image_id)
        try:
            with self._blobs.for_new_row(key):
                self._blobs.put(key, image.content)
                now_ms = self._stamps.now_ms()
                with self._database.transaction() as line:
                    stamp = tally.take(line, owner.user_id, "img_storage", image.size_bytes, limit, now_ms)
                    uploads.count(line, owner.user_id, stamp)
                    row = _insert(line, owner.user_id, image_id, image, stamp)
                return row, True
        except (AlreadyThere, ApiError):  # the same bytes were faster, and may have taken the last room
            known = self._find_by_hash(owner.user_id, image.source_hash)
            if known is None:
                raise
            return known, False

    def get(self, user_id: str, image_id: str) -> Row | None:
        """One image of a user."""
        with self._database.query() as line:
            return line.first(_GET, {"user": user_id, "id": image_id})

    def page(self, user_id: str, wanted: ImageFilter, after: Cursor | None, limit: int) -> Page:
        """Images of a user, newest first."""
        tag_values = listing.tag_values([] if wanted.tag is None else [wanted.tag])
        if wanted.tag is not None and not tag_values:
            return listing.EMPTY
        times = {"from": wanted.from_ms, "before": wanted.before_ms}
        prepared = _page(bool(tag_values), *(time is not None for time in times.values()), after is not None)
        asked = {"user": user_id, **tag_values, **times}
        with self._database.query() as line:
            return listing.fetch(line, prepared, asked, order=LIST_ORDER, by="created_at", after=after, limit=limit)

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

    def _find_by_hash(self, user_id: str, source_hash: str) -> Row | None:
        """The image with these bytes, if the user has it already."""
        with self._database.query() as line:
            return line.first(_BY_HASH, {"user": user_id, "hash": source_hash})


@lru_cache
def _page(tag: bool, begins: bool, ends: bool, after: bool) -> Prepared:
    """Images of ``user``, newest first, narrowed to what is wanted."""
    statement = _IMAGES
    if tag:
        statement = statement.where(listing.tagged(media.c.id, 1))
    if begins:
        statement = statement.where(media.c.created_at >= bindparam("from"))
    if ends:
        statement = statement.where(media.c.created_at < bindparam("before"))
    return listing.ordered(statement, media.c.created_at, media.c.id, after=after)


def blob_key(image_id: str) -> str:
    """Where an image's bytes are."""
    return f"images/{image_id}"


def remove_row(connection: Connection, row: RowMapping, stamp_ms: int) -> None:
    """Replace a row of media by its tombstone (contract §12)."""
    connection.execute(delete(media).where(media.c.id == row["id"]))
    connection.execute(delete(tags).where(tags.c.object_id == row["id"]))
    grave = {"id": row["id"], "user_id": row["user_id"], "type": row["type"], "updated_at": stamp_ms}
    connection.execute(tombstones.insert(), grave)


def insert_row(line: Line, values: Mapping[str, object], stamp_ms: int) -> Row:
    """Store a row of media; what it does not name is null."""
    row = {**_NOTHING, **values, "created_at": stamp_ms, "updated_at": stamp_ms}
    line.run(_INSERT, row)
    return row


def _insert(line: Line, user_id: str, image_id: str, image: NewImage, stamp_ms: int) -> Row:
    values = {
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
    }
    row = insert_row(line, values, stamp_ms)
    line.run_many(INSERT_TAG, [{"user_id": user_id, "tag": tag, "object_id": image_id} for tag in image.tags])
    return row
