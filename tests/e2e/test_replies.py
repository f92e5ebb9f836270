"""Whatever a server does to its clients, the daemon hears SIGTERM and ends (design §10)."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.e2e.harness import END_S, wait_until
from tests.unit.remote.scripted import ENDLESS, Script, Scripted

ENDS_WITHIN_S = 10.0


@pytest.mark.parametrize("script", ENDLESS.values(), ids=ENDLESS)
def test_sigterm_ends_the_daemon_whatever_the_server_does(script: Script, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "key").write_text("sk_live_" + "k" * 32)
    (tmp_path / "key").chmod(0o600)
    config, log = tmp_path / "config.yaml", tmp_path / "log"
    with Scripted(script).running() as server, log.open("w") as said:
        account = {"url": server.url, "key_file": "key"}
        config.write_text(yaml.safe_dump({"account": account, "state_dir": "state", "folders": [{"path": "notes"}]}))
        command = [sys.executable, "-m", "picora_sync", "--config", str(config), "-v", "run"]
        daemon = subprocess.Popen(command, stdout=said, stderr=said)
        try:
            wait_until(lambda: server.connections, END_S, "the daemon asks the server")
            daemon.send_signal(signal.SIGTERM)
            began_s = time.monotonic()
            assert daemon.wait(END_S) == 0, log.read_text()
            assert time.monotonic() - began_s < ENDS_WITHIN_S
        finally:
            if daemon.poll() is None:
                daemon.kill()
                daemon.wait(END_S)
