"""The wire format, read leniently: spellings, shapes and gaps of contract §4, §6 to §8, §12 and §16."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Final
from urllib.parse import urlsplit

from picora_sync.core.model import Kind, Problem, RemoteObject, object_id
from picora_sync.errors import Rejected
from picora_sync.remote.failures import Answer, from_answer, not_picora, shown
from picora_sync.remote.values import plain

Item = Mapping[str, object]

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SNAKE: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER_TYPES: Final = ("image", "video")
_END: Final = 1 << 63
_TEXT_CHARS: Final = 1000
_MOST_TAGS: Final = 100
_MOST_REMARKS: Final = 300
_ADDRESS: Final = re.compile(r"https?://[^\s\x00-\x20\x7f-\x9f\"'`<>\\^{|}\ud800-\udfff]{1,2000}", re.IGNORECASE)
_LIST_KEYS: Final = ("items", "images", "changes", "docs")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; ``items`` are those that are objects at all. A bare list has no frame around it."""

    items: tuple[Item, ...]
    next_cursor: str
    has_more: bool
    framed: bool = True


def data_of(answer: Answer) -> object:
    """What a 2xx with the envelope carries; a bare value is taken as it is (§16 #21).

    Raises:
        NotPicora: the body is not JSON.
        RemoteError: the envelope says ``success: false``.
    """
    body = answer.value
    if not isinstance(body, (dict, list)):
        raise not_picora(answer, "is compressed, or too long" if answer.cut else "is not JSON")
    if not isinstance(body, dict):
        return body
    if body.get("success") is False:
        raise from_answer(answer)
    return body.get("data") if "data" in body or "success" in body else body


def vouched(answer: Answer) -> bool:
    """Whether a 2xx is the API's own word that something was done: its envelope, or, where it says nothing, its mark on
    every response (§1, §2). Portals and proxies answer 204 and an empty 200, too.
    """
    if not answer.body:
        return answer.request_id is not None
    body = answer.value
    return isinstance(body, dict) and body.get("success") is True


def item_of(answer: Answer) -> Item:
    """The object that an answer carries.

    Raises:
        NotPicora: it carries none.
    """
    data = data_of(answer)
    if not isinstance(data, dict):
        raise not_picora(answer, "holds no object")
    return data


def page_of(answer: Answer) -> Page:
    """One page of any list (§4, §16 #21).

    Raises:
        NotPicora: there is no list in it, which must never be taken for an empty one.
    """
    data = data_of(answer)
    found: object = data
    frame: Item = {}
    if isinstance(data, dict):
        frame = data
        found = next((data[key] for key in _LIST_KEYS if isinstance(data.get(key), list)), None)
    if not isinstance(found, list):
        raise not_picora(answer, "holds no list")
    cursor = either(frame, "nextCursor")
    next_cursor = cursor if isinstance(cursor, str) else ""
    more = boolean(either(frame, "hasMore"))
    items = tuple(item for item in found if isinstance(item, dict))
    return Page(items, next_cursor, bool(next_cursor) if more is None else more, isinstance(data, dict))


def doc_of(item: Item, base_url: str) -> RemoteObject | None:
    """A document (§8), None without a usable id. Documents have no address of their own but ``/raw``."""
    told = id_of(item)
    if told is None:
        return None
    return RemoteObject(
        id=object_id(Kind.DOC, told),
        kind=Kind.DOC,
        url=address(item) or f"{base_url}/v1/docs/{told}/raw",
        title=text(either(item, "title")),
        tags=_tags(item.get("tags")),
        public=boolean(either(item, "isPublic")),
        size_bytes=size_of(item),
        created_at=timestamp(either(item, "createdAt")),
        rewritten=(number(either(item, "rewrittenCount")) or 0) > 0,
        thumbnail_url=web_address(either(item, "coverUrl")) or None,
    )


def audio_of(item: Item) -> RemoteObject | None:
    """An audio object (§6), also as an item of ``/v1/media`` (§7); None without a usable id."""
    told = id_of(item)
    if told is None:
        return None
    return RemoteObject(
        id=object_id(Kind.AUDIO, told),
        kind=Kind.AUDIO,
        url=address(item),
        title=text(either(item, "title")),
        public=boolean(either(item, "isPublic")),
        size_bytes=size_of(item),
        created_at=timestamp(either(item, "createdAt")),
        thumbnail_url=web_address(either(item, "thumbnailUrl")) or None,
        duration_s=number(either(item, "durationSeconds")),
    )


