"""The server as a process: killed, restarted, started twice, left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

_PROGRAM = """
import json, sys
from pathlib import Path
from picora_sync.server.errors import ServerError
from picora_sync.server.process import serve
from picora_sync.server.settings import ServerSettings

try:
    serve(
        ServerSettings(data=Path(sys.argv[1]), port=int(sys.argv[2])),
        lambda ready: print(json.dumps({"url": ready.url, "key": ready.key}), flush=True),
        stop_on_stdin_eof=True,
    )
except ServerError as error:
    sys.exit(f"{error} {error.hint}")
"""
_WAIT_S = 30


@dataclass
class Running:
    process: subprocess.Popen[str]
    url: str
    client: httpx.Client

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


class Starter:
    def __init__(self, data: Path) -> None:
        self._data = data
        self._started: list[Running] = []

    def __call__(self, port: int = 0) -> Running:
        process = self.launch(port)
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        client = httpx.Client(base_url=ready["url"], headers={"Authorization": f"Bearer {ready['key']}"})
        self._started.append(Running(process, ready["url"], client))
        return self._started[-1]

    def launch(self, port: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", _PROGRAM, str(self._data), str(port)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def end(self) -> None:
        for running in self._started:
            running.client.close()
            running.process.kill()
            running.process.communicate(timeout=_WAIT_S)


@pytest.fixture
def starter(tmp_path: Path) -> Iterator[Starter]:
    starter = Starter(tmp_path / "data")
    yield starter
    starter.end()


def test_what_was_acknowledged_survives_a_kill(starter: Starter) -> None:
    first = starter()
    created = first.client.post("/v1/docs", json={"filename": "a.md", "content": "kept"})
    first.process.kill()
    first.process.wait(_WAIT_S)
    second = starter(first.port)
    assert second.client.get(f"/v1/docs/{created.json()['data']['id']}/raw").text == "kept"


def test_the_generated_key_is_kept_for_its_owner_alone(starter: Starter, tmp_path: Path) -> None:
    running = starter()
    path = tmp_path / "data" / "key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert running.client.headers["Authorization"] == f"Bearer {path.read_text().strip()}"


def test_a_taken_port_is_refused_with_a_hint(starter: Starter) -> None:
    running = starter()
    second = starter.launch(running.port)
    _, message = second.communicate(timeout=_WAIT_S)
    assert (second.returncode, "Another program may use the port" in message) == (1, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(starter: Starter, number: int) -> None:
    running = starter()
    os.kill(running.process.pid, number)
    assert running.process.wait(_WAIT_S) == 0


def test_it_ends_when_its_parent_lets_go_of_stdin(starter: Starter) -> None:
    running = starter()
    assert running.process.stdin is not None
    running.process.stdin.close()
    assert running.process.wait(_WAIT_S) == 0
    running.process.stdin = None


def test_a_body_without_length_is_read_to_its_end(starter: Starter) -> None:
    body = iter([b'{"filename":"a.md",', b'"content":"in pieces"}'])
    assert starter().client.post("/v1/docs", content=body).status_code == 201
