"""The daemon as a process: reacting, surviving a killed server, being killed itself."""

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import Daemon, Server, wait_until, write_config
from tests.soak.mirror import IMPATIENT

EXAMPLES = Path(__file__).parents[2] / "examples"
QUIET_S, AT_MOST_S, GROWS_EVERY_S = 2.0, 3.0, 0.2


def titles(server: Server) -> list[str]:
    return sorted(doc["title"] for doc in server.docs())


def make_notes(folder: Path, number: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(number):
        (folder / f"n{i}.md").write_text(f"note {i}\n")


def test_it_follows_edits_renames_moves_and_deletions(tmp_path: Path, server: Server, daemon: Daemon) -> None:
    notes = tmp_path / "notes"
    make_notes(notes, 5)
    write_config(tmp_path, server, [{"path": str(notes)}])
    daemon.start()
    wait_until(lambda: titles(server) == ["n0", "n1", "n2", "n3", "n4"], 60, "first mirror")
    ids = {doc["title"]: doc["id"] for doc in server.docs()}
    (notes / "n0.md").write_text("# Edited\n")
    (notes / "n1.md").rename(notes / "renamed.md")
    (notes / "sub").mkdir()
    (notes / "n2.md").rename(notes / "sub" / "n2.md")
    (notes / "n3.md").unlink()
    wait_until(lambda: titles(server) == ["Edited", "n2", "n4", "renamed"], 60, "all four changes")
    after = {doc["title"]: doc["id"] for doc in server.docs()}
    assert after["renamed"] == ids["n1"]
    assert after["n2"] == ids["n2"]
    assert daemon.states() == {"synced": 4}
    assert daemon.stop() == 0


class Impatient(Daemon):
    """It asks soon what became of an upload that was cut off."""

    def command(self) -> list[str]:
        return [sys.executable, IMPATIENT, "--config", str(self.config), "run"]


@pytest.fixture
def impatient(daemon: Daemon) -> Iterator[Impatient]:
    made = Impatient(daemon.config, daemon.log)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill()


def test_a_server_killed_in_the_middle_of_the_first_mirror_loses_nothing(
    tmp_path: Path, server: Server, impatient: Impatient
) -> None:
    notes = tmp_path / "notes"
    make_notes(notes, 300)
    shutil.copytree(EXAMPLES / "podcast", notes / "podcast")
    write_config(tmp_path, server, [{"path": str(notes)}])
    impatient.start()
    wait_until(lambda: len(server.docs()) > 20, 60, "the mirror is under way")
    server.kill()
    server.start()
    wait_until(lambda: len(server.docs()) == 300 and len(server.audio()) == 5, 300, "everything arrived")
    wait_until(lambda: impatient.states() == {"synced": 305}, 60, "the daemon knows it")
    assert impatient.stop() == 0


def test_a_daemon_killed_in_the_middle_goes_on_where_it_was(tmp_path: Path, server: Server, daemon: Daemon) -> None:
    notes = tmp_path / "notes"
    make_notes(notes, 300)
    shutil.copytree(EXAMPLES / "podcast", notes / "podcast")
    write_config(tmp_path, server, [{"path": str(notes)}])
    daemon.start()
    wait_until(lambda: len(server.docs()) > 20, 60, "the mirror is under way")
    daemon.kill()
    daemon.start()
    wait_until(lambda: len(server.docs()) == 300 and len(server.audio()) == 5, 300, "everything arrived, once")
    wait_until(lambda: daemon.states() == {"synced": 305}, 60, "the daemon knows it")
    assert daemon.stop() == 0


def test_it_waits_for_a_server_that_is_not_there_yet(tmp_path: Path, server: Server, daemon: Daemon) -> None:
    notes = tmp_path / "notes"
    make_notes(notes, 3)
    write_config(tmp_path, server, [{"path": str(notes)}])
    server.stop()
    daemon.start()
    wait_until(lambda: daemon.status()["account"]["state"] == "offline", 60, "status says offline")
    server.start()
    wait_until(lambda: titles(server) == ["n0", "n1", "n2"], 90, "mirrored once it is there")
    assert daemon.stop() == 0


def test_a_file_is_never_sent_while_it_grows(tmp_path: Path, server: Server, daemon: Daemon) -> None:
    podcast = tmp_path / "podcast"
    podcast.mkdir()
    settle = {"quiet": f"{QUIET_S}s", "at_most": f"{AT_MOST_S}s"}
    write_config(tmp_path, server, [{"path": str(podcast), "settle": settle}])
    daemon.start()
    whole = (EXAMPLES / "podcast" / "01 Hello, Picora.mp3").read_bytes()
    for _ in range(10):
        before = server.requests()["POST /v1/audio"]
        longest_s = grow(podcast / "a.mp3", whole)
        sent = server.requests()["POST /v1/audio"] - before
        if longest_s < QUIET_S:
            break
        (podcast / "a.mp3").unlink()  # this machine is so busy that half of it could have been taken for all
        wait_until(lambda: not server.audio() and not daemon.states(), 60, "it is forgotten")
    assert sent == 0
    wait_until(server.audio, 60, "it arrives when it is whole")
    (item,) = server.audio()
    assert item["sizeBytes"] == len(whole)
    wait_until(lambda: daemon.states() == {"synced": 1}, 60, "the daemon knows it")
    assert server.requests()["POST /v1/audio"] == before + 1
    assert daemon.stop() == 0


def grow(path: Path, whole: bytes) -> float:
    """Write a file bit by bit, for longer than it may be held back; returns the longest time in which nothing came."""
    pause, pieces = threading.Event(), int(AT_MOST_S / GROWS_EVERY_S) + 1
    longest_s, last_s = 0.0, time.monotonic()
    with path.open("wb", buffering=0) as growing:
        for piece in range(pieces):
            pause.wait(GROWS_EVERY_S)
            growing.write(whole[len(whole) * piece // pieces : len(whole) * (piece + 1) // pieces])
            longest_s, last_s = max(longest_s, time.monotonic() - last_s), time.monotonic()
    return longest_s


def test_a_folder_that_disappears_deletes_nothing(tmp_path: Path, server: Server, daemon: Daemon) -> None:
    notes = tmp_path / "notes"
    make_notes(notes, 5)
    write_config(tmp_path, server, [{"path": str(notes)}])
    daemon.start()
    wait_until(lambda: len(server.docs()) == 5, 60, "first mirror")
    notes.rename(tmp_path / "elsewhere")
    wait_until(lambda: daemon.status()["folders"][0]["watch"] == "missing", 60, "status says missing")
    (tmp_path / "elsewhere").rename(notes)
    (notes / "n0.md").write_text("# Back\n")
    wait_until(lambda: "Back" in titles(server), 90, "it goes on when the folder is back")
    wait_until(lambda: titles(server) == ["Back", "n1", "n2", "n3", "n4"], 90, "the old version is gone")
    deletes = sum(number for call, number in server.requests().items() if call.startswith("DELETE "))
    assert deletes == 1
    assert daemon.stop() == 0


def test_many_deletions_are_held(tmp_path: Path, server: Server, daemon: Daemon) -> None:
    notes = tmp_path / "notes"
    make_notes(notes, 30)
    write_config(tmp_path, server, [{"path": str(notes)}])
    daemon.start()
    wait_until(lambda: len(server.docs()) == 30, 60, "first mirror")
    for i in range(20):
        (notes / f"n{i}.md").unlink()
    wait_until(lambda: daemon.states().get("held") == 20, 60, "they are held")
    assert len(server.docs()) == 30
    assert daemon.stop() == 0


def test_an_image_elsewhere_in_the_vault_is_followed(tmp_path: Path, server: Server, daemon: Daemon) -> None:
    vault = tmp_path / "vault"
    (vault / ".obsidian").mkdir(parents=True)
    (vault / "public").mkdir()
    (vault / "files").mkdir()
    shutil.copy(EXAMPLES / "vault/attachments/chart.png", vault / "files/picture.png")
    (vault / "public" / "note.md").write_text("---\npublic: true\n---\n![[picture.png]]\n")
    write_config(tmp_path, server, [{"path": str(vault / "public")}])
    daemon.start()
    wait_until(lambda: [doc["rewrittenCount"] for doc in server.docs()] == [1], 60, "mirrored with its image")
    before = server.docs()[0]["id"]
    shutil.copy(EXAMPLES / "vault/attachments/red square.png", vault / "files/picture.png")
    wait_until(lambda: [doc["id"] for doc in server.docs()] not in ([before], []), 60, "the note has the new image")
    wait_until(lambda: len(server.docs()) == 1, 60, "the old version is gone")
    assert daemon.stop() == 0
