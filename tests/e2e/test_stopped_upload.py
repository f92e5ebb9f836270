"""An upload that our own end cuts is sent again at once by the next process, and nothing is asked or stored twice."""

from __future__ import annotations

from pathlib import Path

from picora_sync.report import LIVE_NAME, Live
from tests.e2e.harness import Daemon, Server, wait_until, write_config

SOUND = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x64" * (1 << 19)


def _is_being_sent(snapshot: Path) -> bool:
    live = Live.read(snapshot)
    return live is not None and any(each.sent_bytes for each in live.transfers)


def test_the_next_process_sends_it_without_asking(tmp_path: Path, server: Server, daemon: Daemon) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "long.mp3").write_bytes(SOUND)
    write_config(tmp_path, server, [{"path": str(notes)}], max_upload_rate="100KB")
    daemon.start()
    wait_until(lambda: _is_being_sent(tmp_path / "state" / LIVE_NAME), 60, "it is being sent")
    assert daemon.stop() == 0
    assert server.audio() == []
    write_config(tmp_path, server, [{"path": str(notes)}])
    daemon.start()
    wait_until(lambda: len(server.audio()) == 1, 45, "it is sent again, before the 90 s of a doubt are over")
    assert daemon.stop() == 0
    assert server.requests()["GET /v1/sync/state"] <= 2  # the survey of each process, and no search
