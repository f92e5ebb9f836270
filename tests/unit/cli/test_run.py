from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from picora_sync.cli.commands.run import Herald, _connect, _connect_again
from picora_sync.cli.commands.sync import exit_code
from picora_sync.core.attention import About, Concern
from picora_sync.core.model import FileRef, Problem
from picora_sync.errors import KeyRefused
from picora_sync.index.notices import HELD
from picora_sync.report import FolderLive, Live, SyncReport, Transfer
from picora_sync.service.notify import Notifier


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(str(tmp_path / "notify"))
    yield receiver
    receiver.close()


def heard(manager: socket.socket) -> list[str]:
    messages = []
    manager.settimeout(0)
    try:
        while True:
            messages.append(manager.recv(4096).decode())
    except BlockingIOError:
        return messages


def test_the_service_manager_hears_a_sign_of_life_each_time_and_the_status_when_it_changes(
    manager: socket.socket, live: Callable[..., Live]
) -> None:
    herald = Herald(Notifier(os.fspath(manager.getsockname())))
    folder = FolderLive("notes", "/n", "ok")
    for moment in (
        live(folders=[folder]),
        live(folders=[folder]),
        live(transfers=[Transfer(FileRef("notes", "a.md"), 1, 0)], waiting_uploads=2, eta_s=65),
        live(account="refused", trouble="the key is wrong"),
    ):
        herald.tell(moment)
    assert heard(manager) == [
        "WATCHDOG=1",
        "STATUS=watching 1 folder",
        "WATCHDOG=1",
        "WATCHDOG=1",
        "STATUS=3 files to upload, 1 min 5 s left",
        "WATCHDOG=1",
        "STATUS=refused: the key is wrong",
    ]


def test_the_log_tells_each_change_of_the_account(live: Callable[..., Live], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    herald = Herald(Notifier())
    for account in ("ok", "ok", "offline", "ok"):
        herald.tell(live(account=account))
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "account: ok"),
        ("WARNING", "account: offline"),
        ("INFO", "account: ok"),
    ]


def _held(number: int) -> Concern:
    problem = Problem(HELD, f"{number} removals are held until somebody approves", "`picora-sync approve notes`")
    return Concern(About.FOLDER, FileRef("notes", ""), problem, serious=True)


def test_held_removals_are_one_warning_and_stand_in_the_status_until_they_are_over(
    manager: socket.socket, live: Callable[..., Live], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    wrong: list[Concern] = []
    said: list[str] = []
    now = [0.0]
    herald = Herald(Notifier(os.fspath(manager.getsockname())), lambda _: wrong, lambda: now[0])
    folder = FolderLive("notes", "/n", "ok")
    for held in ([], [_held(7)], [_held(12)], [_held(12)], [_held(13)], [_held(13)], [], [_held(1)], [_held(1)]):
        wrong[:] = held
        now[0] += 10.0
        herald.tell(live(folders=[folder]))
        said += [line for line in heard(manager) if line.startswith("STATUS")]
    assert said == [
        "STATUS=watching 1 folder",
        "STATUS=attention: notes: 7 removals are held until somebody approves; watching 1 folder",
        "STATUS=attention: notes: 12 removals are held until somebody approves; watching 1 folder",
        "STATUS=attention: notes: 13 removals are held until somebody approves; watching 1 folder",
        "STATUS=watching 1 folder",
        "STATUS=attention: notes: 1 removals are held until somebody approves; watching 1 folder",
    ]
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [message.partition(" are held")[0] for message in warnings] == ["notes: 12 removals", "notes: 1 removals"]


def test_what_is_wrong_is_not_looked_up_at_each_sign_of_life(live: Callable[..., Live]) -> None:
    asked: list[Live] = []
    now = [0.0]

    def look(moment: Live) -> list[Concern]:
        asked.append(moment)
        now[0] += 0.5  # a long list
        return []

    herald = Herald(Notifier(), look, lambda: now[0])
    for _ in range(30):
        herald.tell(live())
        now[0] += 0.25
    assert len(asked) == 1
    now[0] += 10.0
    herald.tell(live())
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("report", "watch", "waited", "code"),
    [
        pytest.param(SyncReport(files=2, synced=2), "ok", True, 0, id="all-synced"),
        pytest.param(SyncReport(files=2, synced=2, left=1), "ok", True, 1, id="not-deleted"),
        pytest.param(SyncReport(files=2, synced=2, left=1), "ok", False, 1, id="not-deleted-nor-waited-for"),
        pytest.param(SyncReport(), "ok", True, 0, id="nothing-there"),
        pytest.param(SyncReport(files=2, synced=1, blocked=1), "ok", True, 1, id="blocked"),
        pytest.param(SyncReport(files=2, synced=1, held=1), "ok", False, 1, id="held"),
        pytest.param(SyncReport(files=2, synced=1), "ok", True, 1, id="left-over"),
        pytest.param(SyncReport(files=2, synced=1), "ok", False, 0, id="left-for-the-next-run"),
        pytest.param(SyncReport(), "missing", True, 1, id="folder-missing"),
    ],
)
def test_a_pass_exits_with_1_if_it_left_what_it_should_not(
    report: SyncReport, watch: str, waited: bool, code: int, live: Callable[..., Live]
) -> None:
    last = live(folders=[FolderLive("notes", "/n", watch)])
    assert exit_code(report, last, waited=waited) == code


class Refused:
    """A mirror whose key Picora refuses."""

    def connect(self) -> None:
        raise KeyRefused("GET /v1/auth/verify: no (status 401)", hint="make a new key")


def test_a_mirror_that_starts_with_a_refused_key_waits_for_another(caplog: pytest.LogCaptureFixture) -> None:
    _connect(Refused())  # type: ignore[arg-type]  # all that is asked of it
    assert "(status 401). Make a new key" in caplog.text


def test_one_that_was_read_again_is_not_taken_over() -> None:
    with pytest.raises(KeyRefused):
        _connect_again(Refused())  # type: ignore[arg-type]  # as above
