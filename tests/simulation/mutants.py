"""Can the simulations fail? Each mutant takes one protection out of the product; its chapter must notice.

``python -m tests.simulation.mutants`` applies them one by one to a copy, and says which seed found each.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
MOST_S = 300.0


class Mutant(NamedTuple):
    """``old`` stands in ``file`` (below picora_sync) and becomes ``new``; ``seeds`` from ``first`` on are tried."""

    what: str
    file: str
    old: str
    new: str
    chapter: str
    first: int = 0
    seeds: int = 60


MUTANTS = (
    Mutant(
        "a changed setting is not heard",
        "reconciler/scans.py",
        "context.index.files.rederive_all(name)",
        "pass",
        "configuration",
    ),
    Mutant(
        "a renamed folder forgets its bindings",
        "index/store.py",
        'for table in ("file", "dependency", "problem", "binding",',
        'for table in ("file", "dependency", "problem",',
        "configuration",
    ),
    Mutant(
        "commits are not synchronised",
        "index/store.py",
        '"PRAGMA synchronous = FULL"',
        '"PRAGMA synchronous = NORMAL"',
        "power",
    ),
    Mutant(
        "a hold ends with the process",
        "index/holds.py",
        "ON CONFLICT (folder, path) DO UPDATE SET why = excluded.why",
        "ON CONFLICT (folder, path) DO UPDATE SET why = excluded.why, approved = 1",
        "people",
    ),
    Mutant(
        "what is kept stays ours",
        "index/objects.py",
        "DELETE FROM object WHERE id = ? AND unbound_at IS NOT NULL",
        "DELETE FROM object WHERE id = ? AND unbound_at > 9e99",
        "people",
    ),
    Mutant(
        "what somebody else changed is not compared",
        "core/comparison.py",
        "elif difference(item, seen):",
        "elif False:",
        "others",
    ),
    Mutant(
        "what cannot be read is gone",
        "disk/scanning.py",
        'return "" not in failed and path not in failed and failed.isdisjoint(parents_of(path))',
        "return True",
        "disks",
    ),
    Mutant(
        "a mount point that is not there is an empty directory",
        "reconciler/scans.py",
        "harmless = {",
        "harmless = changed or {",
        "mounts",
    ),
    Mutant(
        "audio is sent again while the list may lag",
        "reconciler/doubts.py",
        "LAG_S = 90.0",
        "LAG_S = 0.0",
        "answers",
    ),
    Mutant(
        "events are the truth: no scan finds what they lacked",
        "reconciler/scans.py",
        "yield Difference(FileRef(name, path), LONG_AGO_S, changed=False)",
        "continue",
        "events",
    ),
    Mutant(
        "a clock that jumped back makes a change look old",
        "reconciler/inspector.py",
        "row.fingerprint == fingerprint and",
        "row.fingerprint is not None and row.fingerprint.mtime_ns >= fingerprint.mtime_ns and",
        "clocks",
    ),
    Mutant(
        "an old version goes first although another file is bound to it",
        "reconciler/admission.py",
        "all(row.ref in refs for row in users)",
        "bool(refs) and users is not None",
        "full",
    ),
)


def mutated(mutant: Mutant, source: str) -> str:
    """The file with the protection taken out."""
    assert mutant.old in source, f"{mutant.file} does not hold: {mutant.old}"
    return source.replace(mutant.old, mutant.new, 1)


def found_by(mutant: Mutant) -> str | None:
    """The failure that finds it out; None if it lives."""
    with tempfile.TemporaryDirectory(prefix="picora-mutant-") as copy:
        for name in ("picora_sync", "tests"):
            shutil.copytree(ROOT / name, Path(copy, name), ignore=shutil.ignore_patterns("__pycache__"))
        path = Path(copy, "picora_sync", mutant.file)
        path.write_text(mutated(mutant, path.read_text()))
        seeds = ("--from", str(mutant.first), "--seeds", str(mutant.seeds))
        ran = subprocess.run(
            (sys.executable, "-m", "tests.simulation.simulate", "--chapter", mutant.chapter, "--whole", *seeds),
            cwd=copy,
            env=os.environ | {"PYTHONPATH": copy},
            capture_output=True,
            text=True,
            timeout=MOST_S,
            check=False,
        )
    found = re.search(r"^seed .*", ran.stdout, re.MULTILINE)
    assert ran.returncode == 0 or found, ran.stderr
    return found[0] if found else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="those whose description contains this")
    chosen = parser.parse_args()
    lived = 0
    for mutant in MUTANTS:
        if chosen.only in f"{mutant.chapter}: {mutant.what}":
            found = found_by(mutant)
            lived += found is None
            sys.stdout.write(f"{mutant.what}: {(found or 'LIVES')[:160]}\n")
            sys.stdout.flush()
    return 1 if lived else 0


if __name__ == "__main__":
    raise SystemExit(main())
