"""The same seed is the same course of events, in whatever process: what fails can be repeated, and shortened."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

from tests.simulation.chapters import scenario
from tests.simulation.mutants import ROOT
from tests.simulation.simulate import course

CHOSEN = (("moves", 16), ("disks", 2), ("people", 1), ("everything", 3))
SCRIPT = "import sys; from tests.simulation.test_same_course import digests; print(digests(int(sys.argv[1])))"


def digests(step: int) -> str:
    """What came of each seed, run in this order (1) or the other one (-1)."""
    found = {f"{chapter} {seed}": _digest(course(scenario(seed, chapter))) for chapter, seed in CHOSEN[::step]}
    return json.dumps(found, sort_keys=True)


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _start(step: int, hash_seed: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SCRIPT, str(step)]
    environment = os.environ | {"PYTHONHASHSEED": str(hash_seed)}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def test_a_seed_is_the_same_course_twice_and_in_any_process() -> None:
    started = [_start(step, hash_seed) for step, hash_seed in ((1, 1), (-1, 2))]
    one, other = (json.loads(process.communicate(timeout=300)[0]) for process in started)
    assert one == other
    assert len(set(one.values())) == len(CHOSEN)
