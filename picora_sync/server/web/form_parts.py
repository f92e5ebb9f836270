"""What clients of all ages write into the head of one multipart part (RFC 7578, decision 0085)."""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import unquote_to_bytes

from multipart import MultipartSegment  # type: ignore[import-untyped]  # annotated, not marked

HEADER_CHARSET = "iso-8859-1"
"""How the parser is to decode heads: so no byte is lost before it is known what they are."""

# Charsets that clients give to plain text. Python's other codecs are closed to strangers.
_CHARSETS = frozenset({"utf-8", "us-ascii", "iso-8859-1", "windows-1252"})
_EXTENDED = re.compile(r";\s*filename\*\s*=\s*\"?([A-Za-z0-9-]+)'[^']*'([^;\"\s]*)", re.IGNORECASE)


def filename(part: MultipartSegment) -> str:
    """The file's name; empty without one.

    ``filename*`` (RFC 5987) comes first where a client sends it, and ``filename`` is UTF-8, else Latin-1.
    """
    extended = _EXTENDED.search(part.header("Content-Disposition", ""))
    if extended is not None and extended[1].lower() in _CHARSETS:
        with suppress(UnicodeDecodeError):
            return unquote_to_bytes(extended[2]).decode(extended[1])
    name: str = part.filename or ""
    try:
        return name.encode(HEADER_CHARSET).decode()
    except UnicodeError:
        return name


def text(part: MultipartSegment, content: bytes) -> str:
    """The value of a text field, in the charset that its part names; UTF-8 without one.

    Raises:
        UnicodeDecodeError: it is something else.
    """
    charset = (part.charset or "").lower()
    return content.decode(charset if charset in _CHARSETS else "utf-8")
