"""For each call of the client: a valid reply of which one part is nonsense is a plain value, or an error of ours.

Whatever comes back can be stored and shown: every text is UTF-8 without control characters, every number is finite and
fits the index, every id fits into a path, every address is one of the web.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picora_sync.core.model import Kind, Tier
from picora_sync.core.pacing import Pacing
from picora_sync.core.ports import Change
from picora_sync.errors import PicoraSyncError, RemoteError
from picora_sync.remote.client import PicoraClient
from tests.unit.remote.support import (
    AUDIO_ID,
    DOC_ID,
    KEY,
    UPLOAD,
    Api,
    MemoryFile,
    audio,
    audio_upload,
    doc,
    sha256,
)

CONTENT = b"ID3 rain on tin"
WINDOW = {"limit": 600, "remaining": 598, "resetSeconds": 21, "resetAt": "2026-05-02T09:35:00.000Z"}
VERIFIED = {"valid": True, "userId": "76UMFxFkM-R5Kjp1vRt_1", "plan": "trial", "authType": "apiKey", "apiKeyId": "x"}
USAGE = {
    "plan": "trial",
    "planLimits": {"docCount": 100, "audioStorageBytes": 524288000, "docMaxFileBytes": 1000, "docMaxImagesPerDoc": 3},
    "docs": {"totalCount": 1},
    "audio": {"totalCount": 1, "storageUsed": 7340032},
    "videos": {"storageUsed": 0},
}
POSTED = doc(failedCount=1, failures=[{"index": 2, "reason": "SVG_INVALID", "message": "no"}], warnings=["w"])
POSTED |= {"duplicate": False, "coverUrl": "https://media.picora.test/c.png"}
UPSERT = {"op": "upsert", "type": "audio", "id": AUDIO_ID, "updatedAt": "2026-05-02T09:30:00.000Z", "sizeBytes": 15}
UPSERT |= {"url": audio()["url"], "contentHash": sha256(CONTENT), "isPublic": True}

Call = Callable[[PicoraClient], object]

CALLS: dict[str, tuple[Call, object]] = {
    "verify": (PicoraClient.verify, {**VERIFIED, **USAGE}),
    "rate limits": (PicoraClient.rate_limits, dict.fromkeys(("read", "upload", "mutation", "hourly"), WINDOW)),
    "healthy": (PicoraClient.healthy, {"ok": True, "ts": "2026-05-02T09:30:00Z", "version": "0.15.0"}),
    "post a document": (lambda client: client.post_doc(UPLOAD), POSTED),
    "post a duplicate": (lambda client: client.post_doc(UPLOAD), {**POSTED, "duplicate": True}),
    "post audio": (lambda client: client.post_audio(audio_upload(MemoryFile(CONTENT))), audio()),
    "get a document": (lambda client: client.get(Kind.DOC, DOC_ID), doc()),
    "get audio": (lambda client: client.get(Kind.AUDIO, AUDIO_ID), audio()),
    "patch": (lambda client: client.patch(Kind.DOC, DOC_ID, Change(title="x")), doc()),
    "delete documents": (lambda client: client.delete(Kind.DOC, [DOC_ID, "b"]), {"deleted": 2, "failed": 0}),
    "delete audio": (
        lambda client: client.delete(Kind.AUDIO, [AUDIO_ID, "b"]),
        {"deleted": [AUDIO_ID], "failed": [{"id": "b", "type": "audio", "reason": "NOT_FOUND"}]},
    ),
    "list documents": (
        lambda client: list(client.listed(Kind.DOC)),
        {"items": [doc(), doc(id="second")], "nextCursor": None, "hasMore": False},
    ),
    "list audio": (
        lambda client: list(client.listed(Kind.AUDIO)),
        {"items": [audio()], "nextCursor": None, "hasMore": False},
    ),
    "audio held": (PicoraClient.audio_held, {"changes": [UPSERT], "nextCursor": "abc", "hasMore": False}),
    "audio hashes": (PicoraClient.audio_hashes, {"changes": [UPSERT], "nextCursor": "abc", "hasMore": False}),
    "find audio": (
        lambda client: client.find_audio(sha256(CONTENT), len(CONTENT)),
        {"changes": [UPSERT], "nextCursor": None, "hasMore": False, **audio()},
    ),
    "stored text": (lambda client: bool(client.stored(DOC_ID)), "# text"),  # compared, and not kept
}

TROUBLE: dict[str, str] = {
    "nothing": "null",
    "true": "true",
    "zero": "0",
    "minus": "-7",
    "not a number": "NaN",
    "infinity": "Infinity",
    "a float beyond all": "1e999",
    "a large float": "1e300",
    "beyond 64 bits": "9223372036854775808",
    "5,000 digits": "1" * 5000,
    "empty": '""',
    "a lone surrogate": '"A\\ud800"',
    "a lone surrogate, the other": '"\\udc80.md"',
    "NUL": '"a\\u0000b"',
    "a line end": '"a\\nb"',
    "escape": '"\\u001b]0;x\\u0007\\u009b31m"',
    "line separators": '"a\\u2028b\\u2029"',
    "a path": '"../../v1/docs/x"',
    "a query": '"a?b#c"',
    "long": '"' + "x" * 100_000 + '"',
    "the key": f'"{KEY}"',
    "a script": '"javascript:alert(1)"',
    "a file": '"file:///etc/passwd"',
    "an address with a password": '"https://name:word@host/x"',
    "an address with a line end": '"https://host/\\r\\nX: y"',
    "an address that is none": '"https://[::1/x"',
    "a list": "[]",
    "a list of nothing": "[null, [], {}, 7]",
    "an object": "{}",
    "deep": "[" * 500 + "]" * 500,
    "a date beyond all": '"9999-12-31T23:59:59-23:59"',
}


def places(value: object, here: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where each part of a value is."""
    yield here
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in entries:
        yield from places(each, (*here, name))


