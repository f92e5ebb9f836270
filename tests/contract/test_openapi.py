"""The description at /openapi.json and the page at /: valid, complete, and nothing that runs."""

import re
from html.parser import HTMLParser
from typing import Any

import falcon.inspect
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.contract.harness import BASE_URL, Api, Service

ANY_KEY = {"401 UNAUTHORIZED", "429 RATE_LIMIT"}
WRITES = ANY_KEY | {"403 INSUFFICIENT_SCOPE"}
JSON_BODY = {"400 BAD_REQUEST", "413 PAYLOAD_TOO_LARGE", "422 VALIDATION_ERROR"}
UPLOAD = WRITES | JSON_BODY | {"403 QUOTA_EXCEEDED", "502 STORAGE_ERROR"}
BYTES = {"401 UNAUTHORIZED", "404 NOT_FOUND", "416 RANGE_NOT_SATISFIABLE", "502 STORAGE_ERROR"}

# What the contract lists for each call (§2, §5 to §13, §15): successes, then refusals; 500 INTERNAL is everywhere.
CALLS: dict[str, tuple[set[str], set[str]]] = {
    "GET /": ({"200"}, set()),
    "GET /openapi.json": ({"200"}, set()),
    "GET /health": ({"200"}, set()),
    "GET /v1/health": ({"200"}, set()),
    "GET /v1/auth/verify": ({"200"}, ANY_KEY),
    "GET /v1/user/me/rate-limits": ({"200"}, ANY_KEY),
    "GET /v1/user/me/usage": ({"200"}, ANY_KEY),
    "POST /v1/docs": ({"200", "201"}, UPLOAD | {"422 DOC_FILE_TOO_LARGE", "422 DOC_IMAGE_LIMIT_EXCEEDED"}),
    "GET /v1/docs": ({"200"}, ANY_KEY | {"422 VALIDATION_ERROR"}),
    "DELETE /v1/docs": ({"200"}, WRITES | JSON_BODY),
    "GET /v1/docs/{doc_id}": ({"200"}, ANY_KEY | {"404 NOT_FOUND"}),
    "PATCH /v1/docs/{doc_id}": ({"200"}, WRITES | JSON_BODY | {"404 NOT_FOUND"}),
    "DELETE /v1/docs/{doc_id}": ({"200"}, WRITES | {"404 NOT_FOUND"}),
    "GET /v1/docs/{doc_id}/raw": ({"200", "304"}, ANY_KEY | {"404 NOT_FOUND", "502 STORAGE_ERROR"}),
    "HEAD /v1/docs/{doc_id}/raw": ({"200", "304"}, ANY_KEY | {"404 NOT_FOUND", "502 STORAGE_ERROR"}),
    "POST /v1/audio": ({"201"}, UPLOAD | {"403 FORBIDDEN"}),
    "GET /v1/audio/{audio_id}": ({"200"}, ANY_KEY | {"403 FORBIDDEN", "404 NOT_FOUND"}),
    "PATCH /v1/audio/{audio_id}": ({"200"}, WRITES | JSON_BODY | {"403 FORBIDDEN", "404 NOT_FOUND"}),
    "DELETE /v1/audio/{audio_id}": ({"204"}, WRITES | {"403 FORBIDDEN", "404 NOT_FOUND"}),
    "POST /v1/images": ({"200", "201"}, UPLOAD),
    "GET /v1/images": ({"200"}, ANY_KEY | {"422 VALIDATION_ERROR"}),
    "GET /v1/images/{image_id}": ({"200"}, ANY_KEY | {"404 NOT_FOUND"}),
    "DELETE /v1/images/{image_id}": ({"200"}, WRITES | {"404 NOT_FOUND"}),
    "GET /v1/media": ({"200"}, ANY_KEY | {"422 VALIDATION_ERROR"}),
    "DELETE /v1/media": ({"200"}, WRITES | JSON_BODY),
    "GET /v1/sync/state": ({"200"}, ANY_KEY | {"400 BAD_REQUEST"}),
    **{
        f"{method} {path}": ({"200", "206", "304"}, BYTES)
        for method in ("GET", "HEAD")
        for path in ("/media/{name}", "/media/audio/{name}", "/media/audio-cover/{name}")
    },
}
METHODS = {"get", "head", "post", "patch", "delete"}


