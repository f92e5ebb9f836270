from __future__ import annotations

import threading
import time

import pytest

from picora_sync.core.model import Rank, Tier
from picora_sync.core.pacing import Pacing
from picora_sync.errors import Stopped
from picora_sync.remote.pacer import ThreadPacer
from tests.unit.remote.support import VirtualStop

WAIT_S = 60.0


def virtual_pacer(pacing: Pacing | None = None) -> tuple[ThreadPacer, VirtualStop]:
    stop = VirtualStop()
    return ThreadPacer(pacing or Pacing(), lambda: stop.now_s, stop), stop


def test_a_burst_passes_without_waiting() -> None:
    pacer, stop = virtual_pacer()
    for _ in range(5):
        pacer.acquire(Tier.UPLOAD)
    assert stop.waits == []


def test_beyond_the_burst_the_budget_sets_the_pace() -> None:
    pacer, stop = virtual_pacer()
    for _ in range(15):
        pacer.acquire(Tier.UPLOAD)
        pacer.observe(Tier.UPLOAD, 0, ())
    assert sum(stop.waits) == pytest.approx(10, abs=0.01)


def test_long_waits_are_looked_at_again_every_second() -> None:
    pacer, stop = virtual_pacer()
    pacer.acquire(Tier.UPLOAD)
    pacer.observe(Tier.UPLOAD, 429, [("Retry-After", "30")])
    pacer.acquire(Tier.UPLOAD)
    assert max(stop.waits) <= 1.0
    assert sum(stop.waits) == pytest.approx(30)


def test_a_pacer_whose_program_ends_lets_nothing_through() -> None:
    pacer, stop = virtual_pacer()
    stop.set()
    with pytest.raises(Stopped):
        pacer.acquire(Tier.READ)


def test_stop_ends_a_wait() -> None:
    pacer, stop = virtual_pacer()
    stop.set_after = 1
    for _ in range(5):
        pacer.acquire(Tier.UPLOAD)
    with pytest.raises(Stopped):
        pacer.acquire(Tier.UPLOAD)


def test_priming_and_eta_reach_the_pacing() -> None:
    pacer, _ = virtual_pacer()
    pacer.prime({"upload": {"limit": 60, "remaining": 0, "resetSeconds": 30}})
    assert pacer.wait_s(Tier.UPLOAD) == pytest.approx(31)
    assert pacer.eta_s({Tier.UPLOAD: 1}) == pytest.approx(31)


def waiting(pacer: ThreadPacer, tier: Tier, n: int) -> None:
    """Wait, bounded, until n threads stand in line."""
    line = pacer._lines[tier]  # noqa: SLF001  # there is no other way to see who waits
    deadline = time.monotonic() + WAIT_S
    while len(line) < n:
        assert time.monotonic() < deadline
        threading.Event().wait(0.001)


def test_requests_of_a_tier_go_out_in_the_order_in_which_they_asked() -> None:
    stop, now = threading.Event(), [0.0]
    pacer = ThreadPacer(Pacing(), lambda: now[0], stop)
    for _ in range(5):
        pacer.acquire(Tier.UPLOAD)
    order: list[int] = []

    def worker(number: int) -> None:
        pacer.acquire(Tier.UPLOAD)
        order.append(number)
        now[0] += 1.0

    threads = []
    for number in range(6):
        threads.append(threading.Thread(target=worker, args=(number,), daemon=True))
        threads[-1].start()
        waiting(pacer, Tier.UPLOAD, number + 1)
    now[0] += 1.0
    for thread in threads:
        thread.join(WAIT_S)
    assert order == list(range(6))


def test_stop_ends_the_wait_of_everybody_in_line() -> None:
    stop = threading.Event()
    pacer = ThreadPacer(Pacing(), lambda: 0.0, stop)
    for _ in range(10):
        pacer.acquire(Tier.MUTATION)
    stopped: list[bool] = []

    def worker() -> None:
        try:
            pacer.acquire(Tier.MUTATION)
        except Stopped:
            stopped.append(True)

    threads = [threading.Thread(target=worker, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    waiting(pacer, Tier.MUTATION, 8)
    stop.set()
    for thread in threads:
        thread.join(WAIT_S)
    assert len(stopped) == 8


# --- the budget: what is begun ----------------------------------------------------------------------------------------


def test_what_was_taken_is_the_next_request_of_the_thread_it_was_lent_to() -> None:
    pacer, stop = virtual_pacer()
    for _ in range(5):
        assert pacer.take(Tier.UPLOAD, Rank.MAKE_PRIVATE) == 0
    for _ in range(5):
        with pacer.lend(Tier.UPLOAD):
            pacer.acquire(Tier.UPLOAD)
            pacer.observe(Tier.UPLOAD, 0, ())
    assert stop.waits == []
    assert pacer.requests == 5


def test_a_second_request_waits_like_any_other() -> None:
    pacer, stop = virtual_pacer()
    for _ in range(5):
        pacer.take(Tier.UPLOAD, Rank.MAKE_PRIVATE)
    with pacer.lend(Tier.UPLOAD):
        pacer.acquire(Tier.UPLOAD)
        pacer.acquire(Tier.UPLOAD)
    assert sum(stop.waits) == pytest.approx(1.0, abs=0.01)


def test_what_was_lent_and_not_used_is_given_back() -> None:
    pacer, _ = virtual_pacer()
    for _ in range(5):
        pacer.take(Tier.UPLOAD, Rank.MAKE_PRIVATE)
    with pacer.lend(Tier.UPLOAD):
        pacer.acquire(Tier.READ)
    assert pacer.take(Tier.UPLOAD, Rank.MAKE_PRIVATE) == 0
    assert pacer.take(Tier.UPLOAD, Rank.MAKE_PRIVATE) > 0


def test_taking_does_not_wait_and_tells_when_to_ask_again() -> None:
    pacer, stop = virtual_pacer()
    for _ in range(5):
        pacer.take(Tier.UPLOAD, Rank.MAKE_PRIVATE)
    assert pacer.take(Tier.UPLOAD, Rank.MAKE_PRIVATE) == pytest.approx(1.0)
    assert stop.waits == []


def test_nothing_is_begun_while_what_was_begun_waits_in_line() -> None:
    stop, now = threading.Event(), [0.0]
    pacer = ThreadPacer(Pacing(), lambda: now[0], stop)
    for _ in range(5):
        pacer.acquire(Tier.UPLOAD)
    thread = threading.Thread(target=pacer.acquire, args=(Tier.UPLOAD,), daemon=True)
    thread.start()
    waiting(pacer, Tier.UPLOAD, 1)
    now[0] += 1.0
    assert pacer.take(Tier.UPLOAD, Rank.MAKE_PRIVATE) > 0 or not thread.is_alive()
    thread.join(WAIT_S)
    assert not thread.is_alive()


def test_a_program_that_ends_lets_nothing_through_that_was_taken() -> None:
    pacer, stop = virtual_pacer()
    pacer.take(Tier.UPLOAD, Rank.BACKFILL)
    stop.set()
    with pytest.raises(Stopped), pacer.lend(Tier.UPLOAD):
        pacer.acquire(Tier.UPLOAD)


def test_what_was_taken_before_a_429_waits_like_any_other() -> None:
    pacer, stop = virtual_pacer()
    pacer.take(Tier.UPLOAD, Rank.BACKFILL)
    pacer.observe(Tier.UPLOAD, 429, [("Retry-After", "30")])
    with pacer.lend(Tier.UPLOAD):
        pacer.acquire(Tier.UPLOAD)
    assert sum(stop.waits) == pytest.approx(30)
