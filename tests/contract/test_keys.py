"""§1 API key, §1.1 Key scopes, §14 plan `none`."""

import io
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.contract import samples
from tests.contract.harness import Api, Clock, Service, must_fail, ok

PLAN_CODES = ("FORBIDDEN", "PLAN_REQUIRED", "PLAN_INACTIVE", "QUOTA_EXCEEDED")


def test_a_key_is_sk_live_and_32_characters(service: Service, api: Api) -> None:
    """§1 API key: `sk_live_` + 32 characters of A-Za-z0-9_-."""
    for key in (service.account.key, api.key):
        assert re.fullmatch(r"sk_live_[A-Za-z0-9_-]{32}", key)


def test_only_the_hash_of_a_key_is_stored(service: Service, api: Api) -> None:
    """§1 API key: the service stores only its SHA-256."""
    assert api.key
    secret = api.key.removeprefix("sk_live_").encode()
    api.data("/v1/auth/verify")
    stored = service.everything_stored()
    assert stored
    assert [name for name, content in stored.items() if secret in content] == []


def test_a_revoked_key_is_refused(new_service: Callable[..., Service], clock: Clock) -> None:
    """§1 API key: revocation takes effect in seconds."""
    service = new_service(clock=clock)
    api = service.tenant()
    api.data("/v1/docs")
    service.revoke(api)
    clock.advance(5)
    must_fail(api.get("/v1/docs"), 401, ("UNAUTHORIZED", "API_KEY_REVOKED"))


class Interrupted(io.BytesIO):
    """A body; something happens while it arrives."""

    def __init__(self, content: bytes, act: Callable[[], None]) -> None:
        super().__init__(content)
        self._act = act

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() == 0:
            self._act()
        return super().read(size)


def during(service: Service, api: Api, act: Callable[[], None]) -> Api:
    """The view of ``api`` where something happens while the body of each request arrives."""

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        environ["wsgi.input"] = Interrupted(environ["wsgi.input"].read(), act)
        return service.app(environ, start_response)

    return Api(app, api.key, api.user_id)


UPLOADS: dict[str, Callable[[Api], httpx.Response]] = {
    "audio": lambda api: api.post_audio(samples.mp3()),
    "images": lambda api: api.post_image(samples.png()),
    "docs": lambda api: api.post_doc("# Text\n"),
}


@pytest.mark.parametrize("kind", UPLOADS)
def test_a_key_that_is_revoked_while_its_upload_arrives_stores_nothing(service: Service, api: Api, kind: str) -> None:
    """§1 API key: revocation takes effect in seconds, whatever is on its way (decision 0155)."""
    revoked = service.second_key(api)
    must_fail(UPLOADS[kind](during(service, revoked, lambda: service.revoke(revoked))), 401)
    assert api.data("/v1/user/me/usage")[kind]["totalCount"] == 0


@pytest.mark.parametrize("kind", UPLOADS)
def test_a_plan_that_changes_while_an_upload_arrives_counts_from_the_next_one(
    service: Service, api: Api, kind: str
) -> None:
    """§14 plan `none`: nothing may be uploaded; what had begun on another plan is stored (decision 0155)."""
    ok(UPLOADS[kind](during(service, api, lambda: service.move_to_plan(api, "none"))), 201)
    refused = api.post_doc("# Other text\n") if kind == "docs" else UPLOADS[kind](api)
    must_fail(refused, 403, PLAN_CODES)


READS = ["/v1/media", "/v1/docs", "/v1/images", "/v1/sync/state", "/v1/user/me/usage", "/v1/user/me/rate-limits"]
WRITES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/v1/audio", {"files": {"file": ("a.mp3", samples.mp3(), "audio/mpeg")}}),
    ("POST", "/v1/images", {"files": {"file": ("a.png", samples.png(), "image/png")}}),
    ("POST", "/v1/docs", {"json": {"filename": "a.md", "content": "x"}}),
    ("PATCH", "/v1/audio/{audio}", {"json": {"title": "t"}}),
    ("PATCH", "/v1/docs/{doc}", {"json": {"title": "t"}}),
]
DELETES: list[tuple[str, str, dict[str, Any]]] = [
    ("DELETE", "/v1/audio/{audio}", {}),
    ("DELETE", "/v1/docs/{doc}", {}),
    ("DELETE", "/v1/docs", {"json": {"ids": ["{doc}"]}}),
    ("DELETE", "/v1/media", {"json": {"items": [{"id": "a", "type": "audio"}]}}),
    ("DELETE", "/v1/images/{image}", {}),
]
MEDIA_DELETES = [row for row in DELETES if "docs" not in row[1]]


