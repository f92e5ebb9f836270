"""One worker: the application, served by granian in a thread of this process until it is asked to end.

granian's own manager forks, shares ports, and waits for signals in a way that misses some (``wakeups``). Here whatever
ends the process ends its worker, and the socket is ours (decision 0014).
"""

from __future__ import annotations

import json
import logging
import os
import resource
import socket
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.net import SocketHolder  # type: ignore[attr-defined]  # public module, no __all__
from granian.server.common import AbstractServer
from granian.server.mt import MTServer

from picora_sync.server.app import App, open_app
from picora_sync.server.errors import ServerError
from picora_sync.server.lingering import Lingering
from picora_sync.server.settings import ServerSettings
from picora_sync.server.wakeups import Wakeups, noted
from picora_sync.server.web.bodies import WORKERS

BACKLOG = 1024
END_WITHIN_S = 7.0
_CROWD = 256  # connections
_MOST_CONNECTIONS = 8192  # more wait in the kernel's queue: who connects and says nothing must not fill it
_OTHER_DESCRIPTORS = 512  # files, and connections to the database
_HEADERS_WITHIN_MS = 15_000
_LOG_FORMAT = "%(asctime)s %(levelname)s %(message)s"
_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": _LOG_FORMAT}, "bare": {"format": "%(message)s"}},
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


def work(app: App, listener: socket.socket, wakeups: Wakeups, *, access_log: bool) -> None:
    """Serve until ``wakeups`` ask for an end; call it from the main thread. The listener is used up.

    Requests in flight have ``END_WITHIN_S`` to finish; then the process ends with what is left of them.

    Raises:
        ServerError: the worker ended by itself.
    """
    Lingering(listener.getsockname()[1], crowd=_CROWD, bodies=app.bodies).start()
    server = _Server(listener, wakeups, access_log=access_log)
    try:
        AbstractServer.serve(server, target_loader=lambda: app, wrap_loader=False)
    except SystemExit as end:
        raise ServerError("The server stopped unexpectedly", hint="Its log says more.") from end


class _Server(MTServer):
    """granian's worker on our socket, in a thread of this process."""

    def __init__(self, listener: socket.socket, wakeups: Wakeups, *, access_log: bool) -> None:
        host, port = listener.getsockname()[:2]
        # granian closes the descriptor itself.
        self._descriptor = listener.detach()
        super().__init__(
            "picora_sync.server",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            blocking_threads=WORKERS,
            backlog=BACKLOG,
            backpressure=most_connections(),
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=_HEADERS_WITHIN_MS),
            websockets=False,
            log_level=LogLevels.warning,
            log_dictconfig=_LOGGING,
            log_access=access_log,
            process_name=None,
        )
        self._wakeups = wakeups
        # Set when granian's thread ended by itself.
        self.main_loop_interrupt: Any = wakeups

    def _serve_loop(self, *_: object) -> None:
        while not self._wakeups.wait():
            pass
        timer = threading.Timer(END_WITHIN_S, os._exit, (0,))
        timer.daemon = True
        timer.start()

    # granian installs these as handlers of signals.
    signal_handler_interrupt = signal_handler_reload = staticmethod(noted)

    def _check_gil(self) -> None:
        """Threads suit us with the GIL too: there is one worker."""

    def _init_shared_socket(self) -> None:
        holder: Any = SocketHolder  # its stub lacks the constructor: descriptor, whether a Unix socket, backlog
        self._shd: Any = holder(self._descriptor, False, BACKLOG)  # noqa: FBT003 - granian's own order
        self._sfd: Any = self._descriptor
        self._ssp = None


def most_connections() -> int:
    """As many as descriptors allow, whose limit is raised as far as we may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_CONNECTIONS + _OTHER_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(OSError, ValueError):  # macOS says infinity, and has another limit
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    known = wanted if soft == resource.RLIM_INFINITY else min(wanted, soft)
    return max(known - _OTHER_DESCRIPTORS, known // 2)


def main() -> None:
    """A worker beside others: its parent says all it needs in a line of standard input, and ends it by closing that."""
    logging.basicConfig(format=_LOG_FORMAT)
    told = json.loads(sys.stdin.readline())
    settings = ServerSettings(**{**told["settings"], "data": Path(told["settings"]["data"])})
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with closing(open_app(settings, base_url=told["base_url"])) as app, Wakeups() as wakeups:
        work(app, socket.socket(fileno=told["listener"]), wakeups, access_log=settings.access_log)


def _end_with_parent() -> None:
    """End as suddenly as the parent did: whoever starts next must find port and data free."""
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    os._exit(1)


if __name__ == "__main__":
    main()
