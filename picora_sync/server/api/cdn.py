"""The bytes themselves, below ``/media`` of the same port (contract §10, decision 0010)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

import falcon
from sqlalchemy import RowMapping, bindparam, select

from picora_sync.server import errors
from picora_sync.server.accounts import Credential
from picora_sync.server.content import image_formats
from picora_sync.server.library import audio, images, views
from picora_sync.server.store import ids
from picora_sync.server.store.blobs import Blobs
from picora_sync.server.store.database import Database
from picora_sync.server.store.schema import media
from picora_sync.server.web import ranges
from picora_sync.server.web.access import Access, Resource
from picora_sync.server.web.conditions import not_modified, quoted

_NAME = re.compile(r"(?P<id>[A-Za-z0-9_-]{1,64})\.(?P<ext>[a-z0-9]{1,8})")
_DEFAULT_COVER = re.compile(r"default-([a-z0-9]{3,4})\.svg")
_ANYBODY = Access("read", "read", anonymous=True, counted=False)
_BY_ID = select(media).where(media.c.id == bindparam("id"), media.c.type == bindparam("type"))
_FOR_EVER = "public, max-age=31536000"
_SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@dataclass(frozen=True)
class _File:
    """One file: what it is, and how its bytes from one index to another are read."""

    mime: str
    size_bytes: int
    etag: str
    read: Callable[[int, int], Iterable[bytes]]


class _Files(Resource):
    """What the three kinds of files share: who may see them, and how bytes are sent."""

    access: ClassVar = {"GET": _ANYBODY}
    kind: ClassVar[str]

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._blobs = blobs

    def visible(self, req: falcon.Request, name: str) -> RowMapping:
        """The row behind a file's name, if the caller may see it.

        Raises:
            ApiError: 404 for unknown or somebody else's, 401 for private ones without a key.
        """
        match = _NAME.fullmatch(name)
        if match is None or not ids.is_id(match["id"]):
            raise errors.not_found("file")
        with self._database.read() as connection:
            row = connection.execute(_BY_ID, {"id": match["id"], "type": self.kind}).mappings().first()
        if row is None or match["ext"] != self.extension(row):
            raise errors.not_found("file")
        caller: Credential | None = req.context.credential
        if row["public"] or (caller is not None and caller.user_id == row["user_id"]):
            return row
        raise errors.unauthorized("This file is private") if caller is None else errors.not_found("file")

    def extension(self, row: RowMapping) -> str | None:
        """The extension under which a row's file is served; None if it has none."""
        return str(row["ext"])

    def send(self, req: falcon.Request, resp: falcon.Response, file: _File, *, public: bool) -> None:
        """The bytes, or the part of them that was asked for."""
        size_bytes, mime = file.size_bytes, file.mime
        etag = quoted(file.etag)
        headers = {
            "ETag": etag,
            "Accept-Ranges": "bytes",
            "Cache-Control": _FOR_EVER if public else "private, no-store",
            "Vary": "Authorization",
            "X-Content-Type-Options": "nosniff",
        }
        if mime == image_formats.SVG:
            headers["Content-Security-Policy"] = _SVG_POLICY
        resp.set_headers(headers)
        if not_modified(req, etag):
            resp.status = 304
            return
        ranged = req.method == "GET" and req.get_header("If-Range") in (None, etag)  # RFC 9110 §14.2: GET alone
        wanted = ranges.parse(req.get_header("Range"), size_bytes) if ranged else None
        start, end = wanted or (0, size_bytes)
        if wanted is not None:
            resp.status = 206
            resp.set_header("Content-Range", f"bytes {start}-{end - 1}/{size_bytes}")
        resp.content_type = mime
        resp.content_length = end - start
        if req.method != "HEAD" and end > start:
            resp.stream = file.read(start, end)

    def stored(self, key: str, mime: str, size_bytes: int, etag: str) -> _File:
        """A file of the object store; all of it is asked for without a range."""
        return _File(
            mime,
            size_bytes,
            etag,
            lambda start, end: self._blobs.stream(key, None if end - start == size_bytes else (start, end)),
        )


class ImageFile(_Files):
    """``/media/{id}.{ext}``."""

    kind = "image"

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """An image."""
        row = self.visible(req, name)
        file = self.stored(images.blob_key(row["id"]), row["mime"], row["size_bytes"], row["content_hash"])
        self.send(req, resp, file, public=row["public"])


class AudioFile(_Files):
    """``/media/audio/{id}.{ext}``."""

    kind = "audio"

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """An audio file."""
        row = self.visible(req, name)
        file = self.stored(audio.blob_key(row["id"]), row["mime"], row["size_bytes"], row["content_hash"])
        self.send(req, resp, file, public=row["public"])


class CoverFile(_Files):
    """``/media/audio-cover/{id}.jpg`` and the default covers."""

    kind = "audio"

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """A cover, under ``.jpg`` with its true type (contract §15 #15)."""
        default = _DEFAULT_COVER.fullmatch(name)
        if default is not None:
            drawing = views.default_cover(default[1])
            if drawing is None:
                raise errors.not_found("file")
            digest = hashlib.sha256(drawing).hexdigest()
            file = _File(image_formats.SVG, len(drawing), digest, lambda start, end: [drawing[start:end]])
            self.send(req, resp, file, public=True)
            return
        row = self.visible(req, name)
        file = self.stored(
            audio.cover_key(row["id"]), row["cover_mime"], row["cover_bytes"], f"cover-{row['content_hash']}"
        )
        self.send(req, resp, file, public=row["public"])

    def extension(self, row: RowMapping) -> str | None:
        """Always ``jpg``, if there is a cover at all."""
        return "jpg" if row["cover_mime"] else None
