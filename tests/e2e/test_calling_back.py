"""What an older picora-sync published of notes that were meant to be private is called back by the next start."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.harness import Daemon, Server, picora, wait_until, write_config

ROOT = Path(__file__).parents[2]
OLDER = str(Path(__file__).with_name("older.py"))
CHANGING = re.compile(r'"?(POST|PATCH|DELETE) /v1/')
SECRETS = {
    "no space.md": "---\npublish:false\n---\nSECRET 1\n",
    "unclosed.md": "---\npublish: false\n\nSECRET 2\n",
    "cr.md": "---\rpublish: false\r---\rSECRET 3\r",
    "toml.md": "+++\npublish = false\n+++\nSECRET 4\n",
}


@pytest.fixture
def published(tmp_path: Path, server: Server) -> Path:
    """A folder that an older version published, and a note that was written since."""
    notes = tmp_path / "notes"
    notes.mkdir()
    for name, text in (SECRETS | {"plain.md": "open [[link]]\n", "comment.md": "told %%SECRET 5%% all\n"}).items():
        (notes / name).write_bytes(text.encode())
    # What is hashed sooner after it was written is hashed again, and then sent as it is sent today.
    settle = {"quiet": "2500ms", "at_most": "5s"}
    config = write_config(tmp_path, server, [{"path": str(notes), "visibility": "public", "settle": settle}])
    command = [sys.executable, OLDER, "--config", str(config), "sync"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    assert {doc["filename"]: doc["isPublic"] for doc in server.docs()} == dict.fromkeys(
        (*SECRETS, "plain.md", "comment.md"), True
    )
    (notes / "new.md").write_text("written since\n")
    return config


def changing(server: Server, since: int) -> list[str]:
    """The calls that changed something, in their order, from a place of the access log on."""
    server.requests()  # the log catches up
    return CHANGING.findall(server.log.read_text()[since:])


def shown(server: Server) -> dict[str, bool]:
    return {doc["filename"]: doc["isPublic"] for doc in server.docs()}


def expect_called_back(server: Server, since: int) -> None:
    assert {name for name, public in shown(server).items() if not public} == set(SECRETS)
    calls = changing(server, since)
    assert calls[:5] == ["PATCH"] * 5
    assert sorted(calls[5:]) == ["DELETE", "POST", "POST"], "the note with a comment, and the new one"
    with server.client() as client:
        texts = [client.get(f"/v1/docs/{doc['id']}/raw").text for doc in server.docs() if doc["isPublic"]]
    assert sorted(texts) == ["open [[link]]\n", "told  all\n", "written since\n"]


def test_one_sync_calls_back_what_leaked_and_sends_nothing_else(published: Path, server: Server) -> None:
    planned = json.loads(picora("plan", "--json", config=published).stdout)
    assert set(SECRETS) <= {each["path"] for each in planned["actions"] if each["op"] == "patch"}
    since = server.log.stat().st_size
    assert picora("sync", config=published).returncode == 0
    expect_called_back(server, since)
    listed = {each["path"]: each["code"] for each in json.loads(picora("problems", "--json", config=published).stdout)}
    assert set(SECRETS) - {"toml.md"} <= set(listed)
    since = server.log.stat().st_size
    picora("sync", config=published)
    assert changing(server, since) == []


@pytest.mark.usefixtures("published")
def test_a_daemon_that_is_killed_meanwhile_goes_on(server: Server, daemon: Daemon) -> None:
    since = server.log.stat().st_size
    daemon.start()
    wait_until(lambda: "PATCH" in changing(server, since), 60, "the first one is private")
    daemon.kill()
    daemon.start()
    done = {"plain.md": True, "comment.md": True, "new.md": True, **dict.fromkeys(SECRETS, False)}
    wait_until(lambda: len(server.docs()) == len(done) and shown(server) == done, 60, "all is done")
    calls = changing(server, since)
    assert calls.index("POST") >= len(SECRETS) + 1, "all is private before anything is sent"
    daemon.stop()
