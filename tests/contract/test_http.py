"""What HTTP itself asks of every answer (RFC 9110), where the contract leaves it to the standard."""

import base64
import json

import pytest

from tests.contract.harness import Api, Json, must_fail

NO_ROUTE = ["/v1/docs/", "/v1/audio/", "/v1/images/", "/v1/media/", "/v1/docs//raw", "//v1/docs", "/v1//docs"]


@pytest.mark.parametrize("path", [*NO_ROUTE, "/media/", "/media/audio/", "/v1/docs/x/", "/health/"])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "OPTIONS"])
def test_a_slash_too_many_is_another_path(anonymous: Api, method: str, path: str) -> None:
    """§15 #1: the route comes first: no such path, whoever asks with whatever method."""
    answer = anonymous.client.request(method, f"http://testserver{path}")
    must_fail(answer, 404, "NOT_FOUND")


@pytest.mark.parametrize("method", ["FOO", "PROPFIND", "QUERY", "TRACE", "CONNECT", "PUT"])
def test_an_unknown_method_is_405_on_a_known_path_only(anonymous: Api, method: str) -> None:
    """§15 #1 route (404/405): Allow names what there is."""
    refused = anonymous.client.request(method, "/v1/docs")
    must_fail(refused, 405, "METHOD_NOT_ALLOWED")
    assert {name.strip() for name in refused.headers["allow"].split(",")} == {
        "GET",
        "HEAD",
        "POST",
        "DELETE",
        "OPTIONS",
    }
    must_fail(anonymous.client.request(method, "/v1/nowhere"), 404, "NOT_FOUND")


def test_a_preflight_has_no_body(anonymous: Api) -> None:
    """§2 success: an answer without the envelope is 204 and empty."""
    answer = anonymous.client.request("OPTIONS", "/v1/docs")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers


def test_no_refusal_may_be_kept_by_a_cache(api: Api, anonymous: Api) -> None:
    """§10 deleted or unknown: 404 now may be a file in a minute; 416 is not the file, whatever its headers say."""
    url = api.new_audio()["url"]
    refusals = {
        416: anonymous.get(url, headers={"Range": "bytes=9999999-"}),
        404: anonymous.get(f"{url}x"),
        401: anonymous.get("/v1/docs"),
        405: anonymous.post("/health"),
        422: api.get("/v1/docs?limit=0"),
    }
    for status, answer in refusals.items():
        assert (answer.status_code, answer.headers["cache-control"]) == (status, "no-store")
        assert "etag" not in answer.headers


@pytest.mark.parametrize(
    ("wanted", "status", "content_range"),
    [
        ("bytes=99999999999999999999-", 416, "bytes */{size}"),
        (f"bytes={'9' * 5000}-", 416, "bytes */{size}"),
        ("bytes=1-99999999999999999999", 206, "bytes 1-{last}/{size}"),
        ("bytes=-99999999999999999999", 206, "bytes 0-{last}/{size}"),
    ],
    ids=["far", "very-far", "far-end", "far-suffix"],
)
def test_a_range_has_any_number_of_digits(
    api: Api, anonymous: Api, wanted: str, status: int, content_range: str
) -> None:
    """§10 audio (RFC 9110 §14.1.2): a first byte beyond the file is 416, an end beyond it is its end."""
    audio = api.new_audio()
    answer = anonymous.get(audio["url"], headers={"Range": wanted})
    size = audio["sizeBytes"]
    assert (answer.status_code, answer.headers["content-range"]) == (
        status,
        content_range.format(size=size, last=size - 1),
    )


def test_a_range_is_for_get_alone(api: Api, anonymous: Api) -> None:
    """§10 audio, HEAD (RFC 9110 §14.2): a server must ignore Range with any other method."""
    audio = api.new_audio()
    for wanted in ("bytes=0-3", "bytes=9999999-"):
        answer = anonymous.head(audio["url"], headers={"Range": wanted})
        assert (answer.status_code, answer.headers["content-length"]) == (200, str(audio["sizeBytes"]))
        assert "content-range" not in answer.headers


NO_BODY = {"empty": b"", "cut": b"{", "word": b"hello", "list": b"[]", "wrong-field": b'{"title":5}'}


@pytest.mark.parametrize("content", NO_BODY.values(), ids=NO_BODY)
@pytest.mark.parametrize("path", ["/v1/docs/{}", "/v1/audio/{}"])
@pytest.mark.parametrize("name", ["A" * 21, "no id!"])
def test_what_is_not_there_is_404_whatever_is_said_about_it(api: Api, path: str, name: str, content: bytes) -> None:
    """§15 #1: the id comes before the shape of the body."""
    must_fail(api.patch(path.format(name), content=content), 404, "NOT_FOUND")


def test_somebody_elses_audio_is_403_whatever_is_said_about_it(api: Api, other: Api) -> None:
    """§15 #1: the owner comes before the shape of the body."""
    must_fail(api.patch(f"/v1/audio/{other.new_audio()['id']}", content=b"{"), 403, "FORBIDDEN")


TYPES = ["", "text/plain", "application/json; charset=utf-8", "APPLICATION/JSON", "application/x-www-form-urlencoded"]


@pytest.mark.parametrize("type_", TYPES)
def test_json_is_read_whatever_it_is_called(api: Api, type_: str) -> None:
    """§8 POST /v1/docs: the body decides; curl -d says it is a form."""
    content = json.dumps({"filename": "a.md", "content": f"# {type_}"}).encode()
    assert api.post("/v1/docs", content=content, headers={"Content-Type": type_}).status_code == 201


def test_a_form_is_no_json(api: Api) -> None:
    """§8 POST /v1/docs: not multipart."""
    must_fail(api.post("/v1/docs", files={"file": ("a.md", b"# x", "text/markdown")}), 400, "BAD_REQUEST")


def test_a_session_of_the_service_is_no_credential_here(anonymous: Api) -> None:
    """§1 Auth header: this server issues keys alone, so every JWT is somebody else's (decision 0086)."""
    header, claims = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": "none"}, {"sub": "x", "scope": "all"})
    )
    for token in (f"{header}.{claims}.", f"{header}.{claims}.c2ln", "oauth_" + "a" * 40):
        answer = anonymous.get("/v1/auth/verify", headers={"Authorization": f"Bearer {token}"})
        must_fail(answer, 401, "UNAUTHORIZED")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_an_account_that_holds_nothing_has_a_cursor_to_go_on_from(api: Api) -> None:
    """§12 nextCursor: always usable; the first run of a client may find nothing."""
    first: Json = api.data("/v1/sync/state")
    assert (first["changes"], first["hasMore"]) == ([], False)
    image = api.new_image()
    later = api.data("/v1/sync/state", since=first["nextCursor"])
    assert [event["id"] for event in later["changes"]] == [image["id"]]


def test_the_last_day_there_is_ends_a_range(api: Api) -> None:
    """§10 end_date: a date far away is how clients say "until now"."""
    image = api.new_image()
    found = api.data("/v1/images", start_date="0001-01-01", end_date="9999-12-31")
    assert [item["id"] for item in found["items"]] == [image["id"]]