def _names(table: list[tuple[str, str, dict[str, Any]]]) -> list[str]:
    return [f"{method} {path}" for method, path, _ in table]


@pytest.fixture
def owned(api: Api) -> dict[str, str]:
    """One resource of each kind, as ids."""
    return {"audio": api.new_audio()["id"], "doc": api.new_doc()["id"], "image": api.new_image()["id"]}


@pytest.mark.parametrize(
    "path", [*READS, "/v1/auth/verify", "/v1/audio/{audio}", "/v1/docs/{doc}", "/v1/images/{image}"]
)
def test_scope_read_reads(service: Service, api: Api, owned: dict[str, str], path: str) -> None:
    """§1.1 read: media, docs, account and usage can be read."""
    ok(service.second_key(api, "read").get(path.format(**owned)))


@pytest.mark.parametrize(("method", "path", "request_"), WRITES, ids=_names(WRITES))
def test_scope_read_may_not_write(
    service: Service, api: Api, owned: dict[str, str], method: str, path: str, request_: dict[str, Any]
) -> None:
    """§1.1 upload or patch: needs read_write; §15 #3: 403 INSUFFICIENT_SCOPE with meta.required."""
    body = must_fail(
        service.second_key(api, "read").client.request(method, path.format(**owned), **request_),
        403,
        "INSUFFICIENT_SCOPE",
    )
    assert isinstance(body["meta"]["required"], list)
    assert body["meta"]["required"]


@pytest.mark.parametrize(("method", "path", "request_"), WRITES, ids=_names(WRITES))
def test_scope_read_write_writes(
    service: Service, api: Api, owned: dict[str, str], method: str, path: str, request_: dict[str, Any]
) -> None:
    """§1.1 read_write: uploads and patches media and docs."""
    response = service.second_key(api, "read_write").client.request(method, path.format(**owned), **request_)
    assert response.is_success, response.text


@pytest.mark.parametrize(("method", "path", "request_"), DELETES, ids=_names(DELETES))
def test_scope_read_may_not_delete(
    service: Service, api: Api, owned: dict[str, str], method: str, path: str, request_: dict[str, Any]
) -> None:
    """§5 v1 scope column: a key that reads deletes nothing."""
    response = service.second_key(api, "read").client.request(method, path.format(**owned), **request_)
    must_fail(response, 403, "INSUFFICIENT_SCOPE")


@pytest.mark.parametrize(("method", "path", "request_"), MEDIA_DELETES, ids=_names(MEDIA_DELETES))
def test_scope_read_write_may_not_delete_media(
    service: Service, api: Api, owned: dict[str, str], method: str, path: str, request_: dict[str, Any]
) -> None:
    """§1.1 delete media: needs read_write_delete (for docs, kb.write may be enough)."""
    response = service.second_key(api, "read_write").client.request(method, path.format(**owned), **request_)
    must_fail(response, 403, "INSUFFICIENT_SCOPE")


@pytest.mark.parametrize(("method", "path", "request_"), DELETES, ids=_names(DELETES))
def test_scope_read_write_delete_deletes(
    api: Api, owned: dict[str, str], method: str, path: str, request_: dict[str, Any]
) -> None:
    """§1.1 read_write_delete: deletes media and docs."""
    assert api.client.request(method, path.format(**owned), **request_).is_success


def test_plan_none_may_not_upload_audio(service: Service) -> None:
    """§14 plan `none`: no audio (403 FORBIDDEN)."""
    must_fail(service.tenant(plan="none").post_audio(samples.mp3()), 403, "FORBIDDEN")


@pytest.mark.parametrize("kind", ["doc", "image"])
def test_plan_none_may_upload_nothing_else(service: Service, kind: str) -> None:
    """§14 plan `none`: all limits 0."""
    nobody = service.tenant(plan="none")
    response = nobody.post_doc() if kind == "doc" else nobody.post_image(samples.png())
    must_fail(response, 403, PLAN_CODES)


@pytest.mark.parametrize("path", [*READS, "/v1/auth/verify"])
def test_plan_none_still_reads(service: Service, path: str) -> None:
    """§15 #1 plan 403: uploads only; reads never need a plan."""
    ok(service.tenant(plan="none").get(path))


@pytest.mark.parametrize("plan", ["trial", "pro", "pro_plus"])
def test_every_active_plan_may_upload_audio(service: Service, plan: str) -> None:
    """§14 trial: audio IS allowed on trial, as on pro and pro_plus."""
    ok(service.tenant(plan=plan).post_audio(samples.mp3()), 201)
