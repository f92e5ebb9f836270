"""Documents of an account (contract §8, §9)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Connection, RowMapping, and_, bindparam, delete, select, update

from picora_sync.server.accounts import Credential
from picora_sync.server.errors import AlreadyThere, ApiError, CommitUnknown
from picora_sync.server.library import listing
from picora_sync.server.library.composing import Composed, Composer, Draft
from picora_sync.server.library.images import INSERT_TAG
from picora_sync.server.library.listing import Page
from picora_sync.server.library.trash import Trash
from picora_sync.server.store import ids, names, tally
from picora_sync.server.store.blobs import Blobs
from picora_sync.server.store.clock import Stamps
from picora_sync.server.store.database import Database
from picora_sync.server.store.names import Names
from picora_sync.server.store.prepared import Prepared, Row
from picora_sync.server.store.schema import docs, tags, users
from picora_sync.server.web.cursors import BY_TITLE, Cursor

INLINE_BYTES = 262_144
_FEW_TAGS = 10  # a statement for more is large, and not kept
# Four of the contract, and three names of the SDK: its times are newest first, its titles from A to Z.
SORTS = ("created_desc", "created_asc", "updated_desc", "updated_asc", "created_at", "updated_at", BY_TITLE)

_COLUMNS = [column for column in docs.c if column is not docs.c.inline] + [
    docs.c.inline.is_not(None).label("is_inline")
]
_VIEW = select(*_COLUMNS)
_BY_ID = _VIEW.where(docs.c.id == bindparam("id"))
_GET = Prepared(_BY_ID)
_GET_WITH_TEXT = Prepared(select(*_COLUMNS, docs.c.inline).where(docs.c.id == bindparam("id")))
_SAME = and_(docs.c.user_id == users.c.id, docs.c.source_hash == bindparam("hash"))
# What an upload must know: how much is there, and the document with the same content, if there is one.
_STANDING = Prepared(
    select(users.c.doc_count, *_COLUMNS)
    .select_from(users.outerjoin(docs, _SAME))
    .where(users.c.id == bindparam("user"))
)
_INSERT = Prepared(docs.insert())


@dataclass(frozen=True)
class Created:
    """The outcome of an upload: the row, and what is reported once (contract §8)."""

    row: Mapping[str, Any]
    duplicate: bool
    failures: Sequence[dict[str, object]] = ()
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class DocFilter:
    """What ``GET /v1/docs`` may be narrowed to."""

    needle: str | None = None
    tags: tuple[str, ...] = ()
    public: bool | None = None


@dataclass(frozen=True)
class DocChanges:
    """What a PATCH sets; None leaves it as it is."""

    title: str | None = None
    public: bool | None = None
    tags: list[str] | None = None


class Documents:
    """Rows and texts of documents."""

    def __init__(self, database: Database, blobs: Blobs, stamps: Stamps, composer: Composer, trash: Trash) -> None:
        self._database = database
        self._blobs = blobs
        self._stamps = stamps
        self._composer = composer
        self._trash = trash
        self._names = Names(sqlite=not database.shared)

    def create(self, owner: Credential, draft: Draft) -> Created:
        """Store a document, or find the one with the same content (contract §8.1), in the trash, too.

        Raises:
            ApiError: 422 over a limit of the plan, 403 QUOTA_EXCEEDED.
            StorageUnavailable: the text could not be stored.
        """
        source = draft.content.encode()
        source_hash = hashlib.sha256(source).hexdigest()
        used, known = self._standing(owner.user_id, source_hash)
        if known is not None:
            return Created(known, duplicate=True)
        self._composer.check(owner, len(source))
        outlined = self._composer.outline(owner, draft)
        tally.require("doc_count", 1, owner.plan.doc_count, used)
        composed = self._composer.compose(owner, draft, outlined)
        doc_id = ids.new_id()
        try:
            with self._blobs.for_new_row(blob_key(doc_id)):
                row = self._store(owner, doc_id, source_hash, draft, composed)
        except CommitUnknown:
            raise
        except BaseException:
            self._composer.undo(owner, composed)
            raise
        if row["id"] != doc_id:  # an equal upload was faster
            self._blobs.discard(blob_key(doc_id))
            return Created(row, duplicate=True)
        return Created(row, duplicate=False, failures=composed.failures, warnings=composed.warnings)

    def get(self, doc_id: str) -> Row | None:
        """One document of anybody: the caller decides who may see it."""
        return self._find(_GET, doc_id)

    def get_with_text(self, doc_id: str) -> Row | None:
        """The same, and what :meth:`text` needs."""
        return self._find(_GET_WITH_TEXT, doc_id)

    def text(self, row: Row) -> bytes:
        """The stored text of a row of :meth:`get_with_text`.

        Raises:
            StorageUnavailable: the object store does not give it.
        """
        return bytes(row["inline"]) if row["is_inline"] else self._blobs.read(blob_key(row["id"]))

    def page(self, user_id: str, wanted: DocFilter, sort: str, after: Cursor | None, limit: int) -> Page:
        """Documents of a user in one of the orders of :data:`SORTS`."""
        tag_values = listing.tag_values(wanted.tags)
        pattern = None if wanted.needle is None else listing.pattern(wanted.needle)
        if (wanted.needle is not None and pattern is None) or (wanted.tags and not tag_values):
            return listing.EMPTY
        asked = {"user": user_id, "needle": pattern, "public": wanted.public, **tag_values}
        with self._database.query() as line:
            found = None if wanted.needle is None else self._names.find(line, wanted.needle)
            by_name = pattern is not None, found is not None
            make = (
                page_statement if len(tag_values) <= _FEW_TAGS else page_statement.__wrapped__
            )  # not kept: it is large
            prepared = make(sort, *by_name, len(tag_values), wanted.public is not None, after is not None)
            asked["found"] = found
            return listing.fetch(line, prepared, asked, order=sort, by=_sorted_by(sort).name, after=after, limit=limit)

    def change(self, user_id: str, doc_id: str, changes: DocChanges) -> Row | None:
        """Set title, visibility or tags; ``updatedAt`` moves only if something really changed."""
        with self._database.write() as connection:
            now = self._stamps.take_ms(connection, user_id)
            row = self._own(connection, user_id, doc_id)
            if row is None:
                return None
            values: dict[str, object] = {}
            if changes.title is not None and changes.title != row["title"]:
                values |= {"title": changes.title, "title_folded": changes.title.casefold()}
            if changes.public is not None and changes.public != row["public"]:
                values["public"] = changes.public
            if changes.tags is not None and changes.tags != json.loads(row["tags"]):
                values["tags"] = _dump(changes.tags)
                connection.execute(delete(tags).where(tags.c.object_id == doc_id))
                if changes.tags:
                    connection.execute(tags.insert(), _tag_rows(user_id, doc_id, changes.tags))
            if not values:
                return dict(row)
            values["updated_at"] = now
            connection.execute(update(docs).where(docs.c.id == doc_id).values(values))
            return {**row, **values}

    def delete(self, user_id: str, doc_ids: Sequence[object]) -> int:
        """Remove documents of a user in one transaction; returns how many there were. Images stay."""
        return self._remove(user_id, doc_ids, keep=self._trash.put)

    def delete_one(self, user_id: str, doc_id: str) -> bool:
        """Remove a document of a user; whether there was one."""
        return self.delete(user_id, [doc_id]) > 0

    def purge(self, user_id: str, doc_id: str) -> bool:
        """Remove a document for good, out of the trash, too; whether there was one."""
        keep = _keep_nothing if self._trash.purges else self._trash.put
        if self._remove(user_id, [doc_id], keep):
            return True
        with self._database.write() as connection:
            return self._trash.purge(connection, user_id, doc_id)

    def _remove(self, user_id: str, doc_ids: Sequence[object], keep: Callable[[Connection, RowMapping], None]) -> int:
        gone, stored = 0, list[str]()
        with self._database.write() as connection:
            self._stamps.take_ms(connection, user_id)  # for its lock: nothing is counted twice
            for doc_id in dict.fromkeys(wanted for wanted in doc_ids if isinstance(wanted, str)):
                row = self._own(connection, user_id, doc_id)
                if row is None:
                    continue
                connection.execute(delete(docs).where(docs.c.id == doc_id))
                connection.execute(delete(tags).where(tags.c.object_id == doc_id))
                keep(connection, row)
                gone += 1
                if not row["is_inline"]:
                    stored.append(blob_key(doc_id))
            tally.give_back(connection, user_id, "doc_count", gone)
        for key in stored:
            self._blobs.discard(key)
        return gone

    def _find(self, prepared: Prepared, doc_id: str) -> Row | None:
        if not ids.is_id(doc_id):
            return None
        with self._database.query() as line:
            return line.first(prepared, {"id": doc_id})

    def _standing(self, user_id: str, source_hash: str) -> tuple[int, Row | None]:
        """How many documents there are, and the one with this content, in the trash, too."""
        with self._database.query() as line:
            found = line.first(_STANDING, {"user": user_id, "hash": source_hash})
            if found is not None and found["id"] is not None:
                return found["doc_count"], found
            return found["doc_count"] if found else 0, self._trash.holding(line, user_id, source_hash)

    def _own(self, connection: Connection, user_id: str, doc_id: str) -> RowMapping | None:
        if not ids.is_id(doc_id):
            return None
        row = connection.execute(_BY_ID, {"id": doc_id}).mappings().first()
        return row if row is not None and row["user_id"] == user_id else None

    def _store(
        self, owner: Credential, doc_id: str, source_hash: str, draft: Draft, composed: Composed
    ) -> Mapping[str, Any]:
        """The new row, or the row of an equal upload that was faster."""
        stored = composed.text.encode()
        is_inline = len(stored) <= INLINE_BYTES
        if not is_inline:
            self._blobs.put(blob_key(doc_id), stored)
        values: dict[str, Any] = {
            "id": doc_id,
            "user_id": owner.user_id,
            "source_hash": source_hash,
            "stored_hash": hashlib.sha256(stored).hexdigest(),
            "title": composed.title,
            "title_folded": composed.title.casefold(),
            "filename": draft.filename,
            "size_bytes": len(stored),
            "word_count": composed.word_count,
            "image_count": composed.image_count,
            "rewritten_count": composed.rewritten_count,
            "public": composed.public,
            "tags": _dump(composed.tags),
            "cover_url": composed.cover_url,
            "inline": stored if is_inline else None,
        }
        now_ms = self._stamps.now_ms()
        try:
            with self._database.transaction() as line:
                stamp = tally.take(line, owner.user_id, "doc_count", 1, owner.plan.doc_count, now_ms)
                values |= {"created_at": stamp, "updated_at": stamp}
                line.run(_INSERT, values)
                line.run_many(INSERT_TAG, _tag_rows(owner.user_id, doc_id, composed.tags))
        except (AlreadyThere, ApiError):  # an equal upload was faster, and may have taken the last place
            _, known = self._standing(owner.user_id, source_hash)
            if known is None:
                raise
            return known
        return values | {"is_inline": is_inline}


def blob_key(doc_id: str) -> str:
    """Where a long document's text is."""
    return f"docs/{doc_id}"


