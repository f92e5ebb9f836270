"""Everything a person can order while somebody edits and the daemon is killed; then folder and account are compared."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.e2e.harness import picora
from tests.soak.result import Result
from tests.soak.rig import Rig
from tests.soak.world import CLOSED, OPEN, Mutator, seeded

WELL = (0, 1, 3)
"""1: something is blocked, held, or not to be done now; the command says what. 3: nothing runs, says ``status``."""
KILLED = 0.25
"""The share of orders after which the daemon is killed, or ended."""
ABSENT = 0.3
"""The share of kills after which the next order finds no daemon."""

_CONFIGURATIONS: Sequence[Mapping[str, Any]] = (
    {},
    {"visibility": "private"},
    {"tags": ["soaked"]},
    {"ignore": ["sub/**"]},
    {"select": "published"},
    {"delete_after": "20s"},
)
"""What is said of the open folder for a while."""


def run(where: Path, seed: int, *, orders: int, round_of: int = 25, short: bool = False) -> Result:
    """Give so many orders; settle, compare and rebuild the index after every ``round_of`` of them."""
    result = Result("orders", seed)
    with Rig(where, result, impatient=short, files=24 if short else 60) as rig:
        rig.world.fill(rig.files)
        rig.daemon.start()
        with Mutator(rig.world, seeded(f"edits {seed}"), longest_pause_s=0.4) as mutator:
            while result.faults < orders and not result.differences:
                for _ in range(min(round_of, orders - result.faults)):
                    _order(rig)
                    _perhaps_kill(rig)
                with mutator.pause():
                    _as_configured(rig)
                    rig.settle()
                    if not result.differences:
                        _rebuild(rig)
    return result


def _order(rig: Rig) -> None:
    time.sleep(rig.rng.uniform(0.0, 1.0))
    name = rig.rng.choice(tuple(_ORDERS))
    rig.result.faults += 1
    rig.result.remarks[name] = rig.result.remarks.get(name, 0) + 1
    _ORDERS[name](rig)


def _ask(rig: Rig, *arguments: str) -> None:
    """Whoever runs, and whatever befalls it: a command ends well, or says what is the matter."""
    done = picora(*arguments, config=rig.daemon.config)
    if done.returncode not in WELL:
        rig.result.differences.append(f"`{' '.join(arguments)}` ended with {done.returncode}: {done.stderr[-500:]}")


def _folder(rig: Rig) -> str:
    return rig.rng.choice((OPEN, CLOSED))


def _reconfigure(rig: Rig) -> None:
    rig.configure(rig.rng.choice(_CONFIGURATIONS))
    _reload(rig)


def _reload(rig: Rig) -> None:
    if rig.daemon.alive:
        _ask(rig, "reload")


def _forget(rig: Rig) -> None:
    """The open folder is taken out, everything of it is deleted, and it is put in again."""
    rig.configure(None)
    _reload(rig)
    _ask(rig, "forget", OPEN, "--delete", "--yes")
    rig.configure()
    _reload(rig)


_ORDERS: Mapping[str, Callable[[Rig], None]] = {
    "pause": lambda rig: _ask(rig, "pause", _folder(rig)),
    "pause all": lambda rig: _ask(rig, "pause"),
    "resume": lambda rig: _ask(rig, "resume", _folder(rig)),
    "resume all": lambda rig: _ask(rig, "resume"),
    "rescan": lambda rig: _ask(rig, "rescan"),
    "resend": lambda rig: _ask(rig, "resend", _folder(rig)),
    "approve": lambda rig: _ask(rig, "approve", _folder(rig), "--yes"),
    "sync": lambda rig: _ask(rig, "sync", "--no-wait"),
    "verify": lambda rig: _ask(rig, "verify", "--sample", "5"),
    "repair": lambda rig: _ask(rig, "verify", "--repair", "--yes"),
    "plan": lambda rig: _ask(rig, "plan", "--json"),
    "status": lambda rig: _ask(rig, "status"),
    "problems": lambda rig: _ask(rig, "problems"),
    "ls": lambda rig: _ask(rig, "ls"),
    "history": lambda rig: _ask(rig, "history"),
    "another configuration": _reconfigure,
    "the same configuration": _reload,
    "forget": _forget,
}


def _perhaps_kill(rig: Rig) -> None:
    if not rig.daemon.alive:
        rig.daemon.start()
    elif rig.rng.random() < KILLED:
        rig.result.kills += 1
        rig.await_event(rig.daemon.has_begun, "the daemon begins")
        rig.end_daemon(rig.rng.choice((signal.SIGKILL, signal.SIGTERM)))
        if rig.rng.random() >= ABSENT:
            rig.daemon.start()


def _as_configured(rig: Rig) -> None:
    """Take back what was ordered."""
    if not rig.daemon.alive:
        rig.daemon.start()
    rig.configure()
    _ask(rig, "reload")
    _ask(rig, "resume")


def _rebuild(rig: Rig) -> None:
    """The index is lost: a new one finds everything again, and nothing changes."""
    rig.end_daemon(signal.SIGTERM)
    shutil.rmtree(rig.where / "state")
    _ask(rig, "rebuild", "--claim")
    before = _uploads(rig)
    rig.daemon.start()
    rig.settle()
    if (more := _uploads(rig) - before) and not rig.result.differences:
        rig.result.differences.append(f"{more} uploads after the index was rebuilt")


def _uploads(rig: Rig) -> int:
    return sum(number for call, number in rig.server.requests().items() if call in ("POST /v1/docs", "POST /v1/audio"))
