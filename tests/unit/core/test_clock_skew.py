"""How old a file is by its time stamps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.core.clock_skew import Ages
from picora_sync.core.model import Fingerprint

QUIET_S = 15.0
HOUR_S = 3600.0


def stamped(wall: float) -> Fingerprint:
    return Fingerprint(1, int(wall * 1e9), int(wall * 1e9), 1, 1)


def ages(*observed: tuple[float, float], saved: str | None = None) -> Ages:
    made = Ages(QUIET_S, saved)
    for mono, wall in observed:
        made.observe(mono, wall)
    return made


def test_with_a_clock_that_runs_evenly_it_is_what_the_stamps_say() -> None:
    assert ages((100, 5000)).quiet_s(stamped(4990), 100) == 10


def test_a_stamp_in_the_future_counts_as_now() -> None:
    assert ages((100, 5000)).quiet_s(stamped(6000), 100) == 0


@pytest.mark.parametrize(("stamp", "ahead"), [(4999, False), (5001, True)])
def test_a_stamp_in_the_future_is_another_clocks(stamp: float, ahead: bool) -> None:
    assert ages((100, 5000)).is_ahead(stamped(stamp), 100) is ahead


def test_a_stamp_by_the_clock_before_it_was_set_back_is_as_one_of_another_clock() -> None:
    assert ages((100, 5000), (105, 5005 - HOUR_S)).is_ahead(stamped(5004), 105)


@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S])
def test_a_clock_that_is_set_makes_no_file_older(jump_s: float) -> None:
    assert ages((100, 5000), (105, 5005 + jump_s)).quiet_s(stamped(5000), 105) <= 5


def test_a_file_stamped_after_the_jump_is_not_older_either() -> None:
    assert ages((100, 5000), (105, 5005 + HOUR_S)).quiet_s(stamped(5003 + HOUR_S), 105) <= 2


def test_stamps_are_believed_again_when_none_can_be_from_before_the_jump() -> None:
    later = 105 + QUIET_S
    made = ages((100, 5000), (105, 5005 + HOUR_S), (later, 4900 + HOUR_S + later))
    assert made.quiet_s(stamped(5005 + HOUR_S), later) == QUIET_S


def test_a_jump_while_nothing_ran_counts_too() -> None:
    before = ages((100, 5000))
    assert ages((105, 5005 + HOUR_S), saved=before.state).quiet_s(stamped(5000), 105) <= 5


def test_a_jump_shortly_before_a_crash_counts_too() -> None:
    before = ages((100, 5000), (105, 5005 + HOUR_S))
    assert ages((107, 5007 + HOUR_S), saved=before.state).quiet_s(stamped(5000), 107) <= 7


def test_a_reboot_is_a_jump_and_makes_no_file_older() -> None:
    before = ages((90_000, 5000))
    made = ages(saved=before.state)
    assert made.observe(10, 5060)
    assert made.quiet_s(stamped(4995), 10) <= 65


def test_small_differences_are_no_jump() -> None:
    made = ages((100, 5000))
    assert not made.observe(200, 5101.5)


def test_audio_was_touched_as_lately_as_any_clock_says() -> None:
    made = ages((100, 5000), (105, 5005 + HOUR_S))
    assert made.touched_s_ago(stamped(5000), 105) == 5
    assert made.touched_s_ago(stamped(5002 + HOUR_S), 105) == 3


def test_only_a_stamp_in_the_future_says_nothing_of_when_audio_was_touched() -> None:
    assert ages((100, 5000)).touched_s_ago(stamped(9000), 100) == float("inf")


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(-1e6, 1e6)), max_size=5), st.integers(0, 5), st.floats(0, 10))
def test_no_file_that_was_written_within_the_quiet_time_ever_looks_older(
    jumps: list[tuple[float, float]], written_after: int, since_s: float
) -> None:
    made, mono, wall, written = ages((0, 1e9)), 0.0, 1e9, (0.0, 1e9)
    for number, (pause_s, jump_s) in enumerate(jumps):
        mono, wall = mono + pause_s, wall + pause_s + jump_s
        made.observe(mono, wall)
        if number < written_after:
            written = (mono, wall)
    made.observe(mono + since_s, wall + since_s)
    true_age_s = mono + since_s - written[0]
    looks_s = made.quiet_s(stamped(written[1]), mono + since_s)
    assert looks_s <= max(true_age_s, 0) + 2.1 or true_age_s >= QUIET_S
