"""§1, §2, §5, §11, §15 #1 #8 #32: what every answer has in common."""

import io
import re
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from tests.contract import samples
from tests.contract.harness import Api, Clock, Service, multipart, must_fail, ok, parse_time

ID_21 = re.compile(r"[A-Za-z0-9_-]{21}")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UNKNOWN_ID = "x" * 21
EXPOSED = (
    "RateLimit-Limit RateLimit-Remaining RateLimit-Reset X-RateLimit-Limit X-RateLimit-Remaining X-RateLimit-Reset "
    "Retry-After X-Request-Id X-Source-Hash X-Updated-At X-Picora-Duplicate"
).lower()


@pytest.mark.parametrize("kind", ["audio", "doc"])
def test_ids_are_nanoids_of_21_characters(api: Api, kind: str) -> None:
    """§1 Resource ids: audio, docs, users and keys have 21 characters of A-Za-z0-9_-."""
    made = api.new_audio() if kind == "audio" else api.new_doc()
    assert ID_21.fullmatch(made["id"])
    verified = api.data("/v1/auth/verify")
    assert ID_21.fullmatch(verified["userId"])
    assert ID_21.fullmatch(verified["apiKeyId"])


def test_image_ids_have_11_characters(api: Api) -> None:
    """§1 Resource ids: images have 11 characters of A-Za-z0-9_-."""
    assert re.fullmatch(r"[A-Za-z0-9_-]{11}", api.new_image()["id"])


def test_timestamps_are_utc_milliseconds(timed: Api, clock: Clock) -> None:
    """§1 Timestamps: ISO 8601, UTC, milliseconds, Z."""
    clock.advance(1.25)
    for made in (timed.new_audio(), timed.new_doc(), timed.new_image()):
        assert TIMESTAMP.fullmatch(made["createdAt"])
        assert parse_time(made["createdAt"]).timestamp() == pytest.approx(clock.now_s, abs=0.01)


ROUTES = [
    ("POST", "/v1/audio"),
    ("GET", f"/v1/audio/{UNKNOWN_ID}"),
    ("PATCH", f"/v1/audio/{UNKNOWN_ID}"),
    ("DELETE", f"/v1/audio/{UNKNOWN_ID}"),
    ("GET", "/v1/media"),
    ("DELETE", "/v1/media"),
    ("POST", "/v1/docs"),
    ("GET", "/v1/docs"),
    ("GET", f"/v1/docs/{UNKNOWN_ID}"),
    ("PATCH", f"/v1/docs/{UNKNOWN_ID}"),
    ("DELETE", f"/v1/docs/{UNKNOWN_ID}"),
    ("DELETE", "/v1/docs"),
    ("POST", "/v1/images"),
    ("GET", "/v1/images"),
    ("GET", "/v1/images/abcdefghijk"),
    ("DELETE", "/v1/images/abcdefghijk"),
    ("GET", "/v1/sync/state"),
    ("GET", "/v1/user/me/usage"),
    ("GET", "/v1/user/me/rate-limits"),
    ("GET", "/v1/auth/verify"),
]
ROUTE_IDS = [f"{method} {path}" for method, path in ROUTES]


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=ROUTE_IDS)
@pytest.mark.parametrize(
    "credential",
    [None, "Bearer sk_live_" + "0" * 32, "Bearer nonsense", "Bearer ", "Basic eDp5"],
    ids=["none", "unknown-key", "nonsense", "empty", "basic"],
)
def test_every_route_needs_a_valid_bearer(anonymous: Api, method: str, path: str, credential: str | None) -> None:
    """§2 401 UNAUTHORIZED: no or invalid bearer."""
    headers = {"Authorization": credential} if credential else {}
    must_fail(anonymous.client.request(method, path, headers=headers), 401, "UNAUTHORIZED")


UNKNOWN_PATHS = [
    ("GET", "/v1/nothing"),
    ("GET", "/v2/docs"),
    ("GET", "/v1/docs/a/b/c"),
]
TUS_PATHS = [
    ("OPTIONS", "/v1/uploads"),
    ("POST", "/v1/uploads"),
    ("HEAD", "/v1/uploads/x"),
    ("GET", "/v1/uploads/x"),
    ("PATCH", "/v1/uploads/x"),
    ("DELETE", "/v1/uploads/x"),
]


@pytest.mark.parametrize(("method", "path"), UNKNOWN_PATHS, ids=[path for _, path in UNKNOWN_PATHS])
def test_an_unknown_path_is_404_before_anything_else(anonymous: Api, method: str, path: str) -> None:
    """§15 #1 route (404) comes before auth; §2 404 carries the envelope."""
    must_fail(anonymous.client.request(method, path), 404, "NOT_FOUND")


