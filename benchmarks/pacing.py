"""The rate limits in virtual time (budget 4): how near to them the mirror comes, and what it lets pass meanwhile.

    python benchmarks/pacing.py [--notes 3000]

The real loop, client, pacer and embedded server; time is virtual, so the figures depend on no machine.
Exit code 1 if a budget is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.simulation.paced import first_mirror, replace_all

EDITED = 600
LEAST_S = EDITED - 5.0
"""One upload a second after a burst of five."""
BUDGET = 1.02
FORECAST_SHARE = 0.05
EDITS = 20


def main() -> int:
    """Measure, print, and say whether the budgets were kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", type=int, default=3000)
    notes = parser.parse_args().notes
    with tempfile.TemporaryDirectory() as directory:
        took_s, refused = replace_all(Path(directory), EDITED)
    ratio = took_s / LEAST_S
    print(f"{EDITED} uploads and {EDITED} deletes: {ratio:.4f} times the least, {refused} answers of 429")
    with tempfile.TemporaryDirectory() as directory:
        forecast_s, mirror_s, waits_s, refused_then = first_mirror(Path(directory), notes, EDITS)
    print(
        f"first mirror of {notes} notes: {mirror_s / forecast_s:.3f} times the forecast, {refused_then} answers of 429"
    )
    print(f"{EDITS} edits meanwhile wait {statistics.median(waits_s):.2f} s (median), {max(waits_s):.2f} s (longest)")
    off = abs(mirror_s / forecast_s - 1.0)
    return int(ratio > BUDGET or off > FORECAST_SHARE or refused + refused_then > 0)


if __name__ == "__main__":
    raise SystemExit(main())
