"""§5: each endpoint once with its status; §1 and §2: what all of them share."""

import re
from typing import Any, ClassVar

import pytest

from tests.contract import samples
from tests.contract.bad_calls import CALLS
from tests.contract.harness import MIB, Api, Json, Service, must_fail, ok

CREATED = {"POST /v1/docs", "POST /v1/audio", "POST /v1/images"}
EMPTY = {"DELETE /v1/audio/{audio}"}


def made(api: Api) -> dict[str, str]:
    """One thing of each kind."""
    return {
        "doc": api.new_doc("# Own\n")["id"],
        "audio": api.new_audio()["id"],
        "image": api.new_image(samples.png(b"own"))["id"],
    }


def call(api: Api, name: str, ids: dict[str, str]) -> Any:
    method, path = name.split()
    for kind, own in ids.items():
        path = path.replace(f"{{{kind}}}", own)
    return api.client.request(method, path, **CALLS[name][1])


@pytest.mark.parametrize("name", CALLS)
def test_each_endpoint_succeeds_with_its_status(api: Api, name: str) -> None:
    """§5 POST /v1/audio, §5 GET /v1/audio/:id, §5 PATCH /v1/audio/:id, §5 DELETE /v1/audio/:id, §5 GET /v1/media,
    §5 DELETE /v1/media, §5 POST /v1/docs, §5 GET /v1/docs, §5 GET /v1/docs/:id, §5 GET /v1/docs/:id/raw,
    §5 PATCH /v1/docs/:id, §5 DELETE /v1/docs/:id, §5 DELETE /v1/docs, §5 POST /v1/images, §5 GET /v1/images,
    §5 GET /v1/images/:id, §5 DELETE /v1/images/:id, §5 GET /v1/sync/state, §5 GET /v1/user/me/usage,
    §5 GET /v1/user/me/rate-limits, §3 RateLimit-Limit and RateLimit-Remaining, §3 X-RateLimit, §1 API base:
    201, 204 or 200 below one base, and six headers that say the same twice."""
    response = call(api, name, made(api))
    assert response.status_code == (201 if name in CREATED else 204 if name in EMPTY else 200), response.text
    for header in ("Limit", "Remaining", "Reset"):
        assert response.headers[f"RateLimit-{header}"] == response.headers[f"X-RateLimit-{header}"]
        assert int(response.headers[f"RateLimit-{header}"]) >= 0


def test_bytes_need_no_key_if_they_are_public(api: Api, anonymous: Api) -> None:
    """§5 GET {media}: 200, and 206 for a range; §5 GET /health: 200."""
    url = api.new_image()["url"]
    assert anonymous.get(url).status_code == 200
    assert anonymous.get(url, headers={"Range": "bytes=0-3"}).status_code == 206
    assert anonymous.get("/health").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/docs/raw:batch"),
        ("POST", "/v1/docs/batch-move"),
        ("GET", "/v1/docs/{doc}/revisions"),
        ("GET", "/v1/kbs"),
        ("POST", "/v1/images/exists"),
        ("PATCH", "/v1/images/{image}"),
        ("GET", "/v1/media/{audio}"),
        ("POST", "/v1/uploads"),
        ("OPTIONS", "/v1/uploads"),
        ("HEAD", "/v1/uploads/x"),
    ],
)
def test_what_only_the_live_service_has_is_not_there(api: Api, method: str, path: str) -> None:
    """§5 live only, §11: 404 or 405 in the envelope, so that a client can tell."""
    for kind, own in made(api).items():
        path = path.replace(f"{{{kind}}}", own)
    response = api.client.request(method, path)
    assert response.status_code in {404, 405}
    if method != "HEAD":
        must_fail(response, response.status_code)


@pytest.mark.parametrize("header", ["Bearer {}", "bearer {}", "BEARER  {}"])
def test_the_key_is_a_bearer_token(api: Api, anonymous: Api, header: str) -> None:
    """§1 Auth header: Authorization: Bearer <key>; the scheme in any case, as HTTP has it."""
    assert anonymous.get("/v1/auth/verify", headers={"Authorization": header.format(api.key)}).status_code == 200


