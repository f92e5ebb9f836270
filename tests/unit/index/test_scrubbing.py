from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from picora_sync.core.model import FileRef, Problem
from picora_sync.index import Index
from picora_sync.index.scrubbing import MARK, overwrite

KEY = "sk_live_" + "Zq7-" * 8
SAID = f'Unknown header "Authorization: Bearer {KEY}"'


def old_index(path: Path) -> None:
    """As an older picora-sync left it: with the key in rows, in what was deleted, and in its journal."""
    with closing(Index.open(path)) as index, index.transaction():
        for number in range(40):
            index.files.remark(FileRef("notes", f"{number}.md"), Problem("SERVER_FAULT", SAID, KEY))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("DELETE FROM meta WHERE key = ?", (MARK,))
        connection.execute("INSERT INTO meta VALUES ('trouble', ?)", (SAID,))
        connection.execute("DELETE FROM problem WHERE path > CAST('2' AS BLOB)")


def everything(directory: Path) -> bytes:
    return b"".join(file.read_bytes() for file in directory.iterdir())


def test_a_key_that_was_stored_is_nowhere_after_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    old_index(path)
    for name in ("index.version-4.sqlite", "index.damaged-20260502-093000.sqlite", "index.left-1.sqlite-wal"):
        (tmp_path / name).write_bytes(b"\0garbage\0" * 200_000 + SAID.encode() + b"\0" + path.read_bytes())
    assert KEY.encode() in everything(tmp_path)
    with closing(Index.open(path)) as index:
        messages = {problem.message for _ref, problem, _blocking in index.files.problems()}
        assert KEY.encode() not in everything(tmp_path)
        assert messages
        assert all("Unknown header" in message for message in messages)
    assert KEY.encode() not in everything(tmp_path)


def test_it_is_done_once(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    old_index(path)
    Index.open(path).close()
    copy = tmp_path / "index.version-4.sqlite"
    copy.write_text(SAID)
    Index.open(path).close()
    assert copy.read_text() == SAID


def test_a_copy_keeps_its_length_and_all_else(tmp_path: Path) -> None:
    file = tmp_path / "copy"
    for before in (0, 1, (1 << 20) - 20, 1 << 20, (2 << 20) - 1):
        file.write_bytes(b"a" * before + b"\0" + KEY.encode() + b"\0tail")
        overwrite(file)
        assert file.read_bytes() == b"a" * before + b"\0" + b"x" * len(KEY) + b"\0tail"


def test_a_new_index_needs_no_scrubbing(tmp_path: Path) -> None:
    with closing(Index.open(tmp_path / "index.sqlite")) as index:
        assert index.meta(MARK) == "1"


def test_what_is_deleted_later_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    with closing(Index.open(path)) as index:
        with index.transaction():
            index.files.remark(FileRef("notes", "a.md"), Problem("X", "a sentence that nothing else holds"))
        with index.transaction():
            index.files.retract("X")
    assert b"a sentence that nothing else holds" not in path.read_bytes()


@pytest.mark.parametrize("name", ["index.version-1.sqlite", "index.replaced-1.sqlite-wal"])
def test_a_copy_that_cannot_be_written_keeps_nobody_from_starting(name: str, tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    old_index(path)
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    Index.open(path).close()
