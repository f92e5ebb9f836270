from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picora_sync.core.model import Rank, Tier
from picora_sync.core.pacing import Pacing

LIMITS = {Tier.UPLOAD: 60, Tier.MUTATION: 120, Tier.READ: 600}


def told(limit: int, remaining: int, reset: object) -> list[tuple[str, str]]:
    return [
        ("RateLimit-Limit", str(limit)),
        ("RateLimit-Remaining", str(remaining)),
        ("RateLimit-Reset", str(reset)),
    ]


def spend_all(pacing: Pacing, tier: Tier, n: int, now: float) -> float:
    """Send n requests one after the other, each answered at once without a word; the time of the last one."""
    for _ in range(n):
        now += pacing.wait_s(tier, now)
        pacing.spend(tier, now)
        pacing.learn(tier, 0, (), now)
    return now


@dataclass
class WindowServer:
    """Counts as contract §15 #2 says: fixed windows on its own clock, every request, refused ones too."""

    offset_s: float
    rounding: Callable[[float], int] = math.ceil
    per_hour: int = 5000
    counts: dict[tuple[object, int], int] = field(default_factory=dict)
    refused: int = 0

    def count(self, name: object, length_s: int, now: float) -> int:
        window = (name, int((now + self.offset_s) // length_s))
        self.counts[window] = self.counts.get(window, 0) + 1
        return self.counts[window]

    def answer(self, tier: Tier, now: float) -> tuple[int, list[tuple[str, str]]]:
        used, hour = self.count(tier, 60, now), self.count("hour", 3600, now)
        limit = LIMITS[tier]
        reset = max(1, self.rounding(60 - (now + self.offset_s) % 60))
        if hour > self.per_hour:
            self.refused += 1
            reset = max(1, self.rounding(3600 - (now + self.offset_s) % 3600))
            return 429, [*told(self.per_hour, 0, reset), ("Retry-After", str(reset))]
        if used > limit:
            self.refused += 1
            return 429, [*told(limit, 0, reset), ("Retry-After", str(reset))]
        return 200, told(limit, limit - used, reset)


def run(
    server: WindowServer,
    work: dict[Tier, int],
    workers: int,
    latency_s: Callable[[], float],
    rank: Rank = Rank.BACKFILL,
) -> float:
    """Send the work as fast as the pacing allows, in virtual time; returns when the last request went out."""
    pacing, now, last, order = Pacing(), 0.0, 0.0, 0
    events: list[tuple[float, int, str, Tier, object]] = []
    free = dict.fromkeys(work, workers)
    left = dict(work)
    for _ in range(20 * sum(work.values())):
        for tier in work:
            while left[tier] and free[tier] and not pacing.wait_s(tier, now, rank):
                pacing.spend(tier, now)
                left[tier] -= 1
                free[tier] -= 1
                last, order = now, order + 1
                heapq.heappush(events, (now + latency_s(), order, "arrives", tier, None))
        waits = [pacing.wait_s(tier, now, rank) for tier in left if left[tier] and free[tier]]
        wake = now + min(waits) + 1e-6 if waits else math.inf
        if not events and wake == math.inf:
            return last
        if events and events[0][0] <= wake:
            now, _, what, tier, answer = heapq.heappop(events)
            order += 1
            if what == "arrives":
                heapq.heappush(events, (now + latency_s(), order, "answered", tier, server.answer(tier, now)))
            else:
                status, headers = answer  # type: ignore[misc]
                pacing.learn(tier, status, headers, now)
                free[tier] += 1
                left[tier] += status == 429
        else:
            now = wake
    raise AssertionError("the work never ended")


@pytest.mark.parametrize(("tier", "burst"), [(Tier.UPLOAD, 5), (Tier.MUTATION, 10), (Tier.READ, 30)])
def test_a_burst_goes_out_at_once_and_the_next_request_waits(tier: Tier, burst: int) -> None:
    pacing = Pacing()
    assert spend_all(pacing, tier, burst, 100.0) == 100.0
    assert pacing.wait_s(tier, 100.0) == pytest.approx(60 / LIMITS[tier])


def test_tiers_do_not_slow_each_other_down() -> None:
    pacing = Pacing()
    spend_all(pacing, Tier.UPLOAD, 6, 0.0)
    assert pacing.wait_s(Tier.MUTATION, 1.0) == 0
    assert pacing.wait_s(Tier.UPLOAD, 1.0) > 0


@pytest.mark.parametrize("offset_s", [0.0, 0.4, 13.0, 59.7])
@pytest.mark.parametrize("rounding", [math.ceil, math.floor], ids=["rounded-up", "rounded-down"])
@pytest.mark.parametrize("rank", list(Rank))
def test_600_uploads_and_600_deletes_take_the_least_time_and_no_429(
    offset_s: float, rounding: Callable[[float], int], rank: Rank
) -> None:
    rng = random.Random(offset_s)  # noqa: S311  # a seed makes it repeatable
    server = WindowServer(offset_s, rounding)
    took_s = run(server, {Tier.UPLOAD: 600, Tier.MUTATION: 600}, 4, lambda: rng.uniform(0.01, 0.4), rank)
    least_s = (600 - 5) * 60 / 60
    assert server.refused == 0
    assert took_s <= 1.02 * least_s


@settings(max_examples=25, deadline=None)
@given(
    offset_s=st.floats(0, 3599),
    up=st.booleans(),
    workers=st.integers(1, 8),
    uploads=st.integers(1, 200),
    mutations=st.integers(0, 300),
    slowest_s=st.floats(0.01, 2.0),
    seed=st.integers(0, 2**32),
)
def test_no_server_clock_rounding_or_latency_leads_to_a_429(
    offset_s: float, up: bool, workers: int, uploads: int, mutations: int, slowest_s: float, seed: int
) -> None:
    rng = random.Random(seed)  # noqa: S311  # a seed makes it repeatable
    server = WindowServer(offset_s, math.ceil if up else math.floor)
    run(server, {Tier.UPLOAD: uploads, Tier.MUTATION: mutations}, workers, lambda: rng.uniform(0.001, slowest_s))
    assert server.refused == 0


def test_reads_of_a_whole_hour_use_the_hourly_budget_and_meet_no_429_when_primed() -> None:
    pacing = Pacing()
    pacing.prime({"hourly": {"limit": 5000, "remaining": 5000, "resetSeconds": 1800}}, 0.0)
    now = spend_all(pacing, Tier.READ, 5000, 0.0)
    assert now < 600
    assert pacing.wait_s(Tier.READ, now) == pytest.approx(1801 - now)
    assert pacing.wait_s(Tier.UPLOAD, now) == pytest.approx(1801 - now)
    assert pacing.wait_s(Tier.READ, 1802.0) == 0


def test_an_hourly_429_stops_every_tier_until_the_hour_is_over() -> None:
    pacing = Pacing()
    pacing.spend(Tier.UPLOAD, 10.0)
    pacing.learn(Tier.UPLOAD, 429, [*told(5000, 0, 1500), ("Retry-After", "1500")], 10.0)
    assert [pacing.wait_s(tier, 10.0) for tier in Tier] == [1500.0] * 3
    assert pacing.wait_s(Tier.UPLOAD, 1510.0) == 0


def test_an_hourly_429_does_not_become_the_limit_of_its_tier() -> None:
    pacing = Pacing()
    pacing.spend(Tier.UPLOAD, 0.0)
    pacing.learn(Tier.UPLOAD, 429, [*told(5000, 0, 1500), ("Retry-After", "1500")], 0.0)
    assert spend_all(pacing, Tier.UPLOAD, 6, 2000.0) == pytest.approx(2001.0)


def test_a_429_stops_its_tier_only() -> None:
    pacing = Pacing()
    pacing.spend(Tier.MUTATION, 0.0)
    pacing.learn(Tier.MUTATION, 429, [("Retry-After", "17")], 0.0)
    assert pacing.wait_s(Tier.MUTATION, 0.0) == 17
    assert pacing.wait_s(Tier.UPLOAD, 0.0) == 0
    assert pacing.wait_s(Tier.MUTATION, 17.0) == 0


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ([], 1),
        ([("Retry-After", "0")], 1),
        ([("Retry-After", "soon")], 1),
        ([("retry-after", "9")], 9),
        ([("Retry-After", "7"), ("RateLimit-Reset", "30")], 7),
        ([("RateLimit-Reset", "30")], 30),
        ([("X-RateLimit-Reset", "30")], 30),
        ([("RateLimit-Reset", "30"), ("X-RateLimit-Reset", "40")], 30),
        ([("RateLimit-Reset", "1778146200"), ("Date", "Thu, 07 May 2026 09:29:40 GMT")], 20),
        ([("RateLimit-Reset", "1778146200")], 1),
        ([("RateLimit-Reset", "1778146200"), ("Date", "not a date")], 1),
        ([("Retry-After", "Thu, 07 May 2026 09:30:00 GMT"), ("Date", "Thu, 07 May 2026 09:29:30 GMT")], 30),
        ([("Retry-After", "Thu, 07 May 2026 09:30:00 GMT")], 1),
        ([("Retry-After", "99999999999")], 3600),
    ],
)
def test_the_wait_after_a_429_is_what_its_headers_say(headers: list[tuple[str, str]], wait_s: float) -> None:
    pacing = Pacing()
    pacing.spend(Tier.READ, 5.0)
    pacing.learn(Tier.READ, 429, headers, 5.0)
    assert pacing.wait_s(Tier.READ, 5.0) == wait_s


