"""Several workers on one port: processes that a parent starts, replaces when they die, and takes along when it ends.

The parent binds the socket and serves nothing itself. A worker that dies takes its own requests along; what waits in
the socket's queue is answered by the others.
"""

from __future__ import annotations

import json
import logging
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace

from picora_sync.server.settings import ServerSettings
from picora_sync.server.wakeups import Wakeups
from picora_sync.server.worker import END_WITHIN_S

_LOG = logging.getLogger(__name__)
_PAUSE_S = 1.0  # between two starts of one worker
_KILL_AFTER_S = END_WITHIN_S + 1


@dataclass
class _Worker:
    """One of them, and when it was started last; in seconds of the monotonic clock."""

    process: subprocess.Popen[bytes]
    started_s: float


class Workers:
    """What all workers are told, and which file descriptors they get."""

    def __init__(self, settings: ServerSettings, base_url: str, listener: socket.socket, lock: int) -> None:
        # What the first start made of the key is in the database.
        told = {**asdict(replace(settings, key=None)), "data": str(settings.data)}
        self._told = json.dumps({"settings": told, "base_url": base_url, "listener": listener.fileno()})
        self._descriptors = (listener.fileno(), lock)
        self._count = settings.workers

    def run(self, wakeups: Wakeups) -> None:
        """Keep them running until ``wakeups`` ask for an end; then none is left."""
        workers: list[_Worker] = []
        try:
            workers += (self._start() for _ in range(self._count))
            timeout_s: float | None = None
            while not wakeups.wait(timeout_s):
                timeout_s = self._replace_dead(workers)
        finally:
            _end(workers)

    def _replace_dead(self, workers: list[_Worker]) -> float | None:
        """Start again who died; the time until that is due for somebody, None if all live."""
        due_s: list[float] = []
        for number, worker in enumerate(workers):
            if worker.process.poll() is None:
                continue
            wait_s = worker.started_s + _PAUSE_S - time.monotonic()
            if wait_s > 0:
                due_s.append(wait_s)
                continue
            _LOG.warning("A worker ended (%s): another one is started", worker.process.returncode)
            _let_go(worker.process)
            workers[number] = self._start()
        return min(due_s, default=None)

    def _start(self) -> _Worker:
        # -P: nothing of the current directory is imported. Its own session: Ctrl-C is for the parent.
        command = [sys.executable, "-P", "-m", "picora_sync.server.worker"]
        process = subprocess.Popen(  # noqa: S603  # our own program, no shell
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=self._descriptors,
            start_new_session=True,
        )
        if process.stdin is None:
            raise TypeError
        with suppress(BrokenPipeError):  # it has died already: that will be noticed
            # Not as arguments, which every user of the machine can read: there may be a password in it.
            process.stdin.write(self._told.encode() + b"\n")
        return _Worker(process, time.monotonic())


def _end(workers: list[_Worker]) -> None:
    """Ask all to end, and kill who does not."""
    for worker in workers:
        worker.process.send_signal(signal.SIGTERM)
    kill_at_s = time.monotonic() + _KILL_AFTER_S
    for worker in workers:
        try:
            worker.process.wait(max(0.0, kill_at_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            worker.process.kill()
            worker.process.wait()
        _let_go(worker.process)


def _let_go(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