@pytest.mark.parametrize(("method", "path"), TUS_PATHS, ids=[f"{method} {path}" for method, path in TUS_PATHS])
def test_resumable_upload_is_absent(api: Api, method: str, path: str) -> None:
    """§11 TUS: this server has none; its paths are unknown."""
    assert api.client.request(method, path).status_code == 404


@pytest.mark.parametrize(("method", "path"), [("PUT", "/v1/docs"), ("POST", "/v1/media"), ("GET", "/v1/audio")])
def test_a_known_path_with_a_wrong_method_is_405_before_auth(anonymous: Api, method: str, path: str) -> None:
    """§15 #1 route (405) comes before auth; the error envelope still holds."""
    response = anonymous.client.request(method, path)
    must_fail(response, 405)
    assert response.headers["allow"]


def test_every_answer_has_a_request_id_of_its_own(api: Api, anonymous: Api) -> None:
    """§1 Request id: x-request-id on every response, errors, 204, CDN and health included."""
    audio, doc = api.new_audio(), api.new_doc()
    answers = [
        api.get("/v1/docs"),
        api.get(f"/v1/docs/{doc['id']}/raw"),
        api.get(audio["url"]),
        api.head(audio["url"]),
        api.delete(f"/v1/audio/{audio['id']}"),
        api.get(audio["url"]),
        anonymous.get("/health"),
        anonymous.get("/v1/docs"),
        anonymous.get("/v1/nothing"),
        anonymous.client.put("/v1/docs"),
        api.post("/v1/docs", json={}),
    ]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("path", ["/v1/docs", "/v1/nothing", "/health"])
def test_any_origin_may_read_answers_and_their_headers(api: Api, path: str) -> None:
    """§15 #32 CORS: `*` origin; the named headers are exposed, on errors too."""
    headers = api.get(path, headers={"Origin": "https://notes.example"}).headers
    assert headers["access-control-allow-origin"] == "*"
    exposed = {name.strip().lower() for name in headers["access-control-expose-headers"].split(",")}
    assert set(EXPOSED.split()) <= exposed