def remarks_of(item: Item) -> tuple[Problem, ...]:
    """The warnings and failed images of an upload (§8, §16 #11): strings or objects, often absent."""
    failures = (Problem("IMAGE_NOT_STORED", said) for said in _said(item.get("failures")))
    warnings = (Problem("SERVER_WARNING", said) for said in _said(item.get("warnings")))
    return (*islice(failures, _MOST_REMARKS), *islice(warnings, _MOST_REMARKS))


def checked_id(kind: Kind, known: str) -> str:
    """The server's id of an object of this kind, fit to be put into a path (§16 #13).

    Raises:
        Rejected: it is no id, or of another kind; nothing was sent.
    """
    told = known.removeprefix(object_id(kind, ""))
    if not _ID.fullmatch(told):
        raise Rejected(
            f"{shown(known)!r} is not an id of Picora.",
            hint="The answer was not what Picora documents: check `account.url`.",
        )
    return told


def id_of(item: Item) -> str | None:
    """The item's id if it is one."""
    value = item.get("id")
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def either(item: Item, camel: str) -> object:
    """The field in camelCase, else in snake_case (§16 #14); None if it is missing."""
    value = item.get(camel)
    return item.get(_SNAKE.sub("_", camel).lower()) if value is None else value


def text(value: object) -> str:
    """A string fit to be stored, of bounded length; "" for anything else."""
    return plain(value)[:_TEXT_CHARS] if isinstance(value, str) else ""


def number(value: object) -> float | None:
    """A finite number that the index can hold, also as a string; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if abs(found) < _END else None


def boolean(value: object) -> bool | None:
    """True or False, also as 1, 0 or a string; None for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, str)):
        return {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
    return None


def timestamp(value: object) -> str:
    """A time stamp as ``2026-05-02T09:30:00.000Z``, so that stamps compare as strings; "" if it is none (§1)."""
    if not isinstance(value, str):
        return ""
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return ""
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def size_of(item: Item) -> int:
    """The object's bytes, 0 if it does not say, or says what no file can have."""
    told = number(either(item, "sizeBytes"))
    size = told if told is not None else number(item.get("size"))
    return int(size) if size is not None and size >= 0 else 0


def address(item: Item) -> str:
    """The object's URL, "" if it is missing or no web address."""
    return web_address(item.get("url"))


def web_address(value: object) -> str:
    """An address that can be stored, shown and opened: http or https, without name and password, blanks, quotes and
    brackets; "" for anything else.
    """
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        return ""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        return ""
    return value if usable and parts.username is None and parts.password is None else ""


def path_of(kind: Kind, known: str) -> str:
    """The path of one object; the id is checked."""
    return f"/v1/{'docs' if kind is Kind.DOC else 'audio'}/{checked_id(kind, known)}"


def ids_of(value: object) -> frozenset[str]:
    """The ids in a list of strings or of objects (``deleted`` of §7)."""
    if not isinstance(value, list):
        return frozenset()
    found = (id_of(entry if isinstance(entry, dict) else {"id": entry}) for entry in value)
    return frozenset(told for told in found if told)


def objects_of(kind: Kind, items: Sequence[Item], base_url: str) -> Iterator[RemoteObject]:
    """Those items that are objects of this kind; what cannot be read is left out (§16 #18, #21)."""
    for item in items:
        found = doc_of(item, base_url) if kind is Kind.DOC else audio_of(item)
        foreign = item.get("format", "markdown") != "markdown" or item.get("type", kind.value) in _OTHER_TYPES
        if found is not None and not foreign:
            yield found


def _tags(value: object) -> tuple[str, ...] | None:
    """None if the answer says nothing of them that can be understood: that is no difference."""
    entries = value.split(",", _MOST_TAGS) if isinstance(value, str) else value
    if not isinstance(entries, list):
        return None
    return tuple(text(tag) for tag in entries[:_MOST_TAGS] if isinstance(tag, str))


def _said(value: object) -> Iterator[str]:
    for entry in value if isinstance(value, list) else ():
        said = next((entry[k] for k in ("message", "reason") if entry.get(k)), "") if isinstance(entry, dict) else entry
        if isinstance(said, str) and said:
            yield shown(said)
