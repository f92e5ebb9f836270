"""The listening side: a thread that takes connections, and one for each call, which waits for the loop's answer.

The standard library's HTTP server on a unix socket (decision 0101). Sizes, times and the number of calls are bounded.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from picora_sync import __version__
from picora_sync.control import address
from picora_sync.control.inbox import Ask, Inbox, Said
from picora_sync.control.messages import (
    ENDPOINTS,
    RESTART,
    VERSION,
    DaemonInfo,
    Request,
    document,
    error_document,
    request_of,
)
from picora_sync.errors import CommandRefused, PicoraSyncError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallLimits:
    """What a caller may take. An approval names each of its rows: 64 MiB are room for some 300,000 of them.

    A request must have arrived whole within ``read_s``, and the loop must have taken it within ``take_s``; it is taken
    back otherwise. While a pass goes on, a line goes out every ``sign_of_life_s`` at least, so that either side notices
    when the other is gone. So many ``calls`` are answered at the same time.
    """

    body_bytes: int = 64 << 20
    read_s: float = 10.0
    take_s: float = 20.0
    sign_of_life_s: float = 5.0
    calls: int = 16


_LOOK_AROUND_S = 0.5  # while somebody is calling
_DRAIN_S = 1.0
_LINGER_S = 1.0

_Connection = Any
"""A socket; socketserver's own types allow for datagrams, too."""

_LATER = "`picora-sync status` shows with what; run the command again later"

PROGRAM = f"picora-sync/{__version__}"

_STATUS = {
    "BAD_REQUEST": HTTPStatus.UNPROCESSABLE_ENTITY,
    "UNKNOWN_COMMAND": HTTPStatus.NOT_FOUND,
    "UNKNOWN_VERSION": HTTPStatus.NOT_FOUND,
    "UNKNOWN_FOLDER": HTTPStatus.NOT_FOUND,
    "TOO_LARGE": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "BUSY": HTTPStatus.SERVICE_UNAVAILABLE,
    "STOPPING": HTTPStatus.SERVICE_UNAVAILABLE,
}


@contextmanager
def listening(
    state_dir: Path, inbox: Inbox, environ: Mapping[str, str], limits: CallLimits = CallLimits()
) -> Iterator[None]:
    """Take calls as long as the context lasts; the caller holds the lock of the directory.

    Where no socket can be made, the daemon runs without one, and the log says so.
    """
    server = _serve(state_dir, inbox, environ, limits)
    try:
        yield
    finally:
        inbox.close()
        if server is not None:
            server.shutdown()
            server.server_close()
            server.drain()
            address.remove(state_dir)


def _serve(state_dir: Path, inbox: Inbox, environ: Mapping[str, str], limits: CallLimits) -> _Server | None:
    try:
        server = _Server(address.choose(state_dir, environ), inbox, limits)
    except OSError as error:
        log.warning("commands cannot reach this daemon: no control socket can be made: %s", error)
        return None
    server.thread.start()
    return server


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, path: str, inbox: Inbox, limits: CallLimits) -> None:
        self.inbox = inbox
        self.limits = limits
        self.request_queue_size = limits.calls
        self._free = threading.Semaphore(limits.calls)
        self._reading: dict[socket.socket, float] = {}
        self._ending = False
        self.thread = threading.Thread(target=self.serve, name="control", daemon=True)
        super().__init__(path, _Handler)

    def serve(self) -> None:
        """Take calls until :meth:`shutdown`; where nobody calls, sleep."""
        while not self._ending:
            self.timeout = _LOOK_AROUND_S if self._reading else None
            self.handle_request()
            self.service_actions()

    def shutdown(self) -> None:
        """Take no more calls; the one that wakes the thread is ours."""
        self._ending = True
        with suppress(OSError), socket.socket(socket.AF_UNIX) as knock:
            knock.settimeout(_LINGER_S)
            knock.connect(str(self.server_address))
        self.thread.join(_LINGER_S)

    def server_bind(self) -> None:
        super().server_bind()
        os.chmod(str(self.server_address), 0o600)  # noqa: PTH101  (a string all the way); its directory is 0700 already

    def verify_request(self, request: _Connection, client_address: object) -> bool:  # noqa: ARG002  # the base's signature
        """Only the owner (and root), and not too many at a time."""
        if self._ending:
            return False
        if not _is_allowed(request):
            return False
        if self._free.acquire(blocking=False):
            return True
        busy = CommandRefused("BUSY", f"{self.limits.calls} other calls of the daemon are under way", hint=_LATER)
        head = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n"
        with suppress(OSError):
            request.settimeout(0)
            request.sendall(head + _encoded(error_document(busy)))
        return False

    def process_request_thread(self, request: _Connection, client_address: object) -> None:
        """One call, in its own thread."""
        self._reading[request] = time.monotonic() + self.limits.read_s
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.was_read(request)
            self._free.release()

    def shutdown_request(self, request: _Connection) -> None:
        """Hang up once the caller has: closing over bytes nobody read would take the answer away from them."""
        until = time.monotonic() + _LINGER_S
        with suppress(OSError):
            request.shutdown(socket.SHUT_WR)
            while (left := until - time.monotonic()) > 0:
                request.settimeout(left)
                if not request.recv(65536):
                    break
        self.close_request(request)

    def drain(self) -> None:
        """Let those who were told that the daemon is stopping hear it, for a moment."""
        until = time.monotonic() + _DRAIN_S
        for _ in range(self.limits.calls):
            self._free.acquire(timeout=max(0.0, until - time.monotonic()))

    def was_read(self, request: _Connection) -> None:
        """The request has arrived; its answer may take long."""
        self._reading.pop(request, None)

    def service_actions(self) -> None:
        """Cut off who does not send their request in time."""
        now = time.monotonic()
        for request, until in list(self._reading.items()):
            if until < now:
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: _Connection, client_address: object) -> None:  # noqa: ARG002  # the base's signature
        """A caller that went away is no error of ours."""
        log.debug("a call of the control socket failed", exc_info=True)  # noqa: LOG014  # called while it is handled


