"""``/openapi.json`` and ``/``: what this server can do, for programs and for people."""

from __future__ import annotations

from typing import ClassVar

import falcon

from picora_sync.server.api.account import CONTRACT_VERSION
from picora_sync.server.openapi import page
from picora_sync.server.openapi.description import Json, describe
from picora_sync.server.web.access import Resource
from picora_sync.server.web.envelope import to_json


class _About(Resource):
    """Open to anybody, and made when first asked for: nobody waits for it at the start."""

    access: ClassVar = {}

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    def _description(self) -> Json:
        return describe(self._base_url, CONTRACT_VERSION)


class Description(_About):
    """OpenAPI 3.1."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """The description."""
        resp.content_type = falcon.MEDIA_JSON
        resp.data = to_json(self._description())


class Page(_About):
    """The same to be read."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """A page that loads nothing and runs nothing."""
        resp.content_type = falcon.MEDIA_HTML
        resp.set_headers({"Content-Security-Policy": page.POLICY, "X-Content-Type-Options": "nosniff"})
        resp.data = page.render(self._description()).encode()
