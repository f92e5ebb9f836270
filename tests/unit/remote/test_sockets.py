"""The client against real sockets that hang up, cut and lie."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import cast

import httpx
import pytest

from picora_sync import errors
from picora_sync.core.model import Kind, told_id
from picora_sync.remote.client import PicoraClient
from tests.ports import reserve
from tests.unit.remote.support import (
    DOC_ID,
    KEY,
    MemoryFile,
    RawServer,
    RecordingPacer,
    VirtualStop,
    audio,
    audio_upload,
    doc,
)

MIB = 1 << 20


def reply(status: str, data: object, extra: str = "", announced: int | None = None) -> bytes:
    body = json.dumps({"success": True, "data": data}).encode()
    length = len(body) if announced is None else announced
    return f"HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{extra}\r\n".encode() + body


def client(url: str) -> PicoraClient:
    return PicoraClient(url, KEY, pacer=RecordingPacer(), stop=VirtualStop())


def test_a_whole_audio_file_arrives_with_its_closing_boundary() -> None:
    file = MemoryFile(bytes(range(256)) * 12_000)
    with RawServer(reply("201 Created", audio()), read_until=b"--\r\n").running() as server, client(server.url) as api:
        assert told_id(api.post_audio(audio_upload(file)).object.id) == audio()["id"]
    head, _, body = server.received[0].partition(b"\r\n\r\n")
    length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    assert len(body) == int(length.split()[1])
    assert file.content in body


def test_of_a_changed_file_the_server_never_sees_a_complete_body() -> None:
    file = MemoryFile(b"x" * (3 * MIB), changed=True)
    with (
        RawServer(b"", read_until=None).running() as server,
        client(server.url) as api,
        pytest.raises(errors.FileChanged),
    ):
        api.post_audio(audio_upload(file))
    head, _, body = server.received[0].partition(b"\r\n\r\n")
    length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    assert len(body) < int(length.split()[1])
    assert not body.rstrip().endswith(b"--")
    assert len(server.received) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 50",
        reply("503 Busy", None),
        reply("502 Bad", None, announced=9),
        b"HTTP/1.1 302 Found\r\n\r\n",
        b"?",
    ],
    ids=["hang-up", "half a head", "503", "half of a 502", "redirect", "no HTTP"],
)
def test_a_server_that_hangs_up_in_the_middle_of_a_file_has_stored_nothing(answer: bytes) -> None:
    file = MemoryFile(b"x" * (20 * MIB))
    with (
        RawServer(answer, read_until=None, hang_up_after=MIB).running() as server,
        client(server.url) as api,
        pytest.raises(errors.UploadCut) as cut,
    ):
        api.post_audio(audio_upload(file))
    assert len(server.received) == 1
    assert not cut.value.perhaps_done
    assert "sent again" in cut.value.hint


def test_a_success_in_the_middle_of_a_file_leaves_the_outcome_unknown() -> None:
    file = MemoryFile(b"x" * (20 * MIB))
    with (
        RawServer(reply("201 Created", audio()), read_until=None, hang_up_after=MIB).running() as server,
        client(server.url) as api,
        pytest.raises(errors.OutcomeUnknown),
    ):
        api.post_audio(audio_upload(file))


def test_a_connection_that_breaks_in_the_closing_boundary_leaves_the_outcome_unknown() -> None:
    """Once the boundary is handed over, part of it in a buffer means that all of it may arrive."""
    file, stop = MemoryFile(b"abc"), VirtualStop()

    def cut(request: httpx.Request) -> httpx.Response:
        for block in cast("Iterable[bytes]", request.stream):
            if block.endswith(b"--\r\n"):
                raise httpx.WriteError("reset")
        raise AssertionError("there was no closing boundary")

    transport = httpx.MockTransport(cut)
    with (
        PicoraClient("https://api.picora.test", KEY, pacer=RecordingPacer(), stop=stop, transport=transport) as api,
        pytest.raises(errors.OutcomeUnknown),
    ):
        api.post_audio(audio_upload(file))


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 201 Cre", reply("201 Created", audio(), announced=9999), b"garbage\r\n\r\n"],
    ids=["hang-up", "half a head", "half a body", "no HTTP"],
)
def test_a_broken_answer_to_audio_is_an_unknown_outcome_and_not_repeated(answer: bytes) -> None:
    with (
        RawServer(answer, read_until=b"--\r\n").running() as server,
        client(server.url) as api,
        pytest.raises(errors.OutcomeUnknown),
    ):
        api.post_audio(audio_upload(MemoryFile(b"abc")))
    assert len(server.received) == 1


def test_a_refusal_in_the_middle_of_a_file_is_heard() -> None:
    body = b'{"success":false,"error":"Storage quota exceeded","code":"QUOTA_EXCEEDED","meta":{"type":"media_storage"}}'
    answer = b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with (
        RawServer(answer, read_until=b"\r\n\r\n").running() as server,
        client(server.url) as api,
        pytest.raises(errors.QuotaExceeded),
    ):
        api.post_audio(audio_upload(MemoryFile(b"x" * 100)))


def test_a_broken_answer_to_a_read_is_asked_for_again() -> None:
    with (
        RawServer(b"", read_until=b"\r\n\r\n").running() as server,
        client(server.url) as api,
        pytest.raises(errors.OutcomeUnknown),
    ):
        api.get(Kind.DOC, DOC_ID)
    assert len(server.received) == 3


def test_a_closed_port_is_unreachable_and_unhealthy() -> None:
    file = MemoryFile(b"abc")
    with client(f"http://127.0.0.1:{reserve(file)}") as api:
        assert not api.healthy()
        with pytest.raises(errors.Unreachable):
            api.post_audio(audio_upload(file))


def test_a_name_that_cannot_be_looked_up_is_unreachable() -> None:
    with client(f"http://{'x' * 70}.invalid") as api, pytest.raises(errors.Unreachable):
        api.get(Kind.DOC, DOC_ID)


def test_proxies_of_the_environment_are_passed_by_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with RawServer(reply("200 OK", doc()), read_until=b"\r\n\r\n").running() as server, client(server.url) as api:
        assert api.get(Kind.DOC, DOC_ID) is not None
    assert server.received[0].startswith(b"GET /v1/docs/")
