"""Starting and ending the server: one process, served by granian.

granian's own manager forks a worker, which would outlive a killed parent and keep the port. Here the one worker is a
thread of this process, so that whatever ends the process ends the server.
"""

from __future__ import annotations

import http.client
import logging
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.net import SocketHolder  # type: ignore[attr-defined]  # public module, no __all__
from granian.server.common import AbstractServer
from granian.server.mt import MTServer

from picora_sync.server.app import App, create_app
from picora_sync.server.errors import ServerError
from picora_sync.server.keyfile import usable_key
from picora_sync.server.lingering import Lingering
from picora_sync.server.settings import ServerSettings

_LOG = logging.getLogger(__name__)
_BLOCKING_THREADS = 512  # started on demand; each slow body holds one until it is cut
_HEADERS_WITHIN_MS = 15_000
_BACKLOG = 1024
_HEALTH_TRIES = 100
_HEALTH_PAUSE_S = 0.05
_END_WITHIN_S = 8.0
_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(message)s"}, "bare": {"format": "%(message)s"}},
    "handlers": {
        # stdout is for programs: `serve --json` prints one line there.
        "log": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "plain"},
        "access": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "bare"},
    },
    "loggers": {
        "_granian": {"handlers": ["log"], "level": "WARNING", "propagate": False},
        "granian.access": {"handlers": ["access"], "level": "INFO", "propagate": False},
    },
}


@dataclass(frozen=True)
class Ready:
    """What a client needs: base URL, URL of the media, key, plan; and where the data is."""

    url: str
    media_url: str
    key: str
    plan: str
    data: Path


def serve(settings: ServerSettings, on_ready: Callable[[Ready], None], stop_on_stdin_eof: bool = False) -> None:
    """Serve until SIGTERM or SIGINT; call it from the main thread.

    Args:
        settings: what to serve, and where.
        on_ready: called once, as soon as the port answers ``/health``.
        stop_on_stdin_eof: end when stdin ends too: a parent that holds the other end of that pipe takes the server
            with it, however it dies.

    Raises:
        ServerError: the port is taken or the data directory cannot be used.
    """
    listener = _listen(settings)
    host, port = listener.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    try:
        key = usable_key(settings)
        app = create_app(settings, base_url=url)
    except OSError as error:
        listener.close()
        raise ServerError(
            f"The data directory {settings.data} cannot be used: {error}", hint="Choose another one with --data."
        ) from error
    server = _Server(app, listener, access_log=settings.access_log)
    ready = Ready(url, f"{url}/media", key, settings.plan, settings.data)
    _in_background(lambda: _announce(host, port, server, lambda: on_ready(ready)))
    if stop_on_stdin_eof:
        _in_background(lambda: _stop_at_eof(server))
    Lingering(port, crowd=_BLOCKING_THREADS // 2).start()
    try:
        server.run()
    finally:
        app.close()


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
        listener.bind((settings.host, settings.port))
        listener.listen(_BACKLOG)
        listener.settimeout(0)
    except OSError as error:
        listener.close()
        raise ServerError(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror or error}",
            hint="Another program may use the port: choose another one, or 0 for a free one.",
        ) from error
    return listener


class _Server(MTServer):
    """granian's worker on our socket, in a thread of this process."""

    def __init__(self, app: App, listener: socket.socket, *, access_log: bool) -> None:
        host, port = listener.getsockname()[:2]
        # granian closes the descriptor itself.
        self._descriptor = listener.detach()
        super().__init__(
            "picora_sync.server",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            blocking_threads=_BLOCKING_THREADS,
            backlog=_BACKLOG,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=_HEADERS_WITHIN_MS),
            websockets=False,
            log_level=LogLevels.warning,
            log_dictconfig=_LOGGING,
            log_access=access_log,
            process_name=None,
        )
        self._app = app
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Serve until stopped.

        Raises:
            ServerError: the worker ended by itself.
        """
        try:
            AbstractServer.serve(self, target_loader=lambda: self._app, wrap_loader=False)
        except SystemExit as end:
            raise ServerError("The server stopped unexpectedly", hint="Its log says more.") from end
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        """End :meth:`run`; requests in flight have a few seconds to finish."""
        self.signal_handler_interrupt()

    def signal_handler_interrupt(self, *_args: object, **_kwargs: object) -> None:
        """A signal, or :meth:`stop`."""
        timer = threading.Timer(_END_WITHIN_S, os._exit, (0,))
        timer.daemon = True
        timer.start()
        super().signal_handler_interrupt()  # type: ignore[no-untyped-call]  # granian's base is not annotated

    def _check_gil(self) -> None:
        """Threads suit us with the GIL too: there is one worker."""

    def _init_shared_socket(self) -> None:
        holder: Any = SocketHolder  # its stub lacks the constructor: descriptor, whether a Unix socket, backlog
        self._shd: Any = holder(self._descriptor, False, _BACKLOG)  # noqa: FBT003 - granian's own order
        self._sfd: Any = self._descriptor
        self._ssp = None


def _announce(host: str, port: int, server: _Server, tell: Callable[[], None]) -> None:
    """Tell that the server is ready, once it is."""
    pause = threading.Event()
    for _ in range(_HEALTH_TRIES):
        if _answers(host, port):
            break
        pause.wait(_HEALTH_PAUSE_S)
    try:
        tell()
    except BaseException as failure:  # noqa: BLE001 - raised again where the caller waits
        server.failure = failure
        server.stop()


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def _stop_at_eof(server: _Server) -> None:
    # The descriptor itself: a thread inside sys.stdin would hold its lock when the interpreter ends, and abort it.
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    server.stop()


def _in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()
