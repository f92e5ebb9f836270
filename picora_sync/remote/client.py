"""The Picora client: which calls each method of the port makes (contract §5)."""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

import httpx

from picora_sync.core.model import Account, Kind, RemoteObject, Tier, told_id
from picora_sync.core.ports import AudioUpload, Change, DocUpload, KeySource, Pacer, Posted, StoredText
from picora_sync.errors import (
    KeyRefused,
    NotFound,
    NotPicora,
    OutcomeUnknown,
    PlanRequired,
    QuotaExceeded,
    Rejected,
    RemoteError,
    ScopeMissing,
)
from picora_sync.remote import hints
from picora_sync.remote.audio_search import audio_hashes, audio_held, audio_holding, proven
from picora_sync.remote.deletion import delete_audio, delete_docs, delete_one
from picora_sync.remote.exchange import SIDE_PATIENCE, UPLOAD_PATIENCE, Call, Exchange
from picora_sync.remote.failures import Answer, not_picora
from picora_sync.remote.keyed import Renewal
from picora_sync.remote.limits import limits_of, plan_name, quotas_of
from picora_sync.remote.listing import list_objects, stored_text
from picora_sync.remote.multipart import AUDIO_TITLE_CHARS, AudioBody
from picora_sync.remote.permissions import Permissions, permissions_of
from picora_sync.remote.retry import IDEMPOTENT, NEVER_TWICE, ONCE
from picora_sync.remote.values import valid_text
from picora_sync.remote.wire import (
    audio_of,
    boolean,
    data_of,
    doc_of,
    either,
    item_of,
    path_of,
    remarks_of,
    text,
    vouched,
)

log = logging.getLogger(__name__)

_DOC_TITLE_CHARS: Final = 200
_USER: Final = re.compile(r"[\x21-\x7e]{1,200}")


