"""The short forms, all at the same time since they mostly wait; ``make soak`` runs the long ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.soak.mounts import NO_MOUNTS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts and inotify queues are Linux's")

END_S = 600.0
"""Only a soak that hangs takes so long."""
ENDED_S = 60.0
SEED = os.environ.get("SOAK_SEED", "1")
SHORT = {
    "kill the daemon": ("kill", "--victim", "daemon", "--kills", "5", "--signal", "mixed"),
    "kill the server": ("kill", "--victim", "server", "--kills", "4", "--signal", "mixed"),
    "kill each sync": ("kill", "--victim", "sync", "--kills", "4", "--signal", "mixed"),
    "orders": ("orders", "--orders", "8"),
    "bad network": ("network", "--faults", "8"),
    "full disk": ("disk", "--fillings", "4"),
    "disk goes away": ("unmount", "--rounds", "2"),
    "burst": ("burst", "--files", "800"),
}


@contextmanager
def running(where: Path) -> Iterator[Mapping[str, subprocess.Popen[str]]]:
    started = {}
    for number, (name, arguments) in enumerate(SHORT.items()):
        started[name] = subprocess.Popen(
            [sys.executable, "-m", "tests.soak", *arguments, "--short", "--seed", SEED, "--where", where / str(number)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=Path(__file__).parents[2],
        )
    try:
        yield started
    finally:
        for process in started.values():
            if process.poll() is None:
                process.terminate()  # it ends what it started
            process.communicate(timeout=ENDED_S)


def test_after_each_soak_folder_and_account_are_equal(tmp_path: Path) -> None:
    """One test, since pytest-xdist may give several of them to several workers: each would start all the soaks."""
    with running(tmp_path) as soaks:
        said = {name: process.communicate(timeout=END_S)[0] for name, process in soaks.items()}
    assert [name for name, process in soaks.items() if process.returncode == NO_MOUNTS] == []
    results = {name: _result(text) for name, text in said.items()}
    assert {name: found for name, result in results.items() if (found := result["differences"])} == {}
    for name, result in results.items():
        assert result["kills"] + result["faults"] > 0, name
        assert result["files"] > 0, name


def _result(said: str) -> dict[str, Any]:
    lines = [line for line in said.splitlines() if line.startswith("{")]
    assert lines, said
    return dict(json.loads(lines[0]))
