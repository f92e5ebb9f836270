"""Images and audio in one list, and what happened to them (contract §7, §12)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import bindparam, cast, delete, null, select, union_all

from picora_sync.server.library import listing
from picora_sync.server.library.audio import AudioFiles
from picora_sync.server.library.images import Images
from picora_sync.server.library.listing import Page
from picora_sync.server.store import ids, names
from picora_sync.server.store.clock import Stamps
from picora_sync.server.store.database import Database
from picora_sync.server.store.names import Names
from picora_sync.server.store.prepared import Prepared
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
        self._names = Names(sqlite=not database.shared)

    def page(self, user_id: str, wanted: MediaFilter, after: Cursor | None, limit: int) -> Page:
        """Everything of a user, newest first."""
        pattern = None if wanted.needle is None else listing.pattern(wanted.needle)
        if wanted.needle is not None and pattern is None:
            return listing.EMPTY
        asked = {"user": user_id, "kind": wanted.kind, "needle": pattern, "public": wanted.public}
        with self._database.query() as line:
            found = None if wanted.needle is None else self._names.find(line, wanted.needle)
            by_name = pattern is not None, found is not None
            prepared = _page(*by_name, wanted.kind is not None, wanted.public is not None, after is not None)
            asked["found"] = found
            return listing.fetch(line, prepared, asked, order=LIST_ORDER, by="created_at", after=after, limit=limit)

    def changes(self, user_id: str, kind: str | None, since: Cursor | None, limit: int) -> tuple[Page, Cursor]:
        """Upserts and deletes in the order they happened, and a cursor to go on from, on an empty page too."""
        asked = {"user": user_id, "kind": kind, "oldest": self._stamps.now_ms() - _TOMBSTONE_LIFE_MS}
        with self._database.query() as line:
            page = listing.fetch(
                line,
                _changes(kind is not None, since is not None),
                asked,
                order=SYNC_ORDER,
                by="updated_at",
                after=since,
                limit=limit,
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


@lru_cache
def _page(needle: bool, found: bool, kind: bool, public: bool, after: bool) -> Prepared:
    """Media of ``user``, newest first, narrowed to what is wanted."""
    statement = select(media).where(names.found(media) if found else media.c.user_id == bindparam("user"))
    if kind:
        statement = statement.where(media.c.type == bindparam("kind"))
    if needle:
        statement = statement.where(listing.contains(media.c.title_folded, media.c.filename_folded))
    if public:
        statement = statement.where(media.c.public == bindparam("public"))
    return listing.ordered(statement, media.c.created_at, media.c.id, after=after)


@lru_cache
def _changes(kind: bool, after: bool) -> Prepared:
    """What there is of ``user``, and the tombstones of what was there."""
    columns = ("id", "user_id", "type", "updated_at")
    facts = ("content_hash", "size_bytes", "mime", "ext", "filename", "public")
    living = select(*(media.c[name] for name in columns + facts)).where(media.c.user_id == bindparam("user"))
    empty = [cast(null(), media.c[name].type).label(name) for name in facts]
    dead = select(*(tombstones.c[name] for name in columns), *empty).where(
        tombstones.c.user_id == bindparam("user"), tombstones.c.updated_at >= bindparam("oldest")
    )
    if kind:
        living, dead = (
            living.where(media.c.type == bindparam("kind")),
            dead.where(tombstones.c.type == bindparam("kind")),
        )
    events = union_all(living, dead).subquery()
    return listing.ordered(select(events), events.c.updated_at, events.c.id, after=after, descending=False)


def forget_old_tombstones(database: Database, now_ms: int) -> None:
    """Drop what is older than clients are promised."""
    with database.write() as connection:
        connection.execute(delete(tombstones).where(tombstones.c.updated_at < now_ms - _TOMBSTONE_LIFE_MS))
