from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync import errors
from picora_sync.remote.failures import Answer, from_answer, from_exception, shown, wire_errors
from tests.unit.remote.support import KEY


def subclasses(root: type[Exception]) -> set[type[Exception]]:
    return {root}.union(*(subclasses(child) for child in root.__subclasses__()))


HTTPX = sorted(
    set().union(*(subclasses(r) for r in (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpx.CookieConflict))),
    key=lambda kind: kind.__name__,
)
NEVER_SENT = {
    "ConnectError",
    "ConnectTimeout",
    "PoolTimeout",
    "ProxyError",
    "UnsupportedProtocol",
    "InvalidURL",
}


def instance(kind: type[Exception]) -> Exception:
    request = httpx.Request("GET", "https://api.picora.test/")
    if issubclass(kind, httpx.HTTPStatusError):
        return kind("bad", request=request, response=httpx.Response(500))
    if issubclass(kind, (httpx.StreamConsumed, httpx.StreamClosed, httpx.ResponseNotRead, httpx.RequestNotRead)):
        return kind()
    return kind("it broke")


@pytest.mark.parametrize("kind", [*HTTPX, OSError, UnicodeError], ids=lambda kind: kind.__name__)
def test_every_exception_of_the_http_library_becomes_one_error(kind: type[Exception]) -> None:
    never_sent = kind.__name__ in NEVER_SENT or kind is UnicodeError
    with pytest.raises(errors.Unreachable if never_sent else errors.OutcomeUnknown) as caught, wire_errors("GET /x"):
        raise instance(kind)
    assert caught.value.message.startswith("GET /x: ")
    assert caught.value.hint
    assert isinstance(caught.value.__cause__, kind)


def test_the_list_of_library_exceptions_is_not_empty() -> None:
    assert len(HTTPX) > 25


@pytest.mark.parametrize("error", [errors.FileChanged("x"), errors.FileUnreadable("x"), errors.Stopped()])
def test_errors_of_our_own_pass_the_boundary(error: Exception) -> None:
    with pytest.raises(type(error)), wire_errors("GET /x"):
        raise error


