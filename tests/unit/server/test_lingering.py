"""Slow connections: none keeps a worker for ever, and many do not keep others from being served."""

from __future__ import annotations

import resource
import selectors
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from picora_sync.server.errors import ApiError
from picora_sync.server.lingering import (
    CREDIT_BYTES_PER_S,
    HURRY_S,
    MANY_BODIES,
    PATIENCE_S,
    RUSH_BYTES_PER_S,
    RUSH_S,
    Lingering,
    Traffic,
)
from picora_sync.server.web.bodies import Bodies
from picora_sync.server.worker import most_connections
from tests.server_process import Running, Starter

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts the bytes of each connection")

JUDGED = [
    ("silent", Traffic(100, 0, 0), Traffic(100, 0, 0), False),
    ("dripping", Traffic(100, 0, 0), Traffic(120, 0, 0), False),
    ("sending", Traffic(100, 0, 0), Traffic(100 + 20 * 1024, 0, 0), True),
    ("answered", Traffic(100, 0, 0), Traffic(200, 50, 0), True),
    ("not-reading", Traffic(100, 5000, 9000), Traffic(100, 5000, 9000), False),
    ("reading-by-drips", Traffic(100, 5000, 9000), Traffic(100, 5010, 9000), False),
    ("reading", Traffic(100, 5000, 9000), Traffic(100, 5000 + 20 * 1024, 9000), True),
]


@pytest.mark.parametrize(("before", "now", "alive"), [row[1:] for row in JUDGED], ids=[row[0] for row in JUDGED])
def test_a_connection_must_earn_its_place(before: Traffic, now: Traffic, alive: bool) -> None:
    assert now.moved_on_from(before, 20.0) is alive


class Line:
    """A connection between a client and this process, which watches its own end."""

    def __init__(self, crowd: int = 10, bodies: int = 0) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.client = socket.create_connection(listener.getsockname())
            self.server, _ = listener.accept()
        self.watcher = Lingering(self.server.getsockname()[1], crowd=crowd, bodies=lambda: bodies)
        self.server.settimeout(60)
        self.client.settimeout(60)

    def shut(self) -> bool:
        """Whether our end was shut down for reading."""
        self.server.settimeout(0)
        try:
            return self.server.recv(1) == b""
        except BlockingIOError:
            return False


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.client.close()
    made.server.close()


def test_a_silent_connection_is_shut_down_after_the_time_of_patience(line: Line) -> None:
    line.watcher.scan(0.0)
    line.watcher.scan(PATIENCE_S - 0.1)
    assert not line.shut()
    line.watcher.scan(PATIENCE_S)
    assert line.shut()


def test_its_request_can_still_be_answered_once(line: Line) -> None:
    line.watcher.scan(0.0)
    line.watcher.scan(PATIENCE_S)
    line.server.sendall(b"400")
    assert line.client.recv(10) == b"400"


def test_who_has_sent_much_may_wait_long_for_the_answer(line: Line) -> None:
    line.watcher.scan(0.0)
    for _ in range(16):
        line.client.sendall(bytes(CREDIT_BYTES_PER_S))
        left = CREDIT_BYTES_PER_S
        while left:
            left -= len(line.server.recv(left))
    line.watcher.scan(HURRY_S)
    line.watcher.scan(HURRY_S + PATIENCE_S + 15)
    assert not line.shut()
    line.watcher.scan(HURRY_S + PATIENCE_S + 17)
    assert line.shut()


def test_in_a_crowd_patience_is_short() -> None:
    line = Line(crowd=0)
    line.watcher.scan(0.0)
    line.watcher.scan(HURRY_S)
    assert line.shut()
    line.client.close()
    line.server.close()


@pytest.fixture
def rush() -> Iterator[Line]:
    made = Line(bodies=MANY_BODIES + 1)
    yield made
    made.client.close()
    made.server.close()


