"""The one boundary where what went wrong on the wire becomes an error of ours (contract §2, §16 #2 to #5, #24, #26)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx

from picora_sync.core.rate_headers import LONGEST_WAIT_S, read_rates
from picora_sync.core.redaction import without_credentials
from picora_sync.errors import (
    KeyRefused,
    NotFound,
    NotPicora,
    OutcomeUnknown,
    PlanRequired,
    QuotaExceeded,
    RateLimited,
    Rejected,
    RemoteError,
    ScopeMissing,
    ServerFault,
    Unreachable,
)
from picora_sync.remote import hints
from picora_sync.remote.values import read_json

_SHOWN_CHARS: Final = 300
_QUOTA_WORDS: Final = re.compile(r"\b(?:quota|reached|upgrade|limit)", re.IGNORECASE)
_SCOPE_WORDS: Final = re.compile(r"\b(?:scope|permission)", re.IGNORECASE)
_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,63}")
_DIMENSION: Final = re.compile(r":\s*([a-z]+_[a-z_]+)")

_REJECTED: Final = {400: "BAD_REQUEST", 409: "CONFLICT", 413: "VALIDATION_ERROR", 422: "VALIDATION_ERROR"}
_REDIRECTS: Final = range(300, 400)
_FAULTS: Final = range(500, 600)

# UnicodeError: the resolver's way to refuse a host name. OSError: what a transport may let through.
_WIRE_ERRORS: Final = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    httpx.CookieConflict,
    UnicodeError,
    OSError,
)
_NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    UnicodeError,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``cut`` says that the body was longer than we are willing to read, ``repeated`` that an earlier
    attempt of the same call may have been carried out. ``scrub`` takes the API key out of what is read of it.
    """

    method: str
    path: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False
    repeated: bool = False
    scrub: Callable[[str], str] = str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def request_id(self) -> str | None:
        """The server's name for this exchange, for its operators (contract §1)."""
        told = self.headers.get("x-request-id")
        return None if told is None else shown(self.scrub(told))

    @property
    def value(self) -> object:
        """The JSON value of the body, fit to be stored and shown; None if it is none."""
        return None if self.cut else read_json(self.body, self.scrub)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The API's error body (contract §2): ``code`` is "" if the server named none."""

    text: str
    code: str
    meta: dict[str, object]


@contextmanager
def wire_errors(call: str, scrub: Callable[[str], str] = str) -> Iterator[None]:
    """Within this block every exception of the HTTP library becomes Unreachable or OutcomeUnknown."""
    try:
        yield
    except _WIRE_ERRORS as error:
        raise from_exception(error, call, scrub) from error


def from_exception(error: Exception, call: str, scrub: Callable[[str], str] = str) -> RemoteError:
    """Unreachable if the request was certainly never sent, else OutcomeUnknown. ``call`` is method and path."""
    why = _why(error, scrub)
    if isinstance(error, _NEVER_SENT):
        return Unreachable(f"{call}: no connection to the server ({why})", hint=hints.of_connecting(str(error)))
    return OutcomeUnknown(f"{call}: the connection broke before a whole answer came ({why})", hint=hints.BROKEN)


def from_answer(answer: Answer) -> RemoteError:
    """The one error that an answer stands for which is no success (or is one that says ``success: false``)."""
    envelope = read_envelope(answer)
    made = _by_status(answer, envelope)
    made.status = answer.status
    made.request_id = answer.request_id
    if envelope is not None:
        made.meta = {**envelope.meta, **made.meta}
    made.api_code = (envelope.code if envelope else "") or made.api_code
    return made


def read_envelope(answer: Answer) -> Envelope | None:
    """The API's error envelope, None if the body is something else; takes ``error`` as text or as an object."""
    body = answer.value
    if not isinstance(body, dict) or body.get("success") is not False:
        return None
    error = body.get("error")
    inner = error if isinstance(error, dict) else {}
    code = body.get("code") or inner.get("code")
    meta = body.get("meta") or inner.get("meta")
    text = error if isinstance(error, str) else inner.get("message")
    return Envelope(
        text=shown(text) if isinstance(text, str) else "",
        code=code if isinstance(code, str) and _CODE.fullmatch(code) else "",
        meta=dict(meta) if isinstance(meta, dict) else {},
    )


def parsed(body: bytes) -> object:
    """The JSON value, None if it is none (or too deeply nested to be one of ours)."""
    return read_json(body)


def not_picora(answer: Answer, what: str) -> NotPicora:
    """The error for an answer that cannot be the API's; ``what`` completes "the answer …"."""
    return NotPicora(
        f"{answer.method} {answer.path}: the answer {what} (status {answer.status})",
        hint=hints.NOT_PICORA,
        status=answer.status,
        request_id=answer.request_id,
    )


