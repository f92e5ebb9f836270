"""Verifies everything stored: rows, bytes, quotas, hashes. It changes nothing.

A server may be running meanwhile. What it deletes during the check is looked up again before it is called missing; on a
directory of its own, what it is just storing may be called a leftover.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, func, select

from picora_sync.server.errors import ServerError, StorageUnavailable
from picora_sync.server.library import documents, inventory
from picora_sync.server.library.inventory import Expected
from picora_sync.server.library.upkeep import SHARED_GRACE_S
from picora_sync.server.settings import ServerSettings
from picora_sync.server.store.blobs import Blobs
from picora_sync.server.store.database import Database
from picora_sync.server.store.schema import docs, media, tags, users

_TEXTS_AT_ONCE = 100  # of 256 KB at most

Kind = Literal["database", "missing", "damaged", "leftover", "misplaced", "quota", "duplicate", "tags"]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: its kind, the row or object it is about, and a sentence."""

    kind: Kind
    subject: str
    message: str


@dataclass(frozen=True)
class CheckReport:
    """What was verified, and what is wrong with it; ``dataclasses.asdict`` gives JSON."""

    users: int
    documents: int
    media: int
    objects: int
    read_bytes: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def lines(self) -> list[str]:
        """The report for people."""
        checked = (
            f"Checked {self.users} users, {self.documents} documents, {self.media} images and audio files, "
            f"{self.objects} objects of {self.read_bytes} bytes"
        )
        if self.ok:
            return [checked, "Everything is as it should be"]
        found = [f"{problem.kind}: {problem.subject}: {problem.message}" for problem in self.problems]
        return [checked, *found, f"{len(found)} problem{'s' if len(found) > 1 else ''} found"]


def check(settings: ServerSettings, clock: Callable[[], float] = time.time) -> CheckReport:
    """Read every row and every byte.

    Raises:
        ServerError: there is no library, or it cannot be opened.
        StorageUnavailable: database or object store stopped answering.
    """
    if settings.database is None and not (settings.data / "picora.db").is_file():
        raise ServerError(f"There is no library in {settings.data}", hint="Choose the directory with --data.")
    with closing(Database.for_settings(settings.data, settings.database)) as database:
        database.create()
        checker = _Checker(database, Blobs(settings.data, settings.storage), clock())
        problems = tuple(checker.problems())
        with database.read() as connection:
            rows = [connection.scalar(select(func.count()).select_from(table)) or 0 for table in (users, docs, media)]
    return CheckReport(
        users=rows[0],
        documents=rows[1],
        media=rows[2],
        objects=checker.objects,
        read_bytes=checker.read_bytes,
        problems=problems,
    )


