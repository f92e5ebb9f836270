"""A daemon that watches (budgets 7 and 8): what it takes while nothing happens, and how soon a change is sent.

    python benchmarks/watching.py [--notes 10000] [--changes 100] [--seconds 60]

Each note lies in a directory of its own. As many of them as there will be changes are empty, which makes no documents:
the largest plan allows 10,000 of those, and each change makes one. From a change to its request the settle time is
taken out; the server's stamp of the new document says when the request came. Linux only. Exit code 1 if a budget is
missed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
from _served import Served

from picora_sync.report import INDEX_NAME

ROOT = Path(__file__).resolve().parent.parent
QUIET_S = 1.0
MIRROR_S = 1800.0
LATE_S = 60.0
PAUSE_S = 0.3
LOG_TAIL = 2000
LATENCY_BUDGET_S = 0.050
CPU_BUDGET = 0.0005
WAKE_BUDGET = 5.0
MEMORY_BUDGET_MB = 60.0


@dataclass(frozen=True)
class Usage:
    """What a process has taken so far."""

    cpu_s: float
    wakes: int
    memory_mb: float

    @classmethod
    def of(cls, pid: int) -> Usage:
        """Of all its threads."""
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        cpu_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        texts = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/status")]
        wakes = sum(_number(text, "voluntary_ctxt_switches") for text in texts)
        return cls(cpu_s, wakes, _number(texts[0], "VmRSS") / 1024)


def _number(status: str, name: str) -> int:
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{name}:"))


def _until(holds: Callable[[], bool], within_s: float, what: str) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            sys.exit(f"not within {within_s:.0f} s: {what}")
        time.sleep(0.5)


def _bound(index: Path) -> int:
    if not index.exists():
        return 0
    with closing(sqlite3.connect(f"file:{index}?mode=ro", uri=True)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM binding").fetchone()[0])
        except sqlite3.OperationalError:  # it is only being made
            return 0


def _configure(where: Path, served: Served) -> Path:
    key = where / "key"
    key.write_text(served.key)
    key.chmod(0o600)
    config = {
        "account": {"url": f"http://{served.host}", "key_file": str(key)},
        "state_dir": str(where / "state"),
        "folders": [{"path": str(where / "notes"), "settle": {"quiet": f"{QUIET_S:.0f}s"}}],
    }
    path = where / "config.yaml"
    path.write_text(json.dumps(config))
    return path


def _latencies(served: Served, notes: Path, directories: int, changes: int) -> list[float]:
    """Seconds from each change to its request, the settle time taken out."""
    written: dict[str, float] = {}
    dice = random.Random(7)  # noqa: S311  (a seed makes it repeatable)
    for number in range(changes):
        name = f"change {number}"
        file = notes / f"{dice.randrange(directories)}" / f"{name}.md"
        file.write_text(name)
        written[name] = time.time()
        time.sleep(PAUSE_S)
    headers = {"Authorization": f"Bearer {served.key}"}
    with httpx.Client(base_url=f"http://{served.host}", headers=headers) as client:

        def created() -> dict[str, float]:
            """When the newest documents came, by title; far enough back for all the changes."""
            found: dict[str, float] = {}
            cursor = ""
            for _ in range(changes // 50 + 2):
                data = client.get("/v1/docs", params={"limit": 50, "cursor": cursor}).json()["data"]
                found |= {
                    item["title"]: datetime.fromisoformat(item["createdAt"]).timestamp() for item in data["items"]
                }
                cursor = data["nextCursor"] or ""
            return found

        _until(lambda: written.keys() <= created().keys(), LATE_S, "all changes are sent")
        stamps = created()
    return sorted(stamps[name] - at - QUIET_S for name, at in written.items())


def main() -> int:
    """Measure, print, and say whether the budgets were kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", type=int, default=10_000)
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60.0)
    chosen = parser.parse_args()
    if chosen.notes <= chosen.changes:
        parser.error("--notes must be more than --changes")
    chosen.workers, chosen.database, chosen.storage = "1", None, None
    with Served.by(chosen) as served, tempfile.TemporaryDirectory() as made:
        where = Path(made)
        documents = chosen.notes - chosen.changes
        for number in range(chosen.notes):
            (where / "notes" / f"{number}").mkdir(parents=True)
            (where / "notes" / f"{number}" / "note.md").write_text(f"note {number}" if number < documents else "")
        config = _configure(where, served)
        command = [sys.executable, "-m", "picora_sync", "--config", str(config), "run"]
        log = where / "daemon.log"
        with log.open("w") as said, subprocess.Popen(command, cwd=ROOT, stderr=said) as daemon:
            try:
                index = where / "state" / INDEX_NAME
                _until(lambda: _bound(index) == documents, MIRROR_S, "the first mirror")
                time.sleep(10.0)
                before, since = Usage.of(daemon.pid), time.monotonic()
                time.sleep(chosen.seconds)
                after, seconds = Usage.of(daemon.pid), time.monotonic() - since
                late = _latencies(served, where / "notes", chosen.notes, chosen.changes)
            except SystemExit:
                print(log.read_text()[-LOG_TAIL:], file=sys.stderr)
                raise
            finally:
                daemon.terminate()
    cpu, wakes = (after.cpu_s - before.cpu_s) / seconds, (after.wakes - before.wakes) / seconds
    p50, p99 = late[len(late) // 2], late[math.ceil(len(late) * 0.99) - 1]
    print(f"idle, {chosen.notes} notes: {cpu:.2%} CPU, {wakes:.1f} wake-ups a second, {after.memory_mb:.0f} MB")
    print(f"change to request, {chosen.notes} directories: p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms")
    idle = cpu < CPU_BUDGET and wakes <= WAKE_BUDGET and after.memory_mb <= MEMORY_BUDGET_MB
    return int(not idle or p99 > LATENCY_BUDGET_S)


if __name__ == "__main__":
    raise SystemExit(main())
