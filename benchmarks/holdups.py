"""How long the loop is held up by a large folder, and how soon a note that turns private meanwhile is heard.

    python benchmarks/holdups.py [--notes 100000]

The folder mirrors published notes only, so that nearly all of its files are read and none of them is sent. While it is
looked through, at the start and once more later, notes are saved that are private from then on; the time is from the
save to the PATCH. Exit code 1 if the loop is held up for more than a second, or a note is heard later than its two
seconds of quiet and three more.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from _served import Served, add_options

from picora_sync.config.model import AccountConfig, Config
from picora_sync.core.model import Kind
from picora_sync.core.policy import Folder, Select
from picora_sync.core.ports import Change
from picora_sync.daemon import Daemon

HELD_UP_S = 1.0
HEARD_S = 5.0
LONGEST_S = 1200.0
IN_THE_MIDST_S = 0.1
VAULT = "vault"
PUBLISHED = 20
PUBLIC, PRIVATE = "---\npublic: true\n---\nnote {}\n", "---\npublic: false\n---\nnote {}\n"


@dataclass
class Watcher:
    """What was seen of the loop and of its PATCHes since the last :meth:`told`."""

    longest_s: float = 0.0
    turns: int = 0
    hidden_at: list[float] = field(default_factory=list)
    worst_s: float = 0.0
    latest_s: float = 0.0

    def attach(self, daemon: Daemon) -> None:
        """Time each turn, and note when something becomes private."""
        client = daemon._client  # noqa: SLF001  (watched, not changed)
        turn, patch = daemon.reconciler.turn, client.patch

        def timed_turn() -> None:
            began = time.monotonic()
            turn()
            self.longest_s = max(self.longest_s, time.monotonic() - began)
            self.turns += 1

        def timed_patch(kind: Kind, object_id: str, change: Change) -> None:
            if change.public is False:
                self.hidden_at.append(time.monotonic())
            patch(kind, object_id, change)

        daemon.reconciler.turn = timed_turn  # type: ignore[method-assign]
        client.patch = timed_patch  # type: ignore[method-assign]

    def told(self, what: str, begun: float, saved: float | None = None) -> None:
        """Say what was seen, and begin anew."""
        late_s = 0.0 if saved is None else self.hidden_at[0] - saved
        heard = "" if saved is None else f", private on the wire after {late_s:.2f} s"
        took_s = time.monotonic() - begun
        print(f"{what}: {took_s:.1f} s, {self.turns} turns, the longest took {self.longest_s:.2f} s{heard}", flush=True)
        self.worst_s, self.latest_s = max(self.worst_s, self.longest_s), max(self.latest_s, late_s)
        self.longest_s, self.turns = 0.0, 0
        self.hidden_at.clear()


def main() -> int:
    """Make the folder, mirror it, and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--notes", type=int, default=100_000)
    add_options(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as where, Served.by(options) as served:
        root = Path(where) / "vault"
        _fill(root, options.notes)
        folder = Folder(VAULT, str(root), select=Select.PUBLISHED)
        config = Config(AccountConfig(url=f"http://{served.host}"), (folder,), Path(where) / "state")
        stop, watcher = threading.Event(), Watcher()
        with Daemon.open(config, served.key, stop=stop) as daemon:
            watcher.attach(daemon)
            daemon.connect()
            threading.Thread(target=_steps, args=(daemon, root, watcher, stop), daemon=True).start()
            daemon.run(lambda _: None)
    return 0 if watcher.worst_s <= HELD_UP_S and 0 < watcher.latest_s <= HEARD_S else 1


def _steps(daemon: Daemon, root: Path, watcher: Watcher, stop: threading.Event) -> None:
    try:
        begun = time.monotonic()
        _until(lambda: daemon.reconciler.tally.uploads >= PUBLISHED and not daemon.reconciler.unread())
        watcher.told("looked through for the first time, read, and sent", begun)
        for number in range(2):
            begun = time.monotonic()
            daemon.reconciler.context.queue.rescan(VAULT, "the benchmark asks for it")
            time.sleep(IN_THE_MIDST_S)
            saved = time.monotonic()
            (root / f"public {number}.md").write_text(PRIVATE.format(number))
            _until(lambda: watcher.hidden_at and not daemon.reconciler.working())
            watcher.told("looked through once more", begun, saved)
    finally:
        stop.set()


def _fill(root: Path, notes: int) -> None:
    for number in range(notes):
        directory = root / f"{number // 100:04d}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"{number:06d}.md").write_text(f"note {number}\n")
    for number in range(PUBLISHED):
        (root / f"public {number}.md").write_text(PUBLIC.format(number))


def _until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + LONGEST_S
    while not holds():
        if time.monotonic() > deadline:
            sys.exit("it took too long")
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
