"""CI asks the same questions each time, and gives a slow machine time to answer; `make fuzz` asks new ones."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", PATIENT, derandomize=True)
settings.register_profile("patient", PATIENT)
settings.load_profile("ci" if os.environ.get("CI") else "patient")

NOBODY = 65534

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background; the programs under test inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Commands that run in the test's own process set logging up; the next test finds it as this one did."""
    root, ours = logging.getLogger(), logging.getLogger("picora_sync")
    handlers, levels = list(root.handlers), (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """An empty directory, with root's powers laid down while the test runs: chmod stops root only then."""
    directory = Path(tempfile.mkdtemp(prefix="picora-sync-test-"))
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(directory, NOBODY, -1)
        os.seteuid(NOBODY)
    try:
        yield directory
    finally:
        if is_root:
            os.seteuid(0)
        for parent, names, _ in os.walk(directory):
            for name in names:
                Path(parent, name).chmod(0o700)
        shutil.rmtree(directory)
