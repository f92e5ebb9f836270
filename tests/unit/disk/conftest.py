"""A folder in which permissions count, whoever runs the tests."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 65534


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