@pytest.mark.parametrize(("path", "method"), [("/v1/docs", "POST"), ("/v1/audio/x", "PATCH"), ("/v1/media", "DELETE")])
def test_a_preflight_needs_no_key(anonymous: Api, path: str, method: str) -> None:
    """§15 #32 CORS: browsers may send the bearer and a JSON body from any origin."""
    asked = {
        "Origin": "https://notes.example",
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    response = anonymous.client.request("OPTIONS", path, headers=asked)
    assert response.status_code in {200, 204}
    assert response.headers["access-control-allow-origin"] == "*"
    assert method in response.headers["access-control-allow-methods"]
    allowed = response.headers["access-control-allow-headers"].lower()
    assert allowed == "*" or ("authorization" in allowed and "content-type" in allowed)


BROKEN_JSON = [
    ("POST", "/v1/docs", b'{"filename":'),
    ("POST", "/v1/docs", b""),
    ("POST", "/v1/docs", b'{"filename":"a.md","content":"\xff\xfe"}'),
    ("DELETE", "/v1/docs", b"nope"),
    ("DELETE", "/v1/media", b"[1,"),
]


@pytest.mark.parametrize(("method", "path", "body"), BROKEN_JSON, ids=["cut", "empty", "not-utf8", "word", "array-cut"])
def test_json_that_cannot_be_parsed_is_400(api: Api, method: str, path: str, body: bytes) -> None:
    """§2 400: unparseable request."""
    headers = {"Content-Type": "application/json"}
    response = api.client.request(method, path, content=body, headers=headers)
    assert response.status_code == 400 if body else response.status_code in {400, 422}
    must_fail(response, response.status_code)


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"null", b"3"], ids=["list", "string", "null", "number"])
@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/docs"), ("DELETE", "/v1/docs"), ("DELETE", "/v1/media")])
def test_json_of_the_wrong_shape_is_422(api: Api, method: str, path: str, body: bytes) -> None:
    """§2 422 VALIDATION_ERROR: any field failure."""
    headers = {"Content-Type": "application/json"}
    must_fail(api.client.request(method, path, content=body, headers=headers), 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("path", ["/v1/audio", "/v1/images"])
@pytest.mark.parametrize(
    "request_", [{"json": {}}, {"content": b"x"}, {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}]
)
def test_an_upload_that_is_not_multipart_is_refused(api: Api, path: str, request_: dict[str, Any]) -> None:
    """§6, §10: multipart/form-data is required; 400 or 422, never 500."""
    response = api.post(path, **request_)
    assert response.status_code in {400, 415, 422}
    must_fail(response, response.status_code)


def test_a_multipart_body_that_ends_early_is_refused(api: Api) -> None:
    """§2 400: a body cut in the middle of a part stores nothing."""
    request = multipart(('Content-Disposition: form-data; name="file"; filename="a.mp3"', samples.mp3()))
    request["content"] = request["content"][:-200]
    response = api.post("/v1/audio", **request)
    assert response.status_code in {400, 422}
    must_fail(response, response.status_code)
    assert api.data("/v1/media")["items"] == []


def test_auth_comes_before_the_body(anonymous: Api) -> None:
    """§15 #1 order: 401 comes before 413 and 422."""
    must_fail(anonymous.post("/v1/docs", content=b"{"), 401, "UNAUTHORIZED")


def test_the_rate_limit_comes_before_the_scope(limited: Service) -> None:
    """§15 #1 order: 429 comes before 403."""
    reader = limited.tenant(scope="read")
    for _ in range(60):
        must_fail(reader.post_doc(), 403, "INSUFFICIENT_SCOPE")
    must_fail(reader.post_doc(), 429, "RATE_LIMIT")


def test_the_scope_comes_before_the_plan(service: Service) -> None:
    """§15 #1 order: scope 403 comes before plan 403."""
    must_fail(service.tenant(plan="none", scope="read").post_audio(b""), 403, "INSUFFICIENT_SCOPE")


def test_the_plan_comes_before_the_body(service: Service) -> None:
    """§15 #1 order: plan 403 comes before the shape."""
    must_fail(service.tenant(plan="none").post_audio(b"not audio", mime="text/plain"), 403, "FORBIDDEN")


@pytest.mark.parametrize("kind", ["audio", "docs"])
def test_existence_comes_before_the_shape(api: Api, kind: str) -> None:
    """§15 #1 order: on id routes 404 comes before 422."""
    must_fail(api.patch(f"/v1/{kind}/{UNKNOWN_ID}", json={"title": 5}), 404, "NOT_FOUND")


def test_the_owner_comes_before_the_shape(api: Api, other: Api) -> None:
    """§15 #1 order: the owner check 403/404 comes before 422."""
    audio = api.new_audio()
    must_fail(other.patch(f"/v1/audio/{audio['id']}", json={"title": 5}), 403, "FORBIDDEN")


def test_the_shape_comes_before_deduplication(api: Api) -> None:
    """§15 #1 order: 422 for a bad field even when the content is known."""
    api.new_doc("# Twice\n")
    must_fail(api.post_doc("# Twice\n", title=""), 422, "VALIDATION_ERROR", field="title")


def test_a_json_body_over_64_mib_is_413(api: Api) -> None:
    """§15 #8 Body caps: JSON over 64 MiB is 413 PAYLOAD_TOO_LARGE."""
    body = b'{"filename":"a.md","content":"' + b"x" * (64 * 1024 * 1024) + b'"}'
    response = api.post("/v1/docs", content=body, headers={"Content-Type": "application/json"})
    must_fail(response, 413, "PAYLOAD_TOO_LARGE")


class _Endless(io.RawIOBase):
    """A request body of any length that occupies no memory."""

    def __init__(self, head: bytes, length: int) -> None:
        super().__init__()
        self._head, self._left = head, length

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        wanted = min(self._left, 1 << 16 if size < 0 else min(size, 1 << 16))
        self._left -= wanted
        out, self._head = self._head[:wanted], self._head[wanted:]
        return out + bytes(wanted - len(out))


def test_a_multipart_body_over_1_gib_is_413(service: Service, api: Api) -> None:
    """§15 #8 Body caps: multipart over 1 GiB is 413 PAYLOAD_TOO_LARGE."""
    length = (1 << 30) + 1
    head = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp3"\r\nContent-Type: audio/mpeg\r\n\r\nID3'
    )
    environ: dict[str, Any] = {"REQUEST_METHOD": "POST", "PATH_INFO": "/v1/audio", "CONTENT_LENGTH": str(length)}
    environ |= {"CONTENT_TYPE": "multipart/form-data; boundary=b", "HTTP_AUTHORIZATION": f"Bearer {api.key}"}
    environ["wsgi.input"] = _Endless(head, length)
    setup_testing_defaults(environ)
    seen: list[str] = []

    def start(status: str, *_: object) -> None:
        seen.append(status)

    body = b"".join(service.app(environ, start))
    assert seen[0].startswith("413")
    assert b"PAYLOAD_TOO_LARGE" in body


def test_unknown_fields_and_parameters_are_ignored(api: Api) -> None:
    """§15 #6 Unknown JSON or form fields, query parameters: ignored."""
    ok(api.post_doc("# Ignored\n", colour="red"), 201)
    ok(api.post_audio(samples.mp3(), colour="red"), 201)
    assert len(api.data("/v1/docs", colour="red")["items"]) == 1
