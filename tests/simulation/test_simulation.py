"""The promises of design §13 hold in simulations made from seeds, and in those that once broke one."""

from __future__ import annotations

import os

import pytest

from tests.simulation.simulate import shown, simulate
from tests.simulation.timeline import scenario

FIRST = int(os.environ.get("SIMULATE_FROM", "0"))
SEEDS = int(os.environ.get("SIMULATE_SEEDS", "40"))
AT_ONCE = 20
REGRESSIONS = {
    "an unsendable file that was renamed before another got the content it had": 79,
    "a file that was edited while it was kept for its pinned URL": 1,
    "a held file that was found elsewhere": 45,
    "a kept public object of a note that became private": 91,
    "a document stored, its answer lost, and the client's own repetition refused": 4006,
    "a public note that cannot be sent any more, and was the same as one that is private now": 503935,
    "audio that a file wants whose upload is under way, when its last file changes": 504333,
    "half an audio file that somebody puts back": 502862,
    "a directory that is moved below what is a file by now": 502882,
    "a file that cannot be read, renamed": 4056,
    "a file that cannot be read, renamed over another": 4051,
    "half an audio file that looks old after the clock jumped": 10612,
    "audio found after a crash is newer than what its file is still bound to": 20264,
    "a document that others made within two seconds before our upload": 20738,
    "audio of ours, lost in a crash after the clock had jumped forward": 3034,
    "a document of ours, lost in a crash after the clock had jumped forward": 7028,
    "a note whose new version is refused, in a directory that is renamed": 10385,
    "a note that moves into a directory nobody may enter": 30269,
    "two notes that are swapped, of which one is seen later": 40517,
    "a clock that was set back while an object waited to be deleted": 40620,
    "a directory that is moved to where nobody may look": 100148,
}
"""Seeds by what they are about."""


def _check(seed: int) -> None:
    plan = scenario(seed)
    failure = simulate(plan)
    assert failure is None, f"{shown(plan, failure)}\nmake simulate SEEDS=1 FROM={seed} shortens it"


@pytest.mark.parametrize("first", range(FIRST, FIRST + SEEDS, AT_ONCE))
def test_promises_hold_in_every_simulation(first: int) -> None:
    for seed in range(first, min(first + AT_ONCE, FIRST + SEEDS)):
        _check(seed)


@pytest.mark.parametrize("seed", REGRESSIONS.values(), ids=REGRESSIONS.keys())
def test_what_a_simulation_found_stays_mended(seed: int) -> None:
    _check(seed)
