"""Request bodies: bounded, and JSON read strictly (contract §15 #8)."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NoReturn

import falcon
import msgspec

from picora_sync.server import errors
from picora_sync.server.web.bodies import Bodies

JSON_CAP_BYTES = 64 * 1024 * 1024
MULTIPART_CAP_BYTES = 1024 * 1024 * 1024
_BLOCK_BYTES = 64 * 1024
_MAX_VALUE_BYTES = 256 * 1024
_TWICE = 2
# Every field of any JSON request in the contract. Values stay raw bytes until they are known to be of sensible size:
# 60 MB of "{},{},…" would become 2 GB of objects.
_FIELDS = (
    *("filename", "content", "title", "tags", "isPublic", "is_public", "rewriteImages"),
    *("kbId", "relativePath", "ids", "items"),
)
# The parts of a document that is known to be JSON: strings, with a colon if they are names, and brackets.
_PARTS = re.compile(rb"(\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\")(\s*:)?|[{}\[\]]", re.DOTALL)
_DECODER = msgspec.json.Decoder(msgspec.defstruct("Fields", [(name, msgspec.Raw, msgspec.Raw()) for name in _FIELDS]))


def reader(req: falcon.Request, cap_bytes: int) -> Callable[[], bytes]:
    """A function that returns the next block of the body, and ``b""`` at its end.

    Raises:
        ApiError: 415 for a compressed body, which is never inflated; 413, at once or while reading, when the body is
            longer than the cap; 400 when it is cut off; 401 at its end, when the key was revoked meanwhile.
    """
    _refuse_encoded(req)
    declared = req.content_length
    if declared is not None and declared > cap_bytes:
        raise errors.too_large(cap_bytes)
    if declared is None and req.get_header("Transfer-Encoding") is None:
        return lambda: b""
    source = req.env["wsgi.input"]
    seen = 0
    ended = False

    def read() -> bytes:
        nonlocal ended
        block = b"" if ended else next_block()
        if not block and not ended:
            req.context.confirm()
            ended = True
        return block

    def next_block() -> bytes:
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


def received(req: falcon.Request) -> bytes:
    """The whole body of a request with JSON, not yet looked at.

    Raises:
        ApiError: 413 over the cap, 400 if it is cut off, 503 if too many arrive at the same time.
    """
    with under_way(req):
        return b"".join(iter(reader(req, JSON_CAP_BYTES), b""))


def under_way(req: falcon.Request) -> AbstractContextManager[None]:
    """The block in which a body is read.

    Raises:
        ApiError: 503, too many bodies of the key arrive at the same time.
    """
    bodies: Bodies = req.context.bodies
    return bodies.under_way(req.context.credential.key_id)


def json_object(content: bytes) -> dict[str, object]:
    """The known fields of a JSON object; others are skipped without being built (contract §15 #6).

    Raises:
        ApiError: 400 if it is no JSON in UTF-8, 422 if it is no object, names a known field twice, or a field is
            absurdly large.
    """
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        content.decode()  # all of it, strictly: msgspec looks at no string before it is asked for it
        msgspec.json.decode(content, type=msgspec.Raw)  # the syntax of all of it, before what it holds
        found = _DECODER.decode(content)
        _refuse_repeated(content)
        return {name: _value(name, raw) for name in _FIELDS if (raw := bytes(getattr(found, name)))}
    except msgspec.ValidationError as error:
        raise errors.invalid("body", "The request body must be a JSON object") from error
    except (ValueError, RecursionError) as error:
        raise errors.bad_request("The request body is not valid JSON") from error


def _value(name: str, raw: bytes) -> object:
    """A field's value: a string of any length, anything else only as large as a request needs."""
    if not raw.startswith(b'"') and len(raw) > _MAX_VALUE_BYTES:
        raise errors.invalid(name, f"{name} is too large")
    value: object = json.loads(raw, parse_constant=_refuse_constant)
    return value


def _refuse_encoded(req: falcon.Request) -> None:
    """Inflating would let a few kilobytes become gigabytes."""
    encoding = (req.get_header("Content-Encoding") or "identity").strip().lower()
    if encoding != "identity":
        raise errors.unsupported_encoding()


def _refuse_repeated(content: bytes) -> None:
    """Of two equal names JSON lets a reader take either: nobody may find that a note is public by the other one."""
    if b"\\" not in content and all(content.count(b'"%b"' % name.encode()) < _TWICE for name in _FIELDS):
        return
    depth = 0
    seen: set[str] = set()
    for part in _PARTS.finditer(content):
        if part[1] is None:
            depth += 1 if part[0] in (b"{", b"[") else -1
        elif depth == 1 and part[2] is not None:
            name = json.loads(part[1])
            if name in seen:
                raise errors.invalid(name, f"{name} is given more than once")
            if name in _FIELDS:
                seen.add(name)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
