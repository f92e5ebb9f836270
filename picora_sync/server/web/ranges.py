"""Byte ranges (RFC 9110 §14): one range at most; anything else that is no error is the whole."""

from __future__ import annotations

import re
import sys

from picora_sync.server.errors import ApiError

_RANGE = re.compile(r"bytes=\s*(?P<first>[0-9]*)-(?P<last>[0-9]*)\s*", re.IGNORECASE)
_MOST_DIGITS = 18  # more is beyond every file, and int() refuses thousands


def parse(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """Start and end (not included) of what is asked for; None for the whole.

    Unknown units, several ranges and malformed ones are ignored, as the standard allows.

    Raises:
        ApiError: 416, nothing of the range exists.
    """
    match = _RANGE.fullmatch(header or "")
    if match is None or not (match["first"] or match["last"]):
        return None
    if not match["first"]:
        length = _number(match["last"])
        start, end = max(0, size_bytes - length), size_bytes
    else:
        start = _number(match["first"])
        end = size_bytes
        if match["last"]:
            last = _number(match["last"])
            if last < start:
                return None
            end = min(size_bytes, last + 1)
    if start >= end:
        headers = {"Content-Range": f"bytes */{size_bytes}", "Accept-Ranges": "bytes"}
        raise ApiError(416, "RANGE_NOT_SATISFIABLE", f"The file has {size_bytes} bytes", headers=headers)
    return start, end


def _number(digits: str) -> int:
    return int(digits) if len(digits) <= _MOST_DIGITS else sys.maxsize
