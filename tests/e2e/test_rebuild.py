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
