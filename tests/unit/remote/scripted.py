"""A server on loopback that treats its clients as badly as a script says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Script = Callable[[socket.socket, threading.Event], None]

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@dataclass
class Scripted:
    """A loopback socket that does to each connection what its script says."""

    script: Script
    done: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    connections: int = 0

    @contextmanager
    def running(self) -> Iterator[Scripted]:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        listener.settimeout(0.05)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=self._accept, args=(listener,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.done.set()
            thread.join(30)
            listener.close()

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(2000):
            if self.done.is_set():
                return
            with suppress(TimeoutError):
                connection, _peer = listener.accept()
                self.connections += 1
                connection.settimeout(10)
                threading.Thread(target=self._play, args=(connection,), daemon=True).start()

    def _play(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            self.script(connection, self.done)


def request_of(connection: socket.socket) -> bytes:
    got = b""
    while b"\r\n\r\n" not in got and (block := connection.recv(65536)):
        got += block
    return got


def silent(_connection: socket.socket, done: threading.Event) -> None:
    done.wait(20)


def mute(connection: socket.socket, done: threading.Event) -> None:
    request_of(connection)
    done.wait(20)


def dripping(head: bytes, drop: bytes) -> Script:
    def play(connection: socket.socket, done: threading.Event) -> None:
        request_of(connection)
        connection.sendall(head)
        for _ in range(2000):
            if done.wait(0.01):
                return
            connection.sendall(drop)

    return play


def whole(reply: bytes) -> Script:
    def play(connection: socket.socket, _done: threading.Event) -> None:
        request_of(connection)
        connection.sendall(reply)

    return play


ENDLESS = {
    "takes no request": silent,
    "answers nothing": mute,
    "drips a body": dripping(OK + b"Content-Length: 100000\r\n\r\n", b"1"),
    "drips chunks": dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n1\r\n"),
    "drips chunk extensions": dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a"),
    "drips a status line": dripping(b"HTTP/1.1 200 ", b"O"),
    "drips headers": dripping(OK, b"X: y\r\n"),
    "drips 1xx": dripping(b"", b"HTTP/1.1 103 Early\r\n\r\n"),
    "drips until it closes": dripping(OK + b"\r\n", b"1"),
}
