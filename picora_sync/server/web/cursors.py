"""Opaque cursors: the sort key and id of the last row seen, so pages are stable under inserts and deletes (§4)."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from picora_sync.server import errors
from picora_sync.server.store import ids
from picora_sync.server.web.query import Refusal

_MAX_CHARACTERS = 256
_MAX_STAMP_MS = 2**53


@dataclass(frozen=True)
class Cursor:
    """Where the last page ended, and in which order it was listed."""

    order: str
    stamp_ms: int
    id: str


def encode(cursor: Cursor) -> str:
    """The cursor as the client carries it: URL-safe, without padding."""
    raw = json.dumps([cursor.order, cursor.stamp_ms, cursor.id], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(value: str | None, order: str, refuse: Refusal = errors.invalid, field: str = "cursor") -> Cursor | None:
    """The cursor a client sent back; None for the first page.

    Raises:
        ApiError: it is not one of ours, or of a list in another order.
    """
    if not value:
        return None
    wrong = refuse(field, f"{field} is not one that this list returned")
    if len(value) > _MAX_CHARACTERS:
        raise wrong
    try:
        raw = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
        parts = json.loads(raw)
    except (ValueError, binascii.Error, RecursionError) as error:
        raise wrong from error
    match parts:
        case [str(found), int(stamp_ms), str(last)] if found == order and ids.is_id(last):
            if type(stamp_ms) is int and 0 <= stamp_ms <= _MAX_STAMP_MS:
                return Cursor(order, stamp_ms, last)
    raise wrong
