"""Request bodies: bounded, and JSON read strictly (contract §15 #8)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NoReturn

import falcon

from picora_sync.server import errors

JSON_CAP_BYTES = 64 * 1024 * 1024
MULTIPART_CAP_BYTES = 1024 * 1024 * 1024
_BLOCK_BYTES = 64 * 1024


def reader(req: falcon.Request, cap_bytes: int) -> Callable[[], bytes]:
    """A function that returns the next block of the body, and ``b""`` at its end.

    Raises:
        ApiError: 413, at once or while reading, when the body is longer than the cap; 400 when it is cut off.
    """
    declared = req.content_length
    if declared is not None and declared > cap_bytes:
        raise errors.too_large(cap_bytes)
    if declared is None and req.get_header("Transfer-Encoding") is None:
        return lambda: b""
    source = req.env["wsgi.input"]
    seen = 0

    def read() -> bytes:
        nonlocal seen
        wanted = _BLOCK_BYTES if declared is None else min(_BLOCK_BYTES, declared - seen)
        if wanted == 0:
            return b""
        try:
            block: bytes = source.read(wanted)
        except OSError as error:
            raise errors.bad_request("The request body was cut off") from error
        seen += len(block)
        if not block and declared is not None:
            raise errors.bad_request("The request body is shorter than its Content-Length")
        if seen > cap_bytes:
            raise errors.too_large(cap_bytes)
        return block

    return read


def json_object(req: falcon.Request) -> dict[str, object]:
    """The body as a JSON object.

    Raises:
        ApiError: 413 over the cap, 400 if it is no JSON, 422 if it is no object.
    """
    read = reader(req, JSON_CAP_BYTES)
    content = b"".join(iter(read, b""))
    try:
        document = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise errors.bad_request("The request body is not valid JSON") from error
    if not isinstance(document, dict):
        raise errors.invalid("body", "The request body must be a JSON object")
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
