"""The unit that is installed starts the real daemon, in the environment that systemd makes, and hears from it."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import END_S, Server, picora, write_config


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """systemd's end of the protocol."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(END_S)
        yield listener


def hear(manager: socket.socket, wanted: str) -> str:
    """The first message that says so; others, as the watchdog's, come in between."""
    while True:
        said = manager.recv(4096).decode()
        if wanted in said.splitlines() or said.startswith(wanted):
            return said


def values(unit: str, name: str) -> list[str]:
    return [line.partition("=")[2] for line in unit.splitlines() if line.startswith(f"{name}=")]


def test_the_daemon_of_the_installed_unit_notifies_reloads_and_stops(
    server: Server, tmp_path: Path, manager: socket.socket
) -> None:
    notes = tmp_path / "my notes"
    notes.mkdir()
    config = write_config(tmp_path, server, [{"path": str(notes)}])
    unit = picora("service", "install", "--print", config=config).stdout
    words = shlex.split(values(unit, "ExecStart")[0].replace("$$", "$").replace("%%", "%"))
    assert Path(words[0]).is_absolute()
    # What systemd.exec(5) sets, and nothing of ours: not even the directory.
    login = {"HOME": str(tmp_path), "USER": "ada", "LOGNAME": "ada", "PATH": "/usr/local/bin:/usr/bin:/bin"}
    protocol = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "120000000"}
    given = dict(each.split("=", 1) for value in values(unit, "Environment") for each in shlex.split(value))
    coverage = {name: value for name, value in os.environ.items() if name.startswith("COV")}
    environ = {**login, **protocol, **given, **coverage}
    daemon = subprocess.Popen(words, env=environ, cwd="/", stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        hear(manager, "READY=1")
        hear(manager, "WATCHDOG=1")
        hear(manager, "STATUS=watching 1 folder")
        daemon.send_signal(signal.SIGHUP)
        assert "MONOTONIC_USEC=" in hear(manager, "RELOADING=1")
        hear(manager, "READY=1")
        daemon.send_signal(signal.SIGTERM)
        hear(manager, "STOPPING=1")
        assert daemon.wait(END_S) == 0
        config.write_text(config.read_text().replace("path:", "paht:"))
        ended = subprocess.run(words, env=environ, cwd="/", capture_output=True, timeout=END_S, check=False)
        assert str(ended.returncode) in values(unit, "RestartPreventExitStatus")[0].split()
    finally:
        if daemon.poll() is None:
            daemon.kill()
            daemon.wait()
