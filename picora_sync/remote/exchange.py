"""One HTTP exchange with the account's server: paced, bounded in time and size, free of the HTTP library's errors."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final

import httpx

from picora_sync import __version__
from picora_sync.core.model import Tier
from picora_sync.core.pacing import ANSWER_FRESH_S
from picora_sync.core.ports import Pacer
from picora_sync.core.rate_headers import http_date
from picora_sync.core.redaction import Redactor
from picora_sync.errors import (
    KeyRefused,
    NotPicora,
    OutcomeUnknown,
    Rejected,
    RemoteError,
    ServerFault,
    Stopped,
    UploadCut,
)
from picora_sync.remote import hints
from picora_sync.remote.failures import Answer, from_answer, wire_errors
from picora_sync.remote.multipart import AudioBody
from picora_sync.remote.network import Network
from picora_sync.remote.retry import IDEMPOTENT, RetryRule, call_with_retries
from picora_sync.remote.transport import Transport

log = logging.getLogger(__name__)

JSON_BYTES: Final = 4 * 1024 * 1024
"""The largest list that the contract allows has a tenth of it: 500 changes of 700 bytes."""
RAW_BYTES: Final = 128 * 1024 * 1024
_ERROR_BYTES: Final = 64 * 1024
_HEAD_BYTES: Final = 256 * 1024
"""Status, headers, and what 1xx answers come before them."""
_FRAMES_BYTES: Final = 64 * 1024
_MOST_BLOCKS: Final = 20_000
"""More blocks than this, and one for each kilobyte, are a way to spend our time."""
_SLOWEST_MEDIA_BYTES_S: Final = 64 * 1024

_RATE_LIMITED: Final = 429
_KEYS_HIDDEN: Final = 3
_GONE: Final = (404, 410)
_KEY: Final = re.compile(r"[\x21-\x7e]{1,512}")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each phase of an exchange may stand still, and how long it lasts as a whole (``whole_s``): from the
    last byte of the request to the last one of the reply.
    """

    connect_s: float = 10.0
    write_s: float = 60.0
    read_s: float = 60.0
    pool_s: float = 60.0
    whole_s: float = 120.0

    @property
    def timeout(self) -> httpx.Timeout:
        """The same for the HTTP library."""
        return httpx.Timeout(connect=self.connect_s, write=self.write_s, read=self.read_s, pool=self.pool_s)


