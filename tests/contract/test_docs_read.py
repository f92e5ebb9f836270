"""§8 raw, PATCH and DELETE of documents; §15 #27-#30."""

import hashlib
import re

import httpx
import pytest

from tests.contract import samples
from tests.contract.harness import Api, Clock, Json, must_fail, ok, parse_time

NOBODY = "x" * 21


def raw(api: Api, doc_id: str, **headers: str) -> httpx.Response:
    return api.get(f"/v1/docs/{doc_id}/raw", headers=headers)


@pytest.mark.parametrize("content", ["# Raw ✓\r\n", "x" * 300_000], ids=["inline", "object-store"])
def test_a_public_document_is_raw_for_anybody(api: Api, anonymous: Api, content: str) -> None:
    """§8 raw: public: anonymous 200 text/markdown; charset=utf-8, Cache-Control public, max-age=300."""
    response = raw(anonymous, api.new_doc(content)["id"])
    assert (response.status_code, response.content) == (200, content.encode())
    assert response.headers["content-type"] == "text/markdown; charset=utf-8"
    assert response.headers["cache-control"] == "public, max-age=300"


@pytest.mark.parametrize("content", ["# Raw\n", "x" * 300_000], ids=["inline", "object-store"])
def test_a_private_document_is_raw_for_its_owner(api: Api, content: str) -> None:
    """§8 raw: private: bearer required, Cache-Control: no-store."""
    response = raw(api, api.new_doc(content, isPublic=False)["id"])
    assert (response.status_code, response.text) == (200, content)
    assert response.headers["cache-control"] == "no-store"


def test_a_private_document_asks_strangers_for_a_bearer(api: Api, anonymous: Api) -> None:
    """§15 #27 raw: anonymous on a private doc: 401 with WWW-Authenticate: Bearer."""
    doc = api.new_doc(isPublic=False)
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        response = raw(anonymous, doc["id"], **headers)
        must_fail(response, 401, "UNAUTHORIZED")
        assert response.headers["www-authenticate"].startswith("Bearer")


def test_a_private_document_is_hidden_from_other_users(api: Api, other: Api) -> None:
    """§15 #27: raw and metadata with a valid non-owner bearer on a private doc: 404."""
    doc = api.new_doc(isPublic=False)
    must_fail(raw(other, doc["id"]), 404, "NOT_FOUND")
    must_fail(other.get(f"/v1/docs/{doc['id']}"), 404, "NOT_FOUND")


def test_a_public_document_is_open_to_other_users(api: Api, other: Api, anonymous: Api) -> None:
    """§15 #27: GET of someone else's public doc: 200 for the authenticated, 401 for others."""
    doc = api.new_doc()
    assert other.data(f"/v1/docs/{doc['id']}")["id"] == doc["id"]
    assert raw(other, doc["id"]).status_code == 200
    must_fail(anonymous.get(f"/v1/docs/{doc['id']}"), 401, "UNAUTHORIZED")


def test_a_bad_bearer_does_not_close_a_public_document(api: Api, anonymous: Api) -> None:
    """§2 401: for /raw only when the doc is private."""
    response = raw(anonymous, api.new_doc()["id"], Authorization="Bearer sk_live_" + "0" * 32)
    assert response.status_code == 200


@pytest.mark.parametrize("doc_id", [NOBODY, "short", "x" * 64, "%00", "a.b"])
def test_raw_of_an_unknown_document_is_404(api: Api, anonymous: Api, doc_id: str) -> None:
    """§2 404 NOT_FOUND: also for raw, with or without a bearer."""
    must_fail(raw(api, doc_id), 404, "NOT_FOUND")
    assert raw(anonymous, doc_id).status_code in {401, 404}


def test_raw_names_source_hash_update_and_vary(api: Api) -> None:
    """§15 #28: X-Source-Hash (SHA-256 of the content as sent), X-Updated-At, Vary: Authorization."""
    content = f"![a]({samples.data_uri(samples.png())})\n"
    doc = api.new_doc(content)
    headers = raw(api, doc["id"]).headers
    assert headers["x-source-hash"] == hashlib.sha256(content.encode()).hexdigest()
    assert parse_time(headers["x-updated-at"]) == parse_time(doc["updatedAt"])
    assert "authorization" in headers["vary"].lower()


def test_raw_answers_head(api: Api, anonymous: Api) -> None:
    """§15 #28: HEAD works: the headers of GET, no body."""
    doc = api.new_doc("# Head\n")
    get, head = raw(anonymous, doc["id"]), anonymous.head(f"/v1/docs/{doc['id']}/raw")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-type", "content-length", "cache-control", "x-source-hash"):
        assert head.headers[name] == get.headers[name], name


