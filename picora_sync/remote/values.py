"""JSON from a server → plain values: every text can be stored and shown, every number is finite and fits the index."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final

_END: Final = 1 << 63
"""No number of the API is that large, and SQLite holds no larger one."""
_LONGEST_CHARS: Final = 4096
"""No text of the API is that long: what is stored and shown of one is cut much earlier."""
_STEERING: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def plain(text: str) -> str:
    """The text with lone surrogates (odd JSON escapes) as U+FFFD, and control characters and line ends as blanks."""
    if text.isascii() and text.isprintable():
        return text
    return _STEERING.sub(" ", valid_text(text))


def valid_text(value: str) -> str:
    """The text with lone surrogates (file names that are no UTF-8, odd JSON escapes) replaced by U+FFFD."""
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def read_json(body: bytes, scrub: Callable[[str], str] = str) -> object:
    """The JSON value, None if it is none, or too deeply nested to be one of ours. ``scrub`` takes secrets out of texts;
    numbers that are none (NaN, 1e999), or that no field can hold, are None.
    """
    try:
        return _cleaned(json.loads(body), scrub)
    except (ValueError, RecursionError):
        return None


def _cleaned(value: object, scrub: Callable[[str], str]) -> object:
    match value:
        case str():
            return _fit(value, scrub)
        case dict():
            return {_fit(name, scrub): _cleaned(each, scrub) for name, each in value.items()}
        case list():
            return [_cleaned(each, scrub) for each in value]
        case bool():
            return value
        case int() | float():
            return value if -_END < value < _END else None
        case _:
            return value


def _fit(text: str, scrub: Callable[[str], str]) -> str:
    return scrub(plain(text[:_LONGEST_CHARS]))
