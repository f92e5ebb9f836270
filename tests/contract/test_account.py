"""§13 Account and health, §14 the plans' numbers."""

from typing import Any

import pytest

from tests.contract import samples
from tests.contract.harness import MIB, Api, Clock, Service, parse_time

PLANS: dict[str, dict[str, int]] = {
    "none": {"imgStorageBytes": 0, "docCount": 0, "audioStorageBytes": 0},
    "trial": {"imgStorageBytes": 100 * MIB, "imgUploadMonth": 1000, "docCount": 100, "audioStorageBytes": 500 * MIB},
    "pro": {
        "imgStorageBytes": 5 * 1024 * MIB,
        "imgUploadMonth": 50_000,
        "docCount": 1000,
        "audioStorageBytes": 5 * 1024 * MIB,
    },
    "pro_plus": {
        "imgStorageBytes": 50 * 1024 * MIB,
        "imgUploadMonth": 200_000,
        "docCount": 10_000,
        "audioStorageBytes": 50 * 1024 * MIB,
    },
}


@pytest.mark.parametrize("plan", PLANS)
def test_verify_names_user_plan_and_key(service: Service, plan: str) -> None:
    """§13 GET /v1/auth/verify: valid (always true), userId, plan, authType, apiKeyId for keys."""
    api = service.tenant(plan=plan)
    data = api.data("/v1/auth/verify")
    assert data["valid"] is True
    assert (data["userId"], data["plan"], data["authType"]) == (api.user_id, plan, "apiKey")
    assert data["apiKeyId"]


def test_verify_works_with_any_scope(service: Service) -> None:
    """§5 GET /v1/auth/verify: any scope."""
    for scope in ("read", "read_write", "read_write_delete"):
        assert service.tenant(scope=scope).data("/v1/auth/verify")["valid"] is True


@pytest.mark.parametrize("plan", PLANS)
def test_usage_gives_the_plans_limits(service: Service, plan: str) -> None:
    """§14 plans: docs 100/1000/10000, image storage 100 MB/5 GB/50 GB, media storage 500 MB/5 GB/50 GB; none: 0."""
    usage = service.tenant(plan=plan).data("/v1/user/me/usage")
    assert usage["plan"] == plan
    assert {name: usage["planLimits"][name] for name in PLANS[plan]} == PLANS[plan]


def test_usage_of_an_empty_account_is_zero(api: Api) -> None:
    """§13 GET usage: images, videos, docs, audio blocks; a new account has nothing."""
    usage = api.data("/v1/user/me/usage")
    images: dict[str, Any] = usage["images"]
    assert {name: images[name] for name in ("storageUsed", "uploadCountToday", "uploadCountMonth", "totalCount")} == {
        "storageUsed": 0,
        "uploadCountToday": 0,
        "uploadCountMonth": 0,
        "totalCount": 0,
    }
    assert images["bandwidthUsed"] == 0
    assert usage["videos"] == {"storageUsed": 0, "bandwidthUsed": 0}
    assert (usage["audio"]["totalCount"], usage["audio"]["storageUsed"]) == (0, 0)
    assert (usage["docs"]["totalCount"], usage["docs"]["storageUsed"]) == (0, 0)
    parse_time(usage["updatedAt"])


def test_usage_counts_what_is_held(api: Api) -> None:
    """§13 GET usage: counts and bytes by kind, public and private."""
    image, audio = api.new_image(isPublic="false"), api.new_audio()
    doc = api.new_doc("# Usage ✓\n", isPublic=False)
    usage = api.data("/v1/user/me/usage")
    assert usage["images"]["storageUsed"] == image["sizeBytes"] == len(samples.png())
    assert (usage["images"]["totalCount"], usage["images"]["uploadCountToday"]) == (1, 1)
    assert (usage["images"]["publicCount"], usage["images"]["privateCount"]) == (0, 1)
    assert (usage["audio"]["totalCount"], usage["audio"]["storageUsed"]) == (1, audio["sizeBytes"])
    assert (usage["docs"]["totalCount"], usage["docs"]["storageUsed"]) == (1, doc["sizeBytes"])
    assert (usage["docs"]["publicCount"], usage["docs"]["privateCount"]) == (0, 1)


def test_usage_counts_the_images_of_this_day_and_of_this_month(timed: Api, clock: Clock) -> None:
    """§13 GET usage: uploads of images today and this month (UTC)."""
    counted = []
    for days in (0, 1, 30):
        clock.advance(days * 86400.0)
        timed.new_image(samples.png(salt=bytes([days])))
        images = timed.data("/v1/user/me/usage")["images"]
        counted.append((images["totalCount"], images["uploadCountToday"], images["uploadCountMonth"]))
    assert counted == [(1, 1, 1), (2, 1, 2), (3, 1, 1)]


@pytest.mark.parametrize("path", ["/health", "/v1/health"])
def test_health_is_a_bare_object_for_anybody(anonymous: Api, path: str) -> None:
    """§13 GET /health: bare ok, ts, features.kb false (§15 #23); /v1/health answers alike."""
    response = anonymous.get(path)
    assert response.status_code == 200
    body = response.json()
    assert body["ok"] is True
    assert "success" not in body
    parse_time(body["ts"])
    assert body["features"]["kb"] is False
