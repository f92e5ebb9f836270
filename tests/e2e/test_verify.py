"""Somebody else works on our objects with the same key: it is found, and put right."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import Daemon, Server, picora, wait_until, write_config
from tests.e2e.test_rebuild import make_audio, make_notes


@pytest.fixture
def config(tmp_path: Path, server: Server) -> Path:
    make_notes(tmp_path / "notes", 20)
    make_audio(tmp_path / "podcast", 3)
    folders = [{"path": str(tmp_path / "notes")}, {"path": str(tmp_path / "podcast")}]
    config = write_config(tmp_path, server, folders)
    assert picora("sync", config=config, within_s=120).returncode == 0
    return config


def verify(config: Path, *options: str, code: int, within_s: float = 60) -> dict[str, Any]:
    done = picora("verify", "--json", *options, config=config, within_s=within_s)
    assert done.returncode == code, done.stderr
    return dict(json.loads(done.stdout)) if done.stdout else {}


def known(docs: list[dict[str, Any]]) -> list[tuple[str, bool, str]]:
    return sorted((doc["title"], doc["isPublic"], doc["filename"]) for doc in docs)


def test_verify_finds_what_somebody_else_did_and_repair_mends_it(tmp_path: Path, server: Server, config: Path) -> None:
    before = known(server.docs())
    report = verify(config, "--sample", "23", code=0)
    assert (report["compared"], report["others"], report["found"]) == (23, 0, [])
    assert (report["sampled"], report["unread"]) == (23, 0)

    private = [doc["id"] for doc in server.docs() if not doc["isPublic"]]
    with server.client() as client:
        assert client.patch(f"/v1/docs/{private[0]}", json={"title": "Theirs"}).is_success
        assert client.patch(f"/v1/docs/{private[1]}", json={"isPublic": True}).is_success
        made = {"filename": "theirs.md", "content": "Theirs", "isPublic": True}
        assert client.post("/v1/docs", json=made).is_success
    daemon = Daemon(config, tmp_path / "daemon.log").start()
    try:
        wait_until(lambda: daemon.status()["running"], 60, "the daemon runs")
        report = verify(config, code=1)
        assert verify(config, "--repair", code=0)["repaired"] == 2
    finally:
        daemon.stop()
    assert sorted((each["what"], each["detail"]) for each in report["found"]) == [
        ("changed", "now public"),
        ("changed", "title"),
    ]
    assert report["others"] == 1
    assert verify(config, "--repair", code=0)["found"] == []
    assert [doc for doc in known(server.docs()) if doc[2] != "theirs.md"] == before

    with server.client() as client:
        assert client.delete(f"/v1/docs/{private[2]}").is_success
    assert [each["what"] for each in verify(config, code=1)["found"]] == ["missing"]


def test_a_running_daemon_makes_private_what_somebody_made_public(tmp_path: Path, server: Server, config: Path) -> None:
    private = next(doc["id"] for doc in server.docs() if not doc["isPublic"])
    config.write_text(f"verify: 2s\n{config.read_text()}")
    daemon = Daemon(config, tmp_path / "daemon.log").start()
    try:
        with server.client() as client:
            assert client.patch(f"/v1/docs/{private}", json={"isPublic": True}).is_success
            wait_until(
                lambda: client.get(f"/v1/docs/{private}").json()["data"]["isPublic"] is False, 60, "it is private again"
            )
    finally:
        daemon.stop()