PATIENCE: Final = Timeouts()
UPLOAD_PATIENCE: Final = Timeouts(read_s=300.0, whole_s=360.0)
"""The answer comes after the server has processed the file."""
SIDE_PATIENCE: Final = Timeouts(5.0, 5.0, 5.0, 5.0, whole_s=5.0)
"""For what nothing depends on."""
LIST_PATIENCE: Final = Timeouts(read_s=15.0, whole_s=30.0)
"""For a list that another one can replace."""
PROBE_PATIENCE: Final = Timeouts(5.0, 5.0, 5.0, 5.0, whole_s=10.0)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the API. ``tier`` is None if the server counts it in none; ``rule`` says when to repeat it.

    ``body`` opens the streamed body of one attempt; ``json`` is any other body.
    """

    method: str
    path: str
    tier: Tier | None
    rule: RetryRule = IDEMPOTENT
    query: Mapping[str, str] = field(default_factory=dict)
    json: object = None
    body: Callable[[], AbstractContextManager[AudioBody]] | None = None
    answer_bytes: int = JSON_BYTES
    patience: Timeouts = PATIENCE

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Exchange:
    """Sends calls to one server with one key. Safe to use from several threads; close it at the end.

    The key goes nowhere but into requests to ``base_url``: redirects are not followed, other hosts never see it, and
    proxies of the environment are passed by for a server on this machine. Whatever the server does, ``stop`` ends an
    exchange at once, and its reply is bounded in time, size and number of pieces.

    Raises KeyRefused for a key that is none, ConfigError for proxies or certificates that cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        pacer: Pacer,
        stop: threading.Event,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        authorization = _bearer(key)
        with wire_errors("account.url"):
            self._base = httpx.URL(base_url)
        self.base_url = base_url
        self.stop = stop
        self._authorization = authorization
        self._scrubs: tuple[Redactor, ...] = (Redactor(key),)
        self._pacer = pacer
        self._clock = clock
        self._server_clock: tuple[float, float] | None = None
        self._network = Network(stop)
        agent = _agent()
        self._http = httpx.Client(
            headers={"User-Agent": agent, "X-Picora-Client": agent, "Accept-Encoding": "identity"},
            timeout=PATIENCE.timeout,
            transport=transport or Transport(self._network, base_url, os.environ),
            trust_env=False,
        )

    def use_key(self, key: str) -> bool:
        """Send this key from now on; whether it is another one. Raises KeyRefused if it can be none."""
        authorization = _bearer(key)
        changed = authorization != self._authorization
        if changed:
            self._scrubs = (Redactor(key), *self._scrubs[: _KEYS_HIDDEN - 1])
            self._authorization = authorization
        return changed

    def _scrub(self, text: str) -> str:
        """Foreign text without the key, or those from before it: what is under way may have been sent with one."""
        for scrub in self._scrubs:
            text = scrub(text)
        return text

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def send(self, call: Call) -> Answer:
        """Send the call, repeat it as its rule says, and return the first 2xx.

        Raises:
            RemoteError: by what came back, or did not.
            FileChanged, FileUnreadable: from the streamed body.
            Stopped: the program is ending.
        """
        answer, repeated = call_with_retries(lambda: self._paced(call), call.rule, self.stop)
        return replace(answer, repeated=repeated)

    def server_time(self) -> float | None:
        """The server's clock now, up to a second and the answer's travel slow; None if it never told."""
        known = self._server_clock
        return None if known is None else known[0] + self._clock() - known[1]

    def probe(self, path: str) -> Answer:
        """One GET without key, pacing or repetition, and with little patience."""
        return self._answer(Call("GET", path, None, patience=PROBE_PATIENCE), None, {})

    def sha256_of(self, url: str, size_bytes: int) -> str | None:
        """The SHA-256 of the bytes behind a media URL; None if there are none, or not exactly ``size_bytes``.

        Raises:
            OutcomeUnknown: they cannot be read from here, so nothing is known about them.
            Unreachable: no connection.
            Stopped: the program is ending.
        """
        call = "GET of a media file"
        digest, read_bytes = hashlib.sha256(), 0
        whole_s = PATIENCE.whole_s + size_bytes / _SLOWEST_MEDIA_BYTES_S
        with (
            wire_errors(call, self._scrub),
            self._network.bounded(whole_s, _HEAD_BYTES),
            self._http.stream("GET", url, headers=self._key_for(url)) as response,
        ):
            if response.status_code in _GONE:
                return None
            if not response.is_success:
                raise OutcomeUnknown(
                    f"{call}: it cannot be compared with the local file (status {response.status_code})",
                    hint="Make the audio files of this size on Picora public, or delete them there.",
                    status=response.status_code,
                )
            if _is_packed(response):
                raise OutcomeUnknown(f"{call}: it came compressed, which was not asked for", hint=hints.BROKEN)
            for block in self._blocks(response, size_bytes):
                digest.update(block)
                read_bytes += len(block)
        return digest.hexdigest() if read_bytes == size_bytes else None

    def _paced(self, call: Call) -> Answer:
        if call.tier is None:
            answer = self._opened(call)
        else:
            self._pacer.acquire(call.tier)
            began_s, status, headers = self._clock(), 0, list[tuple[str, str]]()
            try:
                answer = self._opened(call)
                if self._clock() - began_s <= ANSWER_FRESH_S or answer.status == _RATE_LIMITED:
                    status, headers = answer.status, list(answer.headers.items())
            finally:
                self._pacer.observe(call.tier, status, headers)
        if not 200 <= answer.status < 300:  # noqa: PLR2004  # the class of success
            raise from_answer(answer)
        self._set_server_clock(answer)
        return answer

    def _opened(self, call: Call) -> Answer:
        headers = {"Authorization": self._authorization}
        if call.body is None:
            if call.json is None:
                return self._answer(call, None, headers)
            return self._answer(call, _encoded(call), {**headers, "Content-Type": "application/json"})
        with call.body() as body:
            try:
                answer = self._answer(call, body, {**headers, **body.headers})
            except OutcomeUnknown as error:
                raise error if body.whole else _cut(error) from error.__cause__
            except Stopped:
                if body.whole:
                    raise
                raise UploadCut(f"{call}: picora-sync ended before the file was sent", hint=hints.CUT) from None
            if body.whole:
                return answer
            if answer.status < 300:  # noqa: PLR2004  # the class of success
                raise OutcomeUnknown(f"{call}: the server answered before it had the whole file", hint=hints.BROKEN)
            refusal = from_answer(answer)
            if isinstance(refusal, (ServerFault, OutcomeUnknown, NotPicora)):
                raise _cut(refusal)
            return answer

    def _answer(self, call: Call, content: bytes | AudioBody | None, headers: Mapping[str, str]) -> Answer:
        began_s = self._clock()
        with wire_errors(str(call), self._scrub), self._network.bounded(call.patience.whole_s, _HEAD_BYTES):
            request = self._http.build_request(
                call.method,
                self.base_url + call.path,
                params=call.query or None,
                content=content,
                headers=headers,
                timeout=call.patience.timeout,
            )
            response = self._http.send(request, stream=True)
            with closing(response):
                most = call.answer_bytes if response.is_success else _ERROR_BYTES
                body, cut = self._read(response, most)
        answer = Answer(call.method, call.path, response.status_code, response.headers, body, cut, scrub=self._scrub)
        log.debug("%s: %d in %.3f s, request %s", call, answer.status, self._clock() - began_s, answer.request_id)
        return answer

    def _read(self, response: httpx.Response, most_bytes: int) -> tuple[bytes, bool]:
        """The body, and whether it was cut: it is longer than ``most_bytes``, or compressed."""
        if _is_packed(response):
            return b"", True
        body = bytearray()
        for block in self._blocks(response, most_bytes):
            body += block
        return bytes(body[:most_bytes]), len(body) > most_bytes

    def _blocks(self, response: httpx.Response, most_bytes: int) -> Iterator[bytes]:
        """The body as it came, until it is longer than ``most_bytes``."""
        self._network.allow(most_bytes + most_bytes // 4 + _FRAMES_BYTES)
        left_bytes, left_blocks = most_bytes, _MOST_BLOCKS + most_bytes // 1024
        # As it came, nothing is unpacked; a transport may have read it already.
        for block in response.iter_bytes() if response.is_stream_consumed else response.iter_raw():
            if self.stop.is_set():
                raise Stopped
            yield block
            left_bytes -= len(block)
            left_blocks -= 1
            if left_bytes < 0:
                return
            if not left_blocks:
                raise httpx.RemoteProtocolError("the answer comes in too many pieces")

    def _set_server_clock(self, answer: Answer) -> None:
        """Only what looks like the API's own answer tells the time, not a proxy's page."""
        date = http_date(answer.headers.get("date"))
        if date is not None and "json" in answer.headers.get("content-type", ""):
            self._server_clock = (date, self._clock())

    def _key_for(self, url: str) -> dict[str, str]:
        """The key, if the URL is on the API's own origin; private media of another host needs a signed URL anyway."""
        target = httpx.URL(url)
        same = (target.scheme, target.host, target.port) == (self._base.scheme, self._base.host, self._base.port)
        return {"Authorization": self._authorization} if same else {}


@cache
def _agent() -> str:
    return f"picora-sync/{__version__}"


def _cut(error: RemoteError) -> UploadCut:
    """The closing boundary was not handed to the network: no server can have taken the request for whole."""
    message = f"{error.message}; the file was not sent to its end"
    return UploadCut(message, hint=hints.CUT, status=error.status, request_id=error.request_id)


def _is_packed(response: httpx.Response) -> bool:
    """Whether the body is compressed, which we ask for never: a few bytes may unpack to any number."""
    return response.headers.get("content-encoding", "identity").strip().lower() not in ("identity", "")


def _encoded(call: Call) -> bytes:
    try:
        return json.dumps(call.json, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError as error:
        raise Rejected(
            f"{call}: the text holds characters that cannot be sent (position {error.start})",
            hint="Remove the broken character, or save the file as UTF-8.",
        ) from error


def _bearer(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise KeyRefused("The API key holds characters that no key has.", hint=hints.KEY_REFUSED)
    return f"Bearer {key}"