def test_the_budget_that_others_spent_is_respected() -> None:
    pacing = Pacing()
    pacing.spend(Tier.UPLOAD, 0.0)
    pacing.learn(Tier.UPLOAD, 201, told(60, 0, 20), 0.1)
    assert pacing.wait_s(Tier.UPLOAD, 0.1) == pytest.approx(21.0)
    assert pacing.wait_s(Tier.UPLOAD, 21.2) == 0


def test_requests_still_out_count_in_the_window_they_may_fall_into() -> None:
    pacing = Pacing()
    pacing.spend(Tier.UPLOAD, 0.0)
    pacing.spend(Tier.UPLOAD, 0.0)
    pacing.learn(Tier.UPLOAD, 201, told(60, 1, 20), 0.1)
    assert pacing.wait_s(Tier.UPLOAD, 5.0) > 10


def test_a_straggler_of_the_last_window_does_not_reopen_it() -> None:
    pacing = Pacing()
    for _ in range(2):
        pacing.spend(Tier.UPLOAD, 0.0)
    pacing.learn(Tier.UPLOAD, 201, told(60, 50, 10), 0.0)
    pacing.wait_s(Tier.UPLOAD, 12.0)
    pacing.learn(Tier.UPLOAD, 201, told(60, 0, 1), 12.0)
    assert pacing.wait_s(Tier.UPLOAD, 12.0) == 0


