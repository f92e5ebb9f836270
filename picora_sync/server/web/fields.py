"""Fields of JSON bodies and forms, checked (contract §6, §8, §15)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from picora_sync.server import errors

MAX_TAGS = 10
MAX_TAG_CHARACTERS = 32
MAX_FILENAME_CHARACTERS = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DOC_SUFFIXES = (".md", ".markdown")


def string(body: Mapping[str, object], field: str) -> str | None:
    """A string, or None if the field is absent or null. Bodies hold no broken Unicode: ``web.body`` refuses them.

    Raises:
        ApiError: it is no string.
    """
    value = body.get(field)
    if value is None:
        return None
    if not isinstance(value, str):
        raise errors.invalid(field, f"{field} must be a string")
    return value


def boolean(body: Mapping[str, object], *names: str) -> bool | None:
    """A boolean under the first of several names that is present.

    Raises:
        ApiError: it is something else.
    """
    for name in names:
        value = body.get(name)
        if value is not None:
            if not isinstance(value, bool):
                raise errors.invalid(name, f"{name} must be true or false")
            return value
    return None


def title(body: Mapping[str, object], most: int) -> str | None:
    """An explicit title: not empty, at most ``most`` code points.

    Raises:
        ApiError: it is empty, too long, or holds NUL.
    """
    value = string(body, "title")
    if value is None:
        return None
    if not value.strip():
        raise errors.invalid("title", "title must not be empty")
    if "\x00" in value:
        raise errors.invalid("title", "title must not hold NUL")
    if len(value) > most:
        raise errors.invalid("title", f"title is over {most} characters", limit=most, actual=len(value))
    return value


def tag_list(value: object) -> list[str]:
    """Explicit tags: trimmed, duplicates merged, checked.

    Raises:
        ApiError: no list of strings, too many, or one is empty, too long or holds a comma.
    """
    if not isinstance(value, list):
        raise errors.invalid("tags", "tags must be a list of strings")
    if len(value) > MAX_TAGS:
        raise errors.invalid("tags", f"more than {MAX_TAGS} tags", limit=MAX_TAGS, actual=len(value))
    tags: dict[str, None] = {}
    for item in value:
        if not isinstance(item, str):
            raise errors.invalid("tags", "tags must be a list of strings")
        tag = item.strip()
        if not tag or "," in tag or "\x00" in tag:
            raise errors.invalid("tags", "a tag must not be empty or hold a comma")
        if len(tag) > MAX_TAG_CHARACTERS:
            raise errors.invalid("tags", f"a tag is over {MAX_TAG_CHARACTERS} characters")
        tags[tag] = None
    return list(tags)


def base_name(filename: str) -> str:
    """A filename without directories and control characters."""
    return _CONTROL.sub("", re.split(r"[/\\]", filename)[-1])


def doc_filename(body: Mapping[str, object]) -> str:
    """The name of an uploaded document.

    Raises:
        ApiError: it is absent, too long, or does not end in ``.md`` or ``.markdown``.
    """
    value = string(body, "filename")
    if value is None:
        raise errors.invalid("filename", "filename is needed")
    name = base_name(value)
    if not 1 <= len(name) <= MAX_FILENAME_CHARACTERS:
        raise errors.invalid("filename", f"filename must have 1 to {MAX_FILENAME_CHARACTERS} characters")
    if not name.lower().endswith(_DOC_SUFFIXES):
        raise errors.invalid("filename", "filename must end in .md or .markdown")
    return name
