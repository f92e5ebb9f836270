"""§3 and §15 #2 #4 #5: tiers, headers and 429, on a clock that stands still."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from wsgiref.util import setup_testing_defaults

import httpx
import pytest

from tests.contract import samples
from tests.contract.harness import Api, Clock, Service, must_fail, parse_time

PREFIXES = ("RateLimit-", "X-RateLimit-")
SOME_ID = "x" * 21
TIERS: list[tuple[str, str, int, dict[str, Any]]] = [
    ("GET", "/v1/docs", 600, {}),
    ("GET", f"/v1/docs/{SOME_ID}", 600, {}),
    ("GET", f"/v1/docs/{SOME_ID}/raw", 600, {}),
    ("GET", f"/v1/audio/{SOME_ID}", 600, {}),
    ("GET", "/v1/media", 600, {}),
    ("GET", "/v1/images", 600, {}),
    ("GET", "/v1/images/abcdefghijk", 600, {}),
    ("GET", "/v1/sync/state", 600, {}),
    ("GET", "/v1/user/me/usage", 600, {}),
    ("GET", "/v1/auth/verify", 600, {}),
    ("POST", "/v1/audio", 60, {"files": {"file": ("a.mp3", samples.mp3(), "audio/mpeg")}}),
    ("POST", "/v1/docs", 60, {"json": {}}),
    ("POST", "/v1/images", 60, {"files": {"file": ("a.png", samples.png(), "image/png")}}),
    ("PATCH", f"/v1/audio/{SOME_ID}", 120, {"json": {}}),
    ("PATCH", f"/v1/docs/{SOME_ID}", 120, {"json": {}}),
    ("DELETE", f"/v1/audio/{SOME_ID}", 120, {}),
    ("DELETE", f"/v1/docs/{SOME_ID}", 120, {}),
    ("DELETE", "/v1/docs", 120, {"json": {"ids": ["a", "b", "c"]}}),
    ("DELETE", "/v1/media", 120, {"json": {"items": [{"id": "a", "type": "audio"}, {"id": "b", "type": "image"}]}}),
    ("DELETE", "/v1/images/abcdefghijk", 120, {}),
]


def budget(response: httpx.Response, prefix: str = "RateLimit-") -> tuple[int, int, int]:
    """Limit, remaining and reset as one family of headers gives them."""
    return tuple(int(response.headers[prefix + name]) for name in ("Limit", "Remaining", "Reset"))  # type: ignore[return-value]


@pytest.fixture
def owner(limited: Service) -> Iterator[Api]:
    return limited.owner()


def spend(api: Api, times: int, path: str = "/v1/auth/verify") -> httpx.Response:
    """Use up read budget; the last answer. The others are asked for without a client, which costs more than they do."""
    environ = {"PATH_INFO": path, "HTTP_AUTHORIZATION": f"Bearer {api.key}"}
    setup_testing_defaults(environ)
    for _ in range(times - 1):
        list(api.app(dict(environ), lambda *_: None))
    return api.get(path)


@pytest.mark.parametrize(
    ("method", "path", "limit", "request_"), TIERS, ids=[f"{method} {path}" for method, path, _, _ in TIERS]
)
def test_each_endpoint_uses_its_tier(owner: Api, method: str, path: str, limit: int, request_: dict[str, Any]) -> None:
    """§3 tiers read, §3 tiers upload, §3 tiers mutation: 600, 60, 120 a minute; one request, failed or a batch,
    counts once (§15 #2)."""
    response = owner.client.request(method, path, **request_)
    for prefix in PREFIXES:
        assert budget(response, prefix)[:2] == (limit, limit - 1)


@pytest.mark.parametrize("into_window_s", [0, 1, 43, 59.5])
def test_reset_counts_whole_seconds_to_the_utc_minute(owner: Api, clock: Clock, into_window_s: float) -> None:
    """§3 RateLimit-Reset: whole seconds until the window resets; §15 #2: windows are aligned to UTC minutes."""
    clock.advance(into_window_s)
    response = owner.get("/v1/docs")
    for prefix in PREFIXES:
        assert abs(budget(response, prefix)[2] - (60 - into_window_s)) < 1


def test_a_new_minute_is_a_new_budget(owner: Api, clock: Clock) -> None:
    """§15 #2: fixed 60 s windows."""
    clock.advance(58)
    assert budget(spend(owner, 3))[1] == 597
    clock.advance(1)
    assert budget(spend(owner, 1))[1] == 596
    clock.advance(1)
    assert budget(spend(owner, 1))[1] == 599


OVER = [
    ("read", "GET", f"/v1/docs/{SOME_ID}", 600),
    ("upload", "POST", "/v1/docs", 60),
    ("mutation", "PATCH", f"/v1/audio/{SOME_ID}", 120),
]


@pytest.mark.parametrize(("tier", "method", "path", "limit"), OVER, ids=[row[0] for row in OVER])
def test_one_request_too_many_is_429(owner: Api, clock: Clock, tier: str, method: str, path: str, limit: int) -> None:
    """§2 429, §3 Retry-After: RATE_LIMIT with meta.retryAfterSec and meta.tier; Retry-After always; remaining never
    below 0."""
    clock.advance(43)
    for _ in range(limit):
        assert owner.client.request(method, path, json={}).status_code in {404, 422}
    for _ in range(2):
        response = owner.client.request(method, path, json={})
        must_fail(response, 429, "RATE_LIMIT", tier=tier, retryAfterSec=17)
        assert response.headers["Retry-After"] == "17"
        assert budget(response) == (limit, 0, 17)
        assert budget(response, "X-RateLimit-") == (limit, 0, 17)
    clock.advance(17)
    assert owner.client.request(method, path, json={}).status_code in {404, 422}


def test_retry_after_is_at_least_a_second(owner: Api, clock: Clock) -> None:
    """§3 Retry-After: whole seconds to wait, ≥ 1."""
    clock.advance(59.999)
    for _ in range(61):
        response = owner.post("/v1/docs", json={})
    assert int(must_fail(response, 429)["meta"]["retryAfterSec"]) >= 1
    assert int(response.headers["Retry-After"]) >= 1


def test_tiers_are_independent(owner: Api) -> None:
    """§3 tiers: an exhausted tier does not close the others."""
    for _ in range(61):
        refused = owner.post("/v1/docs", json={})
    assert refused.status_code == 429
    assert owner.get("/v1/docs").status_code == 200
    assert owner.patch(f"/v1/docs/{SOME_ID}", json={}).status_code == 404


def test_the_hour_has_a_ceiling_over_all_tiers(owner: Api, clock: Clock) -> None:
    """§3 all: 5000 an hour per key, all tiers together; §15 #5: an hourly 429 reports the hour."""
    for _ in range(8):
        spend(owner, 600)
        clock.advance(60)
    for _ in range(100):
        owner.patch(f"/v1/docs/{SOME_ID}", json={})
    assert budget(spend(owner, 100))[:2] == (600, 500)
    response = owner.get("/v1/docs")
    left_s = 30 * 60 - 8 * 60
    must_fail(response, 429, "RATE_LIMIT", tier="hourly", retryAfterSec=left_s)
    assert response.headers["Retry-After"] == str(left_s)
    assert budget(response) == (5000, 0, left_s)
    clock.advance(60)
    assert owner.get("/v1/docs").status_code == 429
    clock.advance(left_s - 60)
    assert owner.get("/v1/docs").status_code == 200


def test_requests_without_a_valid_key_are_not_counted(limited: Service, owner: Api) -> None:
    """§15 #2: 401s are not counted."""
    stranger = limited.api("sk_live_" + "0" * 32)
    for _ in range(700):
        assert stranger.get("/v1/docs").status_code == 401
    assert budget(owner.get("/v1/docs"))[1] == 599


def test_each_key_has_its_own_budget(limited: Service, owner: Api) -> None:
    """§15 #2: counted per credential (key id)."""
    second = limited.second_key(owner, "read")
    spend(owner, 5)
    assert budget(second.get("/v1/docs"))[1] == 599
    assert budget(limited.tenant().get("/v1/docs"))[1] == 599


def test_an_admin_has_ten_times_the_budget(limited: Service) -> None:
    """§3 Admin accounts: ten times."""
    limits = limited.tenant(admin=True).data("/v1/user/me/rate-limits")
    assert [limits[name]["limit"] for name in ("read", "upload", "mutation")] == [6000, 600, 1200]
    assert limits["hourly"]["limit"] in {5000, 50_000}


def test_bursts_are_not_enforced(owner: Api) -> None:
    """§15 #4 Burst: advisory; 60 uploads in one instant pass."""
    assert {owner.post_doc(f"# {number}\n").status_code for number in range(60)} == {201}


def test_asking_for_the_limits_is_free_and_exact(owner: Api, clock: Clock) -> None:
    """§13 GET rate-limits: read, upload, mutation, hourly, each limit, remaining, resetSeconds,
    resetAt; it consumes nothing."""
    clock.advance(39)
    spend(owner, 2)
    owner.post_doc()
    owner.data("/v1/user/me/rate-limits")
    limits = owner.data("/v1/user/me/rate-limits")
    assert {name: (tier["limit"], tier["remaining"]) for name, tier in limits.items()} == {
        "read": (600, 598),
        "upload": (60, 59),
        "mutation": (120, 120),
        "hourly": (5000, 4997),
    }
    assert [limits[name]["resetSeconds"] for name in ("read", "upload", "mutation", "hourly")] == [21, 21, 21, 1761]
    assert parse_time(limits["read"]["resetAt"]) == datetime(2026, 5, 2, 9, 31, tzinfo=UTC)
    assert parse_time(limits["hourly"]["resetAt"]) == datetime(2026, 5, 2, 10, 0, tzinfo=UTC)


def test_asking_for_the_limits_works_when_they_are_used_up(owner: Api) -> None:
    """§3 GET /v1/user/me/rate-limits: consumes nothing, so it answers when read is exhausted."""
    spend(owner, 601)
    assert owner.data("/v1/user/me/rate-limits")["read"]["remaining"] == 0


def test_the_cdn_and_health_are_not_limited(limited: Service, owner: Api) -> None:
    """§3 CDN: GETs and /health are not limited and use no budget."""
    image = owner.new_image()
    for _ in range(650):
        assert owner.get(image["url"]).status_code == 200
    assert limited.api().get("/health").status_code == 200
    assert owner.data("/v1/user/me/rate-limits")["read"]["remaining"] == 600


def test_limits_off_never_refuses(api: Api) -> None:
    """§3: with limits off (an option of this server) the 61st upload of a minute passes."""
    assert {api.post("/v1/docs", json={}).status_code for _ in range(70)} == {422}
