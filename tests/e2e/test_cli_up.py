"""``up`` as a real process: an embedded Picora that ends with it, and everything mirrored."""

from __future__ import annotations

import json
import os
import re
import select
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

WITHIN_S = 60.0
PROGRAM = [sys.executable, "-P", "-m", "picora_sync"]
MP3 = bytes.fromhex("fffb9064") + bytes(413)
URL = re.compile(r"Picora runs at (http://127\.0\.0\.1:\d+)")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "notes"
    made.mkdir()
    (made / "one.md").write_text("---\npublic: true\n---\n# One\n")
    (made / "copy.md").write_text("---\npublic: true\n---\n# One\n")
    (made / "episode.mp3").write_bytes(MP3 * 40)
    (made / "bad\x1bname.md").write_bytes(b"\xff\xfe\x00")
    return made


def up(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    command = [*PROGRAM, "up", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=WITHIN_S, check=False)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=WITHIN_S).is_success
    except httpx.TransportError:
        return False


def test_up_once_mirrors_everything_and_the_second_time_writes_nothing(folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = up(folder, "--once", "--data", data, "--json")
    assert first.returncode == 1, first.stderr
    document = json.loads(first.stdout.decode("utf-8"))
    numbers = {name: value for name, value in document.items() if isinstance(value, int) and name != "requests"}
    assert numbers == {"files": 4, "synced": 3, "blocked": 1, "held": 0, "uploaded": 2, "patched": 0, "deleted": 0}
    (problem,) = [each for each in document["problems"] if each["path"] == "bad\x1bname.md"]
    assert set(problem) == {"folder", "path", "code", "message", "hint"}
    assert problem["message"]
    assert b"\x1b" not in first.stdout + first.stderr
    second = json.loads(up(folder, "--once", "--data", data, "--json").stdout)
    assert (second["synced"], second["uploaded"], second["patched"], second["deleted"]) == (3, 0, 0, 0)


def test_the_command_that_up_names_lists_the_files(folder: Path, tmp_path: Path) -> None:
    greeting = up(folder, "--once", "--data", tmp_path / "all data").stdout.decode("utf-8")
    named = re.search(r"Look at it with: (.*)", greeting)
    assert named
    listed = subprocess.run(shlex.split(named[1]), capture_output=True, text=True, timeout=WITHIN_S, check=True)
    assert "one.md" in listed.stdout


def test_without_data_nothing_is_left_behind(folder: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    command = [*PROGRAM, "up", str(folder), "--once"]
    environ = {**os.environ, "TMPDIR": str(scratch)}
    ran = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, env=environ, check=False)
    assert "4 files: 3 synced, 1 blocked" in ran.stdout
    assert "synced   notes/episode.mp3  public  http://127.0.0.1:" in ran.stdout
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("arguments", [["gone"], ["notes/one.md"], ["notes", "gone"]], ids=" ".join)
def test_what_is_no_folder_is_wrong_usage(arguments: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    ran = up(*arguments)
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert ran.stderr.startswith(b"Error: ")


def watch(folder: Path, ended: Callable[[subprocess.Popen[bytes]], None]) -> tuple[int, str]:
    """Start ``up``, use it, end it; returns its exit code and the server's URL."""
    process = subprocess.Popen([*PROGRAM, "up", str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        seen = wait_for(process, "synced   notes/one.md")
        found = URL.search(seen)
        assert found
        page = re.search(r"notes/one\.md  public  (\S+)", seen)
        assert page
        assert "# One" in httpx.get(page[1], timeout=WITHIN_S).text
        (folder / "new.md").write_text("# New\n")
        wait_for(process, "synced   notes/new.md")
        ended(process)
        process.communicate(timeout=WITHIN_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    return process.returncode, found[1]


def wait_for(process: subprocess.Popen[bytes], wanted: str) -> str:
    """What it printed until these words came. Read without a buffer: select() sees nothing of what lies in one."""
    assert process.stdout is not None
    seen = b""
    while wanted.encode() not in seen or not seen.endswith(b"\n"):
        ready, _, _ = select.select([process.stdout], [], [], WITHIN_S)
        read = os.read(process.stdout.fileno(), 4096) if ready else b""
        assert read, seen
        seen += read
    return seen.decode()


def test_up_watches_until_ctrl_c_and_takes_its_server_with_it(folder: Path) -> None:
    code, url = watch(folder, lambda process: process.send_signal(signal.SIGINT))
    assert code == 0
    assert not answers(url)


def test_the_server_does_not_outlive_a_killed_up(folder: Path) -> None:
    code, url = watch(folder, lambda process: process.kill())
    assert code == -signal.SIGKILL
    for _ in range(100):
        if not answers(url):
            break
        select.select([], [], [], 0.1)
    assert not answers(url)
