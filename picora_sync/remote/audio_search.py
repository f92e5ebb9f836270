"""Finding the audio object that holds given bytes, when the answer to its upload got lost (contract §12, design §7)."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace

from picora_sync.core.model import Kind, RemoteObject, object_id
from picora_sync.errors import RateLimited, RemoteError, Unreachable
from picora_sync.remote.exchange import Exchange
from picora_sync.remote.listing import list_objects, live_audio
from picora_sync.remote.wire import Item, audio_of, either, id_of, text

log = logging.getLogger(__name__)


def audio_holding(exchange: Exchange, sha256: str, size_bytes: int) -> Iterator[RemoteObject]:
    """The audio objects with this content, oldest first; none if the account certainly lists none.

    Raises as :func:`proven`.
    """
    return proven(exchange, audio_held(exchange), sha256, size_bytes)


def proven(
    exchange: Exchange, candidates: Iterable[RemoteObject], sha256: str, size_bytes: int
) -> Iterator[RemoteObject]:
    """Those of these listed audio objects that hold this content. What a list says of them may be less than a GET does.

    The server's own content hash decides. Where it gives none, candidates of equal size are proven by hashing the
    bytes behind their URL.

    Raises:
        OutcomeUnknown: a candidate cannot be read, so that nothing is proven.
        RemoteError: as any call.
    """
    untold = []
    for audio in candidates:
        if audio.sha256 == sha256:
            yield audio
        elif audio.sha256 is None and audio.url and audio.size_bytes in (0, size_bytes):
            untold.append(audio)
    for audio in untold:
        if exchange.sha256_of(audio.url, size_bytes) == sha256:
            yield audio


def audio_held(exchange: Exchange) -> Iterator[RemoteObject]:
    """All audio of the account, oldest first, with the hash of its content where the server tells it."""
    changes = _state(exchange)
    if changes is None:
        yield from sorted(list_objects(exchange, Kind.AUDIO), key=lambda audio: audio.created_at)
        return
    for change in changes:
        if (audio := audio_of(change)) is not None:
            yield replace(audio, sha256=_content_hash(change) or None)


def audio_hashes(exchange: Exchange) -> dict[str, str]:
    """The content hashes that the server tells, by id; none if it has no such call."""
    changes = _state(exchange) or ()
    told = ((id_of(change), _content_hash(change)) for change in changes)
    return {object_id(Kind.AUDIO, found): sha256 for found, sha256 in told if found and sha256}


def _state(exchange: Exchange) -> list[Item] | None:
    """What ``/v1/sync/state`` says of audio, oldest first; None if that is not to be had here, whatever the reason: the
    media list, which every server has, answers the same question.

    Raises:
        Unreachable, RateLimited: so would the list.
    """
    try:
        return list(live_audio(exchange))
    except (Unreachable, RateLimited):
        raise
    except RemoteError as error:
        log.info("the media list is read instead of /v1/sync/state: %s", error.message)
        return None


def _content_hash(change: Item) -> str:
    return text(either(change, "contentHash")).lower()
