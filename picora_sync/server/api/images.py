"""``/v1/images`` (contract §10)."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import ClassVar

import falcon

from picora_sync.server import errors
from picora_sync.server.accounts import Credential
from picora_sync.server.content import image_formats, svg
from picora_sync.server.content.image_formats import ImageInfo
from picora_sync.server.library import images, views
from picora_sync.server.library.images import ImageFilter, Images, NewImage
from picora_sync.server.library.views import Urls
from picora_sync.server.store import ids
from picora_sync.server.store.blobs import Blobs
from picora_sync.server.web import access, cursors, query, uploads
from picora_sync.server.web.access import Resource
from picora_sync.server.web.envelope import reply
from picora_sync.server.web.forms import form_flag, form_tags
from picora_sync.server.web.uploads import Upload

_MAX_BYTES = 50 * 1024 * 1024
_DAY_S = 24 * 3600
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


class ImageList(Resource):
    """Upload and list."""

    access: ClassVar = {"POST": access.UPLOAD, "GET": access.READ}

    def __init__(self, library: Images, blobs: Blobs, urls: Urls) -> None:
        self._images = library
        self._blobs = blobs
        self._urls = urls

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Store an image; known bytes give the existing one (contract §15 #10)."""
        owner: Credential = req.context.credential
        if not owner.plan.active:
            raise errors.quota_exceeded("img_storage", 0, 0)
        with uploads.receive(req, self._blobs, _MAX_BYTES) as upload:
            tags = form_tags(upload.fields)
            public = form_flag(upload.fields, "isPublic", "is_public")
            row, is_new = self._images.store(owner, upload.sha256, lambda: _checked(upload, tags, public is not False))
        if not is_new:
            resp.set_header("X-Picora-Duplicate", "true")
        reply(resp, views.image(row, self._urls), 201 if is_new else 200)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """One page; ``items`` is the same list as ``images``."""
        wanted = ImageFilter(
            tag=query.text(req, "tag"), from_ms=_day(req, "start_date"), before_ms=_day(req, "end_date", days=1)
        )
        limit = query.limit(req, 20, 100)
        after = cursors.decode(query.text(req, "cursor"), images.LIST_ORDER)
        page = self._images.page(req.context.credential.user_id, wanted, after, limit)
        items = [views.image(row, self._urls) for row in page.rows]
        reply(resp, {"images": items, "items": items, "nextCursor": page.next_cursor, "hasMore": page.has_more})


class ImageItem(Resource):
    """One image."""

    access: ClassVar = {"GET": access.READ, "DELETE": access.DELETE}

    def __init__(self, library: Images, urls: Urls) -> None:
        self._images = library
        self._urls = urls

    def on_get(self, req: falcon.Request, resp: falcon.Response, image_id: str) -> None:
        """Its description."""
        user_id = req.context.credential.user_id
        row = self._images.get(user_id, image_id) if ids.is_id(image_id) else None
        if row is None:
            raise errors.not_found("image")
        reply(resp, views.image(row, self._urls))

    def on_delete(self, req: falcon.Request, resp: falcon.Response, image_id: str) -> None:
        """Delete it for good."""
        user_id = req.context.credential.user_id
        if not ids.is_id(image_id) or not self._images.delete(user_id, image_id):
            raise errors.not_found("image")
        reply(resp, None)


def _checked(upload: Upload, tags: list[str], public: bool) -> NewImage:
    """An upload that is an accepted image.

    Raises:
        ApiError: 422, ``meta.reason`` is ``size``, ``mime``, ``signature`` or ``svg``.
    """
    if upload.size_bytes > _MAX_BYTES:
        raise errors.invalid("file", f"The image is over {_MAX_BYTES} bytes", reason="size", limit=_MAX_BYTES)
    info = image_formats.identify(upload.head)
    if info is not None:
        return _new_image(upload, upload.sha256, upload.size_bytes, info, tags, public)
    if upload.size_bytes > svg.MAX_BYTES and b"<" in upload.head:
        raise errors.invalid("file", f"An SVG may have {svg.MAX_BYTES} bytes", reason="size", limit=svg.MAX_BYTES)
    if upload.size_bytes > svg.MAX_BYTES:
        raise _not_accepted()
    try:
        content = svg.sanitise(upload.path.read_bytes())
    except svg.SvgInvalid as error:
        raise _not_accepted() from error
    info = ImageInfo(image_formats.SVG, *svg.dimensions(content))
    upload.path.write_bytes(content)
    return _new_image(upload, hashlib.sha256(content).hexdigest(), len(content), info, tags, public)


def _new_image(
    upload: Upload, content_hash: str, size_bytes: int, info: ImageInfo, tags: list[str], public: bool
) -> NewImage:
    filename = upload.filename or ""
    return NewImage(upload.path, size_bytes, upload.sha256, content_hash, info, filename, tags, public)


def _not_accepted() -> errors.ApiError:
    return errors.invalid("file", "Only JPEG, PNG, GIF, WebP and SVG are accepted", reason="signature")


def _day(req: falcon.Request, name: str, *, days: int = 0) -> int | None:
    """The start of a day in milliseconds, ``days`` later.

    Raises:
        ApiError: 422, it is no date.
    """
    value = query.given(req, name)
    if value is None:
        return None
    wrong = errors.invalid(name, f"{name} must be a date, YYYY-MM-DD")
    match = _DATE.fullmatch(value)
    if match is None:
        raise wrong
    try:
        day = datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=UTC)
    except ValueError as error:
        raise wrong from error
    return int(day.timestamp() + days * _DAY_S) * 1000
