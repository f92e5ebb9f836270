"""The real embedded server in this process, seen from above; and the road to it, on which requests get lost."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import formatdate
from typing import NamedTuple, cast

import httpx

from picora_sync.core.model import Kind, object_id
from tests.contract.harness import Service

FAULTS = (
    *("refused", "reset before", "reset after", "time-out before", "time-out after", "429", "400", "401", "403 scope"),
    *("403 quota", "404 page", "404 envelope", "405", "409", "413", "422", "500", "500 after", "502", "503 after"),
    *("truncated", "wrong page", "wrong page after", "empty after", "slow"),
)
"""Left out, because they are lies that no client can see through: a success or a 404 in the API's own envelope for
what was (not) carried out, and a request that is carried out after its sender gave it up."""
SIDE_PATHS = ("/v1/user/me/usage", "/v1/user/me/rate-limits", "/v1/sync/state")
SIDE_FAULTS = ("401", "403 scope", "404 envelope", "500", "502", "wrong page", "truncated", "shape: list", "silence")
"""What calls that only inform may come to. It is no trouble, and so is not counted among the faults."""
SIDE_PATIENCE_S = 5.0
TIMEOUT_S = 60.0
LISTS = ("/v1/sync/state", "/v1/media", "/v1/docs")


class Held(NamedTuple):
    """One object as the server's own tables have it, by kind and id; ``sha256`` is of what was sent."""

    id: str
    kind: Kind
    sha256: str
    title: str
    tags: tuple[str, ...]
    public: bool
    rewritten: bool


@dataclass
class Armed:
    """The next ``times`` requests of this method meet the fault; "" is any method."""

    fault: str
    method: str
    times: int


