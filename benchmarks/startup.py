"""What starting costs: `--version`, and reading a configuration, against a bare interpreter (budget: 150 ms).

The yardstick is `python -c pass` in the same run: machines and moments differ, ratios hardly do.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 9
ROOT = Path(__file__).parents[1]
_READ_CONFIGURATION = (
    "from pathlib import Path; from picora_sync.config.load import load_config; "
    "load_config(Path('config.example.yaml'), {'HOME': '/home/ada'})"
)
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "picora-sync --version": [sys.executable, "-m", "picora_sync", "--version"],
    "read config.example.yaml": [sys.executable, "-c", _READ_CONFIGURATION],
}


def median_s(command: list[str]) -> float:
    """The median wall time of some runs; the first, which fills the caches, does not count."""
    times_s = []
    for _ in range(RUNS + 1):
        start_s = time.perf_counter()
        subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        times_s.append(time.perf_counter() - start_s)
    return statistics.median(times_s[1:])


def main() -> None:
    """Print a line for each command."""
    yardstick_s = 0.0
    for name, command in COMMANDS.items():
        seconds = median_s(command)
        yardstick_s = yardstick_s or seconds
        print(f"{name:26} {seconds * 1000:6.0f} ms   {seconds / yardstick_s:5.1f} x")


if __name__ == "__main__":
    main()
