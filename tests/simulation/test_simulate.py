"""What fails is shortened to what matters, and what happened is counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from tests.simulation.simulate import Failure, shorten, simulate, table
from tests.simulation.timeline import Act, Scenario, scenario

LONG = next(plan for plan in map(scenario, range(1000)) if len(plan.acts) >= 40 and len(plan.initial) >= 8)
ONE, OTHER = LONG.acts[7], LONG.acts[31]
FIRST = LONG.initial[5]


def _fails(plan: Scenario) -> Failure | None:
    """Goes wrong where one act follows another in a folder that held a file; and otherwise as acts are many."""
    if {ONE, OTHER} <= set(plan.acts) and FIRST in plan.initial:
        return Failure("2: deleted", "", ())
    return Failure("7: a storm", "", ()) if len(plan.acts) > 30 else None


def test_what_is_left_of_a_failing_scenario_is_what_makes_it_fail() -> None:
    short = shorten(LONG, _fails)
    assert short.acts == (ONE, OTHER)
    assert short.initial == (FIRST,)


def test_a_shortened_scenario_breaks_the_same_promise() -> None:
    failure = _fails(shorten(LONG, _fails))
    assert failure is not None
    assert failure.promise == "2"


def test_what_never_happened_is_listed_too() -> None:
    assert table(Counter({"swap": 1200}), ["swap", "touch"]).split() == ["1,200", "swap", "0", "touch"]


def test_edits_and_faults_are_counted_only_if_something_came_of_them() -> None:
    acts = (Act(1.0, "write", 0, 0, 0), Act(40.0, "edit", 0, 0, 12), Act(80.0, "swap", 0, 0, 0))
    plan = replace(scenario(0), initial=(), acts=acts, calm=True, chapter="")
    tally: Counter[str] = Counter()
    assert simulate(plan, tally) is None
    assert (tally["write"], tally["edit"], tally["swap"]) == (1, 1, 0)
