"""The index as a database: all of a transaction or nothing, what its disk refuses, and what it reads to answer."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from picora_sync.errors import IndexDamaged, IndexUnwritable
from picora_sync.index import Index
from picora_sync.index.faults import unwritable
from picora_sync.index.files import Files
from picora_sync.index.objects import Objects
from picora_sync.index.schema import migrate
from tests.unit.index.support import PRINT, A, X, Y


def test_a_transaction_is_all_or_nothing(index: Index) -> None:
    def half() -> None:
        with index.transaction():
            index.set_meta("a", "1")
            with index.transaction():
                index.set_meta("b", "2")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert (index.meta("a"), index.meta("b")) == (None, None)
    with index.transaction():
        index.set_meta("a", "1")
    assert index.meta("a") == "1"


def test_what_was_committed_is_there_when_the_index_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    index = Index.open(path)
    index.set_folder("notes", "/vault/\udcff", "id")
    index.folder_scanned("notes", 5.0)
    index.objects.store(X)
    index.close()
    again = Index.open(path)
    assert again.folder("notes") == ("/vault/\udcff", "id", 5.0)
    assert again.folders() == [("notes", "/vault/\udcff")]
    assert again.folder("other") is None
    assert again.objects.get("x") == X
    again.close()


def test_nobody_else_can_read_a_new_index(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    Index.open(path).close()
    assert path.stat().st_mode & 0o077 == 0


def test_setting_a_folder_again_keeps_when_it_was_scanned(index: Index) -> None:
    index.set_folder("notes", "/a", None)
    index.folder_scanned("notes", 5.0)
    index.set_folder("notes", "/b", "id")
    assert index.folder("notes") == ("/b", "id", 5.0)


def test_an_index_that_cannot_be_made_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(IndexDamaged):
        Index.open(tmp_path / "no such directory" / "index.sqlite")


def full(path: Path) -> Index:
    """An index that may not grow any more."""
    Index.open(path).close()
    index = Index.open(path)
    index._connection.execute("PRAGMA max_page_count = 1")  # noqa: SLF001  # SQLite's own way to a full disk
    return index


def remember_two(index: Index) -> None:
    with index.transaction():
        index.set_meta("small", "1")
        index.set_meta("large", "x" * 100_000)


def test_a_full_disk_is_told_in_a_sentence_and_takes_back_the_whole_transaction(tmp_path: Path) -> None:
    index = full(tmp_path / "index.sqlite")
    with pytest.raises(IndexUnwritable, match="full") as raised:
        remember_two(index)
    assert raised.value.hint
    assert index.meta("small") is None


def test_after_a_full_disk_the_next_transaction_is_as_good_as_any(tmp_path: Path) -> None:
    index = full(tmp_path / "index.sqlite")
    with pytest.raises(IndexUnwritable):
        remember_two(index)
    index._connection.execute("PRAGMA max_page_count = 10000")  # noqa: SLF001  # room was made
    remember_two(index)
    assert len(index.meta("large") or "") == 100_000


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "full"), OSError(errno.EROFS, "read-only")],
    ids=["no room", "read-only"],
)
def test_what_the_disk_refuses_is_no_damage(error: OSError) -> None:
    assert isinstance(unwritable(error), IndexUnwritable)


def test_what_is_no_fault_of_the_disk_is_not_called_so() -> None:
    assert unwritable(sqlite3.OperationalError("no such table")) is None
    assert unwritable(FileNotFoundError(errno.ENOENT, "none")) is None


@pytest.mark.parametrize("name", ["index.sqlite", "a b?c#d%20.sqlite", "ü.sqlite"])
def test_a_reader_beside_the_writer_sees_what_was_committed(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    writer = Index.open(path)
    writer.objects.store(X)
    reader = Index.open_for_reading(path)
    assert reader is not None
    with writer.transaction():
        writer.objects.store(Y)
        assert reader.objects.all() == [X]
    assert reader.objects.all() == [X, Y]
    with pytest.raises(sqlite3.OperationalError):
        reader.set_meta("a", "1")
    reader.close()
    writer.close()


def test_a_copy_in_memory_goes_its_own_way(tmp_path: Path) -> None:
    index = Index.open(tmp_path / "index.sqlite")
    index.objects.store(X)
    copy = index.copy_in_memory()
    copy.objects.forget("x")
    assert copy.objects.get("x") is None
    assert index.objects.get("x") == X
    copy.close()
    index.close()


FEW: dict[str, Callable[[Files, Objects], object]] = {
    "a file": lambda files, _: files.get(A),
    "files bound to an object": lambda files, _: files.bound_to(["x"]),
    "files bound to several": lambda files, _: files.bound_to(["x", "y", "z"]),
    "files that want a content": lambda files, _: files.wanting(["A", "B", "C"]),
    "files that had an inode": lambda files, _: files.with_inode_of(PRINT),
    "files of a name": lambda files, _: files.present_called("a.md", 100),
    "notes that depend on a name": lambda files, _: files.dependents("chart.png"),
    "files below a directory": lambda files, _: files.any_bound_below("notes", "d"),
    "objects by id": lambda _, objects: objects.live(["x", "y", "z"]),
    "objects by content": lambda _, objects: objects.holding(["A", "B", "C"]),
    "orphans": lambda _, objects: objects.orphans(),
    "objects whose deletion is not confirmed": lambda _, objects: objects.doomed(),
    "objects that may be deleted": lambda _, objects: objects.deletable(),
}


@pytest.mark.parametrize("ask", FEW.values(), ids=FEW.keys())
def test_what_each_turn_asks_for_is_found_without_reading_the_whole_index(
    ask: Callable[[Files, Objects], object],
) -> None:
    connection = sqlite3.connect(":memory:")
    migrate(connection)
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    ask(Files(connection), Objects(connection))
    connection.set_trace_callback(None)
    steps = [str(row[3]) for query in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {query}")]
    connection.close()
    assert steps
    assert [step for step in steps if step.startswith("SCAN")] == []