def test_a_certificate_that_is_not_trusted_says_so() -> None:
    error = from_exception(httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"), "GET /x")
    assert "certificate" in error.hint


def test_a_protocol_error_that_quotes_a_header_does_not_show_it() -> None:
    error = from_exception(httpx.LocalProtocolError(f"Illegal header value b'Bearer {KEY}'"), "GET /x")
    assert KEY not in error.message


CODES = [
    (401, "UNAUTHORIZED", errors.KeyRefused),
    (401, "API_KEY_REVOKED", errors.KeyRefused),
    (401, "TOKEN_EXPIRED", errors.KeyRefused),
    (401, "OAUTH_BEARER_INVALID", errors.KeyRefused),
    (403, "FORBIDDEN", errors.ScopeMissing),
    (403, "QUOTA_EXCEEDED", errors.QuotaExceeded),
    (403, "PLAN_REQUIRED", errors.PlanRequired),
    (403, "PLAN_INACTIVE", errors.PlanRequired),
    (403, "INSUFFICIENT_SCOPE", errors.ScopeMissing),
    (404, "NOT_FOUND", errors.NotFound),
    (409, "DOC_HASH_DUPLICATE", errors.Rejected),
    (409, "CONFLICT", errors.Rejected),
    (413, "CHUNK_TOO_SMALL", errors.Rejected),
    (413, "PAYLOAD_TOO_LARGE", errors.Rejected),
    (422, "VALIDATION_ERROR", errors.Rejected),
    (422, "DOC_FILE_TOO_LARGE", errors.Rejected),
    (422, "DOC_IMAGE_LIMIT_EXCEEDED", errors.Rejected),
    (422, "DOC_INVALID_PATTERN", errors.Rejected),
    (429, "RATE_LIMIT", errors.RateLimited),
    (429, "RATE_LIMITED", errors.RateLimited),
    (500, "INTERNAL", errors.ServerFault),
    (502, "STORAGE_ERROR", errors.ServerFault),
]


def answer(status: int, body: object, method: str = "POST", path: str = "/v1/docs", **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(method, path, status, httpx.Headers({"x-request-id": "r-7", **headers}), raw)


@pytest.mark.parametrize(("status", "code", "kind"), CODES)
def test_every_code_of_the_contract_becomes_one_error(status: int, code: str, kind: type[errors.RemoteError]) -> None:
    error = from_answer(answer(status, {"success": False, "error": "Said so", "code": code, "meta": {"field": "x"}}))
    assert type(error) is kind
    assert "Said so" in error.message
    assert error.hint
    assert (error.status, error.api_code, error.request_id) == (status, code, "r-7")
    assert error.meta["field"] == "x"


ENVELOPED = {
    401: errors.KeyRefused,
    403: errors.ScopeMissing,
    404: errors.NotFound,
    408: errors.OutcomeUnknown,
    429: errors.RateLimited,
}
BARE = {
    400: errors.Rejected,
    401: errors.KeyRefused,
    408: errors.OutcomeUnknown,
    409: errors.Rejected,
    413: errors.Rejected,
    422: errors.Rejected,
    429: errors.RateLimited,
}
BODIES = {
    "html": b"<html>Bad Gateway</html>",
    "empty": b"",
    "truncated json": b'{"success":false,"error":"no',
    "other json": b'{"detail":"Not Found"}',
    "a list": b"[]",
    "deep json": b"[" * 100_000,
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("status", range(300, 600))
def test_every_status_with_the_envelope_becomes_one_error(status: int) -> None:
    error = from_answer(answer(status, {"success": False, "error": "no"}))
    assert type(error) is ENVELOPED.get(status, errors.ServerFault if status >= 500 else errors.Rejected)
    assert error.message
    assert error.hint


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_every_status_without_the_envelope_becomes_one_error(body: bytes) -> None:
    for status in range(300, 600):
        error = from_answer(answer(status, body))
        assert type(error) is BARE.get(status, errors.ServerFault if status >= 500 else errors.NotPicora), status
        assert error.message
        assert error.hint


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_an_error_object_is_read_like_an_error_text(method: str) -> None:
    body = {"success": False, "error": {"code": "NOT_FOUND", "message": "No such thing"}}
    error = from_answer(answer(404, body, method))
    assert isinstance(error, errors.NotFound)
    assert "No such thing" in error.message


@pytest.mark.parametrize(
    ("method", "path", "text", "kind"),
    [
        ("POST", "/v1/audio", "Quota exceeded: media_storage", errors.QuotaExceeded),
        ("POST", "/v1/docs", "Documents 100/100 reached for current plan", errors.QuotaExceeded),
        ("POST", "/v1/docs", "Please upgrade", errors.QuotaExceeded),
        ("POST", "/v1/docs", "Storage LIMIT", errors.QuotaExceeded),
        ("POST", "/v1/audio", "Not allowed", errors.PlanRequired),
        ("POST", "/v1/docs", "No active plan", errors.PlanRequired),
        ("POST", "/v1/docs", "Forbidden", errors.ScopeMissing),
        ("POST", "/v1/audio", "Missing scope media:write", errors.ScopeMissing),
        ("PATCH", "/v1/audio/x", "Forbidden", errors.ScopeMissing),
        ("GET", "/v1/audio/x", "Forbidden", errors.ScopeMissing),
        ("DELETE", "/v1/docs/x", "Delete permission required", errors.ScopeMissing),
        ("DELETE", "/v1/docs/x", "You have reached your limit", errors.ScopeMissing),
    ],
)
def test_a_403_without_a_code_is_told_by_its_words(
    method: str, path: str, text: str, kind: type[errors.RemoteError]
) -> None:
    assert type(from_answer(answer(403, {"success": False, "error": text}, method, path))) is kind


def test_forbidden_on_an_audio_upload_is_the_plan() -> None:
    body = {"success": False, "error": "Limit: trial", "code": "FORBIDDEN"}
    assert isinstance(from_answer(answer(403, body, path="/v1/audio")), errors.PlanRequired)


@pytest.mark.parametrize(
    ("body", "dimension"),
    [
        ({"code": "QUOTA_EXCEEDED", "meta": {"type": "doc_count"}}, "doc_count"),
        ({"error": "Quota exceeded: media_storage"}, "media_storage"),
        ({"error": "QUOTA_EXCEEDED:img_storage", "code": "QUOTA_EXCEEDED"}, "img_storage"),
        ({"error": "quota"}, ""),
    ],
)
def test_the_full_dimension_is_named(body: dict[str, object], dimension: str) -> None:
    error = from_answer(answer(403, {"success": False, "error": "", **body}))
    assert isinstance(error, errors.QuotaExceeded)
    assert error.dimension == dimension


@pytest.mark.parametrize(
    ("headers", "meta", "wait_s"),
    [
        ({"Retry-After": "17"}, {}, 17),
        ({"RateLimit-Reset": "9"}, {}, 9),
        ({}, {"retryAfterSec": 5}, 5),
        ({"Retry-After": "0"}, {}, 0),
        ({}, {"retryAfterSec": "soon"}, 0),
    ],
)
def test_a_429_says_how_long_to_wait(headers: dict[str, str], meta: dict[str, object], wait_s: float) -> None:
    error = from_answer(answer(429, {"success": False, "error": "slow", "meta": meta}, **headers))
    assert isinstance(error, errors.RateLimited)
    assert error.retry_after_s == wait_s


@pytest.mark.parametrize("reason", ["duration", "size", "signature", "mime"])
def test_each_reason_against_an_audio_file_has_its_own_hint(reason: str) -> None:
    body = {"success": False, "error": "x", "code": "VALIDATION_ERROR", "meta": {"field": "file", "reason": reason}}
    plain = from_answer(answer(422, {"success": False, "error": "x", "code": "VALIDATION_ERROR"}))
    assert from_answer(answer(422, body)).hint != plain.hint


def test_a_cut_body_is_never_read_as_an_envelope() -> None:
    body = json.dumps({"success": False, "error": "no"}).encode()
    assert isinstance(from_answer(Answer("GET", "/x", 404, {}, body, cut=True)), errors.NotPicora)


def test_a_redirect_is_named_as_one() -> None:
    assert "redirect" in from_answer(answer(302, b"")).message


@given(st.text())
def test_foreign_text_is_shown_in_one_bounded_line(text: str) -> None:
    line = shown(text * 50)
    assert len(line) <= 300
    assert line.isprintable()


@given(st.integers(100, 599), st.binary(max_size=200))
def test_no_answer_makes_the_boundary_fail(status: int, body: bytes) -> None:
    assert from_answer(answer(status, body)).message


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["success", "error", "code", "meta", "message", "type"]), inner, max_size=5
            )
        ),
        max_leaves=12,
    ),
    st.sampled_from([200, 401, 403, 404, 409, 422, 429, 500]),
)
def test_no_json_makes_the_boundary_fail(body: object, status: int) -> None:
    assert from_answer(answer(status, body)).hint