def _is_allowed(connection: socket.socket) -> bool:
    """Linux says who is at the other end; elsewhere the modes of directory and socket must do."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    size = struct.calcsize("3i")
    _pid, uid, _gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return uid in (0, os.geteuid())


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = PROGRAM
    sys_version = ""

    def setup(self) -> None:
        """Neither side waits for the other without end."""
        super().setup()
        self.connection.settimeout(self.server.limits.read_s)

    def do_GET(self) -> None:
        """Ask for something."""
        self._answer(lambda: dict(parse_qsl(urlsplit(self.path).query)), from_query=True)

    def do_POST(self) -> None:
        """Ask for something to be done."""
        self._answer(self._body, from_query=False)

    def _answer(self, given: Callable[[], object], *, from_query: bool) -> None:
        try:
            name = self._name()
            if (self.command, name) == ("GET", ""):
                about = DaemonInfo(version=VERSION, program=PROGRAM, pid=os.getpid())
                self._send(HTTPStatus.OK, document(about))
                return
            kind = ENDPOINTS.get((self.command, name))
            if kind is None:
                raise CommandRefused(
                    "UNKNOWN_COMMAND", f"the running daemon ({PROGRAM}) knows no `{self.command} {name}`", hint=RESTART
                )
            request = request_of(kind, given(), from_query=from_query)
            self.server.was_read(self.connection)
            self._relay(request)
        except PicoraSyncError as error:
            self._refuse(error)

    def _name(self) -> str:
        first, _, name = urlsplit(self.path).path.lstrip("/").partition("/")
        if first != f"v{VERSION}":
            raise CommandRefused(
                "UNKNOWN_VERSION",
                f"the running daemon ({PROGRAM}) speaks version {VERSION} of the control protocol, the command another",
                hint="restart the daemon, so that both are the same picora-sync",
            )
        return name

    def _body(self) -> object:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or not length.isascii():
            raise CommandRefused("BAD_REQUEST", "the request says no Content-Length")
        most = self.server.limits.body_bytes
        if len(length) > len(str(most)) or int(length) > most:
            raise CommandRefused("TOO_LARGE", f"the request is larger than {most} bytes")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise CommandRefused("BAD_REQUEST", "the request ends too early")
        try:
            return json.loads(body or b"{}")
        except (ValueError, RecursionError) as error:
            raise CommandRefused("BAD_REQUEST", f"the request is no JSON: {error}") from error

    def _relay(self, request: Request) -> None:
        """Hand it to the loop, and pass on what it says: one object, or a line each while it goes on."""
        ask, limits = self.server.inbox.put(request), self.server.limits
        said = ask.hear(limits.take_s)
        if said is None and self.server.inbox.withdraw(ask):
            raise CommandRefused("BUSY", "the daemon is busy, and has not begun with it", hint=_LATER)
        while said is None:
            said = ask.hear(limits.sign_of_life_s)
        if said[1]:
            self._say(said[0])
            return
        try:
            self._stream(ask, said)
        finally:
            ask.abandoned = True

    def _stream(self, ask: Ask, said: tuple[Said, bool]) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Connection", "close")
        self.end_headers()
        following: tuple[Said, bool] | None = said
        while True:
            line = b"" if following is None else _encoded(_document(following[0]))
            self.wfile.write(line + b"\n")
            if following is not None and following[1]:
                return
            following = ask.hear(self.server.limits.sign_of_life_s)

    def _say(self, said: Said) -> None:
        if isinstance(said, PicoraSyncError):
            self._refuse(said)
        else:
            self._send(HTTPStatus.OK, document(said))

    def _refuse(self, error: PicoraSyncError) -> None:
        self._send(_STATUS.get(error.code, HTTPStatus.CONFLICT), error_document(error))

    def _send(self, status: HTTPStatus, answer: Mapping[str, Any]) -> None:
        body = _encoded(answer)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's signature
        """Calls are no news."""
        log.debug(format, *args)


def _document(said: Said) -> dict[str, Any]:
    return error_document(said) if isinstance(said, PicoraSyncError) else document(said)


def _encoded(answer: Mapping[str, Any]) -> bytes:
    """ASCII only: names of files that are no UTF-8 travel as lone surrogates, which JSON can escape."""
    return json.dumps(answer).encode()