def test_an_answer_that_shows_a_new_window_opens_it() -> None:
    pacing = Pacing()
    for _ in range(2):
        pacing.spend(Tier.UPLOAD, 0.0)
    pacing.learn(Tier.UPLOAD, 201, told(60, 1, 10), 0.0)
    assert pacing.wait_s(Tier.UPLOAD, 10.5) > 0
    pacing.learn(Tier.UPLOAD, 201, told(60, 59, 59), 10.5)
    assert pacing.wait_s(Tier.UPLOAD, 10.5) == 0


def test_an_admin_account_gets_its_larger_rate_and_burst() -> None:
    pacing = Pacing()
    pacing.spend(Tier.UPLOAD, 0.0)
    pacing.learn(Tier.UPLOAD, 201, told(600, 599, 60), 0.0)
    assert spend_all(pacing, Tier.UPLOAD, 100, 10.0) == pytest.approx(15.0)


def test_an_admin_account_gets_its_larger_hour() -> None:
    pacing = Pacing()
    pacing.spend(Tier.READ, 0.0)
    pacing.learn(Tier.READ, 200, told(6000, 5999, 60), 0.0)
    assert spend_all(pacing, Tier.READ, 6000, 0.0) < 120


def test_a_limit_that_nobody_reaches_is_no_limit() -> None:
    pacing = Pacing()
    pacing.spend(Tier.READ, 0.0)
    pacing.learn(Tier.READ, 200, told(1_000_000, 1_000_000, 60), 0.0)
    assert spend_all(pacing, Tier.UPLOAD, 10_000, 0.0) == 0.0


def test_priming_with_limits_that_nobody_reaches_means_none() -> None:
    pacing = Pacing()
    block = {"limit": 1_000_000, "remaining": 1_000_000, "resetSeconds": 10}
    pacing.prime(dict.fromkeys(("read", "upload", "mutation", "hourly"), block), 0.0)
    assert pacing.unlimited


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_good_answer_without_rate_headers_means_no_limits(status: int) -> None:
    pacing = Pacing()
    pacing.spend(Tier.READ, 0.0)
    pacing.learn(Tier.READ, status, [("Content-Type", "application/json")], 0.0)
    assert pacing.unlimited
    assert spend_all(pacing, Tier.UPLOAD, 10_000, 0.0) == 0.0