def test_raw_has_a_strong_etag_that_follows_the_text(api: Api) -> None:
    """§15 #28: strong ETag = hash of the stored text."""
    one, two = api.new_doc("one\n"), api.new_doc("two\n")
    first = raw(api, one["id"]).headers["etag"]
    assert re.fullmatch(r'"[^"]+"', first)
    assert raw(api, one["id"]).headers["etag"] == first
    assert raw(api, two["id"]).headers["etag"] != first


@pytest.mark.parametrize("wrap", ["{}", '"other", {}', "W/{}", "*"], ids=["same", "list", "weak", "any"])
def test_a_public_document_that_has_not_changed_is_304(api: Api, anonymous: Api, wrap: str) -> None:
    """§15 #28: If-None-Match → 304 on public docs."""
    doc = api.new_doc("# Cached\n")
    etag = raw(anonymous, doc["id"]).headers["etag"]
    response = raw(anonymous, doc["id"], **{"If-None-Match": wrap.format(etag)})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == etag
    assert response.headers["x-request-id"]


def test_another_etag_is_answered_in_full(api: Api) -> None:
    """§15 #28: an If-None-Match that does not match gives 200."""
    response = raw(api, api.new_doc("# Fresh\n")["id"], **{"If-None-Match": '"other"'})
    assert (response.status_code, response.text) == (200, "# Fresh\n")


def test_a_matching_etag_does_not_open_a_private_document(api: Api, anonymous: Api) -> None:
    """§8 raw: private: no 304 without the owner's bearer."""
    doc = api.new_doc(isPublic=False)
    etag = raw(api, doc["id"]).headers["etag"]
    assert raw(anonymous, doc["id"], **{"If-None-Match": etag}).status_code == 401


PATCHES: list[tuple[str, Json, Json]] = [
    ("title", {"title": "New"}, {"title": "New"}),
    ("title-200", {"title": "雨" * 200}, {"title": "雨" * 200}),
    ("tags", {"tags": ["c"]}, {"tags": ["c"]}),
    ("tags-cleared", {"tags": []}, {"tags": []}),
    ("tags-trimmed", {"tags": [" c ", "c"]}, {"tags": ["c"]}),
    ("isPublic", {"isPublic": False}, {"isPublic": False}),
    ("is_public", {"is_public": False}, {"isPublic": False}),
    ("all", {"title": "N", "tags": ["d"], "isPublic": False}, {"title": "N", "tags": ["d"], "isPublic": False}),
    ("unknown-field-too", {"title": "N", "colour": 1}, {"title": "N"}),
]


@pytest.mark.parametrize(("change", "effect"), [row[1:] for row in PATCHES], ids=[row[0] for row in PATCHES])
def test_patch_answers_the_changed_document(timed: Api, clock: Clock, change: Json, effect: Json) -> None:
    """§8 PATCH: title, isPublic, tags (full replacement); 200 Document; §15 #30: updatedAt moves."""
    made = timed.new_doc("# Old\n", tags=["a", "b"])
    clock.advance(5)
    answered = ok(timed.patch(f"/v1/docs/{made['id']}", json=change))
    assert answered == timed.data(f"/v1/docs/{made['id']}")
    assert {name: answered[name] for name in effect} == effect
    untouched = {"id", "title", "tags", "isPublic", "filename", "sizeBytes", "createdAt"} - set(effect)
    assert {name: answered[name] for name in untouched} == {name: made[name] for name in untouched}
    assert (parse_time(answered["updatedAt"]) - parse_time(made["updatedAt"])).total_seconds() == pytest.approx(
        5, abs=0.01
    )
    assert timed.raw(made["id"]) == "# Old\n"


def test_a_patch_that_changes_nothing_keeps_updated_at(timed: Api, clock: Clock) -> None:
    """§15 #30: updatedAt is not set by a no-op."""
    made = timed.new_doc("# Old\n", tags=["a"])
    clock.advance(5)
    same = {"title": "Old", "tags": ["a"], "isPublic": True}
    assert ok(timed.patch(f"/v1/docs/{made['id']}", json=same))["updatedAt"] == made["updatedAt"]


