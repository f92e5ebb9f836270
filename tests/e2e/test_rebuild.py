"""The index is damaged or lost: a new one recognises what Picora holds, and nothing is uploaded twice."""

import json
import shutil
import sqlite3
import struct
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import Daemon, Server, picora, wait_until, write_config

EXAMPLES = Path(__file__).parents[2] / "examples"


def png(number: int) -> bytes:
    """A picture like no other."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\0" + number.to_bytes(3, "big"))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


def make_notes(folder: Path, number: int) -> None:
    """Plain ones, public and private ones with pictures, with frontmatter, and some that are equal."""
    (folder / "img").mkdir(parents=True)
    for i in range(number):
        head = f"---\ntitle: Note {i}\npublic: {'true' if i % 2 else 'false'}\ntags: [a, b{i}]\n---\n"
        picture = ""
        if i % 3 == 0:
            (folder / "img" / f"{i}.png").write_bytes(png(i))
            picture = f"![first](img/{i}.png) and again ![[{i}.png|300]]\n"
        text = "The same words in many notes.\n" if i % 20 == 7 else f"{head}Note number {i}, ünïcode.\n\n{picture}"
        path = folder / f"{i % 5}" / f"note {i}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def make_audio(folder: Path, number: int) -> None:
    folder.mkdir()
    sound = next((EXAMPLES / "podcast").glob("*.mp3")).read_bytes()
    for i in range(number):
        (folder / f"episode {i}.mp3").write_bytes(sound + b"\0" * (i % 2) + bytes([i]))


def rebuild(config: Path, *options: str, code: int = 0) -> dict[str, Any]:
    done = picora("rebuild", "--json", *options, config=config, within_s=120)
    assert done.returncode == code, done.stderr
    return dict(json.loads(done.stdout)) if done.stdout else {}


def sync(config: Path) -> dict[str, Any]:
    done = picora("sync", "--json", config=config, within_s=120)
    assert done.returncode in (0, 1), done.stderr
    return dict(json.loads(done.stdout))


def uploads(server: Server) -> int:
    return sum(n for call, n in server.requests().items() if call in ("POST /v1/docs", "POST /v1/audio"))


@pytest.fixture
def config(tmp_path: Path, server: Server) -> Path:
    return write_config(tmp_path, server, [{"path": str(tmp_path / "notes")}, {"path": str(tmp_path / "podcast")}])


def test_after_a_rebuild_of_a_lost_index_nothing_is_uploaded(tmp_path: Path, server: Server, config: Path) -> None:
    make_notes(tmp_path / "notes", 200)
    make_audio(tmp_path / "podcast", 10)
    assert sync(config)["synced"] == 210
    docs, audio, before = server.docs(), server.audio(), uploads(server)
    shutil.rmtree(tmp_path / "state")

    report = rebuild(config)
    assert (report["files"], report["recognised"], report["problems"]) == (210, 210, [])
    assert report["objects"] == len(docs) + 10
    again = sync(config)
    assert (again["synced"], again["uploaded"], again["patched"], again["deleted"]) == (210, 0, 0, 0)
    assert uploads(server) == before
    assert (server.docs(), server.audio()) == (docs, audio)


def test_a_damaged_index_is_put_aside_nothing_runs_without_it_and_a_rebuild_mends_it(
    tmp_path: Path, server: Server, config: Path
) -> None:
    make_notes(tmp_path / "notes", 12)
    make_audio(tmp_path / "podcast", 3)
    assert sync(config)["synced"] == 15
    before = uploads(server)
    index = tmp_path / "state" / "index.sqlite"
    data = bytearray(index.read_bytes())
    data[4096 : len(data) // 2] = b"\xa5" * (len(data) // 2 - 4096)
    index.write_bytes(data)

    for _ in range(2):  # a service manager starts it again and again
        done = picora("sync", config=config)
        assert done.returncode == 1
        assert "picora-sync rebuild" in done.stderr
    (aside,) = index.parent.glob("index.damaged-*.sqlite")
    assert aside.read_bytes() == data
    assert "damaged" in picora("status", config=config).stderr

    assert rebuild(config)["recognised"] == 15
    again = sync(config)
    assert (again["synced"], again["uploaded"], again["deleted"]) == (15, 0, 0)
    assert uploads(server) == before
    assert aside.exists()


def test_a_rebuild_names_what_a_note_was_before_it_became_private(tmp_path: Path, server: Server, config: Path) -> None:
    (tmp_path / "podcast").mkdir()
    make_notes(tmp_path / "notes", 3)
    sync(config)
    shutil.rmtree(tmp_path / "state")
    (tmp_path / "notes" / "1" / "note 1.md").write_text("---\npublic: false\n---\nNo longer for everybody.\n")
    (other,) = rebuild(config)["others"]
    assert (other["kind"], other["title"], other["public"]) == ("doc", "Note 1", True)
    assert other["id"] in {item["id"] for item in server.docs()}
    told = picora("rebuild", config=config)
    assert other["url"] in told.stdout
    assert "1 other object on Picora, left alone" in told.stdout


def test_what_a_rebuild_found_is_deleted_with_its_file_only_if_it_was_claimed(
    tmp_path: Path, server: Server, config: Path
) -> None:
    make_notes(tmp_path / "notes", 30)
    (tmp_path / "podcast").mkdir()
    sync(config)
    number = len(server.docs())
    report = rebuild(config)
    assert Path(report["kept"]).name.startswith("index.replaced-")
    (tmp_path / "notes" / "1" / "note 1.md").unlink()
    assert sync(config)["deleted"] == 0
    assert len(server.docs()) == number

    rebuild(config, "--claim")
    (tmp_path / "notes" / "2" / "note 2.md").unlink()
    assert sync(config)["deleted"] == 1
    assert len(server.docs()) == number - 1


def test_beside_a_daemon_nothing_is_rebuilt(tmp_path: Path, config: Path) -> None:
    make_notes(tmp_path / "notes", 3)
    (tmp_path / "podcast").mkdir()
    daemon = Daemon(config, tmp_path / "daemon.log").start()
    try:
        wait_until(lambda: daemon.status()["running"], 60, "the daemon runs")
        rebuild(config, code=73)
    finally:
        daemon.stop()


def test_a_folder_that_is_not_there_is_not_left_out_of_a_rebuild(tmp_path: Path, config: Path) -> None:
    make_notes(tmp_path / "notes", 3)
    done = picora("rebuild", config=config)
    assert done.returncode == 1
    assert "podcast" in done.stderr
    assert not (tmp_path / "state" / "index.sqlite").exists()


def test_a_rebuild_that_was_interrupted_goes_on_and_meanwhile_nothing_starts_anew(tmp_path: Path, config: Path) -> None:
    make_notes(tmp_path / "notes", 20)
    (tmp_path / "podcast").mkdir()
    sync(config)
    (tmp_path / "state" / "index.sqlite").unlink()
    key = (tmp_path / "key").read_text()
    (tmp_path / "key").write_text("sk_live_" + "x" * 32)
    rebuild(config, code=77)
    assert "interrupted" in picora("sync", config=config).stderr
    (tmp_path / "key").write_text(key)
    assert rebuild(config)["recognised"] == 20
    with closing(sqlite3.connect(tmp_path / "state" / "index.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM binding").fetchone() == (20,)
