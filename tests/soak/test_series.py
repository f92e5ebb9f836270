"""`make soak` runs every soak, and tells of each that differed."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.soak.result import Result
from tests.soak.series import Outcome, run_all, table


def ends(*said: str, code: int = 0) -> Sequence[str]:
    """A soak that says this, and ends."""
    return (sys.executable, "-c", f"import sys; print({chr(10).join(said)!r}); sys.exit({code})")


def test_those_after_one_that_differed_or_broke_down_are_run_all_the_same() -> None:
    told: list[str] = []
    good, bad = Result("good", 7, kills=3, files=5), Result("bad", 7, differences=["one", "other"])
    commands = {
        "bad": ends(bad.as_json(), "what it left: /there", code=1),
        "broken": ends("Traceback", code=2),
        "good": ends(good.as_json()),
    }
    outcomes = run_all(commands.items(), told.append)
    assert outcomes == [Outcome("bad", 1, bad), Outcome("broken", 2, None), Outcome("good", 0, good)]
    assert [outcome.good for outcome in outcomes] == [False, False, True]
    assert told == [
        *("--- bad", bad.as_json(), "what it left: /there"),
        *("--- broken", "Traceback"),
        *("--- good", good.as_json()),
    ]


def test_the_table_has_a_line_for_each() -> None:
    result = Result("bad", 7, kills=200, edits=1234, files=99, seconds=61.7, differences=["one", "other"])
    assert table([Outcome("kill", 1, result), Outcome("disk", 75, None)]).splitlines() == [
        "SOAK  SEED  KILLS  FAULTS  EDITS  FILES COMPARED  DIFFERENCES              SECONDS",
        "kill  7     200    0       1234   99              2                        62",
        "disk  -     -      -       -      -               no result, exit code 75  -",
    ]
