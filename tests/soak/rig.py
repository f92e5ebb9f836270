"""A world, a server and a daemon in one directory; waiting until they agree; and the result of a run."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.e2e.harness import Daemon, Server, picora, write_config
from tests.soak.account import Auditor, due
from tests.soak.world import CLOSED, OPEN, World, seeded

SETTLE_S = 240.0
"""A doubtful upload takes 90 s to settle, an offline backoff up to 60 s."""
SHORT_SETTLE_S = 60.0
"""With an impatient daemon."""
POLL_S = 0.5
APPROVE_EVERY_S = 5.0
STATUS_EVERY_S = 5.0
STALLED_S = 180.0
"""A daemon that mirrors nothing for so long will not go on."""
MOST_SHOWN = 30
IMPATIENT = str(Path(__file__).with_name("impatient.py"))
STATUS_WITHIN_S = 60.0

_MUTATING = ("POST", "PATCH", "DELETE")


class SoakServer(Server):
    """Its log lies beside its data, wherever that is mounted."""

    where: Path

    @property
    def log(self) -> Path:
        return self.where / "server.log"


@dataclass
class SoakDaemon(Daemon):
    """``picora-sync run``; with ``impatient`` it settles doubtful uploads sooner."""

    impatient: bool = False

    def start(self) -> SoakDaemon:
        program = [IMPATIENT] if self.impatient else ["-m", "picora_sync"]
        self._log_from = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, *program, "-v", "--config", str(self.config), "run"], stderr=log, stdout=log, text=True
            )
        return self

    def has_begun(self) -> bool:
        """Whether it came as far as its first line since it was started, or has ended."""
        return not self.alive or b" mirroring " in self.log.read_bytes()[self._log_from :]

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


@dataclass
class Result:
    """What a run came to; the run is good if there are no differences."""

    script: str
    seed: int
    kills: int = 0
    faults: int = 0
    edits: int = 0
    files: int = 0
    settles: int = 0
    seconds: float = 0.0
    differences: list[str] = field(default_factory=list)
    remarks: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> str:
        """One line; of very many differences only the first."""
        more = len(self.differences) - MOST_SHOWN
        shown = [*self.differences[:MOST_SHOWN], *([f"and {more} more"] if more > 0 else [])]
        return json.dumps({**asdict(self), "differences": shown}, ensure_ascii=False)


@dataclass
class Rig:
    """Everything one run needs. Use it as a context manager: it ends the processes it started."""

    where: Path
    result: Result
    impatient: bool = False
    files: int = 60
    state: Path | None = None
    server_data: Path | None = None
    base_url: str | None = None

    def __post_init__(self) -> None:
        self.where.mkdir(parents=True, exist_ok=True)
        self.rng = seeded(f"{self.result.script} {self.result.seed}")
        self.world = World(self.where, seeded(f"world {self.result.seed}"), most=self.files * 2)
        self.server = SoakServer(self.server_data or self.where / "picora")
        self.server.where = self.where
        self.auditor = Auditor(self.server)
        self.daemon = SoakDaemon(self.where / "config.yaml", self.where / "daemon.log", impatient=self.impatient)
        self._begun = time.monotonic()

    def __enter__(self) -> Self:
        self.server.start()
        self.auditor.upload_strangers()
        self.configure()
        return self

    def __exit__(self, *_: object) -> None:
        if self.daemon.alive:
            self.daemon.kill()
        if self.server.process is not None and self.server.process.poll() is None:
            self.server.kill()
        self.result.seconds = round(time.monotonic() - self._begun, 1)
        self.result.edits = self.world.edits
        self.result.differences += unexpected(self.daemon.log)

    def configure(self, **more: Any) -> None:
        """Write the configuration; ``account`` goes through ``base_url`` if there is one."""
        folders = [
            {"path": str(self.world.roots[OPEN]), "visibility": "public"},
            {"path": str(self.world.roots[CLOSED]), "visibility": "private"},
        ]
        if self.state is not None:
            more["state_dir"] = str(self.state)
        if self.base_url is not None:
            more["account"] = {"url": self.base_url, "key_file": str(self.where / "key")}
        write_config(self.where, self.server, folders, **more)

    def settle(self, within_s: float | None = None) -> None:
        """Wait until folder and account are equal and the daemon says so; record what differs after that time.

        Held removals are approved: somebody deleted many files, and meant it.
        """
        approved_at = time.monotonic()
        deadline = approved_at + (within_s or (SHORT_SETTLE_S if self.impatient else SETTLE_S))
        wanted = due(self.world.roots, self.world.files())
        differences, unsynced = ["nobody looked"], 0
        self.auditor.forget()
        while (differences or unsynced) and time.monotonic() < deadline:
            time.sleep(POLL_S)
            if not self.daemon.alive:
                self.daemon_ended()
                break
            differences = self.auditor.differences(wanted)
            if not differences or time.monotonic() - approved_at > APPROVE_EVERY_S:
                approved_at = time.monotonic()
                unsynced = self._unsynced()
        self.result.settles += 1
        self.result.files += len(self.world.files())
        self.result.differences += [*differences, *self.auditor.leaks(wanted)]
        if unsynced:
            self.result.differences.append(f"status: {unsynced} files are not synced: {self.states()}")

    def await_synced(self) -> None:
        """Wait until the daemon says that it mirrored every file, or no more of them for a long time; :meth:`settle`
        then looks whether that is true.
        """
        files, most, deadline = len(self.world.files()), 0, time.monotonic() + STALLED_S
        while most < files and time.monotonic() < deadline:
            time.sleep(STATUS_EVERY_S)
            synced = self.states().get("synced", 0)
            if synced > most:
                most, deadline = synced, time.monotonic() + STALLED_S

    def daemon_ended(self) -> None:
        """It should not have: say so, and start it again."""
        assert self.daemon.process is not None
        self.result.differences.append(f"the daemon ended by itself with code {self.daemon.process.poll()}")
        self.daemon.start()

    def approve(self) -> None:
        """Approve what is held, through the daemon if it runs."""
        for name in self.world.roots:
            picora("approve", name, "--yes", config=self.daemon.config, within_s=STATUS_WITHIN_S)

    def states(self) -> Mapping[str, int]:
        """How many files are in each state, in both folders together."""
        total: dict[str, int] = {}
        for folder in self.daemon.status()["folders"]:
            for state, number in folder["states"].items():
                total[state] = total.get(state, 0) + number
        return total

    def expect_quiet(self, for_s: float = 3.0) -> None:
        """Promise 1: once all is equal, no further mutating call is made."""
        before = self._mutations()
        time.sleep(for_s)
        if (calls := self._mutations() - before) > 0:
            self.result.differences.append(f"{calls} mutating calls after everything was equal")

    def _mutations(self) -> int:
        return sum(number for call, number in self.server.requests().items() if call.startswith(_MUTATING))

    def _unsynced(self) -> int:
        states = self.states()
        if states.get("held"):
            self.approve()
        return sum(number for state, number in states.items() if state not in ("synced", "ignored"))


def unexpected(log: Path) -> list[str]:
    """Errors that nobody foresaw: whatever ends the daemon, people are told in a sentence that helps."""
    if not log.exists():
        return []
    lines = log.read_text(errors="replace").splitlines()
    ends = [at for at, line in enumerate(lines) if line.startswith("Error: unexpected ")]
    return [f"{log.name}: {' / '.join(lines[max(0, at - 8) : at + 1])}" for at in ends]
