"""Programs run one after the other, again and again, and what each took of the processor, as a ratio to the first.

Wall time says more of what else the machine does than of a program; user and system time of the same round, hardly.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICORA_SYNC = [sys.executable, "-P", "-m", "picora_sync"]
QUICK = bool(os.environ.get("QUICK"))


@dataclass
class Taken:
    """One program's runs: seconds of the processor, and the most memory, in MB."""

    cpu_s: list[float] = field(default_factory=list)
    peak_mb: float = 0.0

    def ratios(self, yardstick: Taken) -> tuple[float, float, float]:
        """The median, the least and the most, to the yardstick's median."""
        base = statistics.median(yardstick.cpu_s)
        return statistics.median(self.cpu_s) / base, min(self.cpu_s) / base, max(self.cpu_s) / base


def run(command: Sequence[str], more: Mapping[str, str] | None = None) -> tuple[float, float]:
    """Processor time in seconds and peak memory in MB of a program that must succeed, with its byte code compiled."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "_PICORA"))}
    environ = known | {"PYTHONPYCACHEPREFIX": f"{tempfile.gettempdir()}/picora-sync-bench", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        list(command), env=environ | dict(more or {}), cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):  # `status` ends with 3 where nothing runs
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def rounds(number: int, programs: Mapping[str, Callable[[], tuple[float, float]]]) -> dict[str, Taken]:
    """Each program once per round; the first round, which fills the caches, does not count."""
    taken = {name: Taken() for name in programs}
    for round_ in range(number + 1):
        for name, program in programs.items():
            cpu_s, peak_mb = program()
            if round_:
                taken[name].cpu_s.append(cpu_s)
                taken[name].peak_mb = max(taken[name].peak_mb, peak_mb)
    return taken


def tell(name: str, taken: Taken, yardstick: Taken, budget: float | None = None) -> bool:
    """Print a line; whether the ratio is within its budget."""
    median, least, most = taken.ratios(yardstick)
    milliseconds = statistics.median(taken.cpu_s) * 1000
    kept = budget is None or median <= budget
    said = "" if budget is None else f"  budget {budget:g} x: {'kept' if kept else 'MISSED'}"
    print(
        f"{name:34} {median:6.2f} x ({least:.2f}-{most:.2f})  {milliseconds:7.0f} ms  {taken.peak_mb:4.0f} MB{said}",
        flush=True,
    )
    return kept
