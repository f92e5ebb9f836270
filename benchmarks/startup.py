"""What starting costs: `--version` and `--help` against a bare interpreter (budget 9).

    python benchmarks/startup.py

Exit code 1 if a budget is missed.
"""

from __future__ import annotations

import sys
from functools import partial

from _measure import PICORA_SYNC, QUICK, rounds, run, tell

BUDGET = 3.5
PROGRAMS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "picora-sync --version": [*PICORA_SYNC, "--version"],
    "picora-sync --help": [*PICORA_SYNC, "--help"],
}


def main() -> int:
    """Print a line for each."""
    taken = rounds(5 if QUICK else 15, {name: partial(run, command) for name, command in PROGRAMS.items()})
    yardstick, *commands = taken
    tell(yardstick, taken[yardstick], taken[yardstick])
    kept = [tell(name, taken[name], taken[yardstick], BUDGET) for name in commands]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
