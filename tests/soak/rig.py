"""A world, a server and a daemon in one directory; waiting until they agree; and the result of a run."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.e2e.harness import Server, picora, wait_until, write_config
from tests.soak.account import Auditor, due
from tests.soak.bait import BAIT, RESTING, lay
from tests.soak.ledger import Ledger
from tests.soak.mirror import RUN, Mirror, SoakDaemon
from tests.soak.result import Result
from tests.soak.world import CLOSED, OPEN, World, seeded

STALLED_S = 240.0
"""What moves nothing for so long is stuck: a doubtful upload takes 90 s to settle, an offline backoff up to 60 s, and a
document that a lost upload may make anew goes after 120 s.
"""
SHORT_STALLED_S = 120.0
"""With an impatient daemon."""
RESTLESS_S = 3600.0
"""Who is not done by then goes round in circles."""
CALM_S = 3.0
POLL_S = 0.5
STATUS_EVERY_S = 10.0
ENDS_S = 60.0
"""A daemon ends within 10 s of SIGTERM, on a machine that is not as busy as ours."""
EVENT_S = 120.0
"""What does not happen within this time does not happen."""
AIM_S = 2.0
LOOK_S = 0.0005

_AS_EVER: Mapping[str, Any] = {}
_MUTATING = ("POST", "PATCH", "DELETE")


class GaveUp(Exception):
    """The run cannot go on."""


class SoakServer(Server):
    """Its log lies beside its data, wherever that is mounted."""

    where: Path

    @property
    def log(self) -> Path:
        return self.where / "server.log"


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
    mirror: Mirror = RUN

    def __post_init__(self) -> None:
        self.where.mkdir(parents=True, exist_ok=True)
        self.rng = seeded(f"{self.result.script} {self.result.seed}")
        self.world = World(self.where, seeded(f"world {self.result.seed}"), most=self.files * 2)
        lay(self.where / BAIT)
        self.server = SoakServer(self.server_data or self.where / "picora")
        self.server.where = self.where
        self.database = self.server.data / "picora.db"
        self.ledger = Ledger(self.database)
        self.auditor = Auditor(self.server)
        self.daemon = SoakDaemon(
            self.where / "config.yaml", self.where / "daemon.log", impatient=self.impatient, mirror=self.mirror
        )
        self._begun = time.monotonic()

    def __enter__(self) -> Self:
        self.server.start()
        self.ledger.open()
        self.auditor.upload_strangers()
        self.configure()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        if self.daemon.alive:
            self.daemon.kill()
        if self.server.process is not None and self.server.process.poll() is None:
            self.server.kill()
        self.result.seconds = round(time.monotonic() - self._begun, 1)
        self.result.edits = self.world.edits
        self.result.differences += unexpected(self.daemon.log)
        return kind is GaveUp  # the result says why

    def configure(self, opened: Mapping[str, Any] | None = _AS_EVER, **more: Any) -> None:
        """Write the configuration; ``account`` goes through ``base_url`` if there is one. ``opened``: what it says of
        the open folder beside the usual; None leaves that out.
        """
        folders = [{"path": str(self.world.roots[CLOSED]), "visibility": "private"}]
        if opened is not None:
            folders.insert(0, {"path": str(self.world.roots[OPEN]), "visibility": "public", **opened})
        folders.append({"path": str(self.where / BAIT), "visibility": "public"})
        if self.state is not None:
            more["state_dir"] = str(self.state)
        if self.base_url is not None:
            more["account"] = {"url": self.base_url, "key_file": str(self.where / "key")}
        write_config(self.where, self.server, folders, **more)

    def settle(self) -> None:
        """Wait until folder and account are equal, the daemon says so, and no call changes anything more (promise 1).
        Record what differs when nothing moves, and what was wrong since the last time, if only for a moment.

        Held removals are approved: somebody deleted many files, and meant it.
        """
        wanted = due(self.world.roots, self.world.files())
        self.auditor.forget()
        stalled_s = SHORT_STALLED_S if self.impatient else STALLED_S
        begun = moved_at = asked_at = time.monotonic()
        differences, calls, unsynced = ["nobody looked"], -1, 0
        while (now := time.monotonic()) < min(moved_at + stalled_s, begun + RESTLESS_S):
            time.sleep(POLL_S)
            if not self.daemon.alive and not self.start_again():
                break
            before, differences, calls = (differences, calls), self.auditor.differences(wanted), self._mutations()
            if (differences, calls) != before:
                moved_at = time.monotonic()
            calm = not differences and now - moved_at >= CALM_S
            if calm or now - asked_at > STATUS_EVERY_S:
                asked_at, waited, unsynced = now, unsynced, self._unsynced()
                if unsynced != waited:
                    moved_at = time.monotonic()
                elif calm and not unsynced and self._mutations() == calls:
                    break
        else:
            if not differences and not unsynced:
                self.result.differences.append("calls went on changing things after everything was equal")
        self._record(differences, unsynced)
        self.result.differences += [*self.auditor.leaks(wanted), *self.auditor.spoken_bait()]

    def _record(self, differences: list[str], unsynced: int) -> None:
        self.result.settles += 1
        self.result.files += len(self.world.files())
        self.result.differences += [*differences, *self.ledger.wrongs()]
        self.result.remarks["changes followed"] = self.ledger.changes
        if unsynced:
            self.result.differences.append(f"status: {unsynced} files are not synced: {self.states()}")

    def await_event(self, claim: Callable[[], object], what: str) -> None:
        """Wait for something that must happen; if it does not, that is a difference, and the run is over."""
        try:
            wait_until(claim, EVENT_S, what)
        except AssertionError as error:
            self.result.differences.append(str(error))
            raise GaveUp from error

    def await_write(self) -> None:
        """Return in the moment in which the server writes to its database, or after a while without."""
        before, deadline = self._written(), time.monotonic() + AIM_S
        while self._written() == before and time.monotonic() < deadline:
            time.sleep(LOOK_S)

    def stop_deaf(self) -> None:
        """Have the daemon stand still until the server wrote something down: it will not live to hear of it."""
        if self.daemon.process is not None and self.daemon.alive:
            self.daemon.process.send_signal(signal.SIGSTOP)
            self.await_write()

    def await_news(self, folder: str, name: str) -> None:
        """Write a note, and wait until it is mirrored: until then the daemon looked around, and did what was due."""
        (self.world.roots[folder] / f"{name}.md").write_text(f"{name}\n")
        self.await_event(lambda: any(item["title"] == name for item in self.server.docs()), f"“{name}” is mirrored")

    def _written(self) -> int:
        try:
            return self.database.with_name(f"{self.database.name}-wal").stat().st_mtime_ns
        except FileNotFoundError:  # a server that ended well left none
            return 0

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

    def start_again(self) -> bool:
        """Start the daemon, which ended by itself. Returns whether it may do so; if not, that is a difference."""
        assert self.daemon.process is not None
        code = self.daemon.process.poll()
        expected = code in self.mirror.ends
        if not expected:
            self.result.differences.append(f"the daemon ended by itself with code {code}")
        self.daemon.start()
        return expected

    def end_daemon(self, sign: signal.Signals) -> None:
        """End it by a signal. After SIGTERM it has to end soon, and well."""
        assert self.daemon.process is not None
        well = self.mirror.terminated
        if not self.daemon.has_begun():
            well = (*well, -signal.SIGTERM)  # as any process ends
        code = self._end("daemon", self.daemon.process, sign)
        if sign is signal.SIGTERM and code not in well and not self.daemon.told_of_full_disk():
            self.result.differences.append(f"SIGTERM ended the daemon with code {code}")

    def end_server(self, sign: signal.Signals) -> None:
        """End it by a signal, likewise."""
        assert self.server.process is not None
        code = self._end("server", self.server.process, sign)
        self.server.stop()  # lets go of what was read from it
        if sign is signal.SIGTERM and code != 0:
            self.result.differences.append(f"SIGTERM ended the server with code {code}")

    def _end(self, what: str, process: subprocess.Popen[str], sign: signal.Signals) -> int:
        since = time.monotonic()
        process.send_signal(sign)
        process.send_signal(signal.SIGCONT)  # one that stands still hears SIGTERM only then
        try:
            code = process.wait(ENDS_S)
        except subprocess.TimeoutExpired:
            self.result.differences.append(f"the {what} still ran {ENDS_S:.0f} s after {sign.name}")
            process.kill()
            return process.wait(ENDS_S)
        if sign is signal.SIGTERM:
            took_s = round(time.monotonic() - since, 1)
            self.result.remarks["slowest end in s"] = max(self.result.remarks.get("slowest end in s", 0.0), took_s)
        return code

    def approve(self) -> None:
        """Approve what is held, through the daemon if it runs."""
        for name in self.world.roots:
            picora("approve", name, "--yes", config=self.daemon.config)

    def rescan(self) -> None:
        """Have the daemon look through both folders."""
        picora("rescan", config=self.daemon.config)

    def states(self) -> Mapping[str, int]:
        """How many files are in each state, in all folders together; bait may rest in any state."""
        total: dict[str, int] = {}
        for folder in self.daemon.status()["folders"]:
            for state, number in folder["states"].items():
                if folder["name"] != BAIT or state not in RESTING:
                    total[state] = total.get(state, 0) + number
        return total

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
