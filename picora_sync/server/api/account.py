"""Who am I, what is left, is the server well (contract §13)."""

from __future__ import annotations

from typing import ClassVar

import falcon

from picora_sync.server.accounts import Credential
from picora_sync.server.library.usage import Usage
from picora_sync.server.store.clock import Stamps, iso
from picora_sync.server.web import access
from picora_sync.server.web.access import Access, Resource
from picora_sync.server.web.envelope import reply, to_json
from picora_sync.server.web.rate_windows import RateWindows

CONTRACT_VERSION = "0.15.0"


class Verify(Resource):
    """``/v1/auth/verify``: the key works, and whose it is."""

    access: ClassVar = {"GET": access.READ}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The caller's identity."""
        caller: Credential = req.context.credential
        data = {
            "valid": True,
            "userId": caller.user_id,
            "plan": caller.plan.name,
            "authType": "apiKey",
            "apiKeyId": caller.key_id,
        }
        reply(resp, data)


class RateLimits(Resource):
    """``/v1/user/me/rate-limits``: what is left of every window; asking costs nothing."""

    access: ClassVar = {"GET": Access("read", "read", counted=False)}

    def __init__(self, windows: RateWindows) -> None:
        self._windows = windows

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """All windows."""
        caller: Credential = req.context.credential
        budgets = self._windows.look(caller.key_id, admin=caller.admin)
        data = {
            name: {
                "limit": budget.limit,
                "remaining": budget.remaining,
                "resetSeconds": budget.reset_s,
                "resetAt": iso(budget.resets_at_s * 1000),
            }
            for name, budget in budgets.items()
        }
        reply(resp, data)


class UsageReport(Resource):
    """``/v1/user/me/usage``: what is stored and what the plan allows."""

    access: ClassVar = {"GET": access.READ}

    def __init__(self, usage: Usage) -> None:
        self._usage = usage

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The report."""
        reply(resp, self._usage.report(req.context.credential))


class Health(Resource):
    """``/health``: bare, without a key."""

    def __init__(self, stamps: Stamps) -> None:
        self._stamps = stamps

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """It is well if it answers."""
        resp.content_type = falcon.MEDIA_JSON
        resp.data = to_json(
            {
                "ok": True,
                "ts": iso(self._stamps.now_ms()),
                "version": CONTRACT_VERSION,
                "features": {"kb": False, "mediaListingV2": False},
            }
        )
