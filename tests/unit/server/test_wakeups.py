"""What wakes the main thread, and what does not end it."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from picora_sync.server.wakeups import Wakeups

WAIT_S = 10


def test_another_thread_may_ask_for_an_end() -> None:
    with Wakeups() as wakeups:
        threading.Thread(target=wakeups.set).start()
        assert wakeups.wait(WAIT_S)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_asks_for_an_end_and_does_nothing_else(number: int) -> None:
    with Wakeups() as wakeups:
        os.kill(os.getpid(), number)
        assert wakeups.wait(WAIT_S)


def test_a_child_that_died_wakes_and_asks_for_nothing() -> None:
    with Wakeups() as wakeups:
        child = subprocess.Popen([sys.executable, "-c", ""])
        assert not wakeups.wait(WAIT_S)
        assert child.wait(WAIT_S) == 0


def test_a_child_that_died_does_not_hide_an_end() -> None:
    with Wakeups() as wakeups:
        os.kill(os.getpid(), signal.SIGCHLD)
        wakeups.set()
        assert wakeups.wait(WAIT_S)


def test_time_that_is_up_asks_for_nothing() -> None:
    with Wakeups() as wakeups:
        assert not wakeups.wait(0.0)


def test_afterwards_signals_do_what_they_did() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)]
    with Wakeups() as wakeups:
        pass
    after = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)]
    assert after == before
    wakeups.set()  # too late, and no error
