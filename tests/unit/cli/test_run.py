from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from picora_sync.cli.commands.run import Herald
from picora_sync.cli.commands.sync import exit_code
from picora_sync.core.model import FileRef
from picora_sync.service.notify import Notifier
from picora_sync.summary import FolderLive, Live, SyncReport, Transfer


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


@pytest.mark.parametrize(
    ("report", "watch", "waited", "code"),
    [
        pytest.param(SyncReport(files=2, synced=2), "ok", True, 0, id="all-synced"),
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