def test_among_many_bodies_a_slow_one_is_soon_cut(rush: Line) -> None:
    rush.client.sendall(b"x" * 100)
    assert rush.server.recv(100)
    rush.watcher.scan(0.0)
    rush.client.sendall(bytes(RUSH_BYTES_PER_S // 2))
    assert rush.server.recv(1)
    rush.watcher.scan(RUSH_S)
    assert rush.server.recv(RUSH_BYTES_PER_S)
    assert not rush.shut()  # what it has sent counts for a moment
    rush.watcher.scan(1.2 * RUSH_S)
    assert rush.shut()


def test_among_many_bodies_a_quick_one_goes_on(rush: Line) -> None:
    rush.watcher.scan(0.0)
    for second in range(1, 6):
        rush.client.sendall(bytes(2 * RUSH_BYTES_PER_S))
        left = 2 * RUSH_BYTES_PER_S
        while left:
            left -= len(rush.server.recv(left))
        rush.watcher.scan(second * RUSH_S)
    assert not rush.shut()


def test_among_many_bodies_who_asks_for_nothing_is_left_alone(rush: Line) -> None:
    """A connection that is kept open between two requests holds no worker."""
    rush.watcher.scan(0.0)
    rush.client.sendall(b"question")
    assert rush.server.recv(10)
    rush.server.sendall(b"answer")
    assert rush.client.recv(10)
    rush.watcher.scan(RUSH_S)
    rush.watcher.scan(RUSH_S + HURRY_S - 0.1)
    assert not rush.shut()


def test_a_connection_that_was_answered_stays(line: Line) -> None:
    line.watcher.scan(0.0)
    line.server.sendall(b"answer")
    assert line.client.recv(10) == b"answer"
    line.watcher.scan(PATIENCE_S)
    assert not line.shut()


def test_who_does_not_read_the_answer_loses_the_connection(line: Line) -> None:
    line.server.settimeout(0)
    for _ in range(1000):  # until the kernel takes no more
        try:
            line.server.send(bytes(65_536))
        except BlockingIOError:
            break
    line.watcher.scan(0.0)
    line.watcher.scan(PATIENCE_S)
    line.watcher.scan(2 * PATIENCE_S)
    with pytest.raises(BrokenPipeError):
        line.server.send(b"more")


def test_other_sockets_of_the_process_are_left_alone(line: Line) -> None:
    one, other = socket.socketpair()
    for now_s in (0.0, PATIENCE_S, 2 * PATIENCE_S):
        line.watcher.scan(now_s)
    one.sendall(b"x")
    assert other.recv(1) == b"x"
    line.client.sendall(b"y")  # the client's end is no connection that was accepted on the port
    one.close()
    other.close()


_SLOW = 300
_GONE_WITHIN_S = 40.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    starter = Starter(tmp_path / "data")
    yield starter(rate_limits=False)
    starter.end()


def test_three_hundred_slow_bodies_and_headers_delay_nobody_and_are_all_ended(server: Running) -> None:
    address = ("127.0.0.1", server.port)
    headers = f"POST /v1/docs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.ready['key']}\r\n"
    slow = [socket.create_connection(address) for _ in range(_SLOW)]
    for number, connection in enumerate(slow):
        # Every tenth never ends its headers; the others send a body byte by byte.
        connection.sendall((headers + ("Content-Length: 1000\r\n\r\n{" if number % 10 else "")).encode())
    for number in range(20):
        posted = server.client.post("/v1/docs", json={"filename": "a.md", "content": f"# {number}"}, timeout=10)
        assert posted.status_code == 201
    assert _ended(slow) == _SLOW


_MORE_THAN_WORKERS_ONCE = 700
_SERVED_WITHIN_S = 4


def test_seven_hundred_bodies_that_stand_still_keep_nobody_waiting(server: Running) -> None:
    """1,150 of them once stopped the service for as long as they were made anew; most are ended within seconds."""
    head = f"POST /v1/docs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.ready['key']}\r\n"
    slow: list[socket.socket] = []
    try:
        for _ in range(_MORE_THAN_WORKERS_ONCE):
            slow.append(socket.create_connection(("127.0.0.1", server.port)))
            slow[-1].sendall(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
        for number in range(10):
            with httpx.Client(base_url=server.url, headers=server.client.headers, timeout=_SERVED_WITHIN_S) as other:
                assert other.get("/v1/auth/verify").status_code == 200
                posted = other.post("/v1/docs", json={"filename": "a.md", "content": f"# {number}"})
                assert posted.status_code == 201
    finally:
        for connection in slow:
            connection.close()


def test_one_key_cannot_hold_all_workers() -> None:
    bodies = Bodies(most_of_one_key=2)
    with bodies.under_way("a"), bodies.under_way("a"):
        with pytest.raises(ApiError) as refused, bodies.under_way("a"):
            pass
        assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "2")
        with bodies.under_way("b"):
            assert bodies() == 3
    with bodies.under_way("a"):
        assert bodies() == 1
    assert bodies() == 0


def test_the_limit_of_descriptors_is_raised_for_connections() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 1024), hard))
        most = most_connections()
        assert most <= resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 512
        assert most > 512 or hard <= 1024
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _ended(slow: list[socket.socket]) -> int:
    """How many connections the server ended while they went on to drip; all are closed in the end."""
    pause = threading.Event()
    with selectors.DefaultSelector() as waiting:
        for connection in slow:
            connection.settimeout(0)
            waiting.register(connection, selectors.EVENT_READ)
        for _ in range(int(_GONE_WITHIN_S)):
            for key, _ in waiting.select(timeout=0):
                waiting.unregister(key.fileobj)
            open_ones = [key.fileobj for key in waiting.get_map().values()]
            if not open_ones:
                break
            for number, connection in enumerate(open_ones):
                assert isinstance(connection, socket.socket)
                if number % 10:
                    try:
                        connection.send(b" ")
                    except OSError:
                        waiting.unregister(connection)
            pause.wait(1)
        left = len(waiting.get_map())
    for connection in slow:
        connection.close()
    return len(slow) - left
