"""§12 GET /v1/sync/state."""

import hashlib

import pytest

from tests.contract import samples
from tests.contract.harness import Api, Clock, Json, must_fail, ok, parse_time

DAY_S = 86_400


def changes(api: Api, **params: object) -> list[Json]:
    found: list[Json] = api.data("/v1/sync/state", **params)["changes"]
    return found


def test_an_upload_is_an_upsert(api: Api) -> None:
    """§12 upsert: op, type, id, updatedAt and what is known: url, contentHash, size, MIME, filename, visibility."""
    audio, image = api.new_audio(isPublic="false"), api.new_image()
    events = {event["type"]: event for event in changes(api)}
    assert set(events) == {"audio", "image"}
    for made, kind, data in ((audio, "audio", samples.AUDIO["mp3"].data), (image, "image", samples.png())):
        event = events[kind]
        assert (event["op"], event["id"], event["url"]) == ("upsert", made["id"], made["url"])
        assert event["contentHash"] == hashlib.sha256(data).hexdigest()
        for name in ("sizeBytes", "mimeType", "filename", "isPublic"):
            assert event[name] == made[name], name
        parse_time(event["updatedAt"])


def test_a_deletion_is_a_tombstone(api: Api) -> None:
    """§12 delete: op, type, id, updatedAt; it takes the upsert's place."""
    audio, image = api.new_audio(), api.new_image()
    api.delete(f"/v1/audio/{audio['id']}")
    api.delete("/v1/media", json={"items": [{"id": image["id"], "type": "image"}]})
    events = changes(api)
    assert {(event["op"], event["type"], event["id"]) for event in events} == {
        ("delete", "audio", audio["id"]),
        ("delete", "image", image["id"]),
    }
    assert all(parse_time(event["updatedAt"]) for event in events)


def test_documents_are_not_covered(api: Api) -> None:
    """§12 documents: are not covered."""
    api.new_doc()
    assert changes(api) == []


def test_changes_come_in_order_and_pages(timed: Api, clock: Clock) -> None:
    """§12 ordered: by (updatedAt, id) ascending, types merged; §4 GET /v1/sync/state: limit pages lose and repeat
    nothing."""
    for number in range(8):
        clock.advance(number % 2)
        timed.new_audio()
        timed.new_image(samples.png(str(number).encode()))
    everything = changes(timed)
    keys = [(event["updatedAt"], event["id"]) for event in everything]
    assert keys == sorted(keys)
    assert len(keys) == 16
    for limit in (1, 3, 16):
        found: list[Json] = []
        since = ""
        for _ in range(20):
            page = timed.data("/v1/sync/state", since=since, limit=limit)
            found += page["changes"]
            assert len(page["changes"]) <= limit
            since = page["nextCursor"]
            if not page["hasMore"]:
                break
        assert found == everything


def test_the_last_cursor_gives_only_what_is_new(timed: Api, clock: Clock) -> None:
    """§12 Server, §12 since: always a usable cursor, also on the last and on an empty page; stop signal is hasMore
    false."""
    first = timed.data("/v1/sync/state")
    assert (first["changes"], first["hasMore"]) == ([], False)
    audio = timed.new_audio()
    page = timed.data("/v1/sync/state", since=first["nextCursor"])
    assert [event["id"] for event in page["changes"]] == [audio["id"]]
    again = timed.data("/v1/sync/state", since=page["nextCursor"])
    assert (again["changes"], again["hasMore"]) == ([], False)
    clock.advance(1)
    timed.patch(f"/v1/audio/{audio['id']}", json={"is_public": False})
    (event,) = changes(timed, since=again["nextCursor"])
    assert (event["id"], event["isPublic"]) == (audio["id"], False)


def test_a_change_in_the_same_millisecond_is_not_lost(timed: Api) -> None:
    """§12 cursor: what is uploaded after a read, in the same millisecond, is in the next read."""
    seen: set[str] = set()
    made: set[str] = set()
    since = ""
    for number in range(12):
        made.add(timed.new_image(samples.png(str(number).encode()))["id"])
        page = timed.data("/v1/sync/state", since=since)
        since = page["nextCursor"]
        seen |= {event["id"] for event in page["changes"]}
    assert seen == made


def test_only_effective_patches_move_updated_at(timed: Api, clock: Clock) -> None:
    """§15 #30: updatedAt on every effective PATCH, not on a no-op."""
    audio = timed.new_audio(title="Rain")
    (before,) = changes(timed)
    clock.advance(5)
    for change in ({}, {"title": "Rain"}, {"is_public": True}):
        ok(timed.patch(f"/v1/audio/{audio['id']}", json=change))
    assert changes(timed) == [before]
    ok(timed.patch(f"/v1/audio/{audio['id']}", json={"title": "Storm"}))
    (after,) = changes(timed)
    assert (parse_time(after["updatedAt"]) - parse_time(before["updatedAt"])).total_seconds() == pytest.approx(
        5, abs=0.01
    )


@pytest.mark.parametrize("kind", ["audio", "image", "video", "all"])
def test_the_type_filters(api: Api, kind: str) -> None:
    """§12 type: image, video, audio, all (default); tombstones too."""
    api.new_audio()
    api.new_image()
    api.delete(f"/v1/audio/{api.new_audio()['id']}")
    expected = {"audio": 2, "image": 1, "video": 0, "all": 3}
    assert len(changes(api, type=kind)) == expected[kind]


BAD = [
    ("type", "doc"),
    ("type", "x"),
    ("limit", "0"),
    ("limit", "501"),
    ("limit", "x"),
    ("since", "nonsense"),
    ("since", "e30"),
]


@pytest.mark.parametrize(("param", "value"), BAD, ids=[f"{param}-{value}" for param, value in BAD])
def test_a_bad_parameter_is_400(api: Api, param: str, value: str) -> None:
    """§12 bad parameters: 400 (unlike the other lists)."""
    must_fail(api.get("/v1/sync/state", params={param: value}), 400)


def test_the_limit_is_100_unless_said_and_at_most_500(api: Api) -> None:
    """§12 limit: 1-500 (100)."""
    for number in range(101):
        api.new_image(samples.png(str(number).encode()))
    page = api.data("/v1/sync/state")
    assert (len(page["changes"]), page["hasMore"]) == (100, True)
    page = api.data("/v1/sync/state", limit=500)
    assert (len(page["changes"]), page["hasMore"]) == (101, False)


def test_tombstones_last_30_days(timed: Api, clock: Clock) -> None:
    """§12 deletes: tombstones kept 30 days."""
    timed.delete(f"/v1/audio/{timed.new_audio()['id']}")
    clock.advance(30 * DAY_S - 1)
    assert [event["op"] for event in changes(timed)] == ["delete"]
    clock.advance(DAY_S)
    assert changes(timed) == []
