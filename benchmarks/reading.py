"""Commands on an index of many synced files (budgets 1 and 9): CPU time and memory, beside a bare walk of the folder.

    python benchmarks/reading.py [--files 10000,100000]

`sync` has nothing to do; the embedded Picora answers its two questions. Exit code 1 if a budget is missed; those in
milliseconds are of processor time, for a machine that does something else meanwhile.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path

import _corpus
from _measure import PICORA_SYNC, QUICK, Taken, rounds, run, tell
from _served import Served

from picora_sync.config.load import load_config
from picora_sync.index import Index
from picora_sync.report import INDEX_NAME

FLOOR = Path(__file__).with_name("_floor.py")
SYNC_BUDGET, SYNC_MB = 2.0, 80.0
MOST_S = {"status": 0.3, "url": 0.3, "ls PATH": 0.3, "completion": 0.2}
EVERYTHING_MB = 60.0
"""`ls` of everything streams."""


def prepare(where: Path, number: int, served: Served) -> Path:
    """Notes, an index that knows them all as synced, and a configuration, which is returned."""
    _corpus.make(where / "notes", number)
    key, file = where / "key", where / "config.yaml"
    key.write_text(served.key)
    key.chmod(0o600)
    file.write_text(
        f'account: {{url: "http://{served.host}", key_file: {key}}}\nstate_dir: {where}/state\n'
        f"folders:\n  - path: {where}/notes\n    name: notes\n"
    )
    config = load_config(file, os.environ)
    config.state_dir.mkdir(mode=0o700)
    index = Index.open(config.state_dir / INDEX_NAME)
    _corpus.know(index, config.folders[0], number)
    index.close()
    return file


def measure(where: Path, number: int, served: Served) -> bool:
    """Print a line for each command; whether all budgets are kept."""
    file = prepare(where, number, served)
    command = [*PICORA_SYNC, "--config", str(file)]
    path = f"notes/{next(_corpus.names(number))}"
    directory = path.rpartition("/")[0]
    line = f"picora-sync --config {file} ls {directory[:-1]}"
    programs = {
        "walk, stat, select, compare": partial(
            run, [sys.executable, str(FLOOR), str(where / "notes"), str(where / "state" / INDEX_NAME)]
        ),
        "sync": partial(run, [*command, "sync"]),
        "status": partial(run, [*command, "status"]),
        "url": partial(run, [*command, "url", path]),
        "ls PATH": partial(run, [*command, "ls", directory]),
        "completion": partial(run, PICORA_SYNC, {"_PICORA_SYNC_COMPLETE": "bash_complete", "COMP_LINE": line}),
        "ls": partial(run, [*command, "ls"]),
    }
    print(f"{number} files")
    taken = rounds(3 if QUICK else 5, programs)
    floor = taken["walk, stat, select, compare"]
    kept = []
    for name, each in taken.items():
        kept.append(tell(f"  {name}", each, floor, SYNC_BUDGET if name == "sync" else None))
        kept.append(_within(name, each))
    return all(kept)


def _within(name: str, taken: Taken) -> bool:
    most_s, most_mb = MOST_S.get(name), {"sync": SYNC_MB, "ls": EVERYTHING_MB}.get(name)
    slow = most_s is not None and statistics.median(taken.cpu_s) > most_s
    large = most_mb is not None and taken.peak_mb > most_mb
    if slow or large:
        print(f"    MISSED: {f'at most {most_s * 1000:.0f} ms' if slow and most_s else f'at most {most_mb:.0f} MB'}")
    return not (slow or large)


def main() -> int:
    """Measure each number of files."""
    parser = argparse.ArgumentParser(description="Commands on an index of many synced files.")
    parser.add_argument("--files", default="10000" if QUICK else "10000,100000", help="how many, separated by commas")
    options = parser.parse_args()
    plain = argparse.Namespace(workers="1", database=None, storage=None)
    kept = []
    with Served.by(plain) as served:
        for number in map(int, options.files.split(",")):
            with tempfile.TemporaryDirectory() as where:
                kept.append(measure(Path(where), number, served))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
