"""Who may call what: the first checks of every request, in the contract's order (§15 #1)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import falcon

from picora_sync.server import accounts, errors
from picora_sync.server.accounts import Credential, Scope
from picora_sync.server.errors import ApiError
from picora_sync.server.store.database import Database
from picora_sync.server.web.bodies import Bodies
from picora_sync.server.web.hosts import AnyHost
from picora_sync.server.web.rate_windows import Budget, RateWindows, Tier

_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9_\-.~+/]+=*)")
_EXPOSED = (
    "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, "
    "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, X-Request-Id, "
    "X-Source-Hash, X-Updated-At, X-Picora-Duplicate, "
    "X-Picora-Resource-Id, X-Picora-Resource-Type, X-Picora-Resource-Url, "
    "Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Upload-Offset, Upload-Length, Upload-Expires, "
    "Location, ETag, Content-Range, Accept-Ranges, Content-Length"
)


@dataclass(frozen=True)
class Access:
    """What one method of an endpoint asks of its caller.

    Attributes:
        tier: rate window it is counted in.
        scope: what the key must allow.
        anonymous: a caller without a valid key is let through, as nobody.
        counted: whether the call uses up a request.
    """

    tier: Tier
    scope: Scope
    anonymous: bool = False
    counted: bool = True


READ = Access("read", "read")
UPLOAD = Access("upload", "read_write")
CHANGE = Access("mutation", "read_write")
DELETE = Access("mutation", "read_write_delete")


class Resource:
    """Base of all endpoints: HEAD works wherever GET does, and ``access`` says who may call which method."""

    access: ClassVar[Mapping[str, Access]] = {}
    methods: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        get = getattr(cls, "on_get", None)
        if get is not None:
            cls.on_head = get  # type: ignore[attr-defined]  # found by Falcon by its name
        cls.methods = tuple(name[3:].upper() for name in dir(cls) if name.startswith("on_"))


class Gate:
    """Falcon middleware: request ids, hosts, CORS, authentication, rate limits, scopes."""

    def __init__(self, database: Database, windows: RateWindows, hosts: AnyHost) -> None:
        self._database = database
        self._hosts = hosts
        self._windows = windows
        self.bodies = Bodies()

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Name the request, and refuse it if it is for somebody else.

        Raises:
            ApiError: 421.
        """
        req.context.request_id = secrets.token_hex(8)
        req.context.budget = None
        req.context.credential = None
        req.context.bodies = self.bodies
        req.context.confirm = lambda: self._confirm(req)
        self._hosts.require(req)

    def process_resource(
        self, req: falcon.Request, _resp: falcon.Response, resource: Resource, params: dict[str, object]
    ) -> None:
        """Check route, method, key, rate and scope, in this order."""
        if req.path.startswith("//") or "" in params.values():  # Falcon takes them for /… and for an empty id
            raise falcon.HTTPNotFound
        if req.method == "OPTIONS":
            return
        if req.method not in resource.methods:
            raise falcon.HTTPMethodNotAllowed([*resource.methods, "OPTIONS"])
        access = resource.access.get("GET" if req.method == "HEAD" else req.method)
        if access is None:
            return
        credential = self._authenticate(req)
        if credential is None:
            if access.anonymous:
                return
            raise errors.unauthorized()
        req.context.credential = credential
        self._count(req, access, credential)
        if not credential.allows(access.scope):
            raise errors.scope_missing(access.scope)

    def process_response(self, req: falcon.Request, resp: falcon.Response, _resource: object, _succeeded: bool) -> None:
        """Add the headers that every reply has."""
        headers = {
            "X-Request-Id": req.context.request_id,
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Expose-Headers": _EXPOSED,
        }
        budget: Budget | None = req.context.budget
        if budget is not None:
            for prefix in ("RateLimit", "X-RateLimit"):
                headers[f"{prefix}-Limit"] = str(budget.limit)
                headers[f"{prefix}-Remaining"] = str(budget.remaining)
                headers[f"{prefix}-Reset"] = str(budget.reset_s)
        if req.method == "OPTIONS":
            if resp.status == falcon.HTTP_OK:
                resp.status = falcon.HTTP_NO_CONTENT
            headers["Access-Control-Allow-Methods"] = "GET, HEAD, POST, PATCH, DELETE, OPTIONS"
            headers["Access-Control-Allow-Headers"] = (
                "Authorization, Content-Type, Range, If-None-Match, If-Range, X-Picora-Client"
            )
            headers["Access-Control-Max-Age"] = "86400"
        resp.set_headers(headers)

    def _authenticate(self, req: falcon.Request) -> Credential | None:
        match = _BEARER.fullmatch((req.get_header("Authorization") or "").strip())
        return accounts.find(self._database, match[1]) if match else None

    def _confirm(self, req: falcon.Request) -> None:
        """Called at the end of a body: it may have taken long to come, and the key been revoked (decision 0155)."""
        if self._authenticate(req) is None:
            raise errors.unauthorized()

    def _count(self, req: falcon.Request, access: Access, credential: Credential) -> None:
        if not access.counted:
            req.context.budget = self._windows.look(credential.key_id, admin=credential.admin)[access.tier]
            return
        budget = self._windows.count(credential.key_id, access.tier, admin=credential.admin)
        req.context.budget = budget
        if budget.exceeded:
            raise _rate_limited(budget)


def _rate_limited(budget: Budget) -> ApiError:
    span = "hour" if budget.tier == "hourly" else "minute"
    message = f"Too many {budget.tier} requests: {budget.used} of {budget.limit} this {span}"
    meta = {"retryAfterSec": budget.reset_s, "tier": budget.tier}
    return ApiError(429, "RATE_LIMIT", message, meta=meta, headers={"Retry-After": str(budget.reset_s)})