def shown(text: str) -> str:
    """Foreign text, fit to be shown: one line of bounded length, printable characters only, without credentials."""
    text = without_credentials(text[: 8 * _SHOWN_CHARS])
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * _SHOWN_CHARS]).split())
    return line if len(line) <= _SHOWN_CHARS else line[: _SHOWN_CHARS - 1] + "…"


def _by_status(answer: Answer, envelope: Envelope | None) -> RemoteError:
    text = _sentence(answer, envelope)
    made: RemoteError
    match answer.status:
        case 401:
            made = KeyRefused(text, hint=hints.KEY_REFUSED, api_code="UNAUTHORIZED")
        case 429:
            wait_s = _wait_s(answer, envelope)
            made = RateLimited(text, hint=hints.RATE_LIMITED, api_code="RATE_LIMIT", retry_after_s=wait_s)
        case 408:
            made = OutcomeUnknown(text, hint=hints.BROKEN)
        case status if status in _REJECTED:
            made = Rejected(text, hint=hints.of_rejection(status, envelope, str(answer)), api_code=_REJECTED[status])
        case status if status in _FAULTS:
            made = ServerFault(text, hint=hints.SERVER_FAULT, api_code="INTERNAL")
        case status if status < 300 and envelope is not None:  # noqa: PLR2004  # the class of success
            made = ServerFault(text, hint=hints.CONTRADICTION, api_code="INTERNAL")
        case status if envelope is None:
            redirect = status in _REDIRECTS
            made = not_picora(answer, "is a redirect, which is not followed" if redirect else "is not Picora's")
        case 403:
            made = _forbidden(answer, envelope, text)
        case 404:
            made = NotFound(text, hint=hints.NOT_FOUND, api_code="NOT_FOUND")
        case status:
            made = Rejected(text, hint=hints.of_rejection(status, envelope, str(answer)))
    return made


def _forbidden(answer: Answer, envelope: Envelope, text: str) -> RemoteError:
    """A 403 by its code; without one, by its words, then by what the method needs (contract §1.1, §16 #4, #24)."""
    match envelope.code:
        case "QUOTA_EXCEEDED":
            return _quota(envelope, text)
        case "PLAN_REQUIRED" | "PLAN_INACTIVE":
            return PlanRequired(text, hint=hints.PLAN_REQUIRED)
        case "INSUFFICIENT_SCOPE":
            return ScopeMissing(text, hint=hints.of_scope(answer.method))
        case "" if answer.method != "DELETE" and _QUOTA_WORDS.search(envelope.text):
            return _quota(envelope, text)
    about_plan = "plan" in envelope.text.lower() or answer.path == "/v1/audio"  # contract §6: FORBIDDEN is the plan
    if answer.method == "POST" and about_plan and not _SCOPE_WORDS.search(envelope.text):
        return PlanRequired(text, hint=hints.PLAN_REQUIRED, api_code="FORBIDDEN")
    return ScopeMissing(text, hint=hints.of_scope(answer.method), api_code="FORBIDDEN")


def _quota(envelope: Envelope, text: str) -> QuotaExceeded:
    named = _DIMENSION.search(envelope.text)
    meta: dict[str, object] = {"type": named[1]} if named and "type" not in envelope.meta else {}
    return QuotaExceeded(text, hint=hints.QUOTA, api_code="QUOTA_EXCEEDED", meta=meta)


def _wait_s(answer: Answer, envelope: Envelope | None) -> float:
    """Retry-After, else the reset, else what the body says; 0 if nobody named a time."""
    rates = read_rates(answer.headers.items())
    told = envelope.meta.get("retryAfterSec") if envelope else None
    in_body = float(told) if isinstance(told, (int, float)) and told > 0 else 0.0
    return min(rates.retry_after_s or in_body or rates.reset_s or 0.0, LONGEST_WAIT_S)


def _sentence(answer: Answer, envelope: Envelope | None) -> str:
    said = envelope.text or envelope.code if envelope else ""
    return f"{answer.method} {answer.path}: {said or 'refused without a reason'} (status {answer.status})"


def _why(error: Exception, scrub: Callable[[str], str]) -> str:
    """A short reason. Protocol errors of our own making may quote headers, so only their name is shown."""
    name = type(error).__name__
    quoted = "" if isinstance(error, (httpx.LocalProtocolError, UnicodeError)) else shown(scrub(str(error)))
    return f"{name}: {quoted}" if quoted else name
