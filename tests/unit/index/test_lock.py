"""One instance per state directory."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from picora_sync.errors import AnotherInstance
from picora_sync.index.lock import InstanceLock, is_held


def test_a_second_instance_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    first, second = InstanceLock(tmp_path), InstanceLock(tmp_path)
    first.acquire()
    assert is_held(tmp_path)
    with pytest.raises(AnotherInstance) as raised:
        second.acquire(patience_s=0)
    assert raised.value.exit_code == 73
    first.release()
    assert not is_held(tmp_path)
    second.acquire()
    second.release()


def test_a_start_waits_out_the_moment_in_which_somebody_asks_whether_one_runs(tmp_path: Path) -> None:
    asked, answered = threading.Event(), threading.Event()

    def ask() -> None:
        lock = InstanceLock(tmp_path)
        lock.acquire()
        asked.set()
        answered.wait(0.1)
        lock.release()

    asking = threading.Thread(target=ask)
    asking.start()
    assert asked.wait(60)
    starting = InstanceLock(tmp_path)
    starting.acquire(patience_s=60)
    asking.join()
    assert is_held(tmp_path)
    starting.release()


def test_those_who_ask_at_the_same_time_do_not_take_each_other_for_a_daemon(tmp_path: Path) -> None:
    InstanceLock(tmp_path).acquire()  # the file is there; nobody holds it any more
    answers: list[bool] = []

    def ask() -> None:
        answers.extend(is_held(tmp_path) for _ in range(500))

    asking = [threading.Thread(target=ask) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert answers == [False] * 2000
