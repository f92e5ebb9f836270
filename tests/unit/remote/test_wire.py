from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.core.model import Kind, PlanLimits, Quota, object_id, told_id
from picora_sync.errors import NotPicora, Rejected, RemoteError, ServerFault
from picora_sync.remote import hints, wire
from picora_sync.remote.failures import Answer
from picora_sync.remote.limits import limits_of, limits_of_plan, quotas_of
from tests.unit.remote.support import AUDIO_ID, BASE, DOC_ID, audio, doc

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def answer(body: object) -> Answer:
    response = httpx.Response(200, content=body) if isinstance(body, bytes) else httpx.Response(200, json=body)
    return Answer("GET", "/v1/x", 200, response.headers, response.content)


ITEM = {"id": "a1"}


@pytest.mark.parametrize(
    "body",
    [
        {"success": True, "data": {"items": [ITEM]}},
        {"success": True, "data": {"images": [ITEM]}},
        {"success": True, "data": {"changes": [ITEM]}},
        {"success": True, "data": [ITEM]},
        {"data": [ITEM]},
        {"items": [ITEM]},
        [ITEM],
    ],
    ids=["items", "images", "changes", "list", "no success", "no data", "bare"],
)
def test_every_shape_of_a_list_is_read(body: object) -> None:
    page = wire.page_of(answer(body))
    assert page.items == (ITEM,)
    assert not page.has_more


@pytest.mark.parametrize(
    "body",
    [{"success": True, "data": None}, {"success": True}, {"data": {"items": {}}}, {"data": "x"}, b"<html>", b"", b"3"],
)
def test_what_holds_no_list_is_never_an_empty_list(body: object) -> None:
    with pytest.raises(NotPicora):
        wire.page_of(answer(body))


def test_a_success_false_with_status_200_is_an_error() -> None:
    with pytest.raises(ServerFault) as raised:
        wire.page_of(answer({"success": False, "error": "no"}))
    assert raised.value.hint == hints.CONTRADICTION


@pytest.mark.parametrize(
    ("fields", "cursor", "more"),
    [
        ({}, "", False),
        ({"nextCursor": None}, "", False),
        ({"nextCursor": ""}, "", False),
        ({"nextCursor": "abc"}, "abc", True),
        ({"next_cursor": "abc"}, "abc", True),
        ({"nextCursor": "abc", "hasMore": False}, "abc", False),
        ({"nextCursor": None, "hasMore": True}, "", True),
        ({"nextCursor": 7}, "", False),
    ],
)
def test_the_end_of_a_list_is_told_by_has_more_else_by_the_cursor(
    fields: dict[str, object], cursor: str, more: bool
) -> None:
    page = wire.page_of(answer({"data": {"items": [ITEM], **fields}}))
    assert (page.next_cursor, page.has_more) == (cursor, more)


def test_a_bad_item_does_not_drop_the_page() -> None:
    items = (audio(), {"id": "../../etc"}, {"id": 7}, {}, audio(id="second"))
    assert [told_id(o.id) for o in wire.objects_of(Kind.AUDIO, items, BASE)] == [AUDIO_ID, "second"]


def test_items_that_are_no_objects_are_left_out() -> None:
    assert wire.page_of(answer({"data": {"items": [None, 3, "x", [], ITEM]}})).items == (ITEM,)


def test_other_types_and_formats_are_left_out_of_a_list() -> None:
    items = (audio(type="image"), audio(type="video"), audio(id="ok"))
    assert [told_id(o.id) for o in wire.objects_of(Kind.AUDIO, items, BASE)] == ["ok"]
    docs = (doc(format="typst"), doc(id="ok", format="markdown"))
    assert [told_id(o.id) for o in wire.objects_of(Kind.DOC, docs, BASE)] == ["ok"]


def test_a_document_is_read_in_full() -> None:
    found = wire.doc_of(doc(rewrittenCount=2, coverUrl="https://m/c.png"), BASE)
    assert found is not None
    assert (told_id(found.id), found.title, found.tags, found.public) == (DOC_ID, "Release notes", ("release",), False)
    assert (found.size_bytes, found.rewritten, found.thumbnail_url) == (5, True, "https://m/c.png")
    assert found.url == f"{BASE}/v1/docs/{DOC_ID}/raw"