def test_the_clients_name_changes_nothing(api: Api) -> None:
    """§1 Optional request header: X-Picora-Client has no effect."""
    plain = api.data("/v1/auth/verify")
    assert ok(api.get("/v1/auth/verify", headers={"X-Picora-Client": "someone/1.0"})) == plain


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*(_keys(item) for item in value.values())) if value else set()
    return set().union(*(_keys(item) for item in value)) if isinstance(value, list) else set()


def test_answers_are_in_camel_case_and_in_the_envelope(api: Api) -> None:
    """§1 JSON case, §2 success: {success, data} and camelCase, but for 204, /health and raw."""
    ids = made(api)
    for name in CALLS:
        if name in EMPTY or name.endswith("/raw") or name.startswith("DELETE"):
            continue
        body = call(api, name, ids).json()
        assert set(body) == {"success", "data"}, name
        assert not [key for key in _keys(body["data"]) if not re.fullmatch(r"[a-z][A-Za-z0-9]*", key)], name
    assert call(api, "DELETE /v1/audio/{audio}", ids).content == b""
    assert "success" not in api.get("/health").json()


def test_errors_have_a_sentence_and_a_code(api: Api) -> None:
    """§2 error: {success, error, code, meta}; meta only if it helps."""
    missing: Json = api.get("/v1/docs/nothing").json()
    assert set(missing) == {"success", "error", "code"}
    wrong: Json = api.get("/v1/docs", params={"limit": "x"}).json()
    assert set(wrong) == {"success", "error", "code", "meta"}


def test_plans_and_sizes_are_those_of_the_contract(service: Service) -> None:
    """§1 Plans on the wire, §1 Sizes, §14 image uploads per month: none, trial, pro, pro_plus; 1 MB is 1024² bytes."""
    for plan, month in (("none", 0), ("trial", 1_000), ("pro", 50_000), ("pro_plus", 200_000)):
        usage = service.tenant(plan=plan).data("/v1/user/me/usage")
        assert (usage["plan"], usage["planLimits"]["imgUploadMonth"]) == (plan, month)
        assert usage["planLimits"]["imgStorageBytes"] % MIB == 0


def test_a_body_over_the_cap_is_413(api: Api) -> None:
    """§2 413: told by its length, before it is read."""
    response = api.post("/v1/docs", content=b"{}", headers={"Content-Length": str(2**31)})
    must_fail(response, 413, "PAYLOAD_TOO_LARGE")


def test_deleting_documents_needs_the_widest_scope(service: Service, api: Api) -> None:
    """§1.1 delete docs: the key of the v1 scopes that deletes."""
    writer = service.second_key(api, "read_write")
    own = api.new_doc()["id"]
    must_fail(writer.delete(f"/v1/docs/{own}"), 403, "INSUFFICIENT_SCOPE", required=["read_write_delete"])
    must_fail(writer.delete("/v1/docs", json={"ids": [own]}), 403, "INSUFFICIENT_SCOPE")
    assert api.data(f"/v1/docs/{own}")["id"] == own


def test_an_empty_cursor_is_the_first_page(api: Api) -> None:
    """§4 Empty cursor: for every list, and for the sync state's since."""
    made(api)
    for path, name in (
        ("/v1/docs", "cursor"),
        ("/v1/media", "cursor"),
        ("/v1/images", "cursor"),
        ("/v1/sync/state", "since"),
    ):
        first = api.data(path)
        assert ok(api.get(f"{path}?{name}=")) == first


def test_a_mistake_of_the_server_stays_in_the_envelope(service: Service, api: Api) -> None:
    """§2 500: INTERNAL, without a word of what went wrong inside."""

    class Broken:
        methods = ("GET",)
        access: ClassVar[dict[str, object]] = {}

        def on_get(self, _req: Any, _resp: Any) -> None:
            raise RuntimeError("secret detail")

    service.app.add_route("/broken", Broken())
    body = must_fail(api.get("/broken"), 500, "INTERNAL")
    assert "secret" not in str(body)
