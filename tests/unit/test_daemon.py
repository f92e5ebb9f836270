"""The daemon as a whole, without a Picora."""

from __future__ import annotations

import threading
from pathlib import Path

from picora_sync.config.model import AccountConfig, Config, Plan
from picora_sync.core.policy import Folder
from picora_sync.daemon import Daemon
from tests.ports import reserve


class EndsAtFirstWait(threading.Event):
    """A signal that comes while something waits."""

    def wait(self, timeout: float | None = None) -> bool:
        if timeout is None:
            return super().wait()  # who only wants to know of the end
        self.set()
        return True


def test_a_signal_while_picora_is_asked_for_in_vain_ends_the_loop_and_not_the_program(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    stop = EndsAtFirstWait()
    account = AccountConfig(f"http://127.0.0.1:{reserve(stop)}", Plan.PRO, None)
    config = Config(account, (Folder("notes", str(tmp_path / "notes")),), tmp_path / "state")
    with Daemon.open(config, "sk_live_x", stop=stop) as daemon:
        daemon.run(lambda _: None)
    assert stop.is_set()