def test_an_audio_object_is_read_in_either_spelling() -> None:
    snake = {
        "id": AUDIO_ID,
        "url": audio()["url"],
        "title": "Rain",
        "size": "5",
        "is_public": 1,
        "created_at": "2026-05-02T09:30:00Z",
        "thumbnail_url": "https://media.picora.test/c.svg",
        "duration_seconds": 95.0,
    }
    assert wire.audio_of(snake) == wire.audio_of(audio())


@pytest.mark.parametrize("size", [1e300, 1 << 63, -1, "9e99", None, [], True])
def test_a_size_that_no_file_can_have_is_none(size: object) -> None:
    assert wire.size_of({"sizeBytes": size}) == wire.size_of({"size": size}) == 0


def test_an_audio_object_needs_nothing_but_its_id() -> None:
    found = wire.audio_of({"id": AUDIO_ID})
    assert found is not None
    assert (found.public, found.title, found.duration_s, found.url) == (None, "", None, "")


@pytest.mark.parametrize(
    ("value", "stamp"),
    [
        ("2026-05-02T09:30:00.000Z", "2026-05-02T09:30:00.000Z"),
        ("2026-05-02T09:30:00Z", "2026-05-02T09:30:00.000Z"),
        ("2026-05-02T09:30:00.123456Z", "2026-05-02T09:30:00.123Z"),
        ("2026-05-02T11:30:00+02:00", "2026-05-02T09:30:00.000Z"),
        ("2026-05-02T09:30:00", "2026-05-02T09:30:00.000Z"),
        ("0001-01-01T00:00:00+14:00", ""),
        ("yesterday", ""),
        (17, ""),
        (None, ""),
    ],
)
def test_time_stamps_are_read_with_and_without_fraction(value: object, stamp: str) -> None:
    assert wire.timestamp(value) == stamp


@pytest.mark.parametrize("value", ["a", "A-z_0-9", "doc_123", "x" * 64])
def test_lenient_ids_are_taken(value: str) -> None:
    for kind in Kind:
        assert wire.checked_id(kind, object_id(kind, value)) == value


@pytest.mark.parametrize("kind", Kind)
def test_an_object_is_asked_for_as_what_it_is_alone(kind: Kind) -> None:
    other = Kind.AUDIO if kind is Kind.DOC else Kind.DOC
    with pytest.raises(Rejected):
        wire.path_of(kind, object_id(other, "same"))


@pytest.mark.parametrize("value", ["", "x" * 65, "a/b", "..", "a b", "a?b", "a\n", "é", "a%2Fb", "a#"])
def test_what_is_no_id_never_gets_into_a_path(value: str) -> None:
    with pytest.raises(Rejected):
        wire.path_of(Kind.DOC, value)
    assert wire.id_of({"id": value}) is None


@pytest.mark.parametrize(
    ("value", "number"),
    [(3, 3), (3.5, 3.5), ("7", 7), ("x", None), (True, None), (None, None), (float("nan"), None), ("1e999", None)],
)
def test_numbers_are_finite_or_none(value: object, number: float | None) -> None:
    assert wire.number(value) == number


@pytest.mark.parametrize(
    ("value", "boolean"),
    [(True, True), (False, False), (1, True), (0, False), ("TRUE", True), ("0", False), ("yes", None), (None, None)],
)
def test_visibility_is_a_boolean_or_unknown(value: object, boolean: bool | None) -> None:
    assert wire.boolean(value) is boolean


@pytest.mark.parametrize("url", ["javascript:alert(1)", "/relative", "http://", "ftp://x/y", "http://[bad", 3])
def test_an_address_that_is_no_web_address_is_left_out(url: object) -> None:
    assert wire.address({"url": url}) == ""


def test_warnings_and_failures_may_be_strings_or_objects_or_absent() -> None:
    item = {
        "warnings": ["image 1 skipped", {"message": "long"}, 7, {}],
        "failures": [{"index": 2, "reason": "UNSUPPORTED_TYPE", "message": "image/bmp is not accepted"}],
    }
    assert [(p.code, p.message) for p in wire.remarks_of(item)] == [
        ("IMAGE_NOT_STORED", "image/bmp is not accepted"),
        ("SERVER_WARNING", "image 1 skipped"),
        ("SERVER_WARNING", "long"),
    ]
    assert wire.remarks_of({}) == ()