@pytest.mark.parametrize("status", [0, 302, 401, 404, 500, 502])
def test_a_bad_or_missing_answer_without_rate_headers_means_nothing(status: int) -> None:
    pacing = Pacing()
    pacing.spend(Tier.READ, 0.0)
    pacing.learn(Tier.READ, status, (), 0.0)
    assert not pacing.unlimited


def test_limits_that_were_seen_once_stay() -> None:
    pacing = Pacing()
    pacing.spend(Tier.READ, 0.0)
    pacing.learn(Tier.READ, 200, told(600, 599, 60), 0.0)
    pacing.spend(Tier.READ, 0.0)
    pacing.learn(Tier.READ, 200, (), 0.0)
    pacing.prime({}, 0.0)
    assert not pacing.unlimited


def test_rate_headers_end_the_unlimited_state() -> None:
    pacing = Pacing(unlimited=True)
    pacing.spend(Tier.READ, 0.0)
    pacing.learn(Tier.READ, 200, told(600, 599, 60), 0.0)
    assert not pacing.unlimited


def test_an_unlimited_pacing_still_obeys_a_429() -> None:
    pacing = Pacing(unlimited=True)
    pacing.spend(Tier.UPLOAD, 0.0)
    pacing.learn(Tier.UPLOAD, 429, [("Retry-After", "3")], 0.0)
    assert pacing.wait_s(Tier.UPLOAD, 0.0) == 3


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"upload": None, "hourly": None},
        {"upload": {"limit": 0, "remaining": 0, "resetSeconds": 0}},
        {"upload": {"limit": None}, "hourly": "off"},
    ],
)
def test_a_rate_limits_reply_without_any_limit_means_none(reply: dict[str, object]) -> None:
    pacing = Pacing()
    pacing.prime(reply, 0.0)
    assert pacing.unlimited


def test_priming_takes_over_what_is_left_of_the_minute() -> None:
    pacing = Pacing()
    pacing.prime({"upload": {"limit": 60, "remaining": 2, "resetSeconds": 30}}, 0.0)
    spend_all(pacing, Tier.UPLOAD, 2, 0.0)
    assert pacing.wait_s(Tier.UPLOAD, 0.0) == pytest.approx(31.0)


@pytest.mark.parametrize(
    "block",
    [{"limit": 60}, {"limit": 60.0, "remaining": None}, {"limit": 60, "remaining": "?", "resetSeconds": "?"}],
)
def test_a_partial_rate_limits_reply_keeps_the_defaults(block: dict[str, object]) -> None:
    pacing = Pacing()
    pacing.prime({"upload": block}, 0.0)
    assert spend_all(pacing, Tier.UPLOAD, 6, 0.0) == pytest.approx(1.0)


@pytest.mark.parametrize("value", ["", "-", "abc", "9" * 40, "60, 60;w=60"])
def test_unreadable_rate_headers_never_raise(value: str) -> None:
    pacing = Pacing()
    pacing.spend(Tier.READ, 0.0)
    pacing.learn(Tier.READ, 200, [(f"RateLimit-{name}", value) for name in ("Limit", "Remaining", "Reset")], 0.0)
    assert pacing.wait_s(Tier.READ, 0.0) >= 0


@pytest.mark.parametrize(
    ("requests", "eta_s"),
    [
        ({}, 0),
        ({Tier.UPLOAD: 0}, 0),
        ({Tier.UPLOAD: 5}, 0),
        ({Tier.UPLOAD: 65}, 60),
        ({Tier.UPLOAD: 600}, 595),
        ({Tier.UPLOAD: 600, Tier.MUTATION: 600}, 595),
        ({Tier.READ: 630}, 60),
    ],
)
def test_the_eta_of_a_fresh_account_follows_from_rate_and_burst(requests: dict[Tier, int], eta_s: float) -> None:
    assert Pacing().eta_s(requests, 7.0) == pytest.approx(eta_s, abs=0.1)


def test_the_eta_passes_the_hour_when_its_ceiling_is_reached() -> None:
    assert Pacing().eta_s({Tier.READ: 6000}, 0.0) >= 3600


def test_the_eta_of_an_unlimited_account_is_zero() -> None:
    assert Pacing(unlimited=True).eta_s({Tier.UPLOAD: 10_000}, 0.0) == 0


