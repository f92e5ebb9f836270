"""A folder full of trouble: every odd file gets a sentence, and never stops the others."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import Server, picora, write_config

GOOD = "good.md"


def build(root: Path) -> None:
    """Everything the issue names, in one tree."""
    root.mkdir()
    (root / GOOD).write_text("# Good\n")
    (root / "zero.mp3").touch()
    (root / "wrong.flac").write_bytes(b"this is no audio at all")
    (root / "latin1.md").write_bytes("Käse\n".encode("latin-1"))
    (root / "bom.md").write_bytes(b"\xef\xbb\xbf# With BOM\n")
    (root / "crlf.md").write_bytes(b"# Windows\r\n\r\ntext\r\n")
    (root / "nul.md").write_bytes(b"# a\x00b\n")
    (root / "blank.md").write_text(" \n\t\n")
    (root / "bad yaml.md").write_text("---\ntitle: [unclosed\npublic: true\n---\ntext\n")
    with (root / "huge.md").open("wb") as huge:
        huge.truncate(100 << 20)
    (root / "new\nline.md").write_text("newline\n")
    (root / "emoji 🎧 “quotes” \"double\" 'single'.md").write_text("emoji\n")
    (root / "caf\u00e9.md").write_text("composed\n")
    (root / "cafe\u0301.md").write_text("decomposed\n")
    (root / ("x" * 252 + ".md")).write_text("long name\n")
    with open(os.fsencode(root) + b"/not-utf8-\xff.md", "wb") as raw:  # noqa: PTH123  (a name no Path can be made of)
        raw.write(b"bytes\n")
    (root / "directory.md").mkdir()
    (root / "directory.md" / "inside.md").write_text("inside\n")
    os.mkfifo(root / "fifo.md")
    (root / "loop").symlink_to(root, target_is_directory=True)
    (root / "dangling.md").symlink_to(root / "nothing.md")
    (root / "outside.md").symlink_to("/etc/hostname")
    with socket.socket(socket.AF_UNIX) as unix:
        here = Path.cwd()
        os.chdir(root)  # socket paths are short
        unix.bind("socket.md")
        os.chdir(here)


EXPECTED = {
    GOOD: "synced",
    "zero.mp3": "blocked",
    "wrong.flac": "blocked",
    "latin1.md": "blocked",
    "bom.md": "synced",
    "crlf.md": "synced",
    "nul.md": "blocked",
    "blank.md": "ignored",
    "bad yaml.md": "synced",
    "huge.md": "blocked",
    "new\nline.md": "synced",
    "emoji 🎧 “quotes” \"double\" 'single'.md": "synced",
    "caf\u00e9.md": "synced",
    "cafe\u0301.md": "synced",
    "x" * 252 + ".md": "synced",
    "directory.md/inside.md": "synced",
    "fifo.md": "ignored",
    "dangling.md": "ignored",
    "outside.md": "ignored",
    "socket.md": "ignored",
}


Finished = subprocess.CompletedProcess[str]
Seen = tuple[Finished, list[dict[str, Any]], list[dict[str, Any]], Finished, str]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    where = tmp_path_factory.mktemp("hostile")
    server = Server(where / "picora").start()
    try:
        build(where / "notes")
        config = write_config(where, server, [{"path": str(where / "notes")}])
        done = picora("sync", "--json", config=config)
        listed = json.loads(picora("ls", "--json", config=config).stdout)
        again = picora("sync", "--json", config=config)
        tables = picora("ls", config=config).stdout + picora("problems", config=config).stdout
        yield done, listed, server.docs(), again, tables
    finally:
        server.stop()


@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: ascii(path[:20]))
def test_each_file_has_its_state(outcome: Seen, path: str) -> None:
    states = {item["path"]: item["state"] for item in outcome[1]}
    assert states[path] == EXPECTED[path]


def test_a_name_that_is_no_utf8_is_mirrored_under_a_name_that_is(outcome: Seen) -> None:
    names = {doc["filename"]: doc["title"] for doc in outcome[2]}
    assert names["not-utf8-_.md"] == "not-utf8-\ufffd"


def test_the_pass_ends_with_1_and_names_each_blocked_file_with_a_hint(outcome: Seen) -> None:
    done = outcome[0]
    assert done.returncode == 1, done.stderr
    problems = {problem["path"]: problem for problem in json.loads(done.stdout)["problems"]}
    for path, state in EXPECTED.items():
        if state == "blocked":
            assert problems[path]["message"], path
            assert problems[path]["hint"], path


def test_a_bad_frontmatter_means_private(outcome: Seen) -> None:
    (doc,) = [doc for doc in outcome[2] if doc["filename"] == "bad yaml.md"]
    assert doc["isPublic"] is False


def test_both_spellings_of_a_name_are_kept_apart(outcome: Seen) -> None:
    assert [doc["title"] for doc in outcome[2]].count("caf\u00e9") == 2


def test_a_second_pass_changes_nothing(outcome: Seen) -> None:
    report = json.loads(outcome[3].stdout)
    assert (report["uploaded"], report["patched"], report["deleted"]) == (0, 0, 0)


def test_tables_hold_no_control_characters(outcome: Seen) -> None:
    assert not [c for c in outcome[4] if ord(c) < 32 and c != "\n"]
