"""The daemon watches: with too low a limit, after it stood still, and with another folder in its folder's place."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import Daemon, Server, wait_until, write_config

LIMIT = "/proc/sys/user/max_inotify_watches"
DIRECTORIES = 20
TOO_FEW, ENOUGH = 10, 1000
AGAIN_S = 90.0
"""Each minute it is tried again to watch."""


@dataclass
class LimitedDaemon(Daemon):
    """``picora-sync run`` in a user namespace of its own, whose limit of inotify watches is lower."""

    def command(self) -> list[str]:
        return [*in_namespace(f'echo {TOO_FEW} > {LIMIT} && exec "$@"'), *super().command()]

    def allow(self, watches: int) -> None:
        """Set the limit anew, from another process in the same namespace."""
        assert self.process is not None
        entered = ["nsenter", "--target", str(self.process.pid), "--user", "--preserve-credentials"]
        subprocess.run([*entered, "sh", "-c", f"echo {watches} > {LIMIT}"], check=True)


def in_namespace(script: str) -> list[str]:
    """A command that runs this script with what follows as its arguments."""
    return ["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh"]


def why_not_limited() -> str | None:
    """Why this machine cannot lower the limit for a process; None if it can."""
    if sys.platform != "linux":
        return "inotify is Linux's"
    try:
        script = in_namespace(f"echo {TOO_FEW} > {LIMIT}")
        tried = subprocess.run(script, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "there is no unshare here"
    return f"no user namespace whose limits can be set: {tried.stderr.strip()}" if tried.returncode else None


WHY_NOT_LIMITED = why_not_limited()


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[LimitedDaemon]:
    made = LimitedDaemon(tmp_path / "config.yaml", tmp_path / "daemon.log")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill()


def mirrored(tmp_path: Path, server: Server, daemon: Daemon, *names: str) -> Path:
    """A folder of these notes, mirrored by a running daemon."""
    notes = tmp_path / "notes"
    for name in names:
        path = notes / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"note {name}\n")
    write_config(tmp_path, server, [{"path": str(notes)}])
    daemon.start()
    wait_until(lambda: daemon.states() == {"synced": len(names)}, 60, "first mirror")
    return notes


def titles(server: Server) -> list[str]:
    return sorted(doc["title"] for doc in server.docs())


def the_folder(daemon: Daemon) -> dict[str, Any]:
    return dict(daemon.status()["folders"][0])


@pytest.mark.skipif(WHY_NOT_LIMITED is not None, reason=str(WHY_NOT_LIMITED))
def test_a_folder_of_more_directories_than_may_be_watched_is_polled_until_the_limit_is_raised(
    tmp_path: Path, server: Server, limited: LimitedDaemon
) -> None:
    notes = tmp_path / "notes"
    for n in range(DIRECTORIES):
        (notes / f"{n}").mkdir(parents=True)
        (notes / f"{n}" / f"n{n}.md").write_text(f"note {n}\n")
    write_config(tmp_path, server, [{"path": str(notes)}])
    limited.start()
    wait_until(lambda: len(server.docs()) == DIRECTORIES, 60, "first mirror")
    wait_until(lambda: the_folder(limited)["watch"] == "polling", 60, "status says polling")
    assert "sudo sysctl fs.inotify.max_user_watches=" in the_folder(limited)["why"]
    assert "sudo sysctl fs.inotify.max_user_watches=" in limited.log.read_text()
    limited.allow(ENOUGH)
    (notes / "0" / "polled.md").write_text("polled\n")  # no event tells of it
    wait_until(lambda: "polled" in titles(server), AGAIN_S, "found by looking")
    wait_until(lambda: the_folder(limited)["watch"] == "ok", 60, "status says ok")
    (notes / "1" / "watched.md").write_text("watched\n")
    wait_until(lambda: "watched" in titles(server), 60, "found by its event")
    assert limited.stop() == 0


def test_what_changed_while_the_process_stood_still_is_mirrored_once_when_it_goes_on(
    tmp_path: Path, server: Server, daemon: Daemon
) -> None:
    names = (*(f"n{n}" for n in range(30)), *(f"old/o{n}" for n in range(30)))
    notes = mirrored(tmp_path, server, daemon, *names)
    before, ids = server.requests(), {doc["title"]: doc["id"] for doc in server.docs()}
    daemon.send(signal.SIGSTOP)
    for n in range(10):
        (notes / f"n{n}.md").write_text(f"edited {n}\n")
        (notes / f"n{10 + n}.md").rename(notes / f"renamed{n}.md")
        (notes / f"new{n}.md").write_text(f"new {n}\n")
    (notes / "n20.md").unlink()
    (notes / "n21.md").rename(tmp_path / "n21.md")
    (notes / "old").rename(notes / "moved")
    notes.rename(tmp_path / "away")
    (tmp_path / "away").rename(notes)
    (tmp_path / "n21.md").rename(notes / "n21.md")
    daemon.send(signal.SIGCONT)
    wait_until(lambda: daemon.states() == {"synced": 69}, 90, "all changes are mirrored")
    wait_until(lambda: len(server.docs()) == 69, 90, "what was replaced or removed is gone")
    after = {doc["title"]: doc["id"] for doc in server.docs()}
    assert len(after) == 69
    assert [after[f"renamed{n}"] for n in range(10)] == [ids[f"n{10 + n}"] for n in range(10)]
    assert {after[f"o{n}"] for n in range(30)} == {ids[f"o{n}"] for n in range(30)}
    assert after["n21"] == ids["n21"]
    calls = server.requests() - before
    assert (calls["POST /v1/docs"], calls["PATCH /v1/docs/:id"]) == (20, 10)
    (notes / "moved" / "watched.md").write_text("watched\n")
    wait_until(lambda: "watched" in titles(server), 60, "found by its event")
    assert daemon.stop() == 0


def test_another_folder_in_its_place_changes_nothing_until_the_right_one_is_back_and_watched(
    tmp_path: Path, server: Server, daemon: Daemon
) -> None:
    notes = mirrored(tmp_path, server, daemon, *(f"n{n}" for n in range(20)))
    before = server.docs()
    for _ in range(2):
        notes.rename(tmp_path / "away")
        notes.mkdir()
        (notes / "n0.md").write_text("of another folder\n")
        wait_until(lambda: "lost its mark" in the_folder(daemon)["why"], 60, "status says why")
        assert the_folder(daemon)["watch"] == "missing"
        (notes / "n1.md").write_text("of another folder, too\n")
        shutil.rmtree(notes)
        (tmp_path / "away").rename(notes)
        wait_until(lambda: the_folder(daemon)["watch"] == "ok", AGAIN_S, "status says ok")
    assert server.docs() == before
    (notes / "n2.md").write_text("watched\n")
    wait_until(lambda: server.docs() != before, 60, "found by its event")
    assert daemon.stop() == 0
