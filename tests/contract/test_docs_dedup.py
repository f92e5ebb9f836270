"""§8.1 Idempotency, §15 #1 (dedup before limits), #30, #33."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract import samples
from tests.contract.harness import Api, Json, Service, ok

TEXT = "# Same\n\ntext\n"


def test_the_same_content_twice_is_one_document(api: Api) -> None:
    """§8.1 result: 200, existing id, duplicate:true, no quota used."""
    first = api.new_doc(TEXT)
    again = ok(api.post_doc(TEXT), 200)
    assert (again["id"], again["duplicate"]) == (first["id"], True)
    assert api.data("/v1/user/me/usage")["docs"]["totalCount"] == 1


OTHER_FIELDS: list[Json] = [
    {"filename": "other.md"},
    {"title": "Other"},
    {"tags": ["other"]},
    {"isPublic": False},
    {"rewriteImages": False},
]


@pytest.mark.parametrize("fields", OTHER_FIELDS, ids=[next(iter(fields)) for fields in OTHER_FIELDS])
def test_a_duplicate_leaves_the_document_unchanged(api: Api, fields: Json) -> None:
    """§8.1 other fields differ: the existing doc is returned unchanged; §15 #30: updatedAt too."""
    first = api.new_doc(TEXT)
    again = ok(api.post_doc(TEXT, **fields), 200)
    assert {**again, "duplicate": False} == first
    assert api.data(f"/v1/docs/{first['id']}")["updatedAt"] == first["updatedAt"]


@pytest.mark.parametrize(
    "variant", [TEXT + "\n", TEXT.replace("\n", "\r\n"), "\ufeff" + TEXT, "# Same\n\ntexte\u0301\n"]
)
def test_other_bytes_are_another_document(api: Api, variant: str) -> None:
    """§8.1 of what: the content as sent, UTF-8 bytes; nothing is normalised."""
    first = api.new_doc(TEXT)
    assert api.new_doc(variant)["id"] != first["id"]


def test_the_hash_is_of_the_content_as_sent(api: Api) -> None:
    """§8.1 of what: before rewriting, so that re-running an upload is free even with images."""
    content = f"![a]({samples.data_uri(samples.png())})\n"
    first = api.new_doc(content)
    assert ok(api.post_doc(content), 200)["id"] == first["id"]
    stored = api.raw(first["id"])
    assert stored != content
    assert api.new_doc(stored)["id"] != first["id"]
    got = api.get(f"/v1/docs/{first['id']}/raw").headers["X-Source-Hash"]
    assert got == hashlib.sha256(content.encode()).hexdigest()


def test_the_hash_is_released_by_a_delete(api: Api) -> None:
    """§8.1 after a delete: the next POST is 201 with a new id."""
    first = api.new_doc(TEXT)
    ok(api.delete(f"/v1/docs/{first['id']}"))
    assert api.new_doc(TEXT)["id"] != first["id"]


def test_two_users_never_collide(api: Api, other: Api) -> None:
    """§8.1 key: per user."""
    assert api.new_doc(TEXT)["id"] != other.new_doc(TEXT)["id"]


@pytest.mark.parametrize("content", [f"# Race {number}\n" for number in range(3)])
def test_concurrent_identical_posts_make_one_document(service: Service, content: str) -> None:
    """§15 #33: unique (user, hash): one 201, the others 200 duplicate."""
    api, workers = service.tenant(), 8
    clients = [service.second_key(api) for _ in range(workers)]
    start = threading.Barrier(workers)

    def post(client: Api) -> tuple[int, str, bool]:
        start.wait(timeout=60)
        response = client.post_doc(content)
        data = ok(response, response.status_code)
        return response.status_code, data["id"], data["duplicate"]

    with ThreadPoolExecutor(workers) as pool:
        answers = list(pool.map(post, clients))
    assert len({doc_id for _, doc_id, _ in answers}) == 1
    assert sorted((status, duplicate) for status, _, duplicate in answers) == [(200, True)] * (workers - 1) + [
        (201, False)
    ]
    assert api.data("/v1/user/me/usage")["docs"]["totalCount"] == 1


def test_concurrent_writers_never_see_a_fault(service: Service) -> None:
    """§15 #33: different content at the same time: each answered 201."""
    api, workers = service.tenant(), 6
    clients = [service.second_key(api) for _ in range(workers)]

    def write(worker: int) -> set[int]:
        client = clients[worker]
        statuses = {client.post_doc(f"# {worker}.{number}\n").status_code for number in range(5)}
        statuses |= {client.post_image(samples.png(f"{worker}.{number}".encode())).status_code for number in range(3)}
        return statuses | {client.post_audio(samples.mp3()).status_code}

    with ThreadPoolExecutor(workers) as pool:
        assert set().union(*pool.map(write, range(workers))) == {201}
    usage = api.data("/v1/user/me/usage")
    counts = (usage["docs"]["totalCount"], usage["images"]["totalCount"], usage["audio"]["totalCount"])
    assert counts == (workers * 5, workers * 3, workers)


def test_a_duplicate_succeeds_on_a_full_account(service: Service) -> None:
    """§15 #1 order: doc dedup 200 comes before size, image and quota limits."""
    api = service.tenant(plan="pro")
    large = "x" * (2 * 1024 * 1024)
    images = "".join(f"![{n}]({samples.data_uri(samples.png())})\n" for n in range(31))
    first = [api.new_doc(content)["id"] for content in (TEXT, large, images)]
    service.move_to_plan(api, "trial")
    for content, doc_id in zip((TEXT, large, images), first, strict=True):
        assert ok(api.post_doc(content), 200)["id"] == doc_id