def _keep_nothing(_: Connection, __: RowMapping) -> None:
    pass


@lru_cache(maxsize=256)
def page_statement(sort: str, needle: bool, found: bool, tag_count: int, public: bool, after: bool) -> Prepared:
    """Documents of ``user`` in an order, narrowed to what is wanted."""
    statement = _VIEW.where(names.found(docs) if found else docs.c.user_id == bindparam("user"))
    if needle:
        statement = statement.where(listing.contains(docs.c.title_folded))
    if tag_count:
        statement = statement.where(listing.tagged(docs.c.id, tag_count))
    if public:
        statement = statement.where(docs.c.public == bindparam("public"))
    descending = sort != BY_TITLE and not sort.endswith("asc")
    return listing.ordered(statement, _sorted_by(sort), docs.c.id, after=after, descending=descending)


def _sorted_by(sort: str) -> Column[Any]:
    if sort == BY_TITLE:
        return docs.c.title_folded
    return docs.c.updated_at if sort.startswith("updated") else docs.c.created_at


def _dump(tag_list: list[str]) -> str:
    return json.dumps(tag_list, ensure_ascii=False)


def _tag_rows(user_id: str, doc_id: str, tag_list: list[str]) -> list[dict[str, str]]:
    return [{"user_id": user_id, "tag": tag, "object_id": doc_id} for tag in tag_list]
