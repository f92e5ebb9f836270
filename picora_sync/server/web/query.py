"""Query parameters, checked (contract §4, §15 #7)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

import falcon

from picora_sync.server import errors
from picora_sync.server.errors import ApiError

_NUMBER = re.compile(r"[0-9]{1,9}")
_TRUTH = {"true": True, "1": True, "false": False, "0": False}

Refusal = Callable[[str, str], ApiError]


def given(req: falcon.Request, name: str) -> str | None:
    """A parameter as it was sent, or None if it is absent; of repeated ones the first."""
    values = req.params.get(name)
    return values[0] if isinstance(values, list) else values


def text(req: falcon.Request, name: str) -> str | None:
    """A parameter for which empty means absent: a cursor, something to search for."""
    return given(req, name) or None


def limit(req: falcon.Request, default: int, greatest: int, refuse: Refusal = errors.invalid) -> int:
    """The page size: 1 to ``greatest``.

    Raises:
        ApiError: it is something else.
    """
    value = given(req, "limit")
    if value is None:
        return default
    if not _NUMBER.fullmatch(value) or not 1 <= int(value) <= greatest:
        raise refuse("limit", f"limit must be a number from 1 to {greatest}")
    return int(value)


def flag(req: falcon.Request, *names: str) -> bool | None:
    """A boolean under the first of several names that is present.

    Raises:
        ApiError: it is neither ``true``/``1`` nor ``false``/``0``.
    """
    for name in names:
        value = given(req, name)
        if value is not None:
            if value not in _TRUTH:
                raise errors.invalid(name, f"{name} must be true or false")
            return _TRUTH[value]
    return None


def choice(req: falcon.Request, name: str, allowed: Collection[str], refuse: Refusal = errors.invalid) -> str | None:
    """One of several words, or None.

    Raises:
        ApiError: it is none of them.
    """
    value = given(req, name)
    if value is not None and value not in allowed:
        raise refuse(name, f"{name} must be one of: {', '.join(allowed)}")
    return value
