"""§4 Pagination of every list, §7 media query, §8 docs query, §10 images query; §15 #6 #7 #31."""

import pytest

from tests.contract import samples
from tests.contract.harness import Anything, Api, Clock, Json, must_fail, ok

LISTS = [("/v1/docs", "items", 50), ("/v1/media", "items", 100), ("/v1/images", "images", 100)]
LIST_IDS = [row[0] for row in LISTS]


def fill(api: Api, clock: Clock, count: int) -> None:
    """Documents, images and audio; every second one shares its millisecond with the one before."""
    for number in range(count):
        clock.advance(number % 2)
        api.new_doc(f"# {number}\n")
        api.new_image(samples.png(str(number).encode()))
        api.new_audio()


def walk(api: Api, path: str, key: str, **params: Anything) -> list[Json]:
    """Every item of a list, page by page, as a client reads it."""
    found: list[Json] = []
    cursor = ""
    for _ in range(200):
        page = api.data(path, **params, cursor=cursor)
        found += page[key]
        assert page["hasMore"] is (page["nextCursor"] is not None)
        if not page["hasMore"]:
            return found
        assert page[key]
        cursor = page["nextCursor"]
    raise AssertionError("the list never ends")


@pytest.mark.parametrize(("path", "key", "_most"), LISTS, ids=LIST_IDS)
@pytest.mark.parametrize("limit", [1, 3, 50])
def test_pages_give_every_item_once_and_in_order(
    timed: Api, clock: Clock, path: str, key: str, _most: int, limit: int
) -> None:
    """§4 GET /v1/media, §4 GET /v1/docs, §4 GET /v1/images: createdAt desc, then id desc; pages of any size give
    the same list."""
    fill(timed, clock, 7)
    found = walk(timed, path, key, limit=limit)
    keys = [(item["createdAt"], item["id"]) for item in found]
    assert keys == sorted(set(keys), reverse=True)
    assert len(found) == (14 if path == "/v1/media" else 7)


@pytest.mark.parametrize(("path", "key", "most"), LISTS, ids=LIST_IDS)
def test_the_limit_defaults_to_20(timed: Api, path: str, key: str, most: int) -> None:
    """§4 limit, §7 cursor, limit, §8 cursor, limit: default 20; 1-50 for docs, 1-100 for media and images."""
    for number in range(22):
        timed.new_doc(f"# {number}\n")
        timed.new_image(samples.png(str(number).encode()))
    first = timed.data(path)
    assert (len(first[key]), first["hasMore"]) == (20, True)
    assert len(timed.data(path, limit=most)[key]) == 22


@pytest.mark.parametrize(("path", "key", "most"), LISTS, ids=LIST_IDS)
@pytest.mark.parametrize("limit", ["0", "-1", "over", "x", "1.5", ""])
def test_a_bad_limit_is_422(api: Api, path: str, key: str, most: int, limit: str) -> None:
    """§15 #7: bad limit is 422 with meta.field."""
    limit = str(most + 1) if limit == "over" else limit
    response = api.get(path, params={"limit": limit})
    if limit == "" and response.status_code == 200:
        assert key in response.json()["data"]
        return
    must_fail(response, 422, "VALIDATION_ERROR", field="limit")


BAD_CURSORS = ["nonsense", "!!!", "eyJ0IjoxfQ", "bnVsbA", "W10", "'; drop table docs"]


@pytest.mark.parametrize("path", LIST_IDS)
@pytest.mark.parametrize("cursor", BAD_CURSORS)
def test_a_bad_cursor_is_422(api: Api, path: str, cursor: str) -> None:
    """§15 #7: bad cursor is 422 with meta.field."""
    must_fail(api.get(path, params={"cursor": cursor}), 422, "VALIDATION_ERROR", field="cursor")


def test_an_empty_list_ends_at_once(api: Api) -> None:
    """§4 nextCursor null, hasMore false; §10: items is an alias of images."""
    for path, key, _ in LISTS:
        page = api.data(path)
        assert (page[key], page["nextCursor"], page["hasMore"]) == ([], None, False)
    assert api.data("/v1/images")["items"] == []


