"""``python -m tests.lessons [WORD …]``: take each protection out of a copy of the project, and see its test fail.

A word is the number of a lesson, or a part of a test's name (``promise_03``); without one, all are tried.

Exits 1 if a test fails with the protection, or passes without it, or if a protection is not where its test says.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.lessons import test_deleting, test_promised, test_recording, test_running, test_sending
from tests.lessons.catalogue import ROOT, TAUGHT, Mutation, Taught

TAUGHT_IN = (test_deleting, test_sending, test_running, test_promised, test_recording)
PASSED, FAILED = 0, 1
"""Exit codes of pytest; others mean that the test did not run."""
TEST_WITHIN_S = 300.0


def main(wanted: Iterable[str]) -> int:
    words = [f"lesson_{int(word):02}_" if word.isdigit() else word for word in wanted] or [""]
    chosen = sorted(
        (taught for taught in TAUGHT if any(word in taught.name for word in words)), key=lambda each: each.by
    )
    with tempfile.TemporaryDirectory(prefix="picora-lessons-") as directory:
        copy = Path(directory) / "project"
        _copy(copy)
        done = _run(copy, *(taught.test for taught in chosen))
        if done.returncode != PASSED:
            _say(f"{done.stdout}\nThe tests must pass as the project is")
            return 1
        by = len({taught.by for taught in chosen})
        _say(f"{len(chosen)} tests of {by} lessons and promises pass as the project is")
        wrong = [line for taught in chosen for mutation in taught.mutations for line in _mutate(copy, taught, mutation)]
    mutations = sum(len(taught.mutations) for taught in chosen)
    _say(f"{mutations - len(wrong)} of {mutations} mutations were found out")
    return 1 if wrong else 0


def _copy(copy: Path) -> None:
    useless = shutil.ignore_patterns(".*", "__pycache__", "demo", "dist")
    shutil.copytree(ROOT, copy, ignore=useless)


def _mutate(copy: Path, taught: Taught, mutation: Mutation) -> Iterator[str]:
    """Yields a line if the test does not fail."""
    file = copy / mutation.path
    before = file.read_bytes()
    try:
        mutation.apply(copy)
        done = _run(copy, taught.test)
    except ValueError as error:
        yield _say(f"{taught.by}: {error}")
        return
    finally:
        file.write_bytes(before)
    if done.returncode == FAILED:
        why = next(line for line in done.stdout.splitlines() if line.startswith("FAILED")).partition(" - ")[2]
        _say(f"{taught.by}: fails as it should without “{mutation.old.strip()}”: {why}")
    else:
        yield _say(f"{taught.by}: {taught.name} ends with {done.returncode} without “{mutation.old.strip()}”")


def _run(copy: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "250"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=line", *tests]
    return subprocess.run(
        command, cwd=copy, env=environ, capture_output=True, text=True, timeout=TEST_WITHIN_S, check=False
    )


def _say(text: str) -> str:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
