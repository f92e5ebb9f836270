"""systemd hears what we say, in its own words; without systemd nothing happens."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from picora_sync.service.notify import Notifier, from_environ


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(60)
        yield listener


@pytest.mark.parametrize(
    ("say", "heard"),
    [
        (lambda notifier: notifier.ready(), "READY=1"),
        (lambda notifier: notifier.ready("all synced"), "READY=1\nSTATUS=all synced"),
        (lambda notifier: notifier.status("3 queued"), "STATUS=3 queued"),
        (lambda notifier: notifier.status("a\nMAINPID=1\r\n b"), "STATUS=a MAINPID=1 b"),
        (lambda notifier: notifier.status("\udcff"), "STATUS=?"),
        (lambda notifier: notifier.watchdog(), "WATCHDOG=1"),
        (lambda notifier: notifier.reloading(12.5), "RELOADING=1\nMONOTONIC_USEC=12500000"),
        (lambda notifier: notifier.stopping("bye"), "STOPPING=1\nSTATUS=bye"),
    ],
    ids=[
        "ready",
        "ready-status",
        "status",
        "status-injection",
        "status-surrogate",
        "watchdog",
        "reloading",
        "stopping",
    ],
)
def test_each_message_is_one_datagram(manager: socket.socket, say: Callable[[Notifier], bool], heard: str) -> None:
    notifier = from_environ({"NOTIFY_SOCKET": manager.getsockname()})
    assert say(notifier) is True
    assert manager.recv(4096).decode() == heard


@pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux'")
def test_an_abstract_socket_is_reached() -> None:
    name = f"picora-sync-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        listener.settimeout(60)
        assert from_environ({"NOTIFY_SOCKET": f"@{name}"}).watchdog() is True
        assert listener.recv(4096) == b"WATCHDOG=1"


@pytest.mark.parametrize("address", [None, "", "vsock:2:1234", "/nowhere/notify"], ids=str)
def test_without_a_manager_nothing_is_sent_and_nothing_fails(address: str | None) -> None:
    notifier = from_environ({} if address is None else {"NOTIFY_SOCKET": address})
    assert notifier.ready("x") is False
    assert notifier.watchdog() is False


def test_a_manager_that_does_not_read_holds_nothing_up(manager: socket.socket) -> None:
    notifier = Notifier(manager.getsockname())
    sent = sum(notifier.watchdog() for _ in range(10_000))
    assert 0 < sent < 10_000


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"WATCHDOG_USEC": "120000000"}, 120.0),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": str(os.getpid())}, 120.0),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
    ids=["given", "ours", "another-process", "off", "negative", "no-number", "absent"],
)
def test_the_watchdog_time_is_in_seconds_and_only_if_it_is_meant_for_us(
    environ: dict[str, str], expected: float | None
) -> None:
    assert from_environ(environ).watchdog_s == expected