class Server:
    """The server, and what it really holds."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.others = self.service.owner()
        self._rows = sqlite3.connect(self.service.data / "picora.db")
        self._version = 0
        self._held: dict[str, Held] = {}

    def close(self) -> None:
        self._rows.close()
        self.service.close()

    def held(self) -> dict[str, Held]:
        """Everything the account has; read again only after a commit."""
        (version,) = self._rows.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self._version, self._held = version, self._read()
        return dict(self._held)

    def trashed(self) -> int:
        """How many deleted documents it keeps."""
        (number,) = self._rows.execute("SELECT count(*) FROM trash").fetchone()
        return int(number)

    def hoarded(self) -> set[tuple[Kind, str]]:
        """The contents that were deleted, and that the server will never take again."""
        if self.service.settings.purge:
            return set()
        return {(Kind.DOC, str(sha256)) for (sha256,) in self._rows.execute("SELECT source_hash FROM trash")}

    def _read(self) -> dict[str, Held]:
        docs = self._rows.execute("SELECT id, source_hash, title, tags, public, rewritten_count FROM docs")
        doc, audio = Kind.DOC, Kind.AUDIO
        found = [
            Held(object_id(doc, r[0]), doc, r[1], r[2], tuple(json.loads(r[3])), bool(r[4]), r[5] > 0) for r in docs
        ]
        media = self._rows.execute("SELECT id, content_hash, title, public FROM media WHERE type = 'audio'")
        found += [Held(object_id(audio, r[0]), audio, r[1], r[2] or "", (), bool(r[3]), rewritten=False) for r in media]
        return {item.id: item for item in found}


@dataclass
class Road(httpx.BaseTransport):
    """Between client and server. ``watch`` is told of each request that the server carried out, ``point`` of each
    moment at which the process may die, ``pass_time`` lets time pass. ``sending`` is told of each request that leaves,
    ``heard`` of the answer that its sender gets, ``refused`` when there was nobody to send it to. ``may_delete`` says
    whether the key may, ``stuck`` are objects that can never be deleted.
    """

    server: Server
    pass_time: Callable[[float], None]
    point: Callable[[], None]
    watch: Callable[[httpx.Request, httpx.Response, dict[str, Held], dict[str, Held]], None]
    sending: Callable[[httpx.Request], None]
    heard: Callable[[httpx.Request, httpx.Response], None]
    refused: Callable[[], None]
    wall: Callable[[], float]
    later: Callable[[float, Callable[[], object]], None]
    latency_s: Callable[[], float]
    armed: list[Armed] = field(default_factory=list)
    up: bool = True
    refusing: bool = False
    may_delete: bool = True
    stuck: set[str] = field(default_factory=set)
    aside: dict[str, str] = field(default_factory=dict)
    lag_s: float = 0.0
    late_s: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._inner = httpx.WSGITransport(app=self.server.service.app)

    @property
    def met(self) -> int:
        """How many requests met a fault."""
        return self.faults.total()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.point()
        self.pass_time(self.latency_s())
        fault = self._fault(request)
        name = f"{request.method} {request.url.path}"
        if fault is not None:
            self.faults[fault] += 1
        elif self.up and not self.refusing:
            fault = self.aside.get(request.url.path)
        if fault == "refused":
            self.log.append(f"{name}: {fault}")
            self.refused()
            raise httpx.ConnectError("refused")
        if fault == "cut" and request.url.path == "/v1/audio":
            self._cut(request)
        request.read()
        self.sending(request)
        answer = self._answer(request, fault)
        self.heard(request, answer)
        self.log.append(f"{name}: {answer.status_code}" + (f" ({fault})" if fault else ""))
        return answer

    def _cut(self, request: httpx.Request) -> None:
        """The connection breaks before the closing boundary; ``late_s`` says after how many blocks."""
        self.log.append(f"{request.method} {request.url.path}: cut")
        left = int(self.late_s) % 3
        for block in cast("Iterable[bytes]", request.stream):
            if not left or block.endswith(b"--\r\n"):
                break
            left -= 1
        raise httpx.WriteError("reset")

    def _fault(self, request: httpx.Request) -> str | None:
        if not self.up:
            return "refused"
        if self.refusing:
            return "401"
        if request.method == "DELETE" and (not self.may_delete or self._is_stuck(request)):
            return "403 scope" if not self.may_delete else "409"
        for armed in self.armed:
            if armed.method in ("", request.method) and _may_meet(armed.fault, request):
                armed.times -= 1
                if not armed.times:
                    self.armed.remove(armed)
                return armed.fault
        return None

    def _is_stuck(self, request: httpx.Request) -> bool:
        """Whether any of the objects that this names can never be deleted."""
        return not self.stuck.isdisjoint(ids_of(request))

    def _answer(self, request: httpx.Request, fault: str | None) -> httpx.Response:  # noqa: C901, PLR0911, PLR0912  (a table)
        match fault:
            case None:
                return self._carry_out(request)
            case "slow":
                answer = self._carry_out(request)
                self.pass_time(25.0)
                return answer
            case "reset before" | "cut":
                raise httpx.ReadError("reset")
            case "reset after":
                self._carry_out(request)
                raise httpx.ReadError("reset")
            case "time-out before":
                self.pass_time(TIMEOUT_S)
                raise httpx.ReadTimeout("time-out")
            case "time-out after":
                self._carry_out(request)
                self.pass_time(TIMEOUT_S)
                raise httpx.ReadTimeout("time-out")
            case "silence":
                self.pass_time(SIDE_PATIENCE_S)
                raise httpx.ReadTimeout("silence")
            case "late twin":
                self.pass_time(TIMEOUT_S)
                self.later(self.late_s, lambda: self._carry_out_late(request))
                raise httpx.ReadTimeout("time-out")
            case "other visibility" | "other hash":
                return _lied(self._carry_out(request), fault)
            case "429 for an hour":
                return httpx.Response(429, json=_body("RATE_LIMIT"), headers={"Retry-After": "3600"})
            case "429 without a word":
                return httpx.Response(429, json=_body("RATE_LIMIT"))
            case "drip":
                answer = self._carry_out(request)
                self.pass_time(TIMEOUT_S - 1)
                return answer
            case "500 after" | "503 after":
                self._carry_out(request)
                return _error(int(fault[:3]), "INTERNAL")
            case "truncated":
                answer = self._carry_out(request)
                return httpx.Response(answer.status_code, content=answer.content[: len(answer.content) // 2])
            case "wrong page after":
                self._carry_out(request)
                return httpx.Response(200, html="<html>Sign in to the Wi-Fi</html>")
            case "wrong page":
                return httpx.Response(200, html="<html>Sign in to the Wi-Fi</html>")
            case "empty after":
                self._carry_out(request)
                return httpx.Response(200, content=b"")
            case "404 page":
                return httpx.Response(404, html="<html>Not Found</html>")
            case "429":
                return httpx.Response(429, json=_body("RATE_LIMIT"), headers={"Retry-After": "7"})
            case "403 quota":
                meta = {"type": "media_storage" if request.url.path == "/v1/audio" else "doc_count"}
                return httpx.Response(403, json=_body("QUOTA_EXCEEDED") | {"meta": meta})
            case "403 scope":
                return _error(403, "INSUFFICIENT_SCOPE")
            case "401":
                return _error(401, "UNAUTHORIZED")
            case _ if fault.startswith("shape: "):
                return _reshaped(self._carry_out(request), fault.removeprefix("shape: "))
            case _ if fault.endswith(" page"):
                return httpx.Response(int(fault[:3]), html="<html>No</html>", headers={"Location": "/elsewhere"})
            case _:
                return _error(int(fault[:3]), "")

    def _carry_out(self, request: httpx.Request) -> httpx.Response:
        before = self.server.held() if request.method != "GET" else {}
        answer = self._inner.handle_request(request)
        answer.headers["Date"] = formatdate(self.wall(), usegmt=True)  # by the HTTP server, to the second
        answer.read()
        if request.method != "GET":
            self.watch(request, answer, before, self.server.held())
        self.point()
        return self._lagging(request, answer)

    def _carry_out_late(self, request: httpx.Request) -> None:
        before = self.server.held()
        answer = self._inner.handle_request(request)
        answer.read()
        self.log.append(f"{request.method} {request.url.path}: {answer.status_code} (late)")
        self.watch(request, answer, before, self.server.held())

    def _lagging(self, request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        if not self.lag_s or request.method != "GET" or request.url.path not in LISTS or answer.status_code != 200:
            return answer
        body = answer.json()
        shown_before = self.wall() - self.lag_s
        for name, value in body["data"].items():
            if isinstance(value, list):
                body["data"][name] = [item for item in value if _made_at(item) <= shown_before]
        return httpx.Response(answer.status_code, json=body)


def kind_asked(request: httpx.Request) -> Kind:
    """Of what a request is about."""
    return Kind.DOC if request.url.path.startswith("/v1/docs") else Kind.AUDIO


def ids_of(request: httpx.Request) -> list[str]:
    """What a DELETE is about, by kind and id."""
    if request.read():
        body = json.loads(request.content)
        told = [*body.get("ids", ()), *(item["id"] for item in body.get("items", ()))]
    else:
        told = [request.url.path.rpartition("/")[2]]
    return [object_id(kind_asked(request), each) for each in told]


def _may_meet(fault: str, request: httpx.Request) -> bool:
    """A 404 in the envelope is believed: it may only be said of calls that a server need not have."""
    if fault == "404 envelope":
        return request.method == "POST" or (request.method, request.url.path) == ("GET", "/v1/sync/state")
    if fault in ("truncated", "empty after", "wrong page after") or fault.startswith("shape: "):
        return request.url.path != "/v1/user/me/rate-limits"
    return True


def _lied(answer: httpx.Response, lie: str) -> httpx.Response:
    """What was carried out, told wrongly."""
    if "json" not in answer.headers.get("content-type", ""):
        return answer
    body = answer.json()
    for item in _objects_in(body.get("data")):
        for name in set(item) & {"isPublic", "is_public"} if lie == "other visibility" else set():
            item[name] = not item[name]
        for name in set(item) & {"contentHash", "content_hash"} if lie == "other hash" else set():
            item[name] = "0" * 64
    return httpx.Response(answer.status_code, json=body)


def _reshaped(answer: httpx.Response, shape: str) -> httpx.Response:
    """A success whose data are not what they should be."""
    if "json" not in answer.headers.get("content-type", "") or answer.is_error:
        return answer
    if shape == "deep":
        return httpx.Response(answer.status_code, content=b"[" * 100_000)
    if shape == "not text":
        return httpx.Response(answer.status_code, content=answer.content.replace(b'"', b"\xff"))
    body = answer.json()
    plain: dict[str, object] = {"list": [], "text": "ok", "number": 1e400, "null": None}
    if shape in plain:
        body["data"] = plain[shape]
    else:
        for item in _objects_in(body.get("data")):
            for name, value in item.items():
                if not isinstance(value, dict | list):
                    item[name] = None if shape == "nulls" else -7
    return httpx.Response(answer.status_code, content=json.dumps(body).encode())


def _objects_in(data: object) -> list[dict[str, object]]:
    if isinstance(data, list):
        return [item for each in data for item in _objects_in(each)]
    if not isinstance(data, dict):
        return []
    return [data, *(item for value in data.values() for item in _objects_in(value))]


def _made_at(item: dict[str, object]) -> float:
    stamp = item.get("createdAt") or item.get("updatedAt") or item.get("updated_at") or item.get("created_at")
    return datetime.fromisoformat(str(stamp)).timestamp() if stamp else 0.0


def _body(code: str) -> dict[str, object]:
    return {"success": False, "error": f"injected {code}"} | ({"code": code} if code else {})


def _error(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json=_body(code))
