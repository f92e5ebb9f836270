"""Deleting in batches, and being certain about each id afterwards (contract §7, §8; design §4).

The live service keeps deleted documents in a trash unless it is asked with ``hard`` (contract §16 #1). Whether its
batch call hears that is not specified: what stays in the trash is purged when an upload names it as a duplicate (#12).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from picora_sync.core.model import Kind, Tier
from picora_sync.errors import NotFound, NotPicora, Rejected, RemoteError
from picora_sync.remote.exchange import Call, Exchange
from picora_sync.remote.failures import Answer, parsed
from picora_sync.remote.wire import Item, checked_id, data_of, ids_of, number, path_of, vouched

MOST_DOCS: Final = 50
MOST_AUDIO: Final = 100

HARD: Final = {"hard": "true"}
"""Deleted means deleted: asked of every deletion of documents."""

_NO_SUCH_CALL: Final = (404, 405)
_NOT_LIKE_THIS: Final = (400, 422)
"""A batch of documents that the server refuses to read, perhaps because of ``hard``."""


def delete_docs(exchange: Exchange, ids: Sequence[str], gone: Callable[[str], bool]) -> tuple[str, ...]:
    """``DELETE /v1/docs``, whose reply only counts: unless it counts them all, ``gone`` is asked for each id.

    One alone is deleted by its own call, which is known to purge.
    """
    wanted = _checked(Kind.DOC, ids, MOST_DOCS)
    if len(wanted) == 1:
        return tuple(each for each in wanted if delete_one(exchange, Kind.DOC, each, gone))
    call = Call("DELETE", "/v1/docs", Tier.MUTATION, query=HARD, json={"ids": list(wanted.values())})

    def certain(data: Item) -> Collection[str]:
        return wanted.values() if number(data.get("deleted")) == len(wanted) and not number(data.get("failed")) else ()

    return _delete(exchange, Kind.DOC, wanted, call, certain, gone)


def delete_audio(exchange: Exchange, ids: Sequence[str], gone: Callable[[str], bool]) -> tuple[str, ...]:
    """``DELETE /v1/media``, whose reply names each id: those it does not report as gone are asked for."""
    wanted = _checked(Kind.AUDIO, ids, MOST_AUDIO)
    items = [{"id": told, "type": "audio"} for told in wanted.values()]
    call = Call("DELETE", "/v1/media", Tier.MUTATION, json={"items": items})
    return _delete(exchange, Kind.AUDIO, wanted, call, _reported_gone, gone)


def _delete(
    exchange: Exchange,
    kind: Kind,
    wanted: Mapping[str, str],
    call: Call,
    certain: Callable[[Item], Collection[str]],
    gone: Callable[[str], bool],
) -> tuple[str, ...]:
    """Make the batch call for these, id by what they are known by, and ask for those it leaves open; single calls where
    the server has no batch call.

    What fails when something may be deleted already says so (``perhaps_done``).
    """
    if not wanted:
        return ()
    try:
        answer = exchange.send(call)
    except (NotFound, NotPicora, Rejected) as refused:
        unread = kind is Kind.DOC and isinstance(refused, Rejected) and refused.status in _NOT_LIKE_THIS
        if refused.status not in _NO_SUCH_CALL and not unread:
            raise
        first, *rest = wanted
        begun = [first] if delete_one(exchange, kind, first, gone) else []
        with _begun():
            return (*begun, *(each for each in rest if delete_one(exchange, kind, each, gone)))
    known = certain(_data(answer))
    with _begun():
        return tuple(each for each, told in wanted.items() if told in known or gone(each))


@contextmanager
def _begun() -> Iterator[None]:
    try:
        yield
    except RemoteError as error:
        error.perhaps_done = True
        raise


def _reported_gone(data: Item) -> Collection[str]:
    failed = data.get("failed")
    entries = [entry for entry in failed if isinstance(entry, dict)] if isinstance(failed, list) else []
    return ids_of(data.get("deleted")) | ids_of([entry for entry in entries if entry.get("reason") == "NOT_FOUND"])


def delete_one(exchange: Exchange, kind: Kind, object_id: str, gone: Callable[[str], bool]) -> bool:
    """``DELETE /v1/docs/:id?hard=true`` or ``/v1/audio/:id``; whether it is gone. A 404 says that it is so already;
    ``gone`` is asked after an answer that may come from something in between.
    """
    query = HARD if kind is Kind.DOC else {}
    try:
        answer = exchange.send(Call("DELETE", path_of(kind, object_id), Tier.MUTATION, query=query))
    except NotFound:
        return True
    if answer.body:  # its content tells nothing (§16 #16), but a proxy's page must not pass for a success
        data_of(answer)
    if vouched(answer):
        return True
    with _begun():
        return gone(object_id)


def _data(answer: Answer) -> Item:
    """What the reply says, {} if nothing that can be read: then every id is asked for."""
    body = parsed(answer.body)
    data = body.get("data") if isinstance(body, dict) else None
    return data if isinstance(data, dict) else {}


def _checked(kind: Kind, ids: Sequence[str], most: int) -> dict[str, str]:
    """What these objects are known by, and their ids in the call."""
    if len(ids) > most:
        raise ValueError(f"at most {most} ids in one call, not {len(ids)}")
    return {each: checked_id(kind, each) for each in ids}
