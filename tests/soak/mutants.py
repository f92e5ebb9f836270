"""Can the soaks fail? Each mutant takes one protection out of the product; its soak must report a difference.

``python -m tests.soak.mutants [WORD …]`` applies those whose description holds one of the words, one by one, to a copy.
Exits 1 if one of them lives.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.lessons.catalogue import ROOT, Mutation

MOST_S = 1200.0
"""A mutant that is found out may keep its soak waiting for what will never come."""


class Mutant(NamedTuple):
    """The soak, called with ``arguments``, tells it from the product by one of its first ``seeds``."""

    what: str
    mutation: Mutation
    soak: tuple[str, ...]
    first: int = 1
    seeds: int = 3


KILL_DAEMON = ("kill", "--victim", "daemon", "--kills", "12", "--signal", "mixed")
KILL_SERVER = ("kill", "--victim", "server", "--kills", "10", "--signal", "mixed")
KILL_SYNC = ("kill", "--victim", "sync", "--kills", "12", "--signal", "mixed")
ORDERS = ("orders", "--orders", "30")
NETWORK = ("network", "--faults", "40")
DISK = ("disk", "--fillings", "10")
UNMOUNT = ("unmount", "--rounds", "2")
BURST = ("burst", "--files", "300")

NO_SEARCH = Mutation("picora_sync/executor.py", "if job.posted_before else ()", "if False else ()")
MUTANTS = (
    Mutant(
        "nothing is looked for at a start",
        Mutation("picora_sync/folder_watch.py", 'self._queue.rescan(self.unit.policy.name, "start")', "pass"),
        KILL_DAEMON,
    ),
    Mutant(
        "after a restart our own documents are somebody else's",
        Mutation("picora_sync/executor.py", "posted_before=job.posted_before > 0)", "posted_before=False)"),
        KILL_DAEMON,
    ),
    Mutant(
        "a private note is public until its visibility is corrected",
        Mutation("picora_sync/remote/client.py", '"isPublic": upload.public,', '"isPublic": True,'),
        KILL_DAEMON,
    ),
    Mutant(
        "SIGTERM is not heard",
        Mutation("picora_sync/cli/signals.py", "signal.SIGTERM: end}", "signal.SIGTERM: lambda *_: None}"),
        KILL_DAEMON,
    ),
    Mutant("audio whose daemon was killed is sent again without a look", NO_SEARCH, KILL_DAEMON),
    Mutant(
        "a server that is away is never asked again",
        Mutation("picora_sync/reconciler/dispatch/gates.py", "self._probe_at = now + self.pause_s()", "pass"),
        KILL_SERVER,
    ),
    Mutant("audio whose sync was killed is sent again without a look", NO_SEARCH, KILL_SYNC, first=3),
    Mutant(
        "what is claimed after the index was lost stays somebody else's",
        Mutation("picora_sync/rebuild_command.py", "or clocks.wall(), claim=claim)", "or clocks.wall(), claim=False)"),
        ORDERS,
    ),
    Mutant("audio whose answer was lost is sent again without a look", NO_SEARCH, NETWORK),
    Mutant(
        "a full disk is nothing that was foreseen",
        Mutation("picora_sync/index/faults.py", "{sqlite3.SQLITE_FULL, ", "{"),
        DISK,
    ),
    Mutant(
        "uploads start before their intents are safe",
        Mutation(
            "picora_sync/reconciler/loop.py", "        self.executor.flush()", "            self.executor.flush()"
        ),
        DISK,
    ),
    Mutant(
        "a mount point that is not there is an empty directory",
        Mutation("picora_sync/reconciler/intake/scan.py", "harmless = {", "harmless = changed or {"),
        UNMOUNT,
        first=4,
    ),
    Mutant(
        "any directory may stand in the folder's place",
        Mutation("picora_sync/disk/root.py", "return self._check_marker(self._expected)", "return None"),
        UNMOUNT,
    ),
    Mutant(
        "a queue that overflowed lost nothing",
        Mutation(
            "picora_sync/disk/inotify_tree.py",
            'self._hints.missed("more changed at once than the system could report")',
            "pass",
        ),
        BURST,
    ),
)


def found_by(mutant: Mutant) -> str | None:
    """Which seed tells it from the product, and by what difference; None if it lives."""
    with tempfile.TemporaryDirectory(prefix="picora-soak-mutant-") as directory:
        copy = Path(directory, "project")
        for name in ("picora_sync", "tests"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        mutant.mutation.apply(copy)
        for seed in range(mutant.first, mutant.first + mutant.seeds):
            if differences := _differences(mutant, copy, Path(directory, f"run {seed}"), seed):
                return f"seed {seed}: {len(differences)} differences: {differences[0]}"
    return None


def _differences(mutant: Mutant, copy: Path, where: Path, seed: int) -> list[str]:
    ran = subprocess.run(
        (sys.executable, "-m", "tests.soak", *mutant.soak, "--short", "--seed", str(seed), "--where", where),
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=MOST_S,
        check=False,
    )
    lines = [line for line in ran.stdout.splitlines() if line.startswith("{")]
    assert lines, ran.stderr  # a soak that breaks has found nothing
    return list(json.loads(lines[0])["differences"])


def main(words: Iterable[str]) -> int:
    chosen = [mutant for mutant in MUTANTS if not words or any(word in _described(mutant) for word in words)]
    lived = 0
    for mutant in chosen:
        found = found_by(mutant)
        lived += found is None
        sys.stdout.write(f"{_described(mutant)}: {(found or 'LIVES')[:200]}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{len(chosen) - lived} of {len(chosen)} mutants were found out\n")
    return 1 if lived else 0


def _described(mutant: Mutant) -> str:
    return f"{' '.join(mutant.soak)}: {mutant.what}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
