from __future__ import annotations

import os
import signal
import threading

import pytest

from picora_sync.cli.signals import stop_on_signals

WITHIN_S = 60.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_asks_for_an_end(number: int) -> None:
    with stop_on_signals() as signals:
        os.kill(os.getpid(), number)
        assert signals.stop.wait(WITHIN_S)
        assert signals.ended_by == number


def test_a_second_ctrl_c_ends_at_once() -> None:
    with stop_on_signals() as signals:
        os.kill(os.getpid(), signal.SIGINT)
        assert signals.stop.wait(WITHIN_S)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_sighup_is_passed_on_and_stops_nothing() -> None:
    heard = threading.Event()
    with stop_on_signals(reloads=True) as signals:
        signals.hang_up = heard.set
        os.kill(os.getpid(), signal.SIGHUP)
        assert heard.wait(WITHIN_S)
        assert not signals.stop.is_set()
        assert signals.ended_by is None


def test_an_end_asked_for_while_starting_again_is_not_forgotten() -> None:
    with stop_on_signals(reloads=True) as signals:
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.stop.wait(WITHIN_S)
        signals.start_again()
        assert signals.stop.is_set()


def test_the_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP)
    with stop_on_signals(reloads=True):
        pass
    assert before == (
        signal.getsignal(signal.SIGINT),
        signal.getsignal(signal.SIGTERM),
        signal.getsignal(signal.SIGHUP),
    )
