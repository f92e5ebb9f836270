"""The database: its URL, its schema of any age, stamps, shared counts, and what it says when it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from picora_sync.server.errors import CommitUnknown, ServerError, StorageUnavailable
from picora_sync.server.store import uploads
from picora_sync.server.store.blobs import Blobs
from picora_sync.server.store.clock import Stamps
from picora_sync.server.store.counters import Counters, DatabaseCounters, MemoryCounters
from picora_sync.server.store.database import Database
from picora_sync.server.store.object_stores import open_store
from picora_sync.server.store.schema import media, users


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'picora.db'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with closing(Database(url)) as made:
        made.create()
        with made.write() as connection:
            connection.execute(insert(users).values(id="u", plan="pro", created_at=0))
            connection.execute(insert(users).values(id="v", plan="pro", created_at=0))
        yield made


@pytest.mark.parametrize(
    "wrong", ["nonsense", "mysql://host/name", "sqlite+unknown:///x", "postgresql+other://host/x", ""]
)
def test_a_database_url_that_cannot_work_is_refused_with_a_hint(wrong: str) -> None:
    with pytest.raises(ServerError) as refused:
        Database(wrong).create()
    assert refused.value.hint


def test_a_database_that_does_not_answer_is_a_server_error() -> None:
    with pytest.raises(ServerError, match="cannot be used"):
        Database("postgresql://nobody@127.0.0.1:9/none").create()


@pytest.mark.parametrize(
    "wrong", ["s3://", "s3://bucket?secret=x", "s3://user@bucket", "s3://bucket?endpoint", "ftp://x/y"]
)
def test_a_storage_url_that_cannot_work_is_refused_with_a_hint(wrong: str) -> None:
    with pytest.raises(ServerError) as refused:
        open_store(wrong)
    assert refused.value.hint


def test_stamps_strictly_increase_when_the_clock_does_not(database: Database) -> None:
    stamps = Stamps(lambda: 1.5)
    with database.write() as connection:
        assert [stamps.take_ms(connection, "u") for _ in range(3)] == [1500, 1501, 1502]
        assert stamps.take_ms(connection, "v") == 1500


def test_stamps_go_on_behind_the_newest_after_a_restart(database: Database, url: str) -> None:
    with database.write() as connection:
        Stamps(lambda: 2.0).take_ms(connection, "u")
    with closing(Database(url)) as again, again.write() as connection:
        assert Stamps(lambda: 1.0).take_ms(connection, "u") == 2001


def test_a_stamp_of_a_transaction_that_failed_is_not_kept(database: Database) -> None:
    stamps = Stamps(lambda: 1.0)
    with pytest.raises(RuntimeError), database.write() as connection:  # noqa: PT012 - the block is the claim
        stamps.take_ms(connection, "u")
        raise RuntimeError
    with database.write() as connection:
        assert stamps.take_ms(connection, "u") == 1000


def test_a_schema_without_stamps_gets_them_and_goes_on_behind_what_is_stored(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("ALTER TABLE users DROP COLUMN stamp_ms"))
        for newer in ("rate_counts", "trash"):
            connection.execute(text(f"DROP TABLE {newer}"))
        connection.execute(text("INSERT INTO tombstones VALUES ('t', 'u', 'image', 5000)"))
    database.create()
    with database.write() as connection:
        assert [Stamps(lambda: 1.0).take_ms(connection, user) for user in ("u", "v")] == [5001, 1000]


MakeCounters = Callable[[Database], Counters]
COUNTERS: list[MakeCounters] = [lambda _: MemoryCounters(), DatabaseCounters]


@pytest.mark.parametrize("make", COUNTERS, ids=["memory", "database"])
class TestCounters:
    def test_each_request_counts_in_its_tier_and_in_the_total(self, make: MakeCounters, database: Database) -> None:
        counters = make(database)
        assert counters.add("k", ("read", 7), ("hourly", 1)) == (1, 1)
        assert counters.add("k", ("upload", 7), ("hourly", 1)) == (1, 2)
        assert counters.add("k", ("read", 7), ("hourly", 1)) == (2, 3)
        assert counters.look("k", {"read": 7, "upload": 7, "mutation": 7, "hourly": 1}) == {
            "read": 2,
            "upload": 1,
            "mutation": 0,
            "hourly": 3,
        }

    def test_a_new_window_begins_at_one(self, make: MakeCounters, database: Database) -> None:
        counters = make(database)
        counters.add("k", ("read", 7), ("hourly", 1))
        assert counters.look("k", {"read": 8}) == {"read": 0}
        assert counters.add("k", ("read", 8), ("hourly", 1)) == (1, 2)

    def test_a_clock_that_is_behind_counts_in_the_newer_window(self, make: MakeCounters, database: Database) -> None:
        counters = make(database)
        counters.add("k", ("read", 8), ("hourly", 2))
        assert counters.add("k", ("read", 7), ("hourly", 1)) == (2, 2)
        assert counters.look("k", {"read": 7, "hourly": 1}) == {"read": 2, "hourly": 2}

    def test_keys_are_counted_apart(self, make: MakeCounters, database: Database) -> None:
        counters = make(database)
        counters.add("k", ("read", 7), ("hourly", 1))
        assert counters.add("l", ("read", 7), ("hourly", 1)) == (1, 1)


def test_bytes_stay_when_nobody_knows_whether_their_row_was_committed(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    with pytest.raises(CommitUnknown), blobs.for_new_row("docs/a"):  # noqa: PT012 - same
        blobs.put("docs/a", b"text")
        raise CommitUnknown("the connection broke")
    assert blobs.read("docs/a") == b"text"


def test_bytes_go_when_their_row_was_not_committed(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    with pytest.raises(RuntimeError), blobs.for_new_row("docs/a", "covers/a"):  # noqa: PT012 - same
        blobs.put("docs/a", b"text")
        raise RuntimeError
    assert list(blobs.stored()) == []


def test_a_fault_of_the_database_is_storage_that_is_unavailable(database: Database) -> None:
    with pytest.raises(StorageUnavailable, match="no such table"), database.read() as connection:
        connection.execute(text("SELECT * FROM nowhere"))


def test_a_schema_without_counts_of_uploads_counts_what_is_stored(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("DROP TABLE image_uploads"))
        for number, day in enumerate((3, 3, 5)):
            row = {"id": f"i{number}", "user_id": "u", "type": "image", "title_folded": "", "mime": "image/png"}
            row |= {"filename": "a", "filename_folded": "a", "ext": "png", "source_hash": str(number), "tags": "[]"}
            at = day * uploads.DAY_MS + 1
            numbers = {"size_bytes": 1, "public": True, "content_hash": "", "created_at": at, "updated_at": at}
            connection.execute(insert(media).values(row | numbers))
    for _ in range(2):
        database.create()
    with database.read() as connection:
        assert uploads.counted(connection, "u", 5 * uploads.DAY_MS, 0) == (1, 3)
        assert uploads.counted(connection, "v", 0, 0) == (0, 0)


def test_old_days_are_forgotten(database: Database) -> None:
    with database.transaction() as line:
        for day in (1, 100):
            uploads.count(line, "u", day * uploads.DAY_MS)
    with database.write() as connection:
        uploads.forget_old(connection, 100 * uploads.DAY_MS)
        assert uploads.counted(connection, "u", 0, 0) == (1, 1)
