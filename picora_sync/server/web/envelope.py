"""The reply envelope, and every error put into it (contract §2)."""

from __future__ import annotations

import logging

import falcon
import msgspec

from picora_sync.server import errors
from picora_sync.server.errors import ApiError, StorageUnavailable

_LOG = logging.getLogger(__name__)
_CODES = {400: "BAD_REQUEST", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "PAYLOAD_TOO_LARGE"}


def to_json(document: object) -> bytes:
    """Compact UTF-8 JSON."""
    return msgspec.json.encode(document)


def reply(resp: falcon.Response, data: object, status: int = 200) -> None:
    """Answer success with ``data``."""
    resp.status = status
    resp.content_type = falcon.MEDIA_JSON
    resp.data = to_json({"success": True, "data": data})


def install(app: falcon.App[falcon.Request, falcon.Response]) -> None:
    """Make every error of the application answer in the envelope."""
    app.add_error_handler(Exception, _on_fault)
    app.add_error_handler(falcon.HTTPError, _on_http_error)
    app.add_error_handler(StorageUnavailable, _on_storage)
    app.add_error_handler(ApiError, _on_api_error)


def _on_api_error(req: falcon.Request, resp: falcon.Response, error: ApiError, _params: dict[str, object]) -> None:
    body: dict[str, object] = {"success": False, "error": error.message, "code": error.code}
    if error.meta is not None:
        body["meta"] = error.meta
    resp.status = error.status
    resp.content_type = falcon.MEDIA_JSON
    resp.stream = None
    resp.data = to_json(body)
    resp.delete_header("ETag")  # of the file that this is not
    resp.set_header("Cache-Control", "no-store")
    for name, value in error.headers.items():
        resp.set_header(name, value)
    del req


def _on_http_error(
    req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, params: dict[str, object]
) -> None:
    code = _CODES.get(error.status_code, "BAD_REQUEST")
    headers = dict(error.headers or {})
    message = error.description or error.title or "The request cannot be carried out"
    _on_api_error(req, resp, ApiError(error.status_code, code, message, headers=headers), params)


def _on_storage(
    req: falcon.Request, resp: falcon.Response, error: StorageUnavailable, params: dict[str, object]
) -> None:
    _LOG.error("%s: storage failed: %s", req.context.request_id, error)
    _on_api_error(req, resp, errors.storage_error(), params)


def _on_fault(req: falcon.Request, resp: falcon.Response, error: Exception, params: dict[str, object]) -> None:
    _LOG.error("%s: %s %s failed", req.context.request_id, req.method, req.path, exc_info=error)
    _on_api_error(req, resp, ApiError(500, "INTERNAL", "The server made a mistake; its log says which"), params)