BAD_PATCHES: list[tuple[str, Json, str | None]] = [
    ("empty", {}, None),
    ("title-empty", {"title": ""}, "title"),
    ("title-201", {"title": "x" * 201}, "title"),
    ("title-number", {"title": 5}, "title"),
    ("tags-string", {"tags": "a"}, "tags"),
    ("tags-11", {"tags": [str(n) for n in range(11)]}, "tags"),
    ("tag-33", {"tags": ["x" * 33]}, "tags"),
    ("tag-empty", {"tags": [" "]}, "tags"),
    ("tag-comma", {"tags": ["a,b"]}, "tags"),
    ("public-word", {"isPublic": "maybe"}, "isPublic"),
    ("kbId", {"kbId": "k"}, None),
]


@pytest.mark.parametrize(("change", "field"), [row[1:] for row in BAD_PATCHES], ids=[row[0] for row in BAD_PATCHES])
def test_a_bad_patch_is_422(api: Api, change: Json, field: str | None) -> None:
    """§8 PATCH: `{}` is 422, ≥ 1 known field; §15 #7 #16 #18."""
    made = api.new_doc()
    body = must_fail(api.patch(f"/v1/docs/{made['id']}", json=change), 422, "VALIDATION_ERROR")
    assert field is None or body["meta"]["field"] == field
    assert api.data(f"/v1/docs/{made['id']}")["updatedAt"] == made["updatedAt"]


def test_visibility_takes_effect_at_once(api: Api, anonymous: Api) -> None:
    """§8 raw: public and private follow a PATCH immediately."""
    doc = api.new_doc()
    for public, status in ((False, 401), (True, 200)):
        ok(api.patch(f"/v1/docs/{doc['id']}", json={"isPublic": public}))
        assert raw(anonymous, doc["id"]).status_code == status


@pytest.mark.parametrize("content", ["# Gone\n", "x" * 300_000], ids=["inline", "object-store"])
@pytest.mark.parametrize("query", ["", "?hard=true", "?hard=false"])
def test_delete_is_immediate_and_final(api: Api, content: str, query: str) -> None:
    """§8 DELETE: 200 data null; §15 #29: gone from list, GET and raw; hard accepted and ignored."""
    doc = api.new_doc(content)
    assert ok(api.delete(f"/v1/docs/{doc['id']}{query}")) is None
    must_fail(api.get(f"/v1/docs/{doc['id']}"), 404, "NOT_FOUND")
    must_fail(raw(api, doc["id"]), 404, "NOT_FOUND")
    must_fail(api.delete(f"/v1/docs/{doc['id']}"), 404, "NOT_FOUND")
    assert api.data("/v1/docs")["items"] == []


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize("public", [True, False])
def test_a_document_of_another_user_cannot_be_changed(api: Api, other: Api, method: str, public: bool) -> None:
    """§8 errors: another user's private doc is 404; §15 #1 owner 403/404; nothing happens to it."""
    doc = api.new_doc(isPublic=public)
    response = other.client.request(method, f"/v1/docs/{doc['id']}", json={"title": "Mine"})
    assert response.status_code in ({403, 404} if public else {404})
    assert api.data(f"/v1/docs/{doc['id']}")["title"] == "Hello"


def test_a_batch_delete_counts(api: Api, other: Api) -> None:
    """§8 DELETE batch: counts; failed = unknown or not owned; §15 #29: malformed failed, repeated once."""
    mine = [api.new_doc(f"# {n}\n")["id"] for n in range(3)]
    theirs = other.new_doc()["id"]
    ids = [mine[0], mine[1], mine[0], theirs, NOBODY, "bad id/..", ""]
    assert ok(api.delete("/v1/docs", json={"ids": ids})) == {"deleted": 2, "failed": 4}
    assert [item["id"] for item in api.data("/v1/docs")["items"]] == [mine[2]]
    assert other.data(f"/v1/docs/{theirs}")["id"] == theirs


def test_a_batch_delete_takes_50(api: Api) -> None:
    """§8 DELETE batch: 1-50 ids."""
    ids = [api.new_doc(f"# {n}\n")["id"] for n in range(3)] + [f"{n:021}" for n in range(47)]
    assert ok(api.delete("/v1/docs", json={"ids": ids})) == {"deleted": 3, "failed": 47}


BAD_BATCHES: list[Json] = [{}, {"ids": []}, {"ids": ["x"] * 51}, {"ids": "x"}, {"ids": None}]


@pytest.mark.parametrize("body", BAD_BATCHES, ids=["missing", "empty", "51", "string", "null"])
def test_a_bad_batch_is_422(api: Api, body: Json) -> None:
    """§8 DELETE batch: outside 1-50 ids is 422."""
    must_fail(api.delete("/v1/docs", json=body), 422, "VALIDATION_ERROR", field="ids")
