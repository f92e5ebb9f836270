"""A first mirror of notes into the embedded Picora (budget 5): the client's CPU time, beside bare httpx.

    python benchmarks/first_mirror.py [--notes 1500] [--rounds 3]

Both send the same notes to a fresh server; bare httpx with four threads, which read and post, and nothing else. Wall
time is the server's too, and is told. Exit code 1 if the budget is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import _corpus
from _measure import PICORA_SYNC, QUICK, Taken, run, tell
from _served import Served

BUDGET = 1.5
_BARE = """
import os, queue, sys, threading
import httpx
url, key, root = sys.argv[1:]
files = queue.SimpleQueue()
for above, _, names in os.walk(root):
    for name in names:
        if name.endswith(".md"):
            files.put((name, os.path.join(above, name)))
client = httpx.Client(headers={"Authorization": f"Bearer {key}"}, base_url=url, trust_env=False)
def work():
    while not files.empty():
        name, path = files.get()
        with open(path, encoding="utf-8") as file:
            note = {"filename": name, "content": file.read(), "title": "T", "tags": [], "isPublic": False}
        client.post("/v1/docs", json=note).raise_for_status()
threads = [threading.Thread(target=work) for _ in range(4)]
for each in threads: each.start()
for each in threads: each.join()
"""


def mirror(where: Path, served: Served) -> tuple[float, float]:
    """What the client takes."""
    key, file = where / "key", where / "config.yaml"
    key.write_text(served.key)
    key.chmod(0o600)
    with tempfile.TemporaryDirectory() as state:
        file.write_text(
            f'account: {{url: "http://{served.host}", key_file: {key}}}\nstate_dir: {state}/state\n'
            f"folders:\n  - path: {where}/notes\n    name: notes\n    settle: {{quiet: 1s}}\n"
        )
        return run([*PICORA_SYNC, "--config", str(file), "sync", "--json"])


def bare(where: Path, served: Served) -> tuple[float, float]:
    """What httpx alone takes."""
    return run([sys.executable, "-c", _BARE, f"http://{served.host}", served.key, str(where / "notes")])


def main() -> int:
    """Print a line for both, and the wall time of each."""
    parser = argparse.ArgumentParser(description="A first mirror, beside bare httpx.")
    parser.add_argument("--notes", type=int, default=300 if QUICK else 1500)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    plain = argparse.Namespace(workers="1", database=None, storage=None)
    taken = {"bare httpx": Taken(), "sync": Taken()}
    wall_s: dict[str, list[float]] = {name: [] for name in taken}
    with tempfile.TemporaryDirectory() as made:
        where = Path(made)
        _corpus.make(where / "notes", options.notes)
        for _ in range(options.rounds):
            for name, program in (("bare httpx", bare), ("sync", mirror)):
                with Served.by(plain) as served:
                    begun = time.perf_counter()
                    cpu_s, peak_mb = program(where, served)
                    wall_s[name].append(time.perf_counter() - begun)
                taken[name].cpu_s.append(cpu_s)
                taken[name].peak_mb = max(taken[name].peak_mb, peak_mb)
    print(f"{options.notes} notes into an empty server")
    kept = [
        tell(f"  {name}", each, taken["bare httpx"], BUDGET if name == "sync" else None) for name, each in taken.items()
    ]
    for name, seconds in wall_s.items():
        print(f"  {name}: {statistics.median(seconds):.1f} s by the clock ({min(seconds):.1f}-{max(seconds):.1f})")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
