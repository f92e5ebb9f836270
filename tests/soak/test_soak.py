"""The short forms, all at the same time since they mostly wait; ``make soak`` runs the long ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.soak.mounts import NO_MOUNTS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts and inotify queues are Linux's")

END_S = 240.0
SEED = os.environ.get("SOAK_SEED", "1")
SHORT = {
    "kill the daemon": ("kill", "--victim", "daemon", "--kills", "5"),
    "kill the server": ("kill", "--victim", "server", "--kills", "4"),
    "bad network": ("network", "--faults", "8"),
    "full disk": ("disk", "--fillings", "4"),
    "disk goes away": ("unmount", "--rounds", "2"),
    "burst": ("burst", "--files", "800"),
}
Runs = dict[str, subprocess.Popen[str]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    where = tmp_path_factory.mktemp("soak")
    started: Runs = {}
    for number, (name, arguments) in enumerate(SHORT.items()):
        started[name] = subprocess.Popen(
            [sys.executable, "-m", "tests.soak", *arguments, "--short", "--seed", SEED, "--where", where / str(number)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=Path(__file__).parents[2],
        )
    yield started
    for process in started.values():
        if process.poll() is None:
            process.terminate()  # it ends what it started
        process.communicate(timeout=60)


@pytest.mark.parametrize("name", SHORT)
def test_folder_and_account_are_equal_in_the_end(runs: Runs, name: str) -> None:
    said, _ = runs[name].communicate(timeout=END_S)
    assert runs[name].returncode != NO_MOUNTS, said
    lines = [line for line in said.splitlines() if line.startswith("{")]
    assert lines, said
    result: dict[str, Any] = json.loads(lines[0])
    assert result["differences"] == []
    assert result["kills"] + result["faults"] > 0
    assert result["files"] > 0
