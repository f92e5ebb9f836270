"""A full disk pauses the work; when there is room it goes on, and a signal ends the wait."""

from __future__ import annotations

import logging
import threading
from contextlib import closing
from pathlib import Path

import pytest

from picora_sync.cli.disk_full import ROOM_BYTES, await_room, shortage
from picora_sync.errors import IndexUnwritable
from picora_sync.index import Index
from picora_sync.service.notify import Notifier

FULL = IndexUnwritable("the index cannot be written: disk full", hint="make room")


class Impatient(threading.Event):
    """Counts the waits; a signal comes after ``patience`` of them."""

    def __init__(self, patience: int) -> None:
        super().__init__()
        self.left = patience

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002  # the signature of Event
        self.left -= 1
        return self.left < 0


def test_it_goes_on_when_there_is_room(caplog: pytest.LogCaptureFixture) -> None:
    left = iter([0, 1000, ROOM_BYTES])
    with closing(Index.in_memory()) as index, caplog.at_level(logging.INFO):
        assert await_room(index, lambda: next(left), FULL, Notifier(), Impatient(10))
    assert "Make room" in caplog.text
    assert "going on" in caplog.text


def test_a_signal_ends_the_wait() -> None:
    with closing(Index.in_memory()) as index:
        assert not await_room(index, lambda: 0, FULL, Notifier(), Impatient(3))


def test_free_bytes_that_may_not_be_written_are_no_room(tmp_path: Path) -> None:
    with closing(Index.open(tmp_path / "index.sqlite")) as index:
        assert await_room(index, lambda: ROOM_BYTES, FULL, Notifier(), Impatient(0))
        index._connection.execute("PRAGMA query_only = ON")  # noqa: SLF001  # as a disk that turned read-only
        assert not await_room(index, lambda: ROOM_BYTES, FULL, Notifier(), Impatient(2))


def test_the_journal_gives_back_its_room_first(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    journal = path.with_name("index.sqlite-wal")
    with closing(Index.open(path)) as index:
        with index.transaction():
            index.set_meta("large", "x" * 100_000)
        assert journal.stat().st_size > 100_000
        assert not await_room(index, lambda: 0, FULL, Notifier(), Impatient(0))
        assert journal.stat().st_size == 0


def test_a_disk_that_cannot_be_asked_has_no_room() -> None:
    def gone() -> int:
        raise OSError("unplugged")

    with closing(Index.in_memory()) as index:
        assert not await_room(index, gone, FULL, Notifier(), Impatient(2))


def test_status_says_nothing_of_a_disk_with_room(tmp_path: Path) -> None:
    assert shortage(tmp_path) == ""
    assert shortage(tmp_path / "none") == ""
