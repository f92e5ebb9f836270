"""Whole lists of the account, page by page, and what is stored of a document (contract §4, §8, §12)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from picora_sync.core.model import Kind, RemoteObject, Tier
from picora_sync.core.ports import StoredText
from picora_sync.errors import NotPicora
from picora_sync.remote import hints
from picora_sync.remote.exchange import LIST_PATIENCE, PATIENCE, RAW_BYTES, Call, Exchange, Timeouts
from picora_sync.remote.failures import not_picora
from picora_sync.remote.retry import IDEMPOTENT, RetryRule
from picora_sync.remote.wire import Item, Page, id_of, objects_of, page_of, path_of

STATE_RULE: Final = RetryRule()
_MOST_PAGES: Final = 20_000
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_LISTS: Final = {
    Kind.DOC: ("/v1/docs", {"limit": "50"}),
    Kind.AUDIO: ("/v1/media", {"type": "audio", "limit": "100"}),
}


def list_objects(exchange: Exchange, kind: Kind) -> Iterator[RemoteObject]:
    """Every object of a kind, each id once, in the server's order (servers disagree about it, §16 #7).

    Raises:
        NotPicora: the list does not end, or is none: what came so far is not all there is.
        RemoteError: as any call.
    """
    path, query = _LISTS[kind]
    seen: set[str] = set()
    for page in _pages(exchange, path, query, "cursor"):
        if not page.items:
            return  # an empty page ends these lists, whatever its cursor says
        for found in objects_of(kind, page.items, exchange.base_url):
            if found.id not in seen:
                seen.add(found.id)
                yield found


def live_audio(exchange: Exchange) -> Iterator[Item]:
    """The upserts of ``GET /v1/sync/state?type=audio`` that no later delete undid, oldest first (§12).

    Raises:
        NotPicora: the list does not end, or is none.
        RemoteError: as any call; what fails on the server's side is not repeated, since there is another list.
    """
    live: dict[str, Item] = {}
    for page in _pages(
        exchange, "/v1/sync/state", {"type": "audio", "limit": "500"}, "since", STATE_RULE, LIST_PATIENCE
    ):
        if not page.framed:
            raise NotPicora("GET /v1/sync/state: the answer is no list of changes", hint=hints.NOT_PICORA)
        for change in page.items:
            object_id = id_of(change)
            if object_id is None or change.get("type", "audio") != "audio":
                continue
            live.pop(object_id, None)
            if change.get("op") != "delete":
                live[object_id] = change
    yield from live.values()


def stored_text(exchange: Exchange, object_id: str) -> StoredText:
    """``GET /v1/docs/:id/raw`` (§8).

    Raises:
        NotFound: there is no such document.
        NotPicora: what came is no text, or longer than any document.
    """
    call = Call("GET", f"{path_of(Kind.DOC, object_id)}/raw", Tier.READ, answer_bytes=RAW_BYTES)
    answer = exchange.send(call)
    if answer.cut or answer.headers.get("content-type", "").startswith("text/html"):
        raise not_picora(answer, "is no document")
    try:
        text = answer.body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_picora(answer, "is not UTF-8") from error
    source = answer.headers.get("x-source-hash", "").lower()
    return StoredText(text, source if _SHA256.fullmatch(source) else None)


def _pages(
    exchange: Exchange,
    path: str,
    query: dict[str, str],
    parameter: str,
    rule: RetryRule = IDEMPOTENT,
    patience: Timeouts = PATIENCE,
) -> Iterator[Page]:
    """The pages of one list, until the server says that there are no more."""
    cursor = ""
    for _ in range(_MOST_PAGES):
        asked = query | ({parameter: cursor} if cursor else {})
        call = Call("GET", path, Tier.READ, rule, query=asked, patience=patience)
        page = page_of(exchange.send(call))
        yield page
        if not page.has_more:
            return
        if page.next_cursor in ("", cursor):
            break
        cursor = page.next_cursor
    raise NotPicora(f"GET {path}: the list does not end", hint=hints.NOT_PICORA)
