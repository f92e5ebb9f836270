"""Requests with several things wrong at once: every set of faults that a call can have, answered for the first."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from tests.contract.bad_calls import CALLS
from tests.contract.bad_requests import JSON_CALLS, JSON_TYPE, UNKNOWN_ID, Bad, Json

TOO_LONG = str(2**31)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and what is answered if nothing before it is."""

    name: str
    status: int
    code: str


# In the contract's order of checks (§15 #1).
METHOD = Fault("method", 405, "METHOD_NOT_ALLOWED")
KEY = Fault("key", 401, "UNAUTHORIZED")
SCOPE = Fault("scope", 403, "INSUFFICIENT_SCOPE")
CAP = Fault("cap", 413, "PAYLOAD_TOO_LARGE")
ID = Fault("id", 404, "NOT_FOUND")
SYNTAX = Fault("syntax", 400, "BAD_REQUEST")
SHAPE = Fault("shape", 422, "VALIDATION_ERROR")
EXCLUSIVE = ({KEY, SCOPE}, {SYNTAX, SHAPE})


def _possible(call: str, needed: str) -> list[Fault]:
    method, path = call.split()
    faults: list[Fault] = []
    if next(other for other in CALLS if other.split()[1] == path) == call:  # one wrong method for each path
        faults.append(METHOD)
    if not path.endswith("/raw"):  # which needs a key only for what is there, and private
        faults.append(KEY)
    if needed != "read":
        faults.append(SCOPE)
    if call in JSON_CALLS or method == "POST":
        faults.append(CAP)
    if "{" in path:
        faults.append(ID)
    if call in JSON_CALLS:
        faults.append(SYNTAX)
    if call in JSON_CALLS or method == "POST":
        faults.append(SHAPE)
    return faults


def _request(call: str, send: Json, faults: set[Fault]) -> tuple[str, str, Json, str]:
    """Method, path, what is sent and whose key, with all the faults in it."""
    method, path = call.split()
    key = "none" if KEY in faults else "read" if SCOPE in faults else "full"
    if ID in faults:
        for kind in ("{doc}", "{audio}", "{image}"):
            path = path.replace(kind, UNKNOWN_ID)
    if SYNTAX in faults:
        send = {"content": b"{", "headers": JSON_TYPE}
    elif SHAPE in faults:
        send = {"content": b"[]", "headers": JSON_TYPE}
    if CAP in faults:
        send = {"content": b"{}", "headers": {"Content-Type": "application/json"}} | send
        send = send | {"headers": send.get("headers", {}) | {"Content-Length": TOO_LONG}}
    return "PUT" if METHOD in faults else method, path, send, key


def orders() -> Iterator[Bad]:
    """§15 #1: route, key, scope, cap, existence, shape."""
    for call, (needed, send) in CALLS.items():
        possible = _possible(call, needed)
        for size in range(2, len(possible) + 1):
            for faults in map(set, combinations(possible, size)):
                if any(pair <= faults for pair in EXCLUSIVE):
                    continue
                first = next(fault for fault in possible if fault in faults)
                method, path, sent, key = _request(call, send, faults)
                name = "+".join(fault.name for fault in possible if fault in faults)
                yield Bad(f"{call} {name}", method, path, first.status, first.code, send=sent, key=key)


REPEATED = {
    "/v1/docs": ("limit=0&limit=5", "sort=x&sort=created_asc", "isPublic=x&isPublic=true&is_public=true"),
    "/v1/media": ("limit=0&limit=5", "type=x&type=audio", "is_public=x&isPublic=true"),
    "/v1/images": ("limit=0&limit=5", "start_date=x&start_date=2026-01-01"),
}


def repeated() -> Iterator[Bad]:
    """§15 #6, #7: of a parameter that is given twice the first counts, and the documented name before its alias."""
    for path, queries in REPEATED.items():
        for query in queries:
            meta = {"field": query.partition("=")[0]}
            yield Bad(f"GET {path} {query}", "GET", f"{path}?{query}", 422, "VALIDATION_ERROR", meta)


ALL = (*orders(), *repeated())
