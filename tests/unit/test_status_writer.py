"""What is told while nothing new can be said."""

from __future__ import annotations

from pathlib import Path

from picora_sync.report import Live
from picora_sync.status_writer import TELL_S, Telling
from tests.unit.remote.support import VirtualStop

LIVE = Live(pid=1, at=0.0, account="ok", trouble="")


def told(tmp_path: Path) -> tuple[Telling, list[Live], VirtualStop]:
    clock, heard = VirtualStop(), list[Live]()
    telling = Telling(lambda: LIVE, tmp_path / "live.json", lambda: clock.now_s)
    return telling, heard, clock


def test_what_was_told_last_is_repeated_as_often_as_anything_is_told(tmp_path: Path) -> None:
    telling, heard, clock = told(tmp_path)
    telling.tell(heard.append)
    telling.repeat()
    assert len(heard) == 1
    for _ in range(2):
        clock.now_s += TELL_S
        telling.repeat()
        telling.repeat()
    assert heard == [LIVE] * 3


def test_before_anything_was_told_nothing_is_repeated(tmp_path: Path) -> None:
    telling, heard, _ = told(tmp_path)
    telling.repeat()
    assert heard == []
