"""Every curl line of docs/control.md, run with curl against a real daemon, in the order of the page."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from picora_sync.control.messages import ENDPOINTS
from tests.e2e.harness import Daemon, Server, wait_until, write_config

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "control.md").read_text("utf-8")
_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
_EXAMPLE = re.compile(r"(?P<command>curl .*\S)  # (?P<status>[0-9]{3})")
LINES = [line for block in _BLOCK.findall(PAGE) for line in block.splitlines()]


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("home")
    server = Server(home / "picora").start()
    (home / "notes").mkdir()
    (home / "notes" / "a.md").write_text("hello\n")
    daemon = Daemon(write_config(home, server, [{"path": str(home / "notes")}]), home / "daemon.log").start()
    wait_until((home / "state" / "control.sock").exists, 60, "it listens")
    wait_until(server.docs, 60, "the note arrives")
    yield home / "state"
    daemon.stop()
    server.stop()


@pytest.mark.parametrize("line", LINES, ids=[line.partition("http://")[2] for line in LINES])
def test_a_line_of_the_page_is_answered_as_it_says(line: str, state_dir: Path) -> None:
    example = _EXAMPLE.fullmatch(line)
    assert example, line
    ended = subprocess.run(
        ["/bin/sh", "-c", example["command"].replace("curl ", "curl -sS -w '\\n%{http_code}' ", 1)],
        env={**os.environ, "SOCKET": str(state_dir / "control.sock")},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    body, _, status = ended.stdout.strip().rpartition(b"\n")
    assert status.decode() == example["status"], body.decode()
    last = json.loads(body.strip().splitlines()[-1])
    assert ("error" in last) is (status != b"200")


def test_the_page_names_every_call_and_no_other() -> None:
    named = set(re.findall(r"`(GET|POST) /v1/([a-z]+)", PAGE))
    assert named == set(ENDPOINTS)
