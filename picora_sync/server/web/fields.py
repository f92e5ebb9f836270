"""Fields of JSON bodies and forms, checked (contract §6, §8, §15)."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping

from picora_sync.server import errors

MAX_TAGS = 10
MAX_TAG_CHARACTERS = 32
MAX_FILENAME_CHARACTERS = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DOC_SUFFIXES = (".md", ".markdown")


def string(body: Mapping[str, object], field: str) -> str | None:
    """A string, or None if the field is absent. Bodies hold no broken Unicode: ``web.body`` refuses them.

    Raises:
        ApiError: it is no string; null is none.
    """
    if field not in body:
        return None
    value = body[field]
    if not isinstance(value, str):
        raise errors.invalid(field, f"{field} must be a string")
    return value


def boolean(body: Mapping[str, object], *names: str) -> bool | None:
    """A boolean under the first of several names that is present; all that are present must be booleans.

    Raises:
        ApiError: one is something else; null is no boolean.
    """
    values = [_boolean(body[name], name) for name in names if name in body]
    return values[0] if values else None


def tags(body: Mapping[str, object]) -> list[str] | None:
    """``tags``, or None if the field is absent.

    Raises:
        ApiError: see :func:`tag_list`; null is no list.
    """
    return tag_list(body["tags"]) if "tags" in body else None


def refuse_knowledge_bases(names: Container[str]) -> None:
    """Nothing belongs to a knowledge base here, and nothing may look as if it did (contract §15 #23).

    Raises:
        ApiError: one of the fields of knowledge bases is named.
    """
    for name in ("kbId", "relativePath"):
        if name in names:
            raise errors.invalid(name, f"{name} is not supported: this server has no knowledge bases")


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


def _boolean(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise errors.invalid(name, f"{name} must be true or false")
    return value


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
