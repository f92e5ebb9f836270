"""Opaque cursors: the sort key and id of the last row seen, so pages are stable under inserts and deletes (§4)."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from picora_sync.server import errors
from picora_sync.server.store import ids
from picora_sync.server.web.query import Refusal

_MAX_CHARACTERS = 8192  # a title may have 200 characters, three times as many when it is folded, of four bytes each
_MAX_STAMP_MS = 2**53


@dataclass(frozen=True)
class Cursor:
    """Where the last page ended, and in which order it was listed: by time, or by folded title."""

    order: str
    stamp_ms: int
    id: str
    title: str | None = None

    @property
    def place(self) -> int | str:
        """What the list is ordered by."""
        return self.stamp_ms if self.title is None else self.title


BY_TITLE = "title"
"""The one order that is not by time."""


def encode(cursor: Cursor) -> str:
    """The cursor as the client carries it: URL-safe, without padding."""
    raw = json.dumps([cursor.order, cursor.place, cursor.id], separators=(",", ":")).encode()
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
        case [str(found), int(stamp_ms), str(last)] if found == order != BY_TITLE and ids.is_id(last):
            if type(stamp_ms) is int and 0 <= stamp_ms <= _MAX_STAMP_MS:
                return Cursor(order, stamp_ms, last)
        case [str(found), str(title), str(last)] if found == order == BY_TITLE and ids.is_id(last):
            if _is_storable(title):
                return Cursor(order, 0, last, title)
    raise wrong


def _is_storable(title: str) -> bool:
    """Whether a database takes it: no NUL, no half of a character."""
    return "\x00" not in title and not any("\ud800" <= character <= "\udfff" for character in title)