@pytest.fixture(scope="module")
def description(service: Service) -> Any:
    return service.api().get("/openapi.json").json()


def _operations(description: Any) -> dict[str, Any]:
    return {
        f"{method.upper()} {path}": operation
        for path, item in description["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def _refusals(operation: Any) -> set[str]:
    """``"422 VALIDATION_ERROR"``, … as the bodies' schemas name them."""
    found = set()
    for status, response in operation["responses"].items():
        for content in response.get("content", {}).values():
            schema = content["schema"]
            codes = schema.get("properties", {}).get("code", {}).get("enum", [])
            found |= {f"{status} {code}" for code in codes}
    return found


def test_the_description_is_valid(description: Any) -> None:
    """OpenAPI 3.1: the description is valid and names the server it came from."""
    OpenAPIV31SpecValidator(description).validate()
    assert description["openapi"].startswith("3.1")
    assert description["servers"] == [{"url": BASE_URL}]


def test_it_names_exactly_the_routes_of_the_application(service: Service, description: Any) -> None:
    """§5: every route and method, and no other; HEAD only where it is worth naming, OPTIONS nowhere."""
    routes = falcon.inspect.inspect_routes(service.app)
    served = {f"{method.method} {route.path}" for route in routes for method in route.methods if not method.internal}
    named = set(_operations(description))
    probes = {call for call in served if call.startswith("HEAD ")}
    assert named == (served - probes) | (named & probes)


def test_it_names_exactly_the_calls_of_the_contract(description: Any) -> None:
    """§5: the endpoint index, /health, and the description itself."""
    assert set(_operations(description)) == set(CALLS)


@pytest.mark.parametrize("call", CALLS)
def test_it_names_exactly_the_answers_of_the_contract(description: Any, call: str) -> None:
    """§2: each status with each code that the contract lists for the call."""
    operation = _operations(description)[call]
    successes, refusals = CALLS[call]
    expected = refusals | {"500 INTERNAL"}
    assert set(operation["responses"]) == successes | {entry.split()[0] for entry in expected}
    if not call.startswith("HEAD "):
        assert _refusals(operation) == expected


def test_every_call_with_a_key_tells_scope_and_tier(description: Any) -> None:
    """§3, §5: tier and scope columns."""
    tiers = {"GET": "read", "HEAD": "read", "POST": "upload", "PATCH": "mutation", "DELETE": "mutation"}
    scopes = {"read": "read", "upload": "read_write", "PATCH": "read_write", "DELETE": "read_write_delete"}
    for call, operation in _operations(description).items():
        method, path = call.split()
        if not path.startswith("/v1/") or path == "/v1/health":
            assert "x-tier" not in operation
            continue
        tier = tiers[method]
        assert operation["x-tier"] == tier, call
        assert operation["x-scope"] == scopes.get(method, scopes.get(tier)), call


class _Links(HTMLParser):
    """What a page loads, runs or links to, and the ids of what it describes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.targets: list[str] = []
        self.ids: set[str] = set()
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in {"src", "href", "data", "action", "srcset"}:
                self.targets.append(value or "")
            if name == "id":
                self.ids.add(value or "")
            if name.startswith("on") or name == "style":
                self.handlers.append(name)


def test_the_page_shows_every_operation_and_loads_nothing(anonymous: Api, description: Any) -> None:
    """A page for people: no script, no asset, a policy that allows none."""
    response = anonymous.get("/")
    page = _Links()
    page.feed(response.text)
    assert response.headers["content-type"].startswith("text/html")
    assert page.ids == {operation["operationId"] for operation in _operations(description).values()}
    assert page.tags.isdisjoint({"script", "link", "img", "iframe", "object", "base"})
    assert page.targets == ["/openapi.json"]
    assert page.handlers == []
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not re.search(r"url\(|@import", response.text)
