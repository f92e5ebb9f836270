from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import Daemon, Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "picora").start()
    yield running
    running.stop()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path / "config.yaml", tmp_path / "daemon.log")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill()
