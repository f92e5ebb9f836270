"""When a request may go out, so that the API's budget is used up and never passed (contract §3, §15 #2, #4; design §8).

Each tier has a token bucket (its burst, refilled at its rate) inside the server's fixed window of 60 s; all tiers
share a fixed window of an hour. The server's own numbers correct ours with every answer. Pure: ``now`` is seconds of
any clock that never goes back, the same one in every call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from picora_sync.core.model import Rank, Tier
from picora_sync.core.rate_headers import Rates, read_rates

MINUTE_S: Final = 60.0
HOUR_S: Final = 3600.0
PER_HOUR: Final = 5000

ANSWER_FRESH_S: Final = 5.0
"""An answer that took longer tells of a window that may be over: pass it to ``learn`` without its headers."""

_ENDLESS: Final = 100_000  # a server with its limits off may advertise one a minute that nobody reaches
_WHOLE_SECOND_S: Final = 1.0  # RateLimit-Reset is whole seconds, and nobody says which way it is rounded
_BURST_SHARE: Final = {Tier.UPLOAD: 12, Tier.MUTATION: 12, Tier.READ: 20}  # contract §3: 60/5, 120/10, 600/30
_PER_MINUTE: Final = {Tier.UPLOAD: 60, Tier.MUTATION: 120, Tier.READ: 600}


@dataclass(frozen=True, slots=True)
class Spare:
    """What a request must leave for more urgent ones: tokens, and shares of the minute's and the hour's limit."""

    tokens: float
    of_minute: float
    of_hour: float


_SPARE: Final = {
    Rank.MAKE_PRIVATE: Spare(0.0, 0.0, 0.0),
    Rank.INTERACTIVE: Spare(0.0, 0.0, 0.004),
    Rank.BACKFILL: Spare(1.0, 1 / 30, 0.014),
}
_LAST_CALL_S: Final = 1.5
"""What is spared in a window is nobody's loss: it is let go so long before the window's end, one after the other."""


@dataclass(slots=True)
class Window:
    """A fixed window of the server, as far as it can be seen from here.

    ``counted`` is the most requests the server is known to have counted in it. ``ends_at`` is when it is certainly
    over, None before the first request; ``told`` says that the server, not our guess, is behind ``ends_at``.
    """

    length_s: float
    limit: int
    counted: int = 0
    ends_at: float | None = None
    told: bool = False

    def roll(self, now: float) -> None:
        """Begin the next window if this one is certainly over."""
        if self.ends_at is not None and now >= self.ends_at:
            self.ends_at += self.length_s * ((now - self.ends_at) // self.length_s + 1)
            self.counted = 0

    def over_in_s(self, now: float) -> float:
        """Seconds until it is certainly over; a window that nobody has seen yet may still last its whole length."""
        return self.length_s if self.ends_at is None else self.ends_at - now

    def wait_s(self, taken: int, spare: int, now: float) -> float:
        """Seconds until it has room for one more request beside what is spared."""
        left = self.limit - taken - 1
        if left >= spare:
            return 0.0
        over_s = self.over_in_s(now)
        if left < 0:
            return over_s
        return max(0.0, over_s - _LAST_CALL_S - left * self.length_s / self.limit)

    def begin(self, now: float) -> None:
        """A request goes out now: the window it falls into ends within one length from here."""
        if self.ends_at is None:
            self.ends_at = now + self.length_s

    def hear(self, used: int | None, reset_s: float | None, now: float) -> None:
        """Take in what the server said in a fresh answer: requests counted, and seconds until the window ends."""
        self.roll(now)
        if reset_s is not None:
            latest = now + reset_s + _WHOLE_SECOND_S
            earliest = latest - 2 * _WHOLE_SECOND_S - ANSWER_FRESH_S
            if self.ends_at is None or not self.told:
                self.ends_at = latest
            elif earliest > self.ends_at:  # our window is over already, this is the next one
                self.ends_at = latest
                self.counted = 0
            elif latest < self.ends_at - self.length_s / 2:  # a straggler from the window before ours
                return
            else:
                self.ends_at = min(self.ends_at, latest)
            self.told = True
        if used is not None:
            self.counted = max(self.counted, used)

    def close(self, delay_s: float, now: float) -> None:
        """The server refused: nothing is left until the delay is over."""
        self.counted = self.limit
        self.ends_at = now + delay_s
        self.told = True

    def start_of_nth_s(self, n: int, taken: int, now: float) -> tuple[float, int]:
        """``(seconds until the window in which the n-th further request goes out, its number in that window)``."""
        left = max(0, self.limit - taken)
        if n <= left:
            return 0.0, n
        full, rest = divmod(n - left - 1, self.limit)
        return self.over_in_s(now) + full * self.length_s, rest + 1


@dataclass(slots=True)
class TierState:
    """One tier: bucket, window, and the requests whose answers are still out.

    An unanswered request may fall into this window or the next, so it counts in both.
    """

    burst_share: int
    window: Window
    tokens: float
    filled_at: float | None = None
    in_flight: int = 0
    blocked_until: float | None = None

    @property
    def capacity(self) -> float:
        """The burst; an account with other limits has it in proportion."""
        return max(1.0, self.window.limit / self.burst_share)

    @property
    def per_s(self) -> float:
        """The rate at which the bucket fills."""
        return self.window.limit / self.window.length_s

    @property
    def taken(self) -> int:
        """An upper bound of what the server will have counted when all answers are in."""
        return self.window.counted + self.in_flight

    def roll(self, now: float) -> None:
        """Bring bucket and window up to now."""
        since = now if self.filled_at is None else self.filled_at
        self.tokens = min(self.capacity, self.tokens + max(0.0, now - since) * self.per_s)
        self.filled_at = now
        self.window.roll(now)

    def blocked_s(self, now: float) -> float:
        """What is left of the last refusal."""
        return 0.0 if self.blocked_until is None else max(0.0, self.blocked_until - now)

    def wait_s(self, spare: Spare, now: float) -> float:
        """Seconds until this tier alone allows one more request."""
        self.roll(now)
        tokens = 1.0 + min(spare.tokens, self.capacity - 1.0)
        bucket_s = max(0.0, tokens - self.tokens - 1e-9) / self.per_s
        window_s = self.window.wait_s(self.taken, int(self.window.limit * spare.of_minute), now)
        return max(bucket_s, window_s, self.blocked_s(now))

    def eta_s(self, n: int, now: float) -> float:
        """Seconds until the last of n further requests goes out."""
        self.roll(now)
        start_s, place = self.window.start_of_nth_s(n, self.taken, now)
        inside_s = max(0.0, place - self.capacity) / self.per_s if start_s else 0.0
        return max((n - self.tokens) / self.per_s, start_s + inside_s, self.blocked_s(now), 0.0)


class Pacing:
    """The budget of one account. Not thread-safe: its owner locks.

    Every ``spend`` must be followed by one ``learn`` of the same tier, or by ``give_back``. ``unlimited`` says that the
    server is known to have no limits; otherwise a first good answer without rate headers says so (contract §3 promises
    them on every authenticated answer), or one that names a limit nobody reaches. A 429 is believed always.
    """

    def __init__(self, *, unlimited: bool = False) -> None:
        self._off = unlimited
        self._limits_seen = False
        self._hour = Window(HOUR_S, PER_HOUR)
        self._lanes = {
            tier: TierState(_BURST_SHARE[tier], Window(MINUTE_S, limit), tokens=limit / _BURST_SHARE[tier])
            for tier, limit in _PER_MINUTE.items()
        }

    @property
    def unlimited(self) -> bool:
        """Whether the server is taken to have no limits."""
        return self._off

    def wait_s(self, tier: Tier, now: float, rank: Rank = Rank.MAKE_PRIVATE) -> float:
        """Seconds until a request of this tier may go out and leave enough for more urgent ones; 0 means now."""
        lane, spare = self._lanes[tier], _SPARE[rank]
        if self._off:
            return lane.blocked_s(now)
        self._hour.roll(now)
        hour_s = self._hour.wait_s(self._hour.counted, int(self._hour.limit * spare.of_hour), now)
        return max(lane.wait_s(spare, now), hour_s)

    def left(self, now: float) -> dict[str, tuple[int, int]]:
        """Limit and rest of this minute for each tier, and of this ``hour``; nothing if there are no limits."""
        if self._off:
            return {}
        for lane in self._lanes.values():
            lane.roll(now)
        self._hour.roll(now)
        windows = {tier.value: (lane.window, lane.taken) for tier, lane in self._lanes.items()}
        windows["hour"] = (self._hour, self._hour.counted)
        return {name: (window.limit, max(0, window.limit - taken)) for name, (window, taken) in windows.items()}

    def blocked_s(self, tier: Tier, now: float) -> float:
        """Seconds that are left of the tier's last refusal."""
        return self._lanes[tier].blocked_s(now)

    def spend(self, tier: Tier, now: float) -> None:
        """A request of this tier goes out now."""
        lane = self._lanes[tier]
        lane.in_flight += 1
        if self._off:
            return
        lane.roll(now)
        lane.tokens -= 1.0
        lane.window.begin(now)
        self._hour.roll(now)
        self._hour.begin(now)
        self._hour.counted += 1

    def give_back(self, tier: Tier) -> None:
        """What was spent did not go out after all; no ``learn`` follows."""
        lane = self._lanes[tier]
        lane.in_flight = max(0, lane.in_flight - 1)
        if not self._off:
            lane.tokens = min(lane.capacity, lane.tokens + 1.0)
            self._hour.counted = max(0, self._hour.counted - 1)

    def learn(self, tier: Tier, status: int, headers: Iterable[tuple[str, str]], now: float) -> None:
        """Take in an answer. Status 0 stands for none: the server may have counted the request all the same."""
        lane = self._lanes[tier]
        lane.in_flight = max(0, lane.in_flight - 1)
        rates = read_rates(headers)
        if status == 429:  # noqa: PLR2004  # the number is the name
            self._refused(lane, rates, now)
        elif rates.limit is None and rates.remaining is None:
            self._off = self._off or (not self._limits_seen and 200 <= status < 300)  # noqa: PLR2004  # any success
            lane.window.roll(now)
            lane.window.counted += 0 if self._off else 1
        else:
            self._allowed(tier, rates, now)

    def prime(self, reply: Mapping[str, object], now: float) -> None:
        """Take in the data of ``GET /v1/user/me/rate-limits`` (contract §13); without any limit in it there is none."""
        heard = {name: rates for name in (*Tier, "hourly") if (rates := _rates_of(reply.get(name))) is not None}
        if not heard:
            self._off = not self._limits_seen
            return
        for name, rates in heard.items():
            if name != "hourly":
                self._allowed(Tier(name), rates, now)
            elif not self._off:
                _hear(self._hour, rates, now)

    def eta_s(self, requests: Mapping[Tier, int], now: float) -> float:
        """Seconds until the last of these requests can have gone out; the tiers run side by side."""
        total = sum(requests.values())
        if self._off or not total:
            return 0.0
        lanes_s = max(self._lanes[tier].eta_s(n, now) for tier, n in requests.items() if n)
        self._hour.roll(now)
        start_s, place = self._hour.start_of_nth_s(total, self._hour.counted, now)
        return max(lanes_s, start_s + lanes_s * place / total if start_s else 0.0)

    def _allowed(self, tier: Tier, rates: Rates, now: float) -> None:
        if rates.limit is not None and rates.limit >= _ENDLESS:
            self._off = True
            return
        self._switch_on()
        if rates.reset_s is not None and rates.reset_s > MINUTE_S + _WHOLE_SECOND_S:
            _hear(self._hour, rates, now)  # contract §15 #5: the answer may speak of the hour
        else:
            lane = self._lanes[tier]
            lane.roll(now)
            _hear(lane.window, rates, now)
            if not self._hour.told:  # an admin account has ten times of everything (contract §3)
                self._hour.limit = PER_HOUR * max(1, lane.window.limit // _PER_MINUTE[tier])

    def _refused(self, lane: TierState, rates: Rates, now: float) -> None:
        delay_s = rates.refused_for_s
        if delay_s > MINUTE_S + _WHOLE_SECOND_S:
            for other in self._lanes.values():
                other.blocked_until = now + delay_s
            self._hour.close(delay_s, now)
        else:
            lane.blocked_until = now + delay_s
            lane.window.close(delay_s, now)
        self._switch_on()

    def _switch_on(self) -> None:
        self._limits_seen = True
        self._off = False


def _hear(window: Window, rates: Rates, now: float) -> None:
    if rates.limit:
        window.limit = rates.limit
    used = None if rates.remaining is None else max(0, window.limit - rates.remaining)
    window.hear(used, rates.reset_s, now)


def _rates_of(block: object) -> Rates | None:
    if not isinstance(block, Mapping):
        return None
    limit, remaining, reset_s = (block.get(name) for name in ("limit", "remaining", "resetSeconds"))
    if not isinstance(limit, (int, float)) or limit < 1:
        return None
    return Rates(
        limit=int(limit),
        remaining=int(remaining) if isinstance(remaining, (int, float)) else None,
        reset_s=float(reset_s) if isinstance(reset_s, (int, float)) else None,
    )
