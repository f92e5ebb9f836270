"""``/v1/media`` and ``/v1/sync/state`` (contract §7, §12)."""

from __future__ import annotations

from typing import ClassVar

import falcon

from picora_sync.server import errors
from picora_sync.server.errors import ApiError
from picora_sync.server.library import media, views
from picora_sync.server.library.media import Media, MediaFilter
from picora_sync.server.library.views import Urls
from picora_sync.server.web import access, body, cursors, query
from picora_sync.server.web.access import Resource
from picora_sync.server.web.envelope import reply

_MAX_BATCH = 100


class MediaList(Resource):
    """List, and delete in batches."""

    access: ClassVar = {"GET": access.READ, "DELETE": access.DELETE}

    def __init__(self, library: Media, urls: Urls) -> None:
        self._library = library
        self._urls = urls

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """One page."""
        wanted = MediaFilter(
            kind=query.choice(req, "type", media.TYPES),
            needle=query.text(req, "q"),
            public=query.flag(req, "is_public", "isPublic"),
        )
        limit = query.limit(req, 20, 100)
        after = cursors.decode(query.text(req, "cursor"), media.LIST_ORDER)
        page = self._library.page(req.context.credential.user_id, wanted, after, limit)
        items = [views.media_item(row, self._urls) for row in page.rows]
        reply(resp, {"items": items, "nextCursor": page.next_cursor, "hasMore": page.has_more})

    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Delete up to 100; what is not there is reported, nothing is rolled back."""
        deleted: list[str] = []
        failed: list[dict[str, str]] = []
        for item_id, kind in _batch(body.json_object(body.received(req)).get("items")):
            if self._library.delete(req.context.credential.user_id, kind, item_id):
                deleted.append(item_id)
            else:
                failed.append({"id": item_id, "type": kind, "reason": "NOT_FOUND"})
        reply(resp, {"deleted": deleted, "failed": failed})


class SyncState(Resource):
    """What changed since a cursor; bad parameters are 400 here."""

    access: ClassVar = {"GET": access.READ}

    def __init__(self, library: Media, urls: Urls) -> None:
        self._library = library
        self._urls = urls

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The next changes; the stop signal is ``hasMore`` (contract §12)."""
        kind = query.choice(req, "type", (*media.TYPES, "all"), _bad_parameter)
        limit = query.limit(req, 100, 500, _bad_parameter)
        since = cursors.decode(query.text(req, "since"), media.SYNC_ORDER, _bad_parameter, "since")
        user_id = req.context.credential.user_id
        page, last = self._library.changes(user_id, None if kind == "all" else kind, since, limit)
        data = {
            "changes": [views.change(row, self._urls) for row in page.rows],
            "nextCursor": cursors.encode(last),
            "hasMore": page.has_more,
        }
        reply(resp, data)


def _batch(items: object) -> list[tuple[str, str]]:
    """Distinct (id, type) pairs of a batch.

    Raises:
        ApiError: 422, it is empty, too long, or an item lacks ``id`` or ``type``.
    """
    if not isinstance(items, list) or not 1 <= len(items) <= _MAX_BATCH:
        raise errors.invalid("items", f"items must be a list of 1 to {_MAX_BATCH} items")
    pairs: dict[tuple[str, str], None] = {}
    for item in items:
        match item:
            case {"id": str(item_id), "type": str(kind)} if kind in media.TYPES:
                pairs[item_id, kind] = None
            case _:
                raise errors.invalid("items", "each item needs an id and a type (image, video or audio)")
    return list(pairs)


def _bad_parameter(field: str, message: str) -> ApiError:
    return ApiError(400, "BAD_REQUEST", message, meta={"field": field})
