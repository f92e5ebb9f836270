"""``verify --repair`` in this process, so that nobody has to wait, with a real server and real files."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from picora_sync.config.load import load_config
from picora_sync.config.model import Config
from picora_sync.control.messages import Repair
from picora_sync.errors import ConfigError, Stopped
from picora_sync.report import VerifyReport
from picora_sync.verify_command import by_itself, repair, verify
from tests.e2e.harness import Server, picora, write_config
from tests.e2e.test_rebuild import make_audio, make_notes

NOTES = 20


class Hurried(threading.Event):
    """The waits between two looks take no time."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def wait(self, timeout: float | None = None) -> bool:
        if timeout == 1.0:
            self.looks += 1
            return self.is_set()
        return super().wait(timeout)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "picora").start()
    yield running
    running.stop()


@pytest.fixture
def config(tmp_path: Path, server: Server) -> Config:
    make_notes(tmp_path / "notes", NOTES)
    make_audio(tmp_path / "podcast", 12)
    file = write_config(tmp_path, server, [{"path": str(tmp_path / "notes")}, {"path": str(tmp_path / "podcast")}])
    assert picora("sync", config=file, within_s=120).returncode == 0
    return load_config(file, {"HOME": str(tmp_path)})


def mend(config: Config, server: Server, *, agrees: bool = False, sample: int = 0) -> tuple[VerifyReport, list[str]]:
    """The report, and what was asked."""
    asked: list[str] = []

    def agree(why: Sequence[str]) -> bool:
        asked.extend(why)
        return agrees

    stop = Hurried()

    def carry_out(order: Repair) -> int:
        return by_itself(config, server.key, stop, order, lambda _: None)

    report = repair(config, server.key, stop, lambda _: None, agree, carry_out, sample=sample)
    assert stop.looks >= (90 if any(each.what == "missing" for each in report.found) else 0)
    return report, asked


def audio(server: Server) -> list[dict[str, Any]]:
    return [item for item in server.audio() if item["type"] == "audio"]


def delete(server: Server, kind: str, number: int) -> None:
    ids = [item["id"] for item in (server.docs() if kind == "docs" else audio(server))]
    with server.client() as client:
        for object_id in ids[:number]:
            assert client.delete(f"/v1/{kind}/{object_id}").is_success


def test_what_vanished_is_made_again(config: Config, server: Server) -> None:
    delete(server, "docs", 1)
    delete(server, "audio", 1)
    report, asked = mend(config, server)
    assert ([each.what for each in report.found], report.repaired, asked) == (["missing", "missing"], 2, [])
    assert (len(server.docs()), len(audio(server))) == (NOTES, 12)
    after = verify(config, server.key, threading.Event(), lambda _: None)
    assert (after.compared, after.found) == (NOTES + 12, [])


def test_what_vanished_is_told_once_although_it_was_to_be_read(config: Config, server: Server) -> None:
    delete(server, "docs", 1)
    delete(server, "audio", 1)
    report = verify(config, server.key, threading.Event(), lambda _: None, sample=100)
    assert [each.what for each in report.found] == ["missing", "missing"]


def test_an_account_that_is_empty_is_filled_again_only_if_a_person_agrees(config: Config, server: Server) -> None:
    delete(server, "docs", NOTES)
    report, asked = mend(config, server)
    assert (len(report.found), report.repaired, report.held) == (NOTES, 0, NOTES)
    assert asked == [f"{NOTES} of the {NOTES} files of notes vanished from Picora"]
    assert server.docs() == []

    report, _ = mend(config, server, agrees=True)
    assert (report.repaired, report.held) == (NOTES, 0)
    assert len(server.docs()) == NOTES


def test_a_signal_ends_the_wait_between_the_looks_and_nothing_is_changed(config: Config, server: Server) -> None:
    delete(server, "docs", 1)
    stop = Hurried()

    def interrupt(progress: object) -> None:
        if "waiting" in str(progress):
            stop.set()

    with pytest.raises(Stopped):
        repair(config, server.key, stop, interrupt, lambda _: True, lambda _: 0)
    assert len(server.docs()) == NOTES - 1


def test_the_index_of_another_account_is_not_compared(config: Config, tmp_path: Path) -> None:
    other = Server(tmp_path / "other").start()
    try:
        elsewhere = Config(type(config.account)(other.url), config.folders, config.state_dir)
        with pytest.raises(ConfigError, match="another account"):
            verify(elsewhere, other.key, threading.Event(), lambda _: None)
    finally:
        other.stop()


def test_content_that_is_not_what_was_sent_is_found_by_reading_and_sent_again(
    config: Config, server: Server, tmp_path: Path
) -> None:
    (blob,) = [
        path
        for path in (tmp_path / "picora").rglob("*")
        if path.is_file() and audio(server)[0]["id"] in path.name and "cover" not in str(path)
    ]
    data = bytearray(blob.read_bytes())
    data[-1] ^= 1
    blob.write_bytes(data)
    report = verify(config, server.key, threading.Event(), lambda _: None, sample=100)
    assert [each.what for each in report.found] == ["content"]
    assert report.sampled == NOTES + 12
    said = picora("verify", "--sample", "100", config=tmp_path / "config.yaml")
    assert (said.returncode, f"--sample {NOTES + 12} --repair" in said.stdout) == (1, True)
    report, asked = mend(config, server, sample=100)
    assert ([each.what for each in report.found], report.repaired, asked) == (["content"], 1, [])
    assert len(audio(server)) == 12
    assert verify(config, server.key, threading.Event(), lambda _: None, sample=100).found == []
