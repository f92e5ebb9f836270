"""What a key may do is learned by asking for nothing."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from picora_sync.remote.client import PicoraClient
from picora_sync.remote.permissions import Permissions
from tests.unit.remote.support import BASE, KEY, RecordingPacer, VirtualStop

EMPTY = httpx.Response(422, json={"success": False, "error": "ids must be a list", "code": "VALIDATION_ERROR"})
SCOPE = httpx.Response(403, json={"success": False, "error": "Missing scope", "code": "INSUFFICIENT_SCOPE"})
PLAN = httpx.Response(403, json={"success": False, "error": "No active plan", "code": "PLAN_INACTIVE"})
FAULT = httpx.Response(500, json={"success": False, "error": "?", "code": "INTERNAL"})
PAGE = httpx.Response(404, text="<html>", headers={"Content-Type": "text/html"})
DONE = httpx.Response(200, json={"success": True, "data": {"deleted": 0, "failed": 0}})


def _again(reply: httpx.Response) -> httpx.Response:
    return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)


@pytest.mark.parametrize(
    ("reply", "may"),
    [(EMPTY, True), (SCOPE, False), (PLAN, True), (FAULT, None), (PAGE, None), (DONE, None)],
    ids=["shape", "scope", "plan", "fault", "page", "done"],
)
def test_a_scope_is_told_by_what_is_refused(reply: httpx.Response, may: bool | None) -> None:
    asked: list[tuple[str, object]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((f"{request.method} {request.url.path}", json.loads(request.content)))
        return _again(reply)

    with _client(answer) as picora:
        assert picora.permissions() == Permissions(may, may)
    assert set(map(str, asked)) == {"('POST /v1/docs', {})", "('DELETE /v1/docs', {'ids': []})"}


def _client(answer: Callable[[httpx.Request], httpx.Response], url: str = BASE) -> PicoraClient:
    stop = VirtualStop()
    transport = httpx.MockTransport(answer)
    return PicoraClient(url, KEY, pacer=RecordingPacer(), stop=stop, transport=transport, clock=lambda: stop.now_s)