def test_rows_added_between_pages_do_not_repeat_old_ones(timed: Api, clock: Clock) -> None:
    """§4 no OFFSET paging: an upload between two pages shifts nothing."""
    fill(timed, clock, 4)
    first = timed.data("/v1/docs", limit=2)
    clock.advance(5)
    timed.new_doc("# new\n")
    rest = timed.data("/v1/docs", limit=2, cursor=first["nextCursor"])
    assert {item["id"] for item in first["items"]} & {item["id"] for item in rest["items"]} == set()
    assert len(rest["items"]) == 2


@pytest.mark.parametrize("sort", ["created_desc", "created_asc", "updated_desc", "updated_asc"])
@pytest.mark.parametrize("limit", [2, 50])
def test_documents_are_sorted(timed: Api, clock: Clock, sort: str, limit: int) -> None:
    """§8 sort: four orders, created_desc by default; §15 #31: ties by id in the same direction."""
    made = []
    for number in range(6):
        clock.advance(number % 2)
        made.append(timed.new_doc(f"# {number}\n")["id"])
    clock.advance(10)
    for number in (0, 3):
        timed.patch(f"/v1/docs/{made[number]}", json={"title": "new"})
    found = walk(timed, "/v1/docs", "items", sort=sort, limit=limit)
    field, direction = sort.split("_")
    keys = [(item[f"{field}At"], item["id"]) for item in found]
    assert keys == sorted(keys, reverse=direction == "desc")
    assert len(keys) == 6
    if sort == "created_desc":
        assert walk(timed, "/v1/docs", "items") == found


Q = [
    ("part", "wor", {"Hello World", "100% work"}),
    ("case", "HELLO", {"Hello World"}),
    ("unicode-case", "ÄRGER", {"ärger"}),
    ("percent", "%", {"100% work"}),
    ("underscore", "_", {"a_b"}),
    ("backslash", "\\", {"c\\d"}),
    ("space", "lo w", {"Hello World"}),
    ("cjk", "音", {"雨音"}),
    ("nothing", "zzz", set()),
    ("quote", "'", set()),
]
TITLES = ["Hello World", "100% work", "a_b", "axb", "c\\d", "雨音", "ärger"]


@pytest.mark.parametrize(("q", "titles"), [row[1:] for row in Q], ids=[row[0] for row in Q])
@pytest.mark.parametrize("path", ["/v1/docs", "/v1/media"])
def test_q_is_a_case_insensitive_substring(api: Api, path: str, q: str, titles: set[str]) -> None:
    """§8 q, §7 q: substring of the title; §15 #31: case-insensitive, `%`, `_`, `\\` literal."""
    for title in TITLES:
        if path == "/v1/docs":
            api.new_doc(f"{title}\n", title=title)
        else:
            api.new_audio(title=title)
    assert {item["title"] for item in api.data(path, q=q)["items"]} == titles


def test_media_q_searches_filenames_too(api: Api) -> None:
    """§7 q: substring of title or filename."""
    audio = ok(api.post_audio(samples.mp3(), "thunder.mp3", title="Storm"), 201)
    image = ok(api.post_image(samples.png(), "thunderbolt.png"), 201)
    assert {item["id"] for item in api.data("/v1/media", q="THUNDER")["items"]} == {audio["id"], image["id"]}


TAG_QUERIES = [
    ("a", {"1", "2"}),
    ("b", {"2"}),
    ("a,c", {"1", "2", "3"}),
    ("A", {"4"}),
    ("aa", set()),
    ("x y", {"4"}),
    ("%", set()),
]


@pytest.mark.parametrize(("query", "titles"), TAG_QUERIES, ids=[repr(row[0]) for row in TAG_QUERIES])
def test_documents_are_found_by_tag(api: Api, query: str, titles: set[str]) -> None:
    """§8 tag: one tag, or comma-separated = OR; §15 #18: exact and case-sensitive."""
    for title, tags in (("1", ["a"]), ("2", ["a", "b"]), ("3", ["c"]), ("4", ["A", "x y"]), ("5", [])):
        api.new_doc(f"{title}\n", title=title, tags=tags)
    found = api.data("/v1/docs", tag=query)["items"]
    assert sorted(item["title"] for item in found) == sorted(titles)


