"""`picora-sync serve` asked by strangers through a bare socket: bytes that no client library sends."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.e2e.harness import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all: none of these requests may change it."""
    running = Server(tmp_path_factory.mktemp("strangers") / "picora", options=("--no-rate-limits",)).start()
    yield running
    running.stop()


HEAD = b"{method} {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n"


def ask(server: Server, request: bytes) -> tuple[int, bytes]:
    """Status and body of the answer to these very bytes; the body goes on behind the head."""
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        connection.sendall(request)
        answer = b""
        while block := connection.recv(65_536):
            answer += block
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


def call(server: Server, method: bytes, target: bytes, headers: bytes = b"", body: bytes = b"") -> tuple[int, bytes]:
    head = HEAD.replace(b"{method}", method).replace(b"{target}", target).replace(b"{key}", server.key.encode())
    return ask(server, head + headers + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def document(server: Server, field: bytes, value: bytes) -> tuple[int, bytes]:
    sent = b'{"filename":"a.md","content":"x","isPublic":false,"' + field + b'":' + value + b"}"
    return call(server, b"POST", b"/v1/docs", b"Content-Type: application/json\r\n", sent)


STRANGE = [b"\xed\xa0\x80", b"\xed\xa0\x80\xed\xb0\x80", b"\xff", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\xe2\x82"]


@pytest.mark.parametrize("strange", STRANGE)
def test_bytes_that_are_no_utf_8_are_refused_in_json(server: Server, strange: bytes) -> None:
    """§2 400: in every text that a document has, and in fields that nobody knows."""
    for field in (b"title", b"content", b"filename", b"z", strange):
        status, body = document(server, field, b'"a' + strange + b'.md"')
        assert (status, json.loads(body)["code"]) == (400, "BAD_REQUEST"), field
    assert document(server, b"tags", b'["' + strange + b'"]')[0] == 400
    assert call(server, b"DELETE", b"/v1/docs", b"", b'{"ids":["' + strange + b'"]}')[0] == 400


@pytest.mark.parametrize("strange", [*STRANGE, b"%ff", b"%ed%a0%80", b"%00", b"%", b"%zz", b"%0d%0aX-Evil:%201"])
def test_bytes_that_are_no_utf_8_are_no_fault_elsewhere(server: Server, strange: bytes) -> None:
    """§2: paths, queries, headers and the heads of forms."""
    for path in (b"/v1/docs/", b"/v1/docs?q=", b"/v1/docs?tag=", b"/v1/docs?cursor=", b"/v1/media?cursor=", b"/media/"):
        status, body = call(server, b"GET", path + strange)
        assert status < 500, path
        assert b"X-Evil" not in body.split(b"{")[0]
    for header in (b"Range", b"If-None-Match", b"X-Picora-Client", b"Content-Type", b"Content-Encoding"):
        assert call(server, b"GET", b"/v1/docs", header + b": " + strange + b"\r\n")[0] < 500, header
    form = (
        b'--B\r\nContent-Disposition: form-data; name="file"; filename="' + strange + b'.mp3"\r\n\r\nID3\r\n--B--\r\n'
    )
    headers = b"Content-Type: multipart/form-data; boundary=B\r\n"
    assert call(server, b"POST", b"/v1/audio", headers, form)[0] in {201, 400, 422}


HOSTS = [
    (b"Host: localhost", 200),
    (b"Host: 127.0.0.1:1", 200),
    (b"Host: [::1]", 200),
    (b"Host: evil.example", 421),
    (b"Host: 127.0.0.1.evil.example", 421),
    (b"Host: localhost\r\nHost: evil.example", 421),
    (b"Host:", 421),
    (b"X: y", 421),
]


@pytest.mark.parametrize(("host", "expected"), HOSTS, ids=[row[0].decode() for row in HOSTS])
def test_a_name_that_was_bound_to_loopback_is_refused(server: Server, host: bytes, expected: int) -> None:
    status, body = ask(server, b"GET /health HTTP/1.1\r\n" + host + b"\r\nConnection: close\r\n\r\n")
    assert status == expected
    if expected == 421:
        refusal = json.loads(body)
        assert (refusal["success"], refusal["code"]) == (False, "MISDIRECTED_REQUEST")


def test_a_client_of_http_1_0_may_leave_the_host_out(server: Server) -> None:
    assert ask(server, b"GET /health HTTP/1.0\r\n\r\n")[0] == 200


def test_a_compressed_body_is_not_inflated(server: Server) -> None:
    headers = b"Content-Type: application/json\r\nContent-Encoding: gzip\r\n"
    status, body = call(server, b"POST", b"/v1/docs", headers, b"\x1f\x8b\x08")
    assert (status, json.loads(body)["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
