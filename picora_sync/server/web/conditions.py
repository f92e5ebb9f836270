"""Conditional requests: entity tags (RFC 9110 §13)."""

from __future__ import annotations

import re

import falcon

_TAG = re.compile(r"(?:W/)?(\"[^\"]*\")")


def quoted(digest: str) -> str:
    """A strong entity tag."""
    return f'"{digest}"'


def not_modified(req: falcon.Request, etag: str) -> bool:
    """Whether ``If-None-Match`` names what would be sent."""
    given = req.get_header("If-None-Match")
    return given is not None and (given.strip() == "*" or etag in _TAG.findall(given))
