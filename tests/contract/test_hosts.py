"""A server on loopback answers for loopback names and its own URL alone: no web page reaches it by DNS rebinding."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from picora_sync.server.app import create_app
from tests.contract.harness import Api, Service, must_fail

OWN = (
    *("127.0.0.1", "127.0.0.1:8080", "127.9.9.9:1", "localhost", "LocalHost:8080", "localhost.", "[::1]"),
    *("[::1]:8080", "[::ffff:127.0.0.1]", "notes.localhost", "testserver", "TESTSERVER:80"),
)
FOREIGN = (
    *("evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", "evil-localhost"),
    *("8.8.8.8", "0.0.0.0", "10.0.0.1:80", "[::]", "[2001:db8::1]", "2130706433", "0x7f.1", "127.1"),  # noqa: S104
    *("user@localhost", "localhost,evil.example", "localhost evil", "localhost:80:80", "[::1", "::1", "localhost/x"),
    *("xn--a", "-", ""),
)
PATHS = ("/health", "/v1/docs", "/", "/openapi.json", "/media/x.png", "/nowhere")


@pytest.mark.parametrize("host", OWN)
def test_its_own_names_are_accepted(api: Api, host: str) -> None:
    """Loopback in any spelling, and the URL that it was told."""
    assert api.get("/v1/docs", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("path", PATHS)
def test_other_names_are_refused_before_anything_else(api: Api, path: str, host: str) -> None:
    """421 with the envelope, with and without a key, also for what is not there."""
    must_fail(api.get(path, headers={"Host": host}), 421, "MISDIRECTED_REQUEST")
    must_fail(api.client.request("POST", path, headers={"Host": host}, content=b"x"), 421, "MISDIRECTED_REQUEST")


def test_a_server_that_others_reach_does_not_know_its_names(new_service: Callable[..., Service]) -> None:
    """With --allow-remote on another address any name may lead here."""
    service = new_service()
    settings = type(service.settings)(data=service.data, host="0.0.0.0", allow_remote=True)  # noqa: S104
    if service.database is not None:
        pytest.skip("the same application on another database")
    app = create_app(settings)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://x") as client:
        assert client.get("/health", headers={"Host": "any.example"}).status_code == 200
    app.close()
