"""All soaks, one after the other to the last, whatever becomes of each; and a table of what they came to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tests.soak.result import MOST_SHOWN, Result

SOAKS = (
    ("kill", "--victim", "daemon"),
    ("kill", "--victim", "server"),
    ("kill", "--victim", "both", "--signal", "term"),
    ("kill", "--victim", "sync"),
    ("orders",),
    ("network",),
    ("disk",),
    ("unmount",),
    ("burst",),
)
"""Their arguments."""
ENDS_S = 60.0
_HEAD = ("SOAK", "SEED", "KILLS", "FAULTS", "EDITS", "FILES COMPARED", "DIFFERENCES", "SECONDS")


@dataclass(frozen=True)
class Outcome:
    """``result`` is None of a soak that ended without one."""

    soak: str
    exit_code: int
    result: Result | None

    @property
    def good(self) -> bool:
        return self.result is not None and not self.result.differences and self.exit_code == 0


def soaks(seed: int) -> Iterable[tuple[str, Sequence[str]]]:
    """The name and the command of each."""
    for soak in SOAKS:
        yield " ".join(soak), (sys.executable, "-m", "tests.soak", *soak, "--seed", str(seed))


def run_all(commands: Iterable[tuple[str, Sequence[str]]], tell: Callable[[str], None]) -> list[Outcome]:
    """Run them one by one; tell what each says as soon as it says it."""
    return [_run(soak, command, tell) for soak, command in commands]


def _run(soak: str, command: Sequence[str], tell: Callable[[str], None]) -> Outcome:
    tell(f"--- {soak}")
    result = None
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                tell(line.rstrip("\n"))
                if line.startswith('{"script": '):
                    result = Result(**json.loads(line))
        except BaseException:
            process.terminate()  # it ends what it started
            process.wait(ENDS_S)
            raise
    return Outcome(soak, process.returncode, result)


def table(outcomes: Iterable[Outcome]) -> str:
    """One line for each."""
    rows = [_HEAD, *(_row(outcome) for outcome in outcomes)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _row(outcome: Outcome) -> Sequence[str]:
    result = outcome.result
    if result is None:
        return (outcome.soak, *("-",) * 5, f"no result, exit code {outcome.exit_code}", "-")
    numbers = (result.seed, result.kills, result.faults, result.edits, result.files)
    differences = len(result.differences)
    shown = str(differences) if differences <= MOST_SHOWN else f"more than {MOST_SHOWN}"
    return (outcome.soak, *map(str, numbers), shown, f"{result.seconds:.0f}")
