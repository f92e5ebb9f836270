"""The account is asked for again from time to time, and what its plan allows reaches the files."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from picora_sync.account import FULL_S, LIMITS, REFRESH_S, AccountWatch, known_limits
from picora_sync.change_queue import ChangeQueue
from picora_sync.config.model import AccountConfig, Config, Plan
from picora_sync.core.model import FileRef, Fingerprint, Kind, PlanLimits, Problem, Tier
from picora_sync.core.policy import DOC_SETTLE
from picora_sync.index import Index
from picora_sync.reconciler.connection import Connection
from picora_sync.remote.limits import limits_of_plan
from tests.integration.test_client_against_server import Both

BIG = FileRef("notes", "big.md")


@dataclass
class Watched:
    both: Both
    index: Index
    watch: AccountWatch
    connection: Connection
    queue: ChangeQueue

    def asked(self) -> int:
        """How often the account was asked for from here on."""
        before = len(self.both.requests)
        self.watch.keep_connected()
        return len(self.both.requests) - before


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    both, index = Both(tmp_path / "picora", plan="pro"), Index.in_memory()
    connection = Connection(random.Random(1))  # noqa: S311  (spreads retries)
    queue = ChangeQueue(lambda _: DOC_SETTLE, lambda: both.stop.now_s)
    config = Config(AccountConfig(), (), tmp_path)
    watch = AccountWatch(both.client, both.pacer, connection, index, queue, config, lambda: both.stop.now_s)
    yield Watched(both, index, watch, connection, queue)
    both.client.close()
    both.service.close()
    index.close()


def test_it_is_asked_for_again_every_hour_and_not_before(watched: Watched) -> None:
    assert watched.asked() > 0
    assert watched.asked() == 0
    watched.both.stop.now_s += REFRESH_S
    assert watched.asked() > 0
    assert watched.connection.verified


def test_it_is_not_asked_for_while_that_would_keep_the_loop_waiting(watched: Watched) -> None:
    watched.watch.keep_connected()
    watched.both.stop.now_s += REFRESH_S
    watched.both.pacer.observe(Tier.READ, 429, [("Retry-After", "30")])
    assert watched.asked() == 0
    due = watched.watch.next_due()
    assert due is not None
    assert due > watched.both.stop.now_s


def test_files_that_were_too_large_are_judged_anew_under_a_larger_plan(watched: Watched) -> None:
    watched.watch.keep_connected()
    watched.index.files.block(BIG, Problem("DOC_TOO_LARGE", "too large"), Fingerprint(1, 2, 3, 4, 5), 50.0)
    watched.both.stop.now_s += REFRESH_S
    watched.watch.keep_connected()
    assert _hashed_at(watched.index) == 50.0
    assert list(watched.queue.settling()) == []
    watched.both.service.move_to_plan(watched.both.service.owner(), "pro_plus")
    watched.both.stop.now_s += REFRESH_S
    watched.watch.keep_connected()
    assert _hashed_at(watched.index) == 0.0
    assert list(watched.queue.settling()) == [BIG]


def test_it_is_asked_for_sooner_while_something_waits_for_room(watched: Watched) -> None:
    watched.watch.keep_connected()
    watched.connection.room.refused(Kind.DOC, 100, watched.both.stop.now_s)
    watched.both.stop.now_s += FULL_S
    assert watched.asked() > 0
    assert watched.connection.room.take_grown(watched.both.stop.now_s) == {Kind.DOC}


def test_what_is_left_of_the_plan_is_known_from_the_first_answer_on(watched: Watched) -> None:
    watched.watch.keep_connected()
    assert watched.connection.room.left(Kind.DOC) == 1000
    assert watched.connection.room.left(Kind.AUDIO) == 5 << 30


def _hashed_at(index: Index) -> float:
    row = index.files.get(BIG)
    assert row is not None
    return row.hashed_at


def test_before_the_account_was_asked_the_limits_are_those_it_told_last_or_of_the_configured_plan(
    watched: Watched, tmp_path: Path
) -> None:
    config = Config(AccountConfig(plan=Plan.TRIAL), (), tmp_path)
    assert known_limits(watched.index, config) == limits_of_plan("trial")
    watched.watch.keep_connected()
    assert known_limits(watched.index, config) == watched.watch.limits == limits_of_plan("pro")


def test_the_limits_of_an_older_picora_sync_are_not_read(watched: Watched, tmp_path: Path) -> None:
    watched.index.set_meta(LIMITS, "PlanLimits(doc_bytes=1)")
    assert known_limits(watched.index, Config(AccountConfig(), (), tmp_path)) == PlanLimits()
