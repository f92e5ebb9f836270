"""Images and audio in one list, and what happened to them (contract §7, §12)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, literal, select, union_all

from picora_sync.server.library import listing
from picora_sync.server.library.audio import AudioFiles
from picora_sync.server.library.images import Images
from picora_sync.server.library.listing import Page
from picora_sync.server.store import ids
from picora_sync.server.store.clock import Stamps
from picora_sync.server.store.database import Database
from picora_sync.server.store.schema import media, tombstones
from picora_sync.server.web.cursors import Cursor

LIST_ORDER = "media"
SYNC_ORDER = "sync"
TYPES = ("image", "video", "audio")
_BEFORE_ALL = Cursor(SYNC_ORDER, 0, "-")
_TOMBSTONE_LIFE_MS = 30 * 24 * 3600 * 1000


@dataclass(frozen=True)
class MediaFilter:
    """What ``GET /v1/media`` may be narrowed to."""

    kind: str | None = None
    needle: str | None = None
    public: bool | None = None


class Media:
    """Queries over both kinds."""

    def __init__(self, database: Database, images: Images, audio: AudioFiles, stamps: Stamps) -> None:
        self._database = database
        self._images = images
        self._audio = audio
        self._stamps = stamps

    def page(self, user_id: str, wanted: MediaFilter, after: Cursor | None, limit: int) -> Page:
        """Everything of a user, newest first."""
        statement = select(media).where(media.c.user_id == user_id)
        if wanted.kind is not None:
            statement = statement.where(media.c.type == wanted.kind)
        if wanted.needle is not None:
            statement = statement.where(
                listing.contains((media.c.title_folded, media.c.filename_folded), wanted.needle)
            )
        if wanted.public is not None:
            statement = statement.where(media.c.public == wanted.public)
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

    def changes(self, user_id: str, kind: str | None, since: Cursor | None, limit: int) -> tuple[Page, Cursor]:
        """Upserts and deletes in the order they happened, and a cursor to go on from, on an empty page too."""
        columns = ("id", "user_id", "type", "updated_at")
        facts = ("content_hash", "size_bytes", "mime", "ext", "filename", "public")
        living = select(*(media.c[name] for name in columns + facts)).where(media.c.user_id == user_id)
        empty = [literal(None, media.c[name].type).label(name) for name in facts]
        dead = select(*(tombstones.c[name] for name in columns), *empty).where(
            tombstones.c.user_id == user_id,
            tombstones.c.updated_at >= self._stamps.now_ms() - _TOMBSTONE_LIFE_MS,
        )
        if kind is not None:
            living, dead = living.where(media.c.type == kind), dead.where(tombstones.c.type == kind)
        events = union_all(living, dead).subquery()
        with self._database.read() as connection:
            page = listing.fetch(
                connection,
                select(events),
                order=SYNC_ORDER,
                by=events.c.updated_at,
                key=events.c.id,
                after=since,
                limit=limit,
                descending=False,
            )
        if page.rows:
            last = page.rows[-1]
            return page, Cursor(SYNC_ORDER, last["updated_at"], last["id"])
        return page, since or _BEFORE_ALL

    def delete(self, user_id: str, kind: str, media_id: str) -> bool:
        """Remove one item of a batch; False if the user has no such one."""
        if not ids.is_id(media_id):
            return False
        if kind == "audio":
            return self._audio.delete(user_id, media_id)
        return kind == "image" and self._images.delete(user_id, media_id)


def forget_old_tombstones(database: Database, now_ms: int) -> None:
    """Drop what is older than clients are promised."""
    with database.write() as connection:
        connection.execute(delete(tombstones).where(tombstones.c.updated_at < now_ms - _TOMBSTONE_LIFE_MS))
