"""Malformed bodies and queries by rule: call by field by kind of wrongness, each with the answer of the contract."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
JSON_TYPE = {"Content-Type": "application/json"}
UNKNOWN_ID = "0" * 21
"""Well-formed, and nobody's."""


@dataclass(frozen=True)
class Bad:
    """One request and its answer; ``{doc}``, ``{audio}`` and ``{image}`` in a path stand for the account's own."""

    name: str
    method: str
    path: str
    status: int
    code: str
    meta: Json = field(default_factory=dict)
    send: Json = field(default_factory=dict)
    key: str = "full"
    """Whose key is sent: ``full``, ``read``, ``read_write``, or ``none`` (then ``send`` may bring its own header)."""


INVALID = (422, "VALIDATION_ERROR")
PARAMETER = (400, "BAD_REQUEST")

# --- bodies of JSON -------------------------------------------------------------------------------------------------

JSON_CALLS = {
    "POST /v1/docs": {"filename": "a.md", "content": "x"},
    "PATCH /v1/docs/{doc}": {"title": "x"},
    "DELETE /v1/docs": {"ids": [UNKNOWN_ID]},
    "PATCH /v1/audio/{audio}": {"title": "x"},
    "DELETE /v1/media": {"items": [{"id": UNKNOWN_ID, "type": "audio"}]},
}
UNPARSEABLE = {
    "empty": b"",
    "spaces": b"  \n",
    "word": b"hello",
    "open-brace": b"{",
    "open-string": b'{"title":"x',
    "trailing-comma": b'{"title":"x",}',
    "single-quotes": b"{'title':'x'}",
    "bare-key": b'{title:"x"}',
    "two-values": b'{"title":"x"}{"title":"y"}',
    "comment": b'{"title":"x"} // why',
    "nan": b'{"title":NaN}',
    "infinity": b'{"title":-Infinity}',
    "leading-zero": b'{"title":01}',
    "raw-newline": b'{"title":"a\nb"}',
    "bad-escape": b'{"title":"\\x41"}',
    "half-surrogate": b'{"title":"\\ud800"}',
    "latin-1": b'{"title":"caf\xe9"}',
    "form": b"title=x&isPublic=true",
    "nul": b'\x00{"title":"x"}',
}
NO_OBJECT: dict[str, Any] = {
    "null": None,
    "true": True,
    "number": 12,
    "string": "title",
    "empty-list": [],
    "list": [{"title": "x"}],
}

NO_STRING: dict[str, Any] = {"number": 5, "float": 1.5, "bool": True, "list": ["a"], "object": {"a": 1}}
NO_BOOL: dict[str, Any] = {"word": "true", "one": 1, "zero": 0, "empty": "", "list": [True], "object": {}}
NO_LIST: dict[str, Any] = {"string": "a", "number": 5, "bool": False, "object": {"0": "a"}}
MISSING: dict[str, Any] = {"absent": ..., "null": None}
NO_TITLE = NO_STRING | {"empty": "", "blank": " \t", "nul": "a\x00b"}
NO_TAGS = NO_LIST | {
    "number-in": [1],
    "null-in": [None],
    "list-in": [["a"]],
    "empty-in": [""],
    "blank-in": ["a", "  "],
    "comma-in": ["a,b"],
    "nul-in": ["a\x00"],
    "long-in": ["t" * 33],
    "long-wide-in": ["\U0001f600" * 33],
    "eleven": [f"t{n}" for n in range(11)],
    "eleven-times-one": ["t"] * 11,
}
NO_FILENAME = (
    MISSING
    | NO_STRING
    | {
        "empty": "",
        "no-suffix": "notes",
        "other-suffix": "notes.txt",
        "suffix-inside": "notes.md.exe",
        "directory": "notes.md/",
        "long": "n" * 253 + ".md",
        "dots": "..",
    }
)
UNSUPPORTED: dict[str, Any] = {"string": "x", "number": 1, "list": [], "empty": ""}
NO_IDS = MISSING | NO_LIST | {"empty": [], "fifty-one": [f"{n:021}" for n in range(51)]}
_ITEM = {"id": UNKNOWN_ID, "type": "audio"}
NOITEMS = (
    MISSING
    | NO_LIST
    | {
        "empty": [],
        "hundred-and-one": [_ITEM | {"id": f"{n:021}"} for n in range(101)],
        "string-in": [UNKNOWN_ID],
        "null-in": [None],
        "list-in": [[UNKNOWN_ID, "audio"]],
        "no-id": [{"type": "audio"}],
        "no-type": [{"id": UNKNOWN_ID}],
        "null-id": [_ITEM | {"id": None}],
        "number-id": [_ITEM | {"id": 7}],
        "other-type": [_ITEM | {"type": "document"}],
        "upper-type": [_ITEM | {"type": "AUDIO"}],
        "null-type": [_ITEM | {"type": None}],
        "second-bad": [_ITEM, {"id": UNKNOWN_ID}],
    }
)
FIELDS: dict[str, dict[str, dict[str, Any]]] = {
    "POST /v1/docs": {
        "filename": NO_FILENAME,
        "content": MISSING | NO_STRING,
        "title": NO_TITLE | {"long": "t" * 201},
        "tags": NO_TAGS,
        "isPublic": NO_BOOL,
        "is_public": NO_BOOL,
        "rewriteImages": NO_BOOL,
        "kbId": UNSUPPORTED,
        "relativePath": UNSUPPORTED,
    },
    "PATCH /v1/docs/{doc}": {
        "title": NO_TITLE | {"long": "t" * 201},
        "tags": NO_TAGS,
        "isPublic": NO_BOOL,
        "is_public": NO_BOOL,
    },
    "PATCH /v1/audio/{audio}": {
        "title": NO_TITLE | {"long": "t" * 256},
        "is_public": NO_BOOL,
        "isPublic": NO_BOOL,
    },
    "DELETE /v1/docs": {"ids": NO_IDS},
    "DELETE /v1/media": {"items": NOITEMS},
}


