"""The account is asked for again from time to time, and what its plan allows reaches the files."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from picora_sync.account import FULL_S, LIMITS, OFFLINE_LIMIT_S, REFRESH_S, USER, AccountWatch, known_limits
from picora_sync.change_queue import ChangeQueue
from picora_sync.config.model import AccountConfig, Config, Plan
from picora_sync.core.backlog import Lane
from picora_sync.core.model import FileRef, Fingerprint, Kind, PlanLimits, Problem, Rank, Tier
from picora_sync.core.pacing import Pacing
from picora_sync.core.policy import DOC_SETTLE
from picora_sync.errors import ConfigError, Unreachable
from picora_sync.index import Index
from picora_sync.reconciler.dispatch.gates import AccountState, Connection
from picora_sync.remote.limits import limits_of_plan
from picora_sync.remote.pacer import ThreadPacer
from picora_sync.workers import AtOnce
from tests.fakes.pool import Delayed
from tests.integration.test_client_against_server import Both
from tests.unit.remote.support import Api, Reply, fail, html, ok

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
    watch = AccountWatch(both.client, both.pacer, connection, index, queue, config, lambda: both.stop.now_s, AtOnce())
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
    watched.connection.quota.refused(Kind.DOC, 100, watched.both.stop.now_s)
    watched.both.stop.now_s += FULL_S
    assert watched.asked() > 0
    assert watched.connection.quota.take_grown(watched.both.stop.now_s) == {Kind.DOC}


def test_what_is_left_of_the_plan_is_known_from_the_first_answer_on(watched: Watched) -> None:
    watched.watch.keep_connected()
    assert watched.connection.quota.left(Kind.DOC) == 1000
    assert watched.connection.quota.left(Kind.AUDIO) == 5 << 30


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


@dataclass
class Asked:
    """An account watch whose server answers from a script; what it asks is answered when the test says so."""

    api: Api
    index: Index
    connection: Connection
    background: Delayed
    watch: AccountWatch


def _asked(tmp_path: Path, *replies: Reply, plan: Plan | None = None) -> Asked:
    api, index = Api(*replies, plan=plan or ""), Index.in_memory()
    connection = Connection(random.Random(1))  # noqa: S311  (spreads retries)
    queue = ChangeQueue(lambda _: DOC_SETTLE, lambda: api.stop.now_s)
    config = Config(AccountConfig(plan=plan), (), tmp_path)
    background = Delayed()
    pacer = ThreadPacer(Pacing(), lambda: api.stop.now_s, api.stop)
    watch = AccountWatch(api.client, pacer, connection, index, queue, config, lambda: api.stop.now_s, background)
    return Asked(api, index, connection, background, watch)


VERIFIED = {"userId": "u1", "plan": "pro"}
USAGE = {"plan": "pro", "planLimits": {"docCount": 7}}


def test_while_picora_is_silent_the_loop_goes_on(tmp_path: Path) -> None:
    asked = _asked(tmp_path, ok(VERIFIED))
    asked.background.slow = True
    for _ in range(3):
        asked.watch.keep_connected()
    assert asked.api.calls == []
    assert asked.watch.next_due() is None
    asked.background.finish()
    assert asked.watch.next_due() == asked.api.stop.now_s
    asked.watch.keep_connected()
    assert asked.connection.verified


def test_what_makes_private_is_sent_as_soon_as_the_key_is_known_to_be_good(tmp_path: Path) -> None:
    asked = _asked(tmp_path, ok(VERIFIED))
    asked.background.slow = True
    asked.watch.keep_connected()
    asked.background.finish()
    asked.watch.keep_connected()
    connection, now = asked.connection, asked.api.stop.now_s
    assert asked.api.calls == ["GET /v1/auth/verify"]
    assert connection.open(Lane.PATCH, now, Rank.MAKE_PRIVATE)
    assert not connection.open(Lane.DOC, now)  # what the plan allows is asked for first
    asked.background.finish()
    asked.watch.keep_connected()
    assert connection.open(Lane.DOC, now)


@pytest.mark.parametrize("reply", [fail(401), fail(403), fail(500), html(200), httpx.ReadTimeout("silence")])
def test_what_is_not_told_now_is_as_it_was_told_for_the_same_plan(
    tmp_path: Path, reply: httpx.Response | Exception
) -> None:
    asked = _asked(tmp_path, ok(VERIFIED), ok(USAGE), ok({}), ok(VERIFIED), reply)
    asked.watch.keep_connected()
    assert asked.watch.limits.doc_count == 7
    asked.api.stop.now_s += REFRESH_S
    asked.watch.keep_connected()
    assert len(asked.api.calls) == 6
    assert asked.watch.limits.doc_count == 7
    assert asked.connection.state is AccountState.OK


def test_of_another_plan_nothing_is_told_yet(tmp_path: Path) -> None:
    trial = {"userId": "u1", "plan": "trial"}
    asked = _asked(tmp_path, ok(VERIFIED), ok(USAGE), ok({}), ok(trial), fail(403), fail(403))
    asked.watch.keep_connected()
    asked.api.stop.now_s += REFRESH_S
    asked.watch.keep_connected()
    assert asked.watch.limits == limits_of_plan("trial")


def test_where_no_plan_is_told_the_configured_one_holds(tmp_path: Path) -> None:
    asked = _asked(tmp_path, ok({"userId": "u1"}), fail(401), plan=Plan.TRIAL)
    asked.watch.keep_connected()
    assert asked.watch.limits == limits_of_plan("trial")
    assert asked.connection.state is AccountState.OK


@pytest.mark.parametrize("reply", [fail(500), fail(403), html(200), httpx.ReadTimeout("silence")])
def test_an_hourly_question_that_fails_stops_nothing(tmp_path: Path, reply: httpx.Response | Exception) -> None:
    asked = _asked(tmp_path, ok(VERIFIED), ok(USAGE), ok({}), reply)
    asked.watch.keep_connected()
    asked.api.stop.now_s += REFRESH_S
    asked.watch.keep_connected()
    assert asked.connection.verified
    assert asked.connection.open(Lane.PATCH, asked.api.stop.now_s, Rank.MAKE_PRIVATE)
    calls = len(asked.api.calls)
    asked.watch.keep_connected()
    assert len(asked.api.calls) == calls


def test_a_refused_key_stops_everything(tmp_path: Path) -> None:
    asked = _asked(tmp_path, ok(VERIFIED), ok(USAGE), ok({}), fail(401))
    asked.watch.keep_connected()
    asked.api.stop.now_s += REFRESH_S
    asked.watch.keep_connected()
    assert asked.connection.refused
    assert not asked.connection.open(Lane.PATCH, asked.api.stop.now_s, Rank.MAKE_PRIVATE)


def test_a_401_of_any_call_has_the_key_verified_at_once(tmp_path: Path) -> None:
    asked = _asked(tmp_path, ok(VERIFIED), ok(USAGE), ok({}), ok(VERIFIED), ok(USAGE), ok({}))
    asked.watch.keep_connected()
    now = asked.api.stop.now_s
    asked.connection.doubt_key(now, Problem("KEY_REFUSED", "refused"))
    assert not asked.connection.open(Lane.DOC, now)
    assert asked.connection.open(Lane.PATCH, now, Rank.MAKE_PRIVATE)
    asked.watch.keep_connected()
    assert asked.connection.open(Lane.DOC, now)
    assert asked.connection.state is AccountState.OK


def test_a_pass_ends_when_nobody_says_whether_the_key_is_good(tmp_path: Path) -> None:
    asked = _asked(tmp_path, ok(VERIFIED), ok(USAGE), ok({}), fail(500))
    asked.watch.keep_connected()
    asked.connection.doubt_key(asked.api.stop.now_s, Problem("KEY_REFUSED", "refused"))
    asked.watch.give_up_if_hopeless()
    asked.api.stop.now_s += OFFLINE_LIMIT_S + 1
    with pytest.raises(Unreachable):
        asked.watch.give_up_if_hopeless()


def test_a_pass_ends_when_nothing_but_errors_came_back_for_minutes(tmp_path: Path) -> None:
    asked = _asked(tmp_path, ok(VERIFIED), ok(USAGE), ok({}))
    asked.watch.keep_connected()
    for _ in range(8):
        asked.connection.failed(asked.api.stop.now_s, Problem("SERVER_FAULT", "a fault"))
        asked.watch.give_up_if_hopeless()
        asked.api.stop.now_s += 30.0
    asked.connection.failed(asked.api.stop.now_s, Problem("SERVER_FAULT", "a fault"))
    asked.connection.failed(asked.api.stop.now_s + 30.0, Problem("SERVER_FAULT", "a fault"))
    asked.api.stop.now_s += 31.0
    with pytest.raises(Unreachable, match="a fault"):
        asked.watch.give_up_if_hopeless()
    asked.connection.success("something")
    asked.watch.give_up_if_hopeless()


def test_a_bug_in_asking_ends_the_process(tmp_path: Path) -> None:
    asked = _asked(tmp_path, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        asked.watch.keep_connected()


def test_a_key_of_another_account_put_in_place_later_sends_nothing_and_ends_nothing(watched: Watched) -> None:
    assert watched.asked() > 0
    watched.index.set_meta(USER, "somebody-else")  # as if the key were another one's now
    watched.both.stop.now_s += REFRESH_S
    watched.asked()
    assert (watched.connection.refused, watched.connection.verified) == (True, False)
    assert watched.connection.trouble is not None
    assert "belongs to another account" in watched.connection.trouble.message


def test_at_the_start_an_index_of_another_account_is_an_error(watched: Watched) -> None:
    watched.index.set_meta(USER, "somebody-else")
    with pytest.raises(ConfigError, match="another account"):
        watched.asked()
