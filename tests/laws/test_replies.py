"""Whatever a server answers, reading it takes time and memory that grow linearly with its size (promise 10)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import httpx
import pytest

from picora_sync.core.model import Kind
from picora_sync.errors import RemoteError
from picora_sync.remote.client import PicoraClient
from picora_sync.remote.exchange import Call, Exchange
from picora_sync.remote.retry import NEVER_TWICE
from picora_sync.remote.wire import data_of
from tests.laws.measure import check_law
from tests.unit.remote.support import KEY, RecordingPacer, VirtualStop

Generator = Callable[[int], bytes]

MIB = 1 << 20


def repeated(part: bytes, head: bytes = b"", tail: bytes = b"") -> Generator:
    return lambda size: head + part * (size // len(part)) + tail


def distinct_keys(size: int) -> bytes:
    return b'{"data":[' + b",".join(b'{"%x":[]}' % number for number in range(size // 12)) + b"]}"


ITEMS = b'{"success":true,"data":{"items":['
BODIES: dict[str, Generator] = {
    "opening brackets": repeated(b"["),
    "nested objects": repeated(b'{"data":'),
    "empty objects": repeated(b"{},", ITEMS, b"{}]}}"),
    "empty lists": repeated(b"[],", ITEMS, b"{}]}}"),
    "small items": repeated(b'{"id":"a"},', ITEMS, b"{}]}}"),
    "distinct keys": distinct_keys,
    "numbers": repeated(b"1,", ITEMS, b"1]}}"),
    "long numbers": repeated(b"9" * 4000 + b",", ITEMS, b"1]}}"),
    "huge floats": repeated(b"1e999,", ITEMS, b"1]}}"),
    "lone surrogates": repeated(b"\\ud800", b'{"data":{"items":[{"id":"a","title":"', b'"}]}}'),
    "one long title": repeated(b"a", b'{"data":{"items":[{"id":"a","title":"', b'"}]}}'),
    "control characters": repeated(b"\\u0007", b'{"data":{"items":[{"id":"a","title":"', b'"}]}}'),
    "tags": repeated(b'"t",', b'{"data":{"items":[{"id":"a","tags":[', b'"t"]}]}}'),
    "one tag in commas": repeated(b",", b'{"data":{"items":[{"id":"a","tags":"', b'"}]}}'),
    "the beginnings of keys": repeated(b"sk_live_", b'{"success":false,"error":"', b'"}'),
    "the beginnings of this key": repeated(KEY[:-1].encode(), b'{"success":false,"error":"', b'"}'),
    "bearers": repeated(b"Bearer ", b'{"success":false,"error":"', b'"}'),
    "warnings": repeated(b'"w",', b'{"data":{"id":"a","warnings":[', b'"w"]}}'),
    "no JSON": repeated(b"\x00\xff"),
}


def read_whole(body: bytes) -> None:
    """As a list, as an object, and as an error."""
    for status in (200, 422, 500):
        transport = httpx.MockTransport(partial(_answer, status, body))
        with (
            PicoraClient(
                "https://api.picora.test", KEY, pacer=RecordingPacer(), stop=VirtualStop(), transport=transport
            ) as api,
            suppress(RemoteError),
        ):
            next(iter(api.listed(Kind.DOC)), None)


def _answer(status: int, body: bytes, _request: httpx.Request) -> httpx.Response:
    return httpx.Response(status, content=body)


@pytest.mark.parametrize("make", BODIES.values(), ids=BODIES)
def test_reading_a_reply_takes_time_and_memory_as_its_size(make: Generator) -> None:
    check_law(make, read_whole, MIB // 2)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
STREAMS: dict[str, Generator] = {
    "chunks of a byte": repeated(b"1\r\n1\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
    "chunk extensions": repeated(b"1;" + b"a" * 1000 + b"\r\n1\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
    "1xx": repeated(b"HTTP/1.1 100 Go\r\n\r\n"),
    "headers": repeated(b"X: y\r\n", HEAD),
    "one header": repeated(b"y", HEAD + b"X: "),
    "a body until the end": repeated(b" ", HEAD + b"\r\n"),
}


def receive(reply: bytes) -> None:
    """Over a real socket."""
    listener = socket.create_server(("127.0.0.1", 0))

    def play() -> None:
        with suppress(OSError), listener.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(reply)

    threading.Thread(target=play, daemon=True).start()
    made = Exchange(f"http://127.0.0.1:{listener.getsockname()[1]}", KEY, RecordingPacer(), threading.Event())
    with suppress(RemoteError):
        data_of(made.send(Call("GET", "/v1/docs", None, rule=NEVER_TWICE)))
    made.close()
    listener.close()


@pytest.mark.parametrize("make", STREAMS.values(), ids=STREAMS)
def test_receiving_a_reply_takes_time_and_memory_as_its_size(make: Generator) -> None:
    check_law(make, receive, MIB)