@given(st.dictionaries(st.sampled_from(list(audio()) + list(doc())), JSON), st.sampled_from(list(Kind)))
def test_no_item_makes_the_reading_fail(item: dict[str, object], kind: Kind) -> None:
    for found in wire.objects_of(kind, [item, {**item, "id": "ok"}], BASE):
        found.title.encode("utf-8")
        assert wire.checked_id(kind, found.id)
    wire.remarks_of({"failures": item.get("id"), "warnings": item.get("tags")})


@given(st.binary(max_size=100) | JSON.map(lambda value: repr(value).encode()))
def test_no_body_makes_the_reading_fail_otherwise_than_as_an_error(body: bytes) -> None:
    try:
        wire.page_of(Answer("GET", "/x", 200, {}, body))
    except RemoteError as error:
        assert error.message  # noqa: PT017  # both ends are right


@pytest.mark.parametrize("plan", ["none", "free", "FREE"])
def test_without_a_plan_nothing_is_allowed(plan: str) -> None:
    assert limits_of_plan(plan) == PlanLimits(0, 0, 0, 0, 0)


@pytest.mark.parametrize("plan", ["pro_plus", "pro+", "Pro+"])
def test_the_largest_plan_is_known_by_both_names(plan: str) -> None:
    assert limits_of_plan(plan) == PlanLimits(5 << 20, 300, 10_000, 500 << 20, 14_400)


def test_an_unknown_plan_has_no_known_limits() -> None:
    assert limits_of_plan("enterprise") == PlanLimits()


@pytest.mark.parametrize(
    ("plan", "told", "limits"),
    [
        pytest.param("", None, limits_of_plan("trial"), id="no plan is told"),
        pytest.param("enterprise", None, limits_of_plan("trial"), id="nobody knows this plan"),
        pytest.param("pro", None, limits_of_plan("pro"), id="the account's plan goes first"),
        pytest.param("", {"docCount": 7}, replace(limits_of_plan("trial"), doc_count=7), id="and so do its limits"),
    ],
)
def test_the_configured_plan_says_what_the_account_does_not(plan: str, told: object, limits: PlanLimits) -> None:
    assert limits_of(plan, told, "trial") == limits


@pytest.mark.parametrize(
    ("told", "docs"),
    [
        ({"docCount": 20}, 20),
        ({"doc_count": 20.0}, 20),
        ({"docCount": None}, 100),
        ({"docCount": -1}, 100),
        (None, 100),
    ],
)
def test_what_the_account_says_goes_before_the_table(told: object, docs: int) -> None:
    limits = limits_of("trial", told)
    assert (limits.doc_count, limits.audio_bytes) == (docs, 50 << 20)


USAGE = {
    "planLimits": {"docCount": 100, "audioStorageBytes": 500},
    "docs": {"totalCount": 7},
    "audio": {"storageUsed": 40},
}


@pytest.mark.parametrize(
    ("usage", "quotas"),
    [
        (USAGE, {Kind.DOC: Quota(100, 7), Kind.AUDIO: Quota(500, 40)}),
        (USAGE | {"videos": {"storageUsed": 60}}, {Kind.DOC: Quota(100, 7), Kind.AUDIO: Quota(500, 100)}),
        (USAGE | {"docs": None, "audio": None}, {}),
        (USAGE | {"audio": {"totalCount": 3}}, {Kind.DOC: Quota(100, 7)}),
        ({"docs": {"totalCount": 7}, "audio": {"storageUsed": 40}}, {Kind.DOC: Quota(100, 7)}),
        ({}, {}),
    ],
    ids=["all", "with video", "null blocks", "no bytes", "the plan's own", "nothing"],
)
def test_what_is_left_is_known_as_far_as_the_account_tells(usage: Mapping[str, object], quotas: object) -> None:
    assert quotas_of(limits_of("trial", usage.get("planLimits")), usage) == quotas
