"""A note turns private although the rules of its directory cannot be read: nothing else is done there meanwhile."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.harness import Daemon, Server, picora, wait_until, write_config

PUBLIC, PRIVATE = "---\npublic: true\n---\ntext\n", "---\npublic: false\n---\ntext\n"


def _nonsense(rules: Path) -> None:
    rules.write_text("[a-[a-[\n")


def _pipe(rules: Path) -> None:
    os.mkfifo(rules)


def _too_many(rules: Path) -> None:
    rules.write_text("".join(f"a*{n}\n" for n in range(3000)))


def _is_public(server: Server) -> bool:
    return any(doc["isPublic"] for doc in server.docs())


@pytest.mark.parametrize("spoil", [_nonsense, _pipe, _too_many])
@pytest.mark.parametrize("where", ["", "sub"])
def test_one_sync_hears_it(tmp_path: Path, server: Server, spoil: Callable[[Path], None], where: str) -> None:
    note = tmp_path / "notes" / "sub" / "deep" / "c.md"
    note.parent.mkdir(parents=True)
    note.write_text(PUBLIC)
    config = write_config(tmp_path, server, [{"path": str(tmp_path / "notes")}])
    assert picora("sync", config=config).returncode == 0
    assert _is_public(server)
    spoil(tmp_path / "notes" / where / ".picoraignore")
    note.write_text(PRIVATE)
    assert picora("sync", config=config).returncode == 1
    assert not _is_public(server)
    (told,) = json.loads(picora("problems", "--json", config=config).stdout)
    assert told["path"] == where
    assert told["hint"]
    assert picora("status", config=config).returncode == 1
    assert len(server.docs()) == 1


def test_a_daemon_hears_it_within_seconds(tmp_path: Path, server: Server, daemon: Daemon) -> None:
    note = tmp_path / "notes" / "c.md"
    note.parent.mkdir()
    note.write_text(PUBLIC)
    write_config(tmp_path, server, [{"path": str(tmp_path / "notes")}])
    daemon.start()
    wait_until(lambda: _is_public(server), 60, "it is public")
    _nonsense(tmp_path / "notes" / ".picoraignore")
    note.write_text(PRIVATE)
    wait_until(lambda: not _is_public(server), 20, "it is private")
    assert daemon.stop() == 0