@pytest.mark.parametrize(
    ("path", "param"),
    [("/v1/docs", "isPublic"), ("/v1/docs", "is_public"), ("/v1/media", "is_public"), ("/v1/media", "isPublic")],
)
def test_lists_filter_by_visibility(api: Api, path: str, param: str) -> None:
    """§7 is_public, §8 isPublic: true/false (§15 #6: each accepts the other's name; §15 #7: 1/0)."""
    shown = {True: set(), False: set()}  # type: dict[bool, set[str]]
    for public in (True, False):
        made = (
            api.new_doc(f"{public}\n", isPublic=public)
            if path == "/v1/docs"
            else api.new_audio(isPublic=str(public).lower())
        )
        shown[public].add(made["id"])
    for text, public in (("true", True), ("false", False), ("1", True), ("0", False)):
        assert {item["id"] for item in api.data(path, **{param: text})["items"]} == shown[public]


def test_the_documented_visibility_name_wins(api: Api) -> None:
    """§15 #6: the documented name wins over its alias."""
    api.new_doc(isPublic=False)
    api.new_audio(isPublic="false")
    assert len(api.data("/v1/docs", isPublic="false", is_public="true")["items"]) == 1
    assert len(api.data("/v1/media", is_public="false", isPublic="true")["items"]) == 1


BAD_QUERIES = [
    ("/v1/docs", "sort", "newest"),
    ("/v1/docs", "isPublic", "maybe"),
    ("/v1/media", "type", "doc"),
    ("/v1/media", "is_public", "maybe"),
    ("/v1/images", "start_date", "yesterday"),
    ("/v1/images", "end_date", "2026-13-01"),
]


@pytest.mark.parametrize(("path", "param", "value"), BAD_QUERIES, ids=[f"{row[0]}-{row[1]}" for row in BAD_QUERIES])
def test_a_bad_filter_is_422(api: Api, path: str, param: str, value: str) -> None:
    """§15 #7: bad enum or bool is 422 with meta.field."""
    must_fail(api.get(path, params={param: value}), 422, "VALIDATION_ERROR", field=param)


def test_filters_hold_on_every_page(timed: Api, clock: Clock) -> None:
    """§4 cursor: passed back with the same filters."""
    for number in range(9):
        clock.advance(1)
        timed.new_doc(f"{number}\n", tags=["odd" if number % 2 else "even"], isPublic=number < 6)
        timed.new_audio(isPublic="true" if number < 6 else "false")
        timed.new_image(samples.png(str(number).encode()))
    assert len(walk(timed, "/v1/docs", "items", tag="odd", limit=2)) == 4
    assert len(walk(timed, "/v1/docs", "items", tag="even", isPublic="true", limit=1)) == 3
    assert len(walk(timed, "/v1/media", "items", type="audio", limit=2)) == 9
    assert len(walk(timed, "/v1/media", "items", type="audio", is_public="false", limit=2)) == 3


@pytest.mark.parametrize("kind", ["image", "audio", "video"])
def test_media_lists_one_type(api: Api, kind: str) -> None:
    """§7 type: image, video, audio; absent = all; documents are never in this list."""
    made = {"image": api.new_image()["id"], "audio": api.new_audio()["id"]}
    api.new_doc()
    assert [item["id"] for item in api.data("/v1/media", type=kind)["items"]] == ([made[kind]] if kind in made else [])
    assert {item["id"] for item in api.data("/v1/media")["items"]} == set(made.values())


def test_a_media_item_is_complete(api: Api) -> None:
    """§7 item fields: an audio item is the Audio object, an image item has url, thumbnail, title, status, tags."""
    audio, image = api.new_audio(title="Storm"), api.new_image(tags='["q2"]')
    items = {item["type"]: item for item in api.data("/v1/media")["items"]}
    assert items["audio"] == {**items["audio"], **audio}
    expected = {
        "id": image["id"],
        "url": image["url"],
        "filename": "dot.png",
        "sizeBytes": image["sizeBytes"],
        "isPublic": True,
        "createdAt": image["createdAt"],
        "status": "ready",
        "tags": ["q2"],
    }
    assert {name: items["image"][name] for name in expected} == expected
    assert items["image"]["thumbnailUrl"]
    assert items["image"]["title"]
