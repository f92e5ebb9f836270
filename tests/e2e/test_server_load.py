"""The load scripts in small: all calls mixed by many clients at once, and one large upload."""

import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "benchmarks"


def run(script: str, *options: str) -> str:
    """What a script prints that finds nothing wrong."""
    command = [sys.executable, str(SCRIPTS / script), *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-2000:]
    return ended.stdout


def test_nothing_is_lost_doubled_or_miscounted_under_load() -> None:
    """§14, §15 #33: no 5xx, quotas exact, each thing once; everything is listed and verified at the end."""
    assert "Nothing was lost, doubled or miscounted" in run("server_load.py", "--seconds", "5")


def test_a_large_upload_is_held_in_memory_neither_when_it_comes_nor_when_it_goes() -> None:
    """§10: bodies are streamed to the disk. 200 MB would show; measuring coverage costs memory of its own."""
    assert "read back" in run("server_upload.py", "--megabytes", "200", "--most-mb", "140")