def garbled(value: object, place: tuple[str | int, ...], trouble: str) -> str:
    """The JSON text with this part replaced."""
    if not place:
        return trouble
    changed: Any = copy.deepcopy(value)
    at = changed
    for name in place[:-1]:
        at = at[name]
    at[place[-1]] = "<here>"
    return json.dumps(changed).replace('"<here>"', trouble)


def check(value: object) -> None:  # noqa: C901  (a case per type: a table)
    """Raises AssertionError for what could not be stored or shown."""
    match value:
        case bool() | None | Kind():
            return
        case str():
            value.encode("utf-8")
            assert not [c for c in value if ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u2028\u2029"], ascii(value)
            assert KEY not in value
            assert len(value) <= 5000
        case int() | float():
            assert math.isfinite(value)
            assert abs(value) <= 1 << 63
        case Mapping():
            for name, each in value.items():
                check(name)
                check(each)
        case list() | tuple() | set() | frozenset():
            for each in value:
                check(each)
        case _ if dataclasses.is_dataclass(value):
            for each in dataclasses.fields(value):
                check(getattr(value, each.name))
            for name in ("url", "thumbnail_url"):
                address = getattr(value, name, "")
                assert not address or address.startswith(("https://", "http://")), address
                assert not address or "@" not in address.partition("//")[2].partition("/")[0], address
        case _:
            raise AssertionError(type(value))


def check_error(error: PicoraSyncError) -> None:
    for each in (error.message, error.hint, *map(str, error.args)):
        check(each)
    assert error.message
    if isinstance(error, RemoteError):
        check([error.status, error.api_code, error.request_id])


def carry_out(call: Call, *replies: httpx.Response) -> None:
    api = Api(*replies)
    try:
        value = call(api.client)
    except PicoraSyncError as error:
        check_error(error)
    else:
        check(_shortened(value) if isinstance(value, dict) else value)
    assert len(api.requests) < 50, "a storm"


def _shortened(value: dict[str, object]) -> dict[str, object]:
    """What the pacing reads is kept nowhere: it may be long."""
    return {
        name: _shortened(each) if isinstance(each, dict) else each[:100] if isinstance(each, str) else each
        for name, each in value.items()
    }


def reply(status: int, text: str, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    kind = {"content-type": "application/json", **headers}
    return lambda _: httpx.Response(status, content=text.encode("utf-8", "surrogatepass"), headers=kind)


@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE)
@pytest.mark.parametrize("name", CALLS)
def test_a_success_with_nonsense_in_one_place_is_a_plain_value_or_an_error(name: str, trouble: str) -> None:
    call, data = CALLS[name]
    body = {"success": True, "data": data}
    for place in places(body):
        carry_out(call, reply(200, garbled(body, place, trouble)))  # type: ignore[arg-type]  # made for each request


ERROR = {
    "success": False,
    "error": "Said so",
    "code": "QUOTA_EXCEEDED",
    "meta": {"type": "doc_count", "limit": 5, "retryAfterSec": 7, "existingId": DOC_ID, "reason": "size"},
}


FEW = ("verify", "post a document", "post audio", "delete audio")


@pytest.mark.parametrize("status", [200, 301, 401, 403, 404, 409, 422, 429, 500])
@pytest.mark.parametrize("name", FEW)
def test_an_error_with_nonsense_in_one_place_is_an_error(name: str, status: int) -> None:
    call, data = CALLS[name]
    for trouble in TROUBLE.values():
        for place in places(ERROR):
            text = garbled(ERROR, place, trouble)
            first: Any = reply(status, text)
            then: Any = reply(200, json.dumps({"data": data}))
            carry_out(call, first, then)


HEADERS = ("x-request-id", "content-type", "date", "retry-after", "ratelimit-limit", "ratelimit-remaining")
HEADERS += ("ratelimit-reset", "x-source-hash", "content-encoding", "location")
VALUES = ("", "-1", "nan", "9" * 400, "1e999", "\x9b31m", "é" * 9, KEY, f"Bearer {KEY}", "Mon, 99 Foo 99999 99:99:99")
VALUES += (
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "gzip, gzip",
    "x" * 5000,
    ", ,",
    "a b c d e",
)


@pytest.mark.parametrize("value", VALUES, ids=ascii)
@pytest.mark.parametrize("name", ["verify", "post a document", "stored text"])
def test_nonsense_in_a_header_is_heeded_or_not_and_no_more(name: str, value: str) -> None:
    call, data = CALLS[name]
    for header in HEADERS:
        for status in (200, 403, 429, 500):
            body = json.dumps({"data": data} if status == 200 else ERROR)
            made: Any = reply(status, body, **{header: value.encode("latin-1", "replace").decode("latin-1")})
            carry_out(call, made, reply(200, json.dumps({"data": data})))  # type: ignore[arg-type]


@given(st.text(), st.sampled_from(["date", "retry-after", "ratelimit-reset", "ratelimit-remaining"]))
@settings(max_examples=300)
def test_no_header_makes_the_pacing_fail(value: str, name: str) -> None:
    pacing = Pacing()
    for status in (200, 429):
        pacing.learn(Tier.READ, status, [(name, value), ("retry-after", value)], 1000.0)
        assert 0 <= pacing.wait_s(Tier.READ, 1000.0) <= 2 * 3600


@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE)
def test_no_answer_about_limits_makes_the_pacing_fail(trouble: str) -> None:
    call, data = CALLS["rate limits"]
    for place in places(data):
        made: Any = reply(200, garbled(data, place, trouble))
        told = call(Api(made).client)
        assert isinstance(told, dict)
        pacing = Pacing()
        pacing.prime(told, 1000.0)
        for tier in Tier:
            assert 0 <= pacing.wait_s(tier, 1000.0) <= 2 * 3600


@pytest.mark.parametrize("told", [{}, {"tags": None}, {"tags": 7}, {"tags": {}}])
def test_tags_that_an_answer_leaves_out_are_unknown(told: dict[str, object]) -> None:
    without = {name: value for name, value in doc().items() if name != "tags"} | told
    found = Api(reply(200, json.dumps({"data": without}))).client.get(Kind.DOC, DOC_ID)  # type: ignore[arg-type]
    assert found is not None
    assert found.tags is None
    posted = Api(reply(201, json.dumps({"data": without}))).client.post_doc(UPLOAD)  # type: ignore[arg-type]
    assert posted.object.tags == UPLOAD.tags


def test_a_conflict_about_a_document_without_a_code_has_a_hint_that_helps() -> None:
    with pytest.raises(RemoteError) as refused:
        Api(reply(409, '{"success":false,"error":"Conflict"}')).client.post_doc(UPLOAD)  # type: ignore[arg-type]
    assert "same text" in refused.value.hint
    assert "title" in refused.value.hint
