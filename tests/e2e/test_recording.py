"""A real recorder, which pauses for longer than the quiet time, and the real daemon."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from picora_sync.disk.lease import is_written
from tests.contract import samples
from tests.e2e.harness import Daemon, Server, picora, wait_until, write_config

PAUSE_S = 8.0
"""Several quiet times: an open file is looked at again every five seconds."""
WAIT_S = 60.0

RECORDER = """
import os, sys
file = os.open(sys.argv[1], os.O_CREAT | int(sys.argv[2]))
print("open", flush=True)
for line in sys.stdin:
    part = bytes.fromhex(line)
    if part:
        os.write(file, part)
    print("written", flush=True)
"""


class Recorder:
    """A process that has a file open for writing."""

    def __init__(self, path: Path, flags: int = os.O_WRONLY) -> None:
        command = [sys.executable, "-c", RECORDER, str(path), str(flags)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._await("open\n")

    def write(self, part: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{part.hex()}\n")
        self._process.stdin.flush()
        self._await("written\n")

    def close(self) -> None:
        self._process.communicate(timeout=WAIT_S)

    def _await(self, said: str) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == said


@contextmanager
def recorder(path: Path, flags: int = os.O_WRONLY) -> Iterator[Recorder]:
    made = Recorder(path, flags)
    try:
        yield made
    finally:
        made.close()


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="leases and the events of closing are Linux's")


def sizes(server: Server) -> list[int]:
    return sorted(item["sizeBytes"] for item in server.audio())


def test_an_episode_is_sent_when_its_recorder_closes_it_and_not_while_it_pauses(
    tmp_path: Path, server: Server, daemon: Daemon
) -> None:
    folder = tmp_path / "podcast"
    folder.mkdir()
    half, rest = samples.mp3(), samples.mp3(frames=20)
    write_config(tmp_path, server, [{"path": str(folder)}])
    (folder / "before.mp3").write_bytes(samples.mp3(frames=7))
    daemon.start()
    wait_until(lambda: len(server.audio()) == 1, WAIT_S, "first mirror")
    with recorder(folder / "talk.mp3") as talk, recorder(folder / "before.mp3", os.O_RDWR) as before:
        talk.write(half)
        before.write(b"")
        wait_until(lambda: daemon.states().get("settling"), WAIT_S, "the recording is noticed")
        time.sleep(PAUSE_S)  # the silence is what is tested
        assert len(sizes(server)) == 1
        assert daemon.states().get("settling") == 1
        talk.write(rest)
    wait_until(lambda: daemon.states() == {"synced": 2}, WAIT_S, "both are sent")
    assert sizes(server) == sorted([len(samples.mp3(frames=7)), len(half + rest)])
    assert server.requests()["POST /v1/audio"] == 2
    assert daemon.stop() == 0


def test_a_pass_leaves_what_is_being_recorded_and_says_so(tmp_path: Path, server: Server) -> None:
    folder = tmp_path / "podcast"
    folder.mkdir()
    (folder / "done.mp3").write_bytes(samples.mp3())
    config = write_config(tmp_path, server, [{"path": str(folder), "settle": {"quiet": "1s", "at_most": "1s"}}])
    with recorder(folder / "talk.mp3") as talk:
        talk.write(samples.mp3(frames=20))
        if is_written(str(folder / "talk.mp3")) is None:
            pytest.skip("this system gives no leases here")
        time.sleep(3.0)  # it is quiet
        ran = picora("sync", "--no-wait", config=config)
        assert (ran.returncode, len(server.audio())) == (0, 1), ran.stdout + ran.stderr
        assert "talk.mp3 is open for writing in another program" in ran.stdout + ran.stderr
    ran = picora("sync", config=config)
    assert (ran.returncode, len(server.audio())) == (0, 2), ran.stdout + ran.stderr
