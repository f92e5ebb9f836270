"""Files are handed out when they have settled: never before, never lost."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from picora_sync.core.deadlines import Deadlines
from picora_sync.core.model import FileRef
from picora_sync.core.policy import Settle
from picora_sync.core.settle import PEEK_QUIET_S, Settler

A, B = FileRef("notes", "a.md"), FileRef("notes", "b.md")
POLICY = Settle(quiet_s=10.0, at_most_s=60.0)


def touched_at(*times: float) -> Settler:
    settler = Settler()
    for now in times:
        settler.touch(A, now, policy=POLICY)
    return settler


def test_file_is_due_after_its_quiet_time_and_handed_out_once() -> None:
    settler = touched_at(0.0)
    assert settler.due(9.9) == []
    assert settler.due(10.0) == [A]
    assert settler.due(99.0) == []


def test_each_change_starts_the_quiet_time_again() -> None:
    settler = touched_at(0.0, 5.0, 12.0)
    assert settler.due(21.9) == []
    assert settler.due(22.0) == [A]


def test_file_that_never_rests_is_due_at_most_after_its_limit() -> None:
    settler = touched_at(*range(0, 60, 2))
    assert settler.due(59.9) == []
    assert settler.due(60.0) == [A]


def test_growing_file_has_no_limit() -> None:
    settler = touched_at(0.0)
    for now in range(5, 200, 5):
        settler.grew(A, now, policy=POLICY)
        settler.touch(A, now + 1, policy=POLICY)
    assert settler.due(205.9) == []
    assert settler.due(206.0) == [A]


def test_file_that_was_due_and_grew_waits_a_whole_quiet_time() -> None:
    settler = touched_at(0.0)
    assert settler.due(10.0) == [A]
    settler.grew(A, 10.0, policy=POLICY)
    assert settler.due(19.9) == []
    assert settler.due(20.0) == [A]


def test_file_that_changed_long_ago_is_due_at_once() -> None:
    settler = Settler()
    settler.touch(A, 100.0, policy=POLICY, changed_s_ago=3600.0)
    assert settler.due(100.0) == [A]


def test_file_found_by_a_scan_waits_only_for_the_rest_of_its_quiet_time() -> None:
    settler = Settler()
    settler.touch(A, 100.0, policy=POLICY, changed_s_ago=4.0)
    assert settler.due(105.9) == []
    assert settler.due(106.0) == [A]


def test_time_stamp_in_the_future_counts_as_now() -> None:
    settler = Settler()
    settler.touch(A, 100.0, policy=POLICY, changed_s_ago=-500.0)
    assert settler.due(110.0) == [A]


def test_old_time_stamp_does_not_hasten_a_file_that_an_event_named() -> None:
    settler = touched_at(100.0)
    settler.touch(A, 101.0, policy=POLICY, changed_s_ago=3600.0)
    assert settler.due(109.9) == []


def test_peek_comes_after_two_quiet_seconds_once_a_burst() -> None:
    settler = touched_at(0.0, 1.0)
    assert settler.peek_due(2.9) == []
    assert settler.peek_due(3.0) == [A]
    assert settler.peek_due(9.0) == []
    settler.touch(A, 9.0, policy=POLICY)
    assert settler.peek_due(11.0) == [A]


def test_scan_that_knows_nothing_new_causes_no_second_peek() -> None:
    settler = touched_at(0.0)
    assert settler.peek_due(2.0) == [A]
    settler.touch(A, 5.0, policy=POLICY, changed_s_ago=60.0)
    assert settler.peek_due(9.0) == []


def test_file_that_is_due_before_it_would_be_peeked_at_is_not_peeked_at() -> None:
    settler = Settler()
    settler.touch(A, 0.0, policy=Settle(quiet_s=1.0))
    assert settler.next_due() == 1.0
    assert settler.due(1.0) == [A]
    assert settler.peek_due(5.0) == []


def test_next_due_is_the_nearest_of_peek_and_due() -> None:
    settler = touched_at(0.0)
    assert settler.next_due() == 2.0
    settler.peek_due(2.0)
    assert settler.next_due() == 10.0
    settler.due(10.0)
    assert settler.next_due() is None


def test_shorter_policy_takes_effect_with_the_next_touch() -> None:
    settler = touched_at(0.0)
    settler.touch(A, 0.5, policy=Settle(quiet_s=3.0))
    assert settler.due(3.5) == [A]


def test_files_come_longest_waiting_first() -> None:
    settler = Settler()
    settler.touch(B, 0.0, policy=POLICY)
    settler.touch(A, 1.0, policy=POLICY)
    assert settler.due(99.0) == [B, A]


def test_burst_of_20000_files_stays_within_its_memory() -> None:
    settler = Settler()
    refs = [FileRef("notes", f"{n % 100}/note {n}.md") for n in range(20_000)]
    tracemalloc.start()
    for now in range(3):
        for ref in refs:
            settler.touch(ref, float(now), policy=POLICY)
    size_bytes, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size_bytes <= peak_bytes <= 40_000_000
    assert len(settler.due(12.0)) == 20_000


@pytest.mark.parametrize("rounds", [10_000])
def test_discarding_and_setting_again_leaves_no_litter(rounds: int) -> None:
    deadlines: Deadlines[str] = Deadlines()
    tracemalloc.start()
    for n in range(rounds):
        deadlines.set("a", float(n))
        deadlines.discard("a")
    size_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size_bytes < 100_000
    assert deadlines.next() is None
    assert len(deadlines) == 0


class SettlerMachine(RuleBasedStateMachine):
    """Against a model that remembers every file's first, last and growth."""

    def __init__(self) -> None:
        super().__init__()
        self.settler = Settler()
        self.now = 0.0
        self.first: dict[FileRef, float] = {}
        self.last: dict[FileRef, float] = {}
        self.growing: set[FileRef] = set()
        self.unpeeked: set[FileRef] = set()

    refs = st.sampled_from([FileRef("f", f"{n}.md") for n in range(5)])

    def due_at(self, ref: FileRef) -> float:
        quiet = self.last[ref] + POLICY.quiet_s
        return quiet if ref in self.growing else min(quiet, self.first[ref] + POLICY.at_most_s)

    @rule(seconds=st.floats(0.0, 30.0))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @rule(ref=refs, ago=st.one_of(st.just(0.0), st.floats(-5.0, 100.0)))
    def touch(self, ref: FileRef, ago: float) -> None:
        self.settler.touch(ref, self.now, policy=POLICY, changed_s_ago=ago)
        changed = self.now - max(0.0, ago)
        if changed > self.last.get(ref, float("-inf")):
            self.last[ref] = changed
            self.unpeeked.add(ref)
        self.first.setdefault(ref, self.now)

    @rule(ref=refs)
    def grew(self, ref: FileRef) -> None:
        self.settler.grew(ref, self.now, policy=POLICY)
        self.last[ref] = self.now
        self.first.setdefault(ref, self.now)
        self.growing.add(ref)
        self.unpeeked.add(ref)

    def forget(self, ref: FileRef) -> None:
        self.last.pop(ref, None)
        self.first.pop(ref, None)
        self.growing.discard(ref)
        self.unpeeked.discard(ref)

    @rule()
    def take_due(self) -> None:
        taken = self.settler.due(self.now)
        assert set(taken) == {ref for ref in self.last if self.due_at(ref) <= self.now}
        assert len(taken) == len(set(taken))
        for ref in taken:
            self.forget(ref)

    @rule()
    def take_peeks(self) -> None:
        taken = set(self.settler.peek_due(self.now))
        ripe = {ref for ref in self.unpeeked if self.last[ref] + PEEK_QUIET_S <= self.now}
        early = {ref for ref in ripe if self.last[ref] + PEEK_QUIET_S < self.due_at(ref)}
        assert taken == early
        self.unpeeked -= ripe

    @invariant()
    def nothing_is_lost(self) -> None:
        assert set(self.settler.settling()) == set(self.last)

    @invariant()
    def next_due_is_never_late(self) -> None:
        if self.last:
            at = self.settler.next_due()
            assert at is not None
            assert at <= min(map(self.due_at, self.last))


TestSettlerMachine = SettlerMachine.TestCase
TestSettlerMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
