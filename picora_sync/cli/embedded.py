"""The embedded Picora as a child process that ends with us, however we end."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from picora_sync.cli.failures import CommandFailed
from picora_sync.cli.words import safe

LOG_NAME = "server.log"
READY_WITHIN_S = 30.0
END_WITHIN_S = 10.0
_TOLD_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class EmbeddedPicora:
    """Where it answers, and with which key."""

    url: str
    key: str
    process_id: int


@contextmanager
def embedded_picora(data: Path, log_dir: Path, port: int, on_death: Callable[[], None]) -> Iterator[EmbeddedPicora]:
    """Start it on this port, or on a free one if that is taken; ``on_death`` is called if it ends before we let it.

    Raises CommandFailed if it does not start, or did not live until the end.
    """
    log = log_dir / LOG_NAME
    child = _start(data, log, port)
    try:
        picora = _ready(child, log)
    except CommandFailed:
        if port == 0:
            raise
        child = _start(data, log, 0)
        picora = _ready(child, log)
    ending = threading.Event()
    watcher = threading.Thread(target=_watch, args=(child, ending, on_death), daemon=True)
    watcher.start()
    try:
        yield picora
        died = child.poll() is not None
    finally:
        ending.set()
        _end(child)
        watcher.join()
    if died:
        raise _failure(f"the embedded EmbeddedPicora ended by itself (exit code {child.returncode})", log)


def _start(data: Path, log: Path, port: int) -> subprocess.Popen[bytes]:
    # -P: nothing of the current directory is imported. Its own session: Ctrl-C is for us, the child goes last.
    command = [sys.executable, "-P", "-m", "picora_sync", "serve", "--json", "--stop-on-stdin-eof"]
    command += ["--no-rate-limits", "--plan", "pro_plus", "--port", str(port), "--data", str(data)]
    log.unlink(missing_ok=True)
    with log.open("xb") as stderr:  # never through a link
        return subprocess.Popen(  # noqa: S603  # our own program, no shell
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, start_new_session=True
        )


def _ready(child: subprocess.Popen[bytes], log: Path) -> EmbeddedPicora:
    """Wait for its one line; ends it if that does not come."""
    lines: queue.Queue[bytes] = queue.Queue()
    stdout = child.stdout
    if stdout is None:
        raise TypeError
    threading.Thread(target=lambda: lines.put(stdout.readline()), daemon=True).start()
    try:
        document = json.loads(lines.get(timeout=READY_WITHIN_S))
        return EmbeddedPicora(document["url"], document["key"], child.pid)
    except (queue.Empty, ValueError, TypeError, KeyError):
        _end(child)
        raise _failure("the embedded EmbeddedPicora did not start", log) from None


def _watch(child: subprocess.Popen[bytes], ending: threading.Event, on_death: Callable[[], None]) -> None:
    child.wait()
    if not ending.is_set():
        on_death()


def _end(child: subprocess.Popen[bytes]) -> None:
    """Close its pipe, which it takes as the end; one that hangs is killed."""
    if child.stdin is not None:
        child.stdin.close()
    try:
        child.wait(END_WITHIN_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdout is not None:
        child.stdout.close()


def _failure(message: str, log: Path) -> CommandFailed:
    said = log.read_text("utf-8", "replace").strip()[-_TOLD_CHARACTERS:]
    return CommandFailed(message, hint=f"it said: {safe(said)}" if said else "it said nothing", exit_code=69)