class _Checker:
    """One pass over everything."""

    def __init__(self, database: Database, blobs: Blobs, now_s: float) -> None:
        self._database = database
        self._blobs = blobs
        self._now_s = now_s
        self.objects = 0
        self.read_bytes = 0

    def problems(self) -> Iterator[Problem]:
        """Everything that is wrong."""
        yield from (Problem("database", "database", fault) for fault in self._database.faults())
        # Objects first, rows second: what is stored in between has its row by then.
        stored = dict(self._blobs.stored())
        with self._database.read() as connection:
            expected = inventory.objects(connection)
        for key, wanted in expected.items():
            yield from self._object(key, wanted)
        yield from self._leftovers(stored, expected)
        yield from self._inline_texts()
        yield from self._quotas()
        yield from self._duplicates()
        yield from self._tags()

    def _object(self, key: str, wanted: Expected) -> Iterator[Problem]:
        """An object that a row names: it is there, whole and unchanged, and belongs where it is."""
        digest, size_bytes = hashlib.sha256(), 0
        try:
            for block in self._blobs.stream(key):
                digest.update(block)
                size_bytes += len(block)
        except StorageUnavailable:
            if self._is_named(key):
                yield Problem("missing", key, "a row names it, but it cannot be read")
            return
        self.objects += 1
        self.read_bytes += size_bytes
        if size_bytes != wanted.size_bytes:
            yield Problem("damaged", key, f"it has {size_bytes} bytes instead of {wanted.size_bytes}")
        elif wanted.sha256 not in (None, digest.hexdigest()):
            yield Problem("damaged", key, "its bytes are not the ones that were stored")
        elif key.startswith(documents.blob_key("")) and size_bytes <= documents.INLINE_BYTES:
            yield Problem("misplaced", key, "a text this short belongs in the database")

    def _is_named(self, key: str) -> bool:
        with self._database.read() as connection:
            return key in inventory.objects(connection)

    def _leftovers(self, stored: dict[str, float], expected: dict[str, Expected]) -> Iterator[Problem]:
        newest_s = self._now_s - SHARED_GRACE_S if self._blobs.shared else float("inf")
        for key, stored_s in stored.items():
            if key not in expected and stored_s < newest_s:
                yield Problem("leftover", key, "no row names it; the next start removes it")

    def _inline_texts(self) -> Iterator[Problem]:
        columns = select(docs.c.id, docs.c.inline, docs.c.size_bytes, docs.c.stored_hash)
        statement = columns.where(docs.c.inline.is_not(None)).order_by(docs.c.id).limit(_TEXTS_AT_ONCE)
        last = ""
        while True:
            with self._database.read() as connection:
                rows = connection.execute(statement.where(docs.c.id > last)).all()
            for row in rows:
                yield from _inline_text(row.id, bytes(row.inline), Expected(row.size_bytes, row.stored_hash))
            if len(rows) < _TEXTS_AT_ONCE:
                return
            last = rows[-1].id

    def _quotas(self) -> Iterator[Problem]:
        """What each account has used, by its own row and by what it holds, in one statement: writers may go on."""

        def held(what: ColumnElement[int], owner: ColumnElement[str], *conditions: ColumnElement[bool]) -> object:
            return select(func.coalesce(what, 0)).where(owner == users.c.id, *conditions).scalar_subquery()

        size = func.sum(media.c.size_bytes)
        dimensions = {
            "doc_count": (users.c.doc_count, held(func.count(docs.c.id), docs.c.user_id)),
            "media_storage": (users.c.media_bytes, held(size, media.c.user_id, media.c.type == "audio")),
            "img_storage": (users.c.img_bytes, held(size, media.c.user_id, media.c.type == "image")),
        }
        columns = [column for pair in dimensions.values() for column in pair]
        with self._database.read() as connection:
            for user_id, *numbers in connection.execute(select(users.c.id, *columns)):
                for name, counted, real in zip(dimensions, numbers[::2], numbers[1::2], strict=True):
                    if counted != real:
                        yield Problem("quota", f"user {user_id}", f"{name} is counted as {counted}, but is {real}")

    def _duplicates(self) -> Iterator[Problem]:
        tables = (("documents", docs.c, docs.c.id.is_not(None)), ("images", media.c, media.c.type == "image"))
        with self._database.read() as connection:
            for name, table, condition in tables:
                same = (table.user_id, table.source_hash)
                repeated = select(*same).where(condition).group_by(*same).having(func.count() > 1)
                for user_id, digest in connection.execute(repeated):
                    yield Problem("duplicate", f"user {user_id}", f"several {name} have the hash {digest}")

    def _tags(self) -> Iterator[Problem]:
        known = select(docs.c.id).union_all(select(media.c.id))
        with self._database.read() as connection:
            for tag, object_id in connection.execute(
                select(tags.c.tag, tags.c.object_id).where(tags.c.object_id.not_in(known))
            ):
                yield Problem("tags", object_id, f"the tag {tag} is of something that does not exist")


def _inline_text(doc_id: str, text: bytes, wanted: Expected) -> Iterator[Problem]:
    """A text in the database: unchanged, and short enough for it."""
    if len(text) != wanted.size_bytes or hashlib.sha256(text).hexdigest() != wanted.sha256:
        yield Problem("damaged", f"document {doc_id}", "its text is not the one that was stored")
    elif len(text) > documents.INLINE_BYTES:
        yield Problem("misplaced", f"document {doc_id}", "a text this long belongs in the object store")
