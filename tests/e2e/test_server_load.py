"""The load script in small: all calls mixed by many clients at once."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "server_load.py"


def test_nothing_is_lost_doubled_or_miscounted_under_load() -> None:
    """§14, §15 #33: no 5xx, quotas exact, each thing once; everything is listed and verified at the end."""
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), "--seconds", "5"], capture_output=True, text=True, timeout=180, check=False
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-2000:]
    assert "Nothing was lost, doubled or miscounted" in ended.stdout
