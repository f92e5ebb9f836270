"""A damaged index is put aside and never deleted; a migration leaves the old version beside the new one."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from picora_sync.errors import IndexDamaged
from picora_sync.index import Index
from picora_sync.index.safety import put_aside
from picora_sync.index.schema import MIGRATIONS, migrate, version_of

V2 = "ALTER TABLE meta ADD COLUMN note TEXT;"
BROKEN = "ALTER TABLE meta ADD COLUMN note TEXT; INSERT INTO none VALUES (1);"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An index with something in it, closed."""
    path = tmp_path / "index.sqlite"
    with closing(Index.open(path)) as index, index.transaction():
        for number in range(2000):
            index.set_meta(f"key {number}", "x" * 200)
    return path


def spoil(path: Path) -> bytes:
    """Overwrite the middle of the file; returns what it is then."""
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 2] = b"\xa5" * (len(data) // 2 - len(data) // 3)
    path.write_bytes(data)
    return bytes(data)


def rewrite_all(index: Index) -> None:
    with index.transaction():
        for number in range(2000):
            index.set_meta(f"key {number}", "y" * 500)


def columns(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[1] for row in connection.execute("PRAGMA table_info(meta)")]


def pragma(index: Index, name: str) -> object:
    found = index._connection.execute(f"PRAGMA {name}").fetchone()  # noqa: SLF001  # nothing of ours asks for it
    return None if found is None else found[0]


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return version_of(connection)


# --- damage -----------------------------------------------------------------------------------------------------------


def test_a_damaged_index_is_renamed_as_it_is_and_the_message_says_what_to_do(path: Path) -> None:
    data = spoil(path)
    with pytest.raises(IndexDamaged) as raised:
        Index.open(path)
    assert not path.exists()
    (aside,) = path.parent.glob("index.damaged-*.sqlite")
    assert aside.read_bytes() == data
    assert str(aside) in raised.value.message
    assert "picora-sync rebuild" in raised.value.hint


def test_what_is_no_database_is_put_aside_too(path: Path) -> None:
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(IndexDamaged, match="damaged"):
        Index.open(path)
    assert list(path.parent.glob("index.damaged-*.sqlite"))


def test_as_long_as_nothing_took_its_place_no_new_index_is_made(path: Path) -> None:
    spoil(path)
    for _ in range(3):
        with pytest.raises(IndexDamaged, match="renamed"):
            Index.open(path)
    with pytest.raises(IndexDamaged, match="renamed"):
        Index.open_for_reading(path)
    assert not path.exists()


def test_an_index_that_took_its_place_is_opened_beside_the_damaged_one(path: Path) -> None:
    spoil(path)
    with pytest.raises(IndexDamaged):
        Index.open(path)
    Index.in_memory().close()
    with closing(sqlite3.connect(path)) as connection:
        migrate(connection)
    Index.open(path).close()


def test_two_damaged_indexes_of_one_second_are_both_kept(path: Path) -> None:
    for data in (b"one", b"two"):
        path.write_bytes(data)
        os.utime(path, (1_777_714_200, 1_777_714_200))
        put_aside(path, "damaged")
    found = sorted(path.parent.glob("index.damaged-*"))
    assert [file.name for file in found] == [
        "index.damaged-20260502-093000-1.sqlite",
        "index.damaged-20260502-093000.sqlite",
    ]
    assert {file.read_bytes() for file in found} == {b"one", b"two"}


def test_the_journal_goes_aside_with_the_index(path: Path) -> None:
    path.with_name("index.sqlite-wal").write_bytes(b"journal")
    aside = put_aside(path, "damaged")
    assert aside.with_name(aside.name + "-wal").read_bytes() == b"journal"
    assert not path.with_name("index.sqlite-wal").exists()


def test_an_index_that_cannot_be_opened_is_not_put_aside(path: Path) -> None:
    path.unlink()
    path.mkdir()
    with pytest.raises(IndexDamaged, match="cannot be used"):
        Index.open(path)
    assert path.is_dir()


def test_looking_at_a_damaged_index_leaves_it_where_it_is(path: Path) -> None:
    data = b"no database at all" * 500
    path.write_bytes(data)
    with pytest.raises(IndexDamaged):
        Index.open_for_reading(path)
    assert path.read_bytes() == data


def test_damage_in_the_definitions_is_quoted_though_it_is_no_text(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE meta", b"CREATE TABLE\xa5meta"))
    with pytest.raises(IndexDamaged, match=r"cannot be read: .*TABLE\\xa5meta"):
        Index.open_for_reading(path)
    with pytest.raises(IndexDamaged, match=r"is damaged .*TABLE\\xa5meta"):
        Index.open(path)


def test_damage_that_is_met_later_is_told_in_a_sentence(path: Path) -> None:
    with closing(Index.open(path)) as index:
        spoil(path)
        pragma(index, "shrink_memory")
        with pytest.raises(IndexDamaged, match="damaged"):
            rewrite_all(index)


def test_nobody_reads_an_index_before_it_was_made(tmp_path: Path) -> None:
    assert Index.open_for_reading(tmp_path / "none.sqlite") is None


def no_bytes(path: Path) -> None:
    path.write_bytes(b"")


def no_tables(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


@pytest.mark.parametrize("emptied", [no_bytes, no_tables])
def test_an_index_that_was_emptied_is_damaged_and_not_new(path: Path, emptied: Callable[[Path], None]) -> None:
    emptied(path)
    with pytest.raises(IndexDamaged, match="it is empty"):
        Index.open_for_reading(path)
    with pytest.raises(IndexDamaged, match="it is empty"):
        Index.open(path)
    assert list(path.parent.glob("index.damaged-*.sqlite"))
    assert not path.exists()


def test_a_crash_while_the_first_index_is_made_leaves_nothing_that_is_taken_for_one(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    with pytest.raises(IndexDamaged):
        Index.open(path, (*MIGRATIONS, BROKEN))
    assert not path.exists()
    with closing(Index.open(path)) as index:
        assert index.folders() == []
    assert path.stat().st_mode & 0o077 == 0


def test_a_crash_while_a_damaged_index_is_put_aside_leaves_none_in_its_place(path: Path) -> None:
    os.utime(path, (1_777_714_200, 1_777_714_200))
    path.with_name("index.sqlite-wal").write_bytes(b"")
    in_the_way = path.with_name("index.damaged-20260502-093000.sqlite-wal")
    (in_the_way / "x").mkdir(parents=True)
    with pytest.raises(OSError, match=r"index\.sqlite-wal"):
        put_aside(path, "damaged")
    shutil.rmtree(in_the_way)
    with pytest.raises(IndexDamaged, match="renamed"):
        Index.open(path)
    assert not path.exists()


def journal_of(other: Path) -> bytes:
    """What a process that died left beside its index: all that it ever wrote."""
    with closing(Index.open(other)) as index, index.transaction():
        index.set_meta("of another", "index")
    with closing(Index.open(other)) as index:
        with index.transaction():
            index.set_meta("of another", "index")
        return other.with_name(f"{other.name}-wal").read_bytes()


@pytest.mark.parametrize("rebuilt", [False, True], ids=["new", "rebuilt"])
def test_a_journal_that_was_left_behind_is_read_into_no_other_index(tmp_path: Path, *, rebuilt: bool) -> None:
    (tmp_path / "other").mkdir()
    path, journal = tmp_path / "index.sqlite", journal_of(tmp_path / "other" / "index.sqlite")
    assert b"of another" in journal
    path.with_name("index.sqlite-wal").write_bytes(journal)
    if rebuilt:
        assert Index.open_successor(path).take_place(path) is None
    with closing(Index.open(path)) as index:
        assert index.meta("of another") is None
    (left,) = tmp_path.glob("index.left-*.sqlite-wal")
    assert left.read_bytes() == journal


# --- migrations -------------------------------------------------------------------------------------------------------


def test_a_migration_leaves_a_copy_of_the_old_version(path: Path) -> None:
    Index.open(path, (*MIGRATIONS, V2)).close()
    copy = path.with_name(f"index.version-{len(MIGRATIONS)}.sqlite")
    assert (version(path), version(copy)) == (len(MIGRATIONS) + 1, len(MIGRATIONS))
    assert ("note" in columns(path), "note" in columns(copy)) == (True, False)
    assert copy.stat().st_mode & 0o077 == 0
    with closing(Index.open_for_reading(copy) or Index.in_memory()) as old:
        assert old.meta("key 1999") == "x" * 200


def test_a_migration_that_fails_changes_nothing(path: Path) -> None:
    with pytest.raises(IndexDamaged, match="cannot be used"):
        Index.open(path, (*MIGRATIONS, BROKEN))
    assert version(path) == len(MIGRATIONS)
    assert "note" not in columns(path)
    Index.open(path).close()


def test_of_several_migrations_those_before_the_failing_one_stand(path: Path) -> None:
    with pytest.raises(IndexDamaged):
        Index.open(path, (*MIGRATIONS, V2, "nonsense;"))
    assert version(path) == len(MIGRATIONS) + 1


def test_a_new_index_is_made_without_a_copy(path: Path) -> None:
    assert not list(path.parent.glob("*version*"))


def test_migrating_twice_changes_nothing(path: Path) -> None:
    for _ in range(2):
        Index.open(path, (*MIGRATIONS, V2)).close()
    with closing(Index.open(path, (*MIGRATIONS, V2))) as index:
        assert index.meta("key 1") == "x" * 200


def test_an_index_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    Index.open(path, (*MIGRATIONS, V2)).close()
    before = path.read_bytes()
    for look in (Index.open, Index.open_for_reading):
        with pytest.raises(IndexDamaged, match="version") as raised:
            look(path)
        assert "newer picora-sync" in raised.value.hint
    assert path.read_bytes() == before


def test_an_older_index_is_read_in_a_copy(path: Path) -> None:
    before = path.read_bytes()
    with closing(Index.open_for_reading(path, (*MIGRATIONS, V2)) or Index.in_memory()) as index:
        assert index.meta("key 1") == "x" * 200
    assert path.read_bytes() == before


def test_what_is_committed_is_on_the_disk(path: Path) -> None:
    with closing(Index.open(path)) as index:
        assert (pragma(index, "journal_mode"), pragma(index, "synchronous")) == ("wal", 2)