def bodies() -> Iterator[Bad]:
    """§2: 400 unparseable; §15 #7: 422 with the field. Bodies of the right shape but for one thing."""
    for call, right in JSON_CALLS.items():
        method, path = call.split()
        for kind, content in UNPARSEABLE.items():
            send = {"content": content, "headers": JSON_TYPE}
            yield Bad(f"{call} body {kind}", method, path, 400, "BAD_REQUEST", send=send)
        for kind, value in NO_OBJECT.items():
            send = {"content": json.dumps(value).encode(), "headers": JSON_TYPE}
            yield Bad(f"{call} body {kind}", method, path, *INVALID, send=send)
        for name, wrongs in FIELDS[call].items():
            for kind, value in wrongs.items():
                body = right | {name: value} if value is not ... else {k: v for k, v in right.items() if k != name}
                yield Bad(f"{call} {name} {kind}", method, path, *INVALID, {"field": name}, {"json": body})
    for kind, body in {"nothing": {}, "unknown": {"colour": "red"}, "nulls": {"title": None, "tags": None}}.items():
        yield Bad(f"PATCH doc {kind}", "PATCH", "/v1/docs/{doc}", *INVALID, send={"json": body})


# --- queries --------------------------------------------------------------------------------------------------------


def _token(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


NO_LIMIT = (
    "",
    "0",
    "-1",
    "1.5",
    "1e1",
    "ten",
    "+5",
    " 5",
    "5 ",
    "0x5",
    "\u0663",
    "\u00b2",
    "999999999999",
    "1,2",
    "null",
)
NO_FLAG = ("", "yes", "no", "TRUE", "True", "2", "-1", "null", "on", "true,false")
NO_CURSOR = (
    "!",
    "=",
    "abc",
    "ü",
    "A" * 300,
    _token(None),
    _token([]),
    _token({}),
    _token("x"),
    _token([1, 2, 3]),
    _token(["created_desc", "now", UNKNOWN_ID]),
    _token(["created_desc", -1, UNKNOWN_ID]),
    _token(["created_desc", True, UNKNOWN_ID]),
    _token(["created_desc", 1, "' or 1=1 --"]),
    _token(["created_desc", 10**30, UNKNOWN_ID]),
    _token(["elsewhere", 1, UNKNOWN_ID]),
)
NO_SORT = (
    *("", "created", "CREATED_DESC", "title_asc", "Title", "created_desc;", "created_desc,created_asc", "-created"),
    *("updated_at,title", "title ", "updated-at"),
)
NO_TYPE = ("", "document", "doc", "Image", "images", "image,audio", "*", "1")
NO_DAY = (
    *("", "today", "2026", "2026-05", "2026-13-01", "2026-02-30", "2026-00-10", "2026-05-00", "20260502"),
    *("2026/05/02", "02-05-2026", "2026-5-2", "2026-05-02T00:00:00Z", " 2026-05-02", "2026-05-02 ", "0000-01-01"),
    *("-2026-05-02", "2026-05-\u0660\u0662"),
)
QUERIES: dict[str, dict[str, tuple[str, ...]]] = {
    "/v1/docs": {"limit": (*NO_LIMIT, "51"), "cursor": NO_CURSOR, "isPublic": NO_FLAG, "sort": NO_SORT},
    "/v1/media": {
        "limit": (*NO_LIMIT, "101"),
        "cursor": NO_CURSOR,
        "is_public": NO_FLAG,
        "isPublic": NO_FLAG,
        "type": (*NO_TYPE, "all"),
    },
    "/v1/images": {"limit": (*NO_LIMIT, "101"), "cursor": NO_CURSOR, "start_date": NO_DAY, "end_date": NO_DAY},
    "/v1/sync/state": {"limit": (*NO_LIMIT, "501"), "since": NO_CURSOR, "type": NO_TYPE},
}


def queries() -> Iterator[Bad]:
    """§15 #7: a bad limit, cursor, enum or bool is 422 with ``meta.field``; §12: 400 for the sync state."""
    for path, parameters in QUERIES.items():
        answer = PARAMETER if path == "/v1/sync/state" else INVALID
        for name, values in parameters.items():
            for value in values:
                send = {"params": {name: value}}
                yield Bad(f"GET {path} {name}={value[:30]}", "GET", path, *answer, {"field": name}, send)
