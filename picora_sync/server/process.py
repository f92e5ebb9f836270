"""Starting and ending the server: what it holds, who serves, and when it is ready."""

from __future__ import annotations

import http.client
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from picora_sync.server.app import open_app, prepare
from picora_sync.server.claim import claimed
from picora_sync.server.errors import ServerError
from picora_sync.server.keyfile import usable_key
from picora_sync.server.private_directory import UMASK
from picora_sync.server.settings import ServerSettings
from picora_sync.server.wakeups import Wakeups
from picora_sync.server.worker import BACKLOG, work
from picora_sync.server.workers import Workers

_HEALTH_TRIES = 600
_HEALTH_PAUSE_S = 0.05
_SEND_BUFFER_BYTES = 256 * 1024


@dataclass(frozen=True)
class Ready:
    """What a client needs: base URL, URL of the media, key, plan; and where the data is.

    ``listening`` is the server's own address, which differs from ``url`` behind a proxy; ``new_key`` says that the key
    was made just now.
    """

    url: str
    media_url: str
    key: str
    plan: str
    data: Path
    listening: str
    new_key: bool


def serve(settings: ServerSettings, on_ready: Callable[[Ready], None], stop_on_stdin_eof: bool = False) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP; call it from the main thread.

    Args:
        settings: what to serve, and where.
        on_ready: called once, as soon as the port answers ``/health``.
        stop_on_stdin_eof: end when stdin ends too: a parent that holds the other end of that pipe takes the server
            with it, however it dies.

    Raises:
        ServerError: data directory, port, database or storage cannot be used.
    """
    os.umask(UMASK)
    with ExitStack() as held:
        with _usable(settings.data):
            lock = held.enter_context(claimed(settings.data))
            listener = held.enter_context(closing(_listen(settings)))
            key = usable_key(settings)
            prepare(settings)
        wakeups = held.enter_context(Wakeups())
        listening = _url_of(listener)
        url = (settings.public_url or listening).rstrip("/")
        ready = Ready(url, f"{url}/media", key.text, settings.plan, settings.data, listening, key.is_new)
        announcement = _Announcement(listener.getsockname(), lambda: on_ready(ready), wakeups)
        _in_background(announcement.make)
        if stop_on_stdin_eof:
            _in_background(lambda: _stop_at_eof(wakeups))
        if settings.workers > 1:
            Workers(settings, url, listener, lock).run(wakeups)
        else:
            with closing(open_app(settings, base_url=url)) as app:
                work(app, listener, wakeups, access_log=settings.access_log)
        if announcement.failure is not None:
            raise announcement.failure


@contextmanager
def _usable(data: Path) -> Iterator[None]:
    """What the system refuses in the data directory, as a sentence.

    Raises:
        ServerError: it cannot be made, read or written.
    """
    try:
        yield
    except OSError as error:
        raise ServerError(
            f"The data directory {data} cannot be used: {error.strerror or error}",
            hint="Choose another one with --data.",
        ) from error


def _listen(settings: ServerSettings) -> socket.socket:
    """A socket of our own: granian would share the port with another server instead of refusing it.

    Raises:
        ServerError: the address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Inherited by what is accepted: a streamed body follows its head at once, not after the client's delayed ACK.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Inherited too: otherwise the kernel takes megabytes for each client that does not read what it asked for.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        listener.bind((settings.host, settings.port))
        listener.listen(BACKLOG)
        listener.settimeout(0)
    except OSError as error:
        listener.close()
        raise ServerError(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror or error}",
            hint="Another program may use the port: choose another one with --port, or 0 for a free one.",
        ) from error
    return listener


def _url_of(listener: socket.socket) -> str:
    """How this machine itself reaches a listener, also one on all addresses."""
    host, port = _near(listener.getsockname())
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _near(address: tuple[str, int, *tuple[int, ...]]) -> tuple[str, int]:
    host, port = address[:2]
    if ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return host, port


@dataclass
class _Announcement:
    """Tells that the server is ready, once it is; what goes wrong with that ends the server."""

    address: tuple[str, int]
    tell: Callable[[], None]
    wakeups: Wakeups
    failure: BaseException | None = field(default=None, init=False)

    def make(self) -> None:
        """Wait and tell, in a thread of its own."""
        try:
            self._wait()
            self.tell()
        except BaseException as failure:  # noqa: BLE001 - raised again where the caller waits
            self.failure = failure
            self.wakeups.set()

    def _wait(self) -> None:
        pause = threading.Event()
        for _ in range(_HEALTH_TRIES):
            if _answers(*_near(self.address)):
                return
            pause.wait(_HEALTH_PAUSE_S)
        raise ServerError("The server does not answer", hint="Its log says more.")


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def _stop_at_eof(wakeups: Wakeups) -> None:
    # The descriptor itself: a thread inside sys.stdin would hold its lock when the interpreter ends, and abort it.
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    wakeups.set()


def _in_background(work_of_thread: Callable[[], None]) -> None:
    threading.Thread(target=work_of_thread, daemon=True).start()
