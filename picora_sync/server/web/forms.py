"""Text fields of multipart forms, checked."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from picora_sync.server import errors
from picora_sync.server.web import fields

_TRUTH = {"true": True, "1": True, "false": False, "0": False}


def form_flag(form: Mapping[str, str], *names: str) -> bool | None:
    """A boolean under the first of several names that is present.

    Raises:
        ApiError: it is neither ``true``/``1`` nor ``false``/``0``.
    """
    for name in names:
        value = form.get(name)
        if value is not None:
            if value not in _TRUTH:
                raise errors.invalid(name, f"{name} must be true or false")
            return _TRUTH[value]
    return None


def form_tags(form: Mapping[str, str]) -> list[str]:
    """``tags``: a JSON array written as text.

    Raises:
        ApiError: it is something else, or a tag is wrong.
    """
    value = form.get("tags")
    if not value:
        return []
    try:
        parsed = msgspec.json.decode(value)
    except (ValueError, RecursionError) as error:
        raise errors.invalid("tags", "tags must be a JSON array of strings") from error
    return fields.tag_list(parsed)
