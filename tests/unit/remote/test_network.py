"""The client against servers that send nothing, drip, flood and inflate: every reply has an end."""

from __future__ import annotations

import gzip
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpcore
import httpx
import pytest

from picora_sync import errors
from picora_sync.remote.client import PicoraClient
from picora_sync.remote.exchange import Call, Exchange, Timeouts
from picora_sync.remote.network import Network, SocketStream
from picora_sync.remote.retry import NEVER_TWICE
from picora_sync.remote.wire import data_of
from tests.unit.remote.scripted import ENDLESS, OK, Script, Scripted, request_of, silent, whole
from tests.unit.remote.support import DOC_ID, KEY, MemoryFile, RecordingPacer, audio_upload

SHORT = Timeouts(connect_s=0.5, read_s=5.0, whole_s=0.4)
MOST_S = 4.0  # for what should take a fraction of a second, on a busy machine


@contextmanager
def exchange(url: str, stop: threading.Event | None = None) -> Iterator[Exchange]:
    made = Exchange(url, KEY, RecordingPacer(), stop or threading.Event())
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("script", ENDLESS.values(), ids=ENDLESS)
def test_a_reply_is_whole_in_time_or_is_given_up(script: Script) -> None:
    call = Call("GET", "/v1/auth/verify", None, patience=SHORT)
    with Scripted(script).running() as server, exchange(server.url) as made:
        began_s = time.monotonic()
        with pytest.raises(errors.OutcomeUnknown):
            made.send(call)
        assert time.monotonic() - began_s < MOST_S


@pytest.mark.parametrize("script", ENDLESS.values(), ids=ENDLESS)
def test_stop_ends_every_reply_at_once(script: Script) -> None:
    stop = threading.Event()
    with Scripted(script).running() as server, exchange(server.url, stop) as made:
        timer = threading.Timer(0.2, stop.set)
        timer.start()
        began_s = time.monotonic()
        with pytest.raises(errors.Stopped):
            made.send(Call("GET", "/v1/auth/verify", None))
        timer.join()
        assert time.monotonic() - began_s < MOST_S


def test_stop_ends_an_upload_that_nobody_takes() -> None:
    stop = threading.Event()
    file = MemoryFile(b"x" * (64 << 20), block_bytes=64 << 20)
    with Scripted(silent).running() as server, PicoraClient(server.url, KEY, pacer=RecordingPacer(), stop=stop) as api:
        threading.Timer(0.3, stop.set).start()
        began_s = time.monotonic()
        with pytest.raises(errors.UploadCut):  # it is certain that it was not stored
            api.post_audio(audio_upload(file))
        assert time.monotonic() - began_s < MOST_S


def test_the_time_of_a_reply_begins_when_the_request_was_sent() -> None:
    near, far = socket.socketpair()
    near.settimeout(0)
    for end in (near, far):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    pause, network = threading.Event(), Network(threading.Event())

    def take_slowly() -> None:
        left = 100_000
        while left > 0:
            pause.wait(0.04)
            left -= len(far.recv(4096))
        far.sendall(b"taken")

    taker = threading.Thread(target=take_slowly, daemon=True)
    with near, far, network.bounded(reply_s=0.7, most_bytes=100):
        taker.start()
        stream = SocketStream(near, network)
        began_s = time.monotonic()
        stream.write(b"x" * 100_000, timeout=20)
        assert time.monotonic() - began_s > 0.7
        assert stream.read(100, timeout=20) == b"taken"
        taker.join(20)


@pytest.mark.parametrize(("patience_s", "ended_by"), [(20.0, errors.Stopped), (0.3, httpcore.ConnectTimeout)])
def test_a_name_that_is_never_looked_up_keeps_nobody(
    monkeypatch: pytest.MonkeyPatch, patience_s: float, ended_by: type[Exception]
) -> None:
    stop, never = threading.Event(), threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: never.wait(20))
    timer = threading.Timer(1.0, stop.set)
    timer.start()
    began_s = time.monotonic()
    with pytest.raises(ended_by):
        Network(stop).connect_tcp("api.picora.test", 443, timeout=patience_s)
    never.set()
    timer.cancel()
    assert time.monotonic() - began_s < MOST_S


def test_a_tls_handshake_that_hangs_is_no_connection() -> None:
    with Scripted(silent).running() as server, exchange(server.url.replace("http:", "https:")) as made:
        began_s = time.monotonic()
        with pytest.raises(errors.Unreachable):
            made.send(Call("GET", "/v1/auth/verify", None, patience=SHORT))
        assert time.monotonic() - began_s < 3 * MOST_S  # a connection is tried three times


def test_stop_ends_a_tls_handshake() -> None:
    stop = threading.Event()
    with Scripted(silent).running() as server, exchange(server.url.replace("http:", "https:"), stop) as made:
        threading.Timer(0.2, stop.set).start()
        with pytest.raises(errors.Stopped):
            made.send(Call("GET", "/v1/auth/verify", None))


# --- size -----------------------------------------------------------------------------------------------------------

JSON = b'{"success":true,"data":{"id":"' + DOC_ID.encode() + b'"}}'
LARGE = 40 << 20


def sized(body: bytes, *more: bytes) -> bytes:
    return OK + b"".join(line + b"\r\n" for line in more) + b"Content-Length: %d\r\n\r\n" % len(body) + body


