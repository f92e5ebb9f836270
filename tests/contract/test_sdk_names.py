"""What the live service's SDK says otherwise than the contract: sort names, knowledge bases, counters of uploads."""

from __future__ import annotations

import pytest

from tests.contract import samples
from tests.contract.harness import Api, Clock, Service, must_fail, ok
from tests.contract.test_lists import walk

TITLES = ("b", "a", "B", "é", "Z", "\U0001f600", "a", "%", "ΐ" * 200, "a\u0301")


@pytest.mark.parametrize(("sdk", "own"), [("created_at", "created_desc"), ("updated_at", "updated_desc")])
@pytest.mark.parametrize("limit", [2, 50])
def test_the_sdks_times_are_newest_first(timed: Api, clock: Clock, sdk: str, own: str, limit: int) -> None:
    """§8 sort, §16 #7: `created_at` and `updated_at` order as the contract's descending names do."""
    made = []
    for number in range(6):
        clock.advance(1)
        made.append(timed.new_doc(f"# {number}\n")["id"])
    clock.advance(1)
    timed.patch(f"/v1/docs/{made[2]}", json={"title": "new"})
    assert walk(timed, "/v1/docs", "items", sort=sdk, limit=limit) == walk(timed, "/v1/docs", "items", sort=own)


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_titles_are_sorted_without_regard_to_case(api: Api, limit: int) -> None:
    """§8 sort, §16 #7 `title`: from A to Z, ties by id; every title is on exactly one page."""
    for number, title in enumerate(TITLES):
        api.new_doc(f"text {number}", title=title)
    found = walk(api, "/v1/docs", "items", sort="title", limit=limit)
    keys = [(item["title"].casefold(), item["id"]) for item in found]
    assert keys == sorted(keys)
    assert sorted(item["title"] for item in found) == sorted(TITLES)


def test_a_cursor_of_titles_is_of_titles_alone(api: Api) -> None:
    """§15 #7: a cursor belongs to the order it was given for."""
    for number in range(3):
        api.new_doc(f"# {number}\n")
    cursor = api.data("/v1/docs", sort="title", limit=1)["nextCursor"]
    must_fail(api.get("/v1/docs", params={"cursor": cursor}), 422, "VALIDATION_ERROR", field="cursor")


@pytest.mark.parametrize("name", ["kbId", "relativePath"])
@pytest.mark.parametrize("value", ["x", "", None])
def test_knowledge_bases_are_refused_by_every_call_on_documents(api: Api, name: str, value: str | None) -> None:
    """§15 #23: GET, POST and PATCH say alike that there are none."""
    made = api.new_doc()
    body = {name: value}
    refused = [
        api.get("/v1/docs", params=body if value is not None else {name: ""}),
        api.post("/v1/docs", json={"filename": "a.md", "content": "x"} | body),
        api.patch(f"/v1/docs/{made['id']}", json={"title": "x"} | body),
    ]
    for response in refused:
        must_fail(response, 422, "VALIDATION_ERROR", field=name)
    assert api.data(f"/v1/docs/{made['id']}")["title"] == made["title"]


def test_the_counters_of_uploaded_images_never_fall(timed: Api, clock: Clock) -> None:
    """§13 uploadCountToday, uploadCountMonth: what was deleted was uploaded all the same; known bytes were not."""

    def counted() -> tuple[int, int, int]:
        images = timed.data("/v1/user/me/usage")["images"]
        return images["totalCount"], images["uploadCountToday"], images["uploadCountMonth"]

    first = timed.new_image(samples.png(b"1"))
    ok(timed.post_image(samples.png(b"1")), 200)
    timed.new_doc(f"![a]({samples.data_uri(samples.png(b'2'))})")
    assert counted() == (2, 2, 2)
    ok(timed.delete(f"/v1/images/{first['id']}"))
    assert counted() == (1, 2, 2)
    timed.new_image(samples.png(b"1"))
    ok(timed.delete("/v1/media", json={"items": [{"id": first["id"], "type": "image"}]}))
    assert counted() == (2, 3, 3)
    clock.advance(86_400)
    assert counted() == (2, 0, 3)
    clock.advance(31 * 86_400)
    assert counted() == (2, 0, 0)


def test_counters_belong_to_one_account(service: Service) -> None:
    """§13: uploads of others are not counted."""
    one, other = service.tenant(), service.tenant()
    one.new_image()
    assert other.data("/v1/user/me/usage")["images"]["uploadCountMonth"] == 0


def pcm(samples_count: int, rate_hz: int = 1000) -> bytes:
    """Eight-bit mono."""
    head = b"RIFF" + (36 + samples_count).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    head += b"\1\0\1\0" + rate_hz.to_bytes(4, "little") * 2 + b"\1\0\x08\0"
    return head + b"data" + samples_count.to_bytes(4, "little") + bytes(samples_count)


@pytest.mark.parametrize(
    ("milliseconds", "accepted", "shown"),
    [(599_600, True, 600), (600_000, True, 600), (600_001, False, 0), (600_400, False, 0)],
)
def test_a_duration_is_compared_exactly_with_the_limit(
    service: Service, milliseconds: int, accepted: bool, shown: int
) -> None:
    """§14 audio duration of trial: 600 s and not a millisecond more; §15 #14: what is shown is rounded."""
    answer = service.tenant(plan="trial").post_audio(pcm(milliseconds), "a.wav", "audio/wav")
    if accepted:
        assert ok(answer, 201)["durationSeconds"] == shown
    else:
        must_fail(answer, 422, "VALIDATION_ERROR", field="file", reason="duration", limit=600, actual=601)