class PicoraClient:
    """One account over the wire; implements ``Picora`` and ``Library`` of :mod:`picora_sync.core.ports`. Thread-safe.

    ``stop`` ends every wait, and an upload between two blocks, with Stopped. ``plan`` is whose limits hold if the
    account tells none (design §5). ``source`` is where the key came from: after a refusal it is read there again.
    ``clock`` is monotonic seconds.
    A context manager: leaving it closes the connections.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        pacer: Pacer,
        stop: threading.Event,
        plan: str | None = None,
        source: KeySource | None = None,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan = plan or ""
        self._exchange = Exchange(base_url.rstrip("/"), key, pacer, stop, transport, clock)
        self._renewal = Renewal(self._exchange, source, clock)

    def __repr__(self) -> str:
        return f"PicoraClient({self._exchange.base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._exchange.close()

    # --- the account ------------------------------------------------------------------------------------------------

    def verify(self, *, once: bool = False) -> Account:
        """``GET /v1/auth/verify``, with the limits of the plan that it names; if it names none that is known, those of
        the plan that was given (contract §13, §14). ``once`` is for somebody who waits: no repetition, however long
        the server asks us to wait.

        Raises:
            KeyRefused: the key is wrong or revoked.
            NotPicora: the answer names no user, or this server has no such call.
        """
        call = Call("GET", "/v1/auth/verify", Tier.READ, ONCE if once else IDEMPOTENT)
        try:
            with self._renewal.heeded():
                answer = self._exchange.send(call)
        except (NotFound, NotPicora) as absent:
            base = self._exchange.base_url
            message = f"{call}: there is no Picora API at {base} (status {absent.status})"
            hint = hints.of_address(base)
            raise NotPicora(message, hint=hint, status=absent.status, request_id=absent.request_id) from absent
        who = item_of(answer)
        user_id = text(either(who, "userId"))
        if not _USER.fullmatch(user_id):
            raise not_picora(answer, "names no user")
        plan = plan_name(text(who.get("plan")))
        return Account(self._exchange.base_url, user_id, plan, limits_of(plan, None, self._plan))

    def distrust_key(self, why: str, hint: str) -> KeyRefused:
        """The key is of another account than ours: as if it were refused, another one is waited for in its place."""
        return self._renewal.distrust(KeyRefused(why, hint=hint))

    def with_usage(self, account: Account) -> Account:
        """``GET /v1/user/me/usage``: the account with its own limits and what it uses; as it is where the server does
        not tell. That only sessions may call it, or that it fails, stops nothing (contract §13). Never raises a
        RemoteError.
        """
        usage = self._aside("/v1/user/me/usage", Tier.READ)
        if not usage:
            return account
        plan = account.plan or plan_name(text(usage.get("plan")))
        limits = limits_of(plan, either(usage, "planLimits"), self._plan)
        return replace(account, plan=plan, limits=limits, quotas=quotas_of(limits, usage), usage_told=True)

    def permissions(self) -> Permissions:
        """What the key may do; costs a share of the upload's and the mutation's rate limit."""
        return permissions_of(self._exchange)

    def rate_limits(self) -> Mapping[str, object]:
        """``GET /v1/user/me/rate-limits``, which costs nothing: what to prime the pacer with; empty if the server does
        not tell (contract §13). Never raises a RemoteError.
        """
        return self._aside("/v1/user/me/rate-limits", None)

    def _aside(self, path: str, tier: Tier | None) -> Mapping[str, object]:
        """What a call answers that nothing depends on: asked once, and not waited for for long."""
        try:
            return item_of(self._exchange.send(Call("GET", path, tier, rule=ONCE, patience=SIDE_PATIENCE)))
        except RemoteError as error:
            log.debug("not told: %s", error.message)
            return {}

    def server_time(self) -> float | None:
        """The server's clock as its last answer told (``Date``), None if none did."""
        return self._exchange.server_time()

    def healthy(self) -> bool:
        """``GET /health`` (contract §13): whether a Picora answers at all. Never raises."""
        try:
            answer = self._exchange.probe("/health")
            return answer.status == httpx.codes.OK and boolean(item_of(answer).get("ok")) is True
        except RemoteError:
            return False

    # --- uploads ----------------------------------------------------------------------------------------------------

    def post_doc(self, upload: DocUpload) -> Posted:
        """``POST /v1/docs``, repeated where that is safe. A duplicate counts only after a GET found it; a dead one
        (soft-deleted by the live service) is purged and the document posted again, once (contract §8.1, §16 #12).

        Raises:
            Rejected: also if the server keeps naming a document that does not exist.
        """
        posted = self._post_doc_once(upload)
        if not posted.duplicate:
            return posted
        alive = self._named(posted)
        if alive is None:
            self._purge(posted.object.id)
            posted = self._post_doc_once(upload)
            if not posted.duplicate:
                return posted
            alive = self._named(posted)
        if alive is None:
            raise Rejected(
                "POST /v1/docs: the server holds this content already, in a document that it does not give out",
                hint=hints.HELD_BY_THE_TRASH,
                api_code="DOC_HASH_DUPLICATE",
            )
        return replace(posted, object=replace(alive, sha256=posted.object.sha256, ours=False))

    def _named(self, posted: Posted) -> RemoteObject | None:
        """The document that a duplicate names; until it is seen, an earlier attempt may have made it."""
        try:
            return self.get(Kind.DOC, posted.object.id)
        except RemoteError as error:
            error.perhaps_done = posted.repeated
            raise

    def post_audio(self, upload: AudioUpload) -> Posted:
        """``POST /v1/audio``, streamed. Repeated only after a 429 or when it was certainly never sent; after
        OutcomeUnknown and ServerFault alike the caller must look before it sends again (contract §3, design §7).

        Raises:
            FileChanged: the file is not what was hashed; the server saw no complete body.
            UploadCut: the connection broke before the closing boundary was sent; the server saw no complete body.
            OutcomeUnknown: the answer got lost, or could not be understood.
        """
        call = Call(
            "POST",
            "/v1/audio",
            Tier.UPLOAD,
            rule=NEVER_TWICE,
            body=lambda: self._audio_body(upload),
            patience=UPLOAD_PATIENCE,
        )
        answer = self._exchange.send(call)
        try:
            item = item_of(answer)
            made = audio_of(item)
        except RemoteError as unreadable:
            raise OutcomeUnknown(
                unreadable.message, hint=hints.BROKEN, status=answer.status, request_id=answer.request_id
            ) from unreadable
        if made is None:
            raise OutcomeUnknown(f"{call}: the answer names no id", hint=hints.BROKEN, status=answer.status)
        if not made.url:  # the file's address is what people want of it: ask once more
            with suppress(RemoteError):
                made = self.get(Kind.AUDIO, made.id) or made
        made = replace(made, title=made.title or upload.title, size_bytes=made.size_bytes or upload.size_bytes)
        return Posted(made, remarks=remarks_of(item))

    # --- objects ----------------------------------------------------------------------------------------------------

    def get(self, kind: Kind, object_id: str) -> RemoteObject | None:
        """``GET /v1/docs/:id`` or ``/v1/audio/:id``; None for a 404 with the envelope."""
        call = Call("GET", path_of(kind, object_id), Tier.READ)
        try:
            answer = self._exchange.send(call)
        except NotFound:
            return None
        item = item_of(answer)
        found = doc_of(item, self._exchange.base_url) if kind is Kind.DOC else audio_of(item)
        if found is None or told_id(found.id) != told_id(object_id):
            raise not_picora(answer, "is about another object")
        return found

    def patch(self, kind: Kind, object_id: str, change: Change) -> None:
        """``PATCH`` of what the change names and the kind has; no call if that is nothing (contract §6, §8).

        What makes something private is sent once: whoever asks for it repeats it with a pace of its own.
        """
        fields = _doc_fields(change) if kind is Kind.DOC else _audio_fields(change)
        if not fields:
            return
        rule = ONCE if change.public is False else IDEMPOTENT
        answer = self._exchange.send(Call("PATCH", path_of(kind, object_id), Tier.MUTATION, rule, json=fields))
        if answer.body:  # its content tells nothing (§16 #16), but a proxy's page must not pass for a success
            data_of(answer)
        if not vouched(answer):
            self._confirm(kind, object_id, change, answer)

    def delete(self, kind: Kind, object_ids: Sequence[str]) -> tuple[str, ...]:
        """One batch call (docs ≤ 50, audio ≤ 100); returns the ids that are certainly gone.

        Raises:
            ValueError: more ids than one call takes.
        """
        delete_batch = delete_docs if kind is Kind.DOC else delete_audio
        return delete_batch(self._exchange, object_ids, lambda object_id: self.get(kind, object_id) is None)

    def find_audio(self, sha256: str, size_bytes: int) -> tuple[RemoteObject, ...]:
        """The audio objects that hold these bytes and that a GET gives out, oldest first (contract §12).

        Raises:
            OutcomeUnknown: something of this size is there that cannot be read and compared.
        """
        return self._alive(audio_holding(self._exchange, sha256, size_bytes), sha256, size_bytes)

    def find_audio_among(
        self, candidates: Sequence[RemoteObject], sha256: str, size_bytes: int
    ) -> tuple[RemoteObject, ...]:
        """Those of these audio objects that hold these bytes and that a GET gives out, oldest first; raises as it."""
        return self._alive(proven(self._exchange, candidates, sha256, size_bytes), sha256, size_bytes)

    def audio_held(self) -> tuple[RemoteObject, ...]:
        """All audio of the account, in few calls (contract §12)."""
        return tuple(audio_held(self._exchange))

    def listed(self, kind: Kind) -> Iterator[RemoteObject]:
        """All objects of a kind in the account, page by page (contract §4)."""
        return list_objects(self._exchange, kind)

    def stored(self, object_id: str) -> StoredText:
        """``GET /v1/docs/:id/raw`` with the bearer: the stored, rewritten text (contract §8).

        Raises:
            NotFound: there is no such document.
            NotPicora: what came is no text, or longer than any document.
        """
        return stored_text(self._exchange, object_id)

    def audio_hashes(self) -> Mapping[str, str]:
        """SHA-256 by id, of those audio objects whose content hash the server tells (contract §12)."""
        return audio_hashes(self._exchange)

    def sha256_of(self, url: str, size_bytes: int) -> str | None:
        """The SHA-256 of the bytes behind a media URL; None if there are none, or not exactly so many.

        Raises:
            OutcomeUnknown: they cannot be read from here.
        """
        return self._exchange.sha256_of(url, size_bytes)

    # --- parts ------------------------------------------------------------------------------------------------------

    def _confirm(self, kind: Kind, object_id: str, change: Change, answer: Answer) -> None:
        """After an answer to a PATCH that may come from something in between, only the object itself tells."""
        found = self.get(kind, object_id)
        if found is None or (change.public is not None and found.public is not change.public):
            raise not_picora(answer, "says nothing, and the object is not as was asked for")

    def _alive(self, listed: Iterable[RemoteObject], sha256: str, size_bytes: int) -> tuple[RemoteObject, ...]:
        found = (self.get(Kind.AUDIO, audio.id) for audio in listed)
        alive = [replace(audio, sha256=sha256, size_bytes=size_bytes) for audio in found if audio is not None]
        return tuple(sorted(alive, key=lambda audio: (audio.created_at, audio.id)))

    def _post_doc_once(self, upload: DocUpload) -> Posted:
        call = Call("POST", "/v1/docs", Tier.UPLOAD, json=_doc_body(upload))
        try:
            answer = self._exchange.send(call)
        except Rejected as rejected:
            item = {"id": rejected.meta.get("existingId"), "duplicate": True}
            if rejected.status != httpx.codes.CONFLICT or (held := doc_of(item, self._exchange.base_url)) is None:
                raise
            repeated = rejected.perhaps_done
        else:
            item, repeated = dict(item_of(answer)), answer.repeated
            held = doc_of(item, self._exchange.base_url)
            if held is None:
                raise not_picora(answer, "names no id")
        sent = upload.content.encode("utf-8")
        made = replace(
            held,
            title=held.title or upload.title,
            tags=upload.tags if held.tags is None else held.tags,
            size_bytes=held.size_bytes or len(sent),
            sha256=hashlib.sha256(sent).hexdigest(),
            rewritten=upload.rewrite_images,
        )
        duplicate = boolean(item.get("duplicate")) is True
        return Posted(made, duplicate, repeated=repeated, remarks=remarks_of(item))

    def _purge(self, object_id: str) -> None:
        """Take a document out of the trash. A refusal concerns this content alone: other uploads go on."""
        try:
            delete_one(self._exchange, Kind.DOC, object_id, lambda each: self.get(Kind.DOC, each) is None)
        except (ScopeMissing, PlanRequired, QuotaExceeded, Rejected) as refused:
            raise Rejected(
                f"POST /v1/docs: Picora holds this content in its trash, and refuses to purge it: {refused.message}",
                hint=refused.hint if isinstance(refused, ScopeMissing) else hints.HELD_BY_THE_TRASH,
                status=refused.status,
                api_code="DOC_HASH_DUPLICATE",
                request_id=refused.request_id,
            ) from refused

    @contextmanager
    def _audio_body(self, upload: AudioUpload) -> Iterator[AudioBody]:
        file = upload.open()
        try:
            yield AudioBody(file, upload, self._exchange.stop)
        finally:
            file.close()


def _doc_body(upload: DocUpload) -> dict[str, object]:
    body: dict[str, object] = {
        "filename": valid_text(upload.filename),
        "content": upload.content,
        "tags": [valid_text(tag) for tag in upload.tags],
        "isPublic": upload.public,
        "rewriteImages": upload.rewrite_images,
    }
    title = valid_text(upload.title)[:_DOC_TITLE_CHARS]
    return body | ({"title": title} if title else {})


def _doc_fields(change: Change) -> dict[str, object]:
    fields = {
        "title": None if change.title is None else valid_text(change.title)[:_DOC_TITLE_CHARS],
        "tags": None if change.tags is None else [valid_text(tag) for tag in change.tags],
        "isPublic": change.public,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _audio_fields(change: Change) -> dict[str, object]:
    """Audio has no tags, and spells visibility its own way (contract §6)."""
    fields = {
        "title": None if change.title is None else valid_text(change.title)[:AUDIO_TITLE_CHARS],
        "is_public": change.public,
    }
    return {name: value for name, value in fields.items() if value is not None}