BOMB = gzip.compress(gzip.compress(b" " * (8 << 20)))
TOO_MUCH = {
    "packed": sized(gzip.compress(JSON), b"Content-Encoding: gzip"),
    "packed twice": sized(BOMB, b"Content-Encoding: gzip, gzip"),
    "packed by an unknown way": sized(JSON, b"Content-Encoding: zstd"),
    "a body without end": sized(b" " * LARGE),
    "a head without end": OK + b"X: " + b"y" * LARGE,
    "headers without end": OK + b"X: y\r\n" * (1 << 20),
    "1xx without end": b"HTTP/1.1 100 Go\r\n\r\n" * (1 << 20),
    "chunks of a byte": OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n1\r\n" * (1 << 20) + b"0\r\n\r\n",
    "a length of 5,000 digits": OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    "a length that is none": OK + b"Content-Length: -1\r\n\r\n",
    "a status that is none": b"HTTP/1.1 999999 ?\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "a chunk that is none": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize("reply", TOO_MUCH.values(), ids=TOO_MUCH)
def test_what_is_too_large_or_packed_is_a_plain_error(reply: bytes) -> None:
    with Scripted(whole(reply)).running() as server, exchange(server.url) as made:
        began_s = time.monotonic()
        with pytest.raises((errors.NotPicora, errors.OutcomeUnknown)):
            data_of(made.send(Call("GET", "/v1/docs", None, rule=NEVER_TWICE)))
        assert time.monotonic() - began_s < MOST_S


def test_a_packed_answer_to_audio_is_an_unknown_outcome() -> None:
    reply = sized(gzip.compress(JSON), b"Content-Encoding: gzip")

    def play(connection: socket.socket, _done: threading.Event) -> None:
        got = request_of(connection)
        while not got.endswith(b"--\r\n"):
            got += connection.recv(65536)
        connection.sendall(reply)

    with (
        Scripted(play).running() as server,
        PicoraClient(server.url, KEY, pacer=RecordingPacer(), stop=threading.Event()) as api,
        pytest.raises(errors.OutcomeUnknown),
    ):
        api.post_audio(audio_upload(MemoryFile(b"abc")))


def test_media_is_read_only_as_far_as_it_can_be_the_file() -> None:
    with Scripted(whole(sized(b"x" * LARGE))).running() as server, exchange(server.url) as made:
        assert made.sha256_of(f"{server.url}/media/a.mp3", 1000) is None


def test_media_that_comes_packed_proves_nothing() -> None:
    with (
        Scripted(whole(sized(BOMB, b"Content-Encoding: gzip, gzip"))).running() as server,
        exchange(server.url) as made,
        pytest.raises(errors.OutcomeUnknown),
    ):
        made.sha256_of(f"{server.url}/media/a.mp3", 1000)


def test_cookies_are_not_kept() -> None:
    heard: list[bytes] = []

    def play(connection: socket.socket, _done: threading.Event) -> None:
        heard.append(request_of(connection))
        connection.sendall(sized(JSON, b"Set-Cookie: a=" + b"b" * 3000, b"Connection: close"))

    with Scripted(play).running() as server, exchange(server.url) as made:
        for _ in range(3):
            made.send(Call("GET", "/v1/auth/verify", None))
    assert len(heard) == 3
    assert not any(b"ookie" in request for request in heard)


# --- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed one for 127.0.0.1, its key in the same file."""
    where = tmp_path_factory.mktemp("tls")
    made = where / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(where / "key"), "-out", str(where / "cert")]
    subprocess.run(command, check=True, capture_output=True)
    made.write_bytes((where / "key").read_bytes() + (where / "cert").read_bytes())
    return made


def secured(certificate: Path, reply: bytes) -> Script:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def play(connection: socket.socket, _done: threading.Event) -> None:
        with context.wrap_socket(connection, server_side=True) as inner:
            got = request_of(inner)
            length = int(got.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or b"0")
            left = length - len(got.partition(b"\r\n\r\n")[2])
            while left > 0:
                left -= len(inner.recv(65536))
            inner.sendall(reply)

    return play


def test_an_exchange_over_tls_sends_and_receives_whole_bodies(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    body = b'{"data":"' + b"y" * 500_000 + b'"}'
    script = secured(certificate, sized(body, b"Connection: close"))
    with Scripted(script).running() as server, exchange(server.url.replace("http:", "https:")) as made:
        call = Call("POST", "/v1/docs", None, json={"content": "x" * 2_000_000})
        assert made.send(call).body == body


def test_a_certificate_that_nobody_vouches_for_is_refused_with_a_hint(certificate: Path) -> None:
    with (
        Scripted(secured(certificate, sized(JSON))).running() as server,
        exchange(server.url.replace("http:", "https:")) as made,
        pytest.raises(errors.Unreachable) as refused,
    ):
        made.send(Call("GET", "/v1/auth/verify", None))
    assert "certificate" in refused.value.hint


def test_secrets_of_tls_are_written_nowhere(certificate: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "secrets"))
    script = secured(certificate, sized(JSON, b"Connection: close"))
    with Scripted(script).running() as server, exchange(server.url.replace("http:", "https:")) as made:
        made.send(Call("GET", "/v1/auth/verify", None))
    assert not (tmp_path / "secrets").exists()


def test_a_reply_of_an_exchange_of_ours_is_no_longer_than_the_contract_needs() -> None:
    response = httpx.Response(200, content=b"x" * (5 << 20))
    made = Exchange(
        "https://api.picora.test", KEY, RecordingPacer(), threading.Event(), httpx.MockTransport(lambda _: response)
    )
    assert made.send(Call("GET", "/v1/docs", None)).cut
