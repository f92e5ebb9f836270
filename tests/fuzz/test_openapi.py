"""schemathesis against a real server: it keeps its own description, whatever it is asked."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import Server

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("PICORA_FUZZ_EXAMPLES", "8")
"""Cases per operation and phase; `make fuzz` asks for more."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "picora").start()
    yield running
    running.stop()


def test_the_server_keeps_its_description(server: Server) -> None:
    """§2: no 5xx, no undocumented status, no schema violation; bad data refused, good data accepted."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "run"]
    options = ["--checks", "all", "--max-examples", EXAMPLES, "--no-color"]
    # CI asks the same questions each time, `make fuzz` new ones.
    options += ["--generation-deterministic"] if os.environ.get("CI") else ["--generation-database", "none"]
    ended = subprocess.run(
        [*command, f"{server.url}/openapi.json", "-H", f"Authorization: Bearer {server.key}", *options],
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.fuzz.schemathesis_hooks"},
        cwd=HERE.parent.parent,
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    lines = [line[:600] for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]
    assert ended.returncode == 0, "\n".join(lines)
    assert "Traceback" not in server.log.read_text()