@pytest.mark.parametrize("n", [1, 30, 120, 400])
def test_the_eta_agrees_with_what_then_happens(n: int) -> None:
    pacing = Pacing()
    spend_all(pacing, Tier.UPLOAD, 20, 0.0)
    eta_s = pacing.eta_s({Tier.UPLOAD: n}, 20.0)
    assert spend_all(pacing, Tier.UPLOAD, n, 20.0) - 20.0 == pytest.approx(eta_s, rel=0.03, abs=2.0)


def test_an_answer_that_speaks_of_the_hour_is_heard_as_such() -> None:
    pacing = Pacing()
    pacing.spend(Tier.READ, 0.0)
    pacing.learn(Tier.READ, 200, told(5000, 0, 900), 0.0)
    assert [pacing.wait_s(tier, 0.0) for tier in Tier] == [pytest.approx(901.0)] * 3


def test_an_answer_that_names_only_what_is_left_is_enough() -> None:
    pacing = Pacing()
    pacing.spend(Tier.UPLOAD, 0.0)
    pacing.learn(Tier.UPLOAD, 201, [("RateLimit-Remaining", "0")], 0.0)
    assert pacing.wait_s(Tier.UPLOAD, 0.0) == pytest.approx(60.0)


def test_a_primed_hour_is_not_changed_by_a_larger_minute() -> None:
    pacing = Pacing()
    pacing.prime({"hourly": {"limit": 5000, "remaining": 0, "resetSeconds": 100}}, 0.0)
    pacing.spend(Tier.READ, 0.0)
    pacing.learn(Tier.READ, 200, told(6000, 5999, 60), 0.0)
    assert pacing.wait_s(Tier.READ, 0.0) == pytest.approx(101.0)


# --- what is left for more urgent requests ----------------------------------------------------------------------------


def use_up(pacing: Pacing, tier: Tier, rank: Rank, now: float, until: float) -> float:
    """Send as long as this rank may before ``until``; the time after the last one."""
    while (wait_s := pacing.wait_s(tier, now, rank)) + now < until:
        now += wait_s
        pacing.spend(tier, now)
        pacing.learn(tier, 0, (), now)
    return now


def test_a_backfill_leaves_a_token_for_an_interactive_edit() -> None:
    pacing = Pacing()
    use_up(pacing, Tier.UPLOAD, Rank.BACKFILL, 0.0, 0.5)
    assert pacing.wait_s(Tier.UPLOAD, 0.0, Rank.BACKFILL) > 0
    assert pacing.wait_s(Tier.UPLOAD, 0.0, Rank.INTERACTIVE) == 0


def test_a_backfill_leaves_room_in_the_minute_until_its_end_is_near() -> None:
    pacing = Pacing()
    pacing.prime({"upload": {"limit": 60, "remaining": 2, "resetSeconds": 30}}, 0.0)
    assert pacing.wait_s(Tier.UPLOAD, 0.0, Rank.INTERACTIVE) == 0
    backfill_s = pacing.wait_s(Tier.UPLOAD, 0.0, Rank.BACKFILL)
    assert 25 < backfill_s < 30
    assert pacing.wait_s(Tier.UPLOAD, backfill_s, Rank.BACKFILL) == 0


@pytest.mark.parametrize(
    ("rank", "free"), [(Rank.MAKE_PRIVATE, True), (Rank.INTERACTIVE, False), (Rank.BACKFILL, False)]
)
def test_when_the_hour_is_nearly_gone_only_what_makes_private_may_go(rank: Rank, free: bool) -> None:
    pacing = Pacing()
    pacing.prime({"hourly": {"limit": 5000, "remaining": 20, "resetSeconds": 1800}}, 0.0)
    assert (pacing.wait_s(Tier.MUTATION, 0.0, rank) == 0) is free


def test_what_was_given_back_may_be_spent_again() -> None:
    pacing = Pacing()
    for _ in range(5):
        pacing.spend(Tier.UPLOAD, 0.0)
    assert pacing.wait_s(Tier.UPLOAD, 0.0) > 0
    pacing.give_back(Tier.UPLOAD)
    assert pacing.wait_s(Tier.UPLOAD, 0.0) == 0


def test_a_limit_of_one_leaves_nothing_to_spare_and_still_lets_a_backfill_go_on() -> None:
    pacing = Pacing()
    pacing.prime({"upload": {"limit": 1, "remaining": 1, "resetSeconds": 60}}, 0.0)
    assert pacing.wait_s(Tier.UPLOAD, 0.0, Rank.BACKFILL) == 0
