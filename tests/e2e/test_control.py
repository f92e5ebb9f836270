"""Commands beside a running daemon, as real processes: what they ask is done by the daemon, and by nobody else."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from picora_sync.report import LEFT
from tests.e2e.harness import END_S, Daemon, Server, picora, wait_until, write_config

STILL = {"settle": {"quiet": "30m", "at_most": "60m"}, "delete_after": "30m"}
"""Nothing settles before the configuration is another one."""


def configured(tmp_path: Path, server: Server, daemon: Daemon, **folder: Any) -> None:
    """Let a running daemon follow other rules for its notes."""
    write_config(tmp_path, server, [{"path": str(tmp_path / "notes"), **folder}])
    asked(daemon, "reload")


def started(tmp_path: Path, server: Server, daemon: Daemon, number: int, **folder: Any) -> Path:
    """A folder of notes, mirrored by a running daemon."""
    notes = tmp_path / "notes"
    notes.mkdir()
    for i in range(number):
        (notes / f"n{i}.md").write_text(f"note {i}\n")
    write_config(tmp_path, server, [{"path": str(notes), **folder}])
    daemon.start()
    wait_until(lambda: len(server.docs()) == number, 60, "first mirror")
    wait_until(lambda: daemon.states() == {"synced": number} or not number, 60, "the daemon knows it")
    return notes


def asked(daemon: Daemon, *command: str, code: int = 0) -> dict[str, Any]:
    done = picora(*command, "--json", config=daemon.config)
    assert done.returncode == code, done.stderr
    return dict(json.loads(done.stdout))


def title_and_visibility(server: Server) -> list[tuple[str, bool]]:
    return sorted((doc["title"], doc["isPublic"]) for doc in server.docs())


def test_a_paused_folder_keeps_edits_back_over_a_restart_but_not_the_wish_to_be_private(
    tmp_path: Path, server: Server, daemon: Daemon
) -> None:
    notes = started(tmp_path, server, daemon, 2, visibility="public")
    answer = asked(daemon, "pause", "notes")
    assert (answer["folders"], answer["running"]) == ([{"name": "notes", "paused": True, "until": None}], True)
    (notes / "n0.md").write_text("# Edited\n")
    (notes / "n1.md").write_text("---\npublic: false\n---\nsecret\n")
    wait_until(lambda: title_and_visibility(server) == [("n0", True), ("n1", False)], 60, "n1 is private, n0 as before")
    daemon.kill()
    daemon.start()
    wait_until(lambda: daemon.status()["running"] and daemon.states() == {"queued": 2}, 60, "both were seen")
    assert daemon.status()["folders"][0]["paused"] is True
    assert title_and_visibility(server) == [("n0", True), ("n1", False)]
    before = server.requests()["POST /v1/docs"]
    assert asked(daemon, "resume")["folders"] == [{"name": "notes", "paused": False, "until": None}]
    wait_until(lambda: title_and_visibility(server) == [("Edited", True), ("n1", False)], 60, "the edits arrive")
    assert server.requests()["POST /v1/docs"] == before + 2
    assert daemon.stop() == 0


def test_held_removals_are_approved_through_the_daemon(tmp_path: Path, server: Server, daemon: Daemon) -> None:
    notes = started(tmp_path, server, daemon, 30)
    for i in range(15):
        (notes / f"n{i}.md").unlink()
    wait_until(lambda: daemon.states().get("held") == 15, 60, "they are held")
    (notes / "n0.md").write_text("note 0\n")
    wait_until(lambda: daemon.states().get("held") == 14, 60, "one came back")
    answer = asked(daemon, "approve", "notes", "--yes")
    assert (answer["approved"], answer["refused"], answer["running"], len(answer["rows"])) == (14, [], True, 14)
    wait_until(lambda: len(server.docs()) == 16, 60, "the approved ones go")
    wait_until(lambda: daemon.states() == {"synced": 16}, 60, "nothing is left of them")
    assert daemon.stop() == 0


def test_sync_beside_a_daemon_waits_until_the_daemon_has_done_it(
    tmp_path: Path, server: Server, daemon: Daemon
) -> None:
    notes = started(tmp_path, server, daemon, 3)
    configured(tmp_path, server, daemon, **STILL)
    (notes / "n0.md").write_text("# Edited\n")
    (notes / "new.md").write_text("# New\n")
    report = asked(daemon, "sync", "--no-wait")
    assert (report["uploaded"], report["synced"] < 4) == (0, True)
    left = {each["path"] for each in report["problems"] if each["code"] == LEFT}
    assert left >= {"n0.md", "new.md"}  # and what was read so soon after it was written that it is looked at again
    waiting = waiting_sync(daemon)
    (notes / "n0.md").write_text("# Edited once more\n")
    configured(tmp_path, server, daemon)
    told, _ = waiting.communicate(timeout=END_S)
    assert waiting.returncode == 0
    assert "synced   notes/n0.md  private  http" in told
    assert "4 files: 4 synced\n2 uploaded" in told
    assert {title for title, _ in title_and_visibility(server)} == {"Edited once more", "New", "n1", "n2"}
    assert server.requests()["POST /v1/docs"] == 5
    assert daemon.stop() == 0


def waiting_sync(daemon: Daemon) -> subprocess.Popen[str]:
    """A `sync` that has asked the daemon, and waits for notes to settle."""
    before = daemon.log.read_text().count("asked to sync")
    started = subprocess.Popen(
        [sys.executable, "-m", "picora_sync", "--config", str(daemon.config), "sync"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: daemon.log.read_text().count("asked to sync") > before, 60, "the daemon was asked")
    return started


def test_ctrl_c_ends_the_waiting_only(tmp_path: Path, server: Server, daemon: Daemon) -> None:
    notes = started(tmp_path, server, daemon, 1)
    configured(tmp_path, server, daemon, **STILL)
    (notes / "n0.md").write_text("# Edited\n")
    waiting = waiting_sync(daemon)
    waiting.send_signal(signal.SIGINT)
    _, said = waiting.communicate(timeout=END_S)
    assert waiting.returncode == 130
    assert "stopped waiting; the daemon goes on with it" in said
    configured(tmp_path, server, daemon)
    wait_until(lambda: title_and_visibility(server) == [("Edited", False)], 60, "the daemon did it")
    assert daemon.stop() == 0


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        pytest.param(signal.SIGKILL, "the daemon ended before it answered", id="killed"),
        pytest.param(signal.SIGTERM, "the daemon is stopping", id="stopped"),
    ],
)
def test_who_waits_for_a_daemon_that_ends_is_told_so(
    end: signal.Signals, sentence: str, tmp_path: Path, server: Server, daemon: Daemon
) -> None:
    notes = started(tmp_path, server, daemon, 1)
    configured(tmp_path, server, daemon, **STILL)
    (notes / "n0.md").write_text("# Edited\n")
    waiting = waiting_sync(daemon)
    assert daemon.process is not None
    daemon.process.send_signal(end)
    _, said = waiting.communicate(timeout=END_S)
    assert waiting.returncode == 1
    assert sentence in said
    assert "Hint: " in said
    daemon.process.wait(END_S)
    write_config(tmp_path, server, [{"path": str(notes)}])
    assert asked(daemon, "sync")["uploaded"] == 1


def test_a_folder_taken_out_of_the_configuration_is_forgotten_with_what_it_made(
    tmp_path: Path, server: Server, daemon: Daemon
) -> None:
    old = started(tmp_path, server, daemon, 3)
    other = tmp_path / "other"
    other.mkdir()
    (other / "same.md").write_text("note 0\n")
    write_config(tmp_path, server, [{"path": str(old)}, {"path": str(other)}])
    assert asked(daemon, "reload")["folders"] == ["notes", "other"]
    asked(daemon, "sync")
    refused = picora("forget", "notes", "--delete", "--yes", config=daemon.config)
    assert (refused.returncode, "still in the configuration" in refused.stderr) == (2, True)
    write_config(tmp_path, server, [{"path": str(other)}])
    asked(daemon, "reload")
    answer = asked(daemon, "forget", "notes", "--delete", "--yes")
    assert answer == {"folder": "notes", "files": 3, "deleting": 2, "running": True}
    wait_until(lambda: len(server.docs()) == 1, 60, "what only it had is deleted")
    assert [entry["path"] for entry in json.loads(picora("ls", "--json", config=daemon.config).stdout)] == ["same.md"]
    assert sorted(path.name for path in old.iterdir() if path.suffix == ".md") == ["n0.md", "n1.md", "n2.md"]
    assert daemon.stop() == 0


def test_reading_the_configuration_again_leaves_no_thread_and_no_file_behind(
    tmp_path: Path, server: Server, daemon: Daemon
) -> None:
    started(tmp_path, server, daemon, 2)
    assert daemon.process is not None
    process = Path(f"/proc/{daemon.process.pid}")

    def counts() -> tuple[int, int]:
        return sum(1 for _ in (process / "task").iterdir()), sum(1 for _ in (process / "fd").iterdir())

    asked(daemon, "reload")
    wait_until(lambda: daemon.status()["account"]["state"] == "ok", 60, "connected again")
    before = counts()
    good = daemon.config.read_text()
    for _ in range(3):
        asked(daemon, "reload")
        daemon.process.send_signal(signal.SIGHUP)
        asked(daemon, "rescan")
    daemon.config.write_text(good.replace("folders:", "folder:"))
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(
        lambda: "still using the configuration from before" in daemon.log.read_text(), 60, "the wrong one is refused"
    )
    daemon.config.write_text(good)
    wait_until(lambda: counts() <= before, 60, f"no more than {before} threads and files: {counts()}")
    (tmp_path / "notes" / "n0.md").write_text("# Edited\n")
    wait_until(lambda: ("Edited", False) in title_and_visibility(server), 60, "it goes on")
    assert daemon.stop() == 0


def test_an_account_that_refuses_the_new_key_leaves_the_old_configuration_in_force(
    tmp_path: Path, server: Server, daemon: Daemon
) -> None:
    notes = started(tmp_path, server, daemon, 1)
    (tmp_path / "key").write_text("sk_live_" + "x" * 32)
    asked(daemon, "reload")
    wait_until(lambda: "still using the configuration from before" in daemon.log.read_text(), 60, "refused")
    assert daemon.process is not None
    assert daemon.process.poll() is None
    (tmp_path / "key").write_text(server.key)
    asked(daemon, "reload")
    (notes / "n0.md").write_text("# Edited\n")
    wait_until(lambda: title_and_visibility(server) == [("Edited", False)], 60, "the mended one is followed")
    assert daemon.stop() == 0
