"""The daemon as a process: reacting, surviving a killed server, being killed itself."""

import shutil
from pathlib import Path

import pytest

from tests.e2e.harness import Daemon, Server, wait_until, write_config

EXAMPLES = Path(__file__).parents[2] / "examples"


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


def test_a_server_killed_in_the_middle_of_the_first_mirror_loses_nothing(
    tmp_path: Path, server: Server, daemon: Daemon
) -> None:
    notes = tmp_path / "notes"
    make_notes(notes, 300)
    shutil.copytree(EXAMPLES / "podcast", notes / "podcast")
    write_config(tmp_path, server, [{"path": str(notes)}])
    daemon.start()
    wait_until(lambda: len(server.docs()) > 20, 60, "the mirror is under way")
    server.kill()
    server.start()
    wait_until(lambda: len(server.docs()) == 300 and len(server.audio()) == 5, 300, "everything arrived")
    wait_until(lambda: daemon.states() == {"synced": 305}, 60, "the daemon knows it")
    assert daemon.stop() == 0


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
    write_config(tmp_path, server, [{"path": str(podcast)}])
    daemon.start()
    whole = (EXAMPLES / "podcast" / "01 Hello, Picora.mp3").read_bytes()
    with (podcast / "a.mp3").open("wb") as growing:
        for start in range(0, len(whole), len(whole) // 8):
            growing.write(whole[start : start + len(whole) // 8])
            growing.flush()
            with pytest.raises(AssertionError):
                wait_until(server.audio, 0.6, "nothing may arrive")
    wait_until(server.audio, 60, "it arrives when it is whole")
    (item,) = server.audio()
    assert item["sizeBytes"] == len(whole)
    assert server.requests()["POST /v1/audio"] == 1
    assert daemon.stop() == 0


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
    assert len(server.docs()) == 5
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
