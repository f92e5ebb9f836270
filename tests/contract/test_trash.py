"""``serve --soft-delete``: what the live service is known to do with deleted documents (§16 #1, #12)."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from picora_sync.server.errors import ServerError
from picora_sync.server.settings import ServerSettings
from tests.contract.harness import Api, Service, must_fail, ok

TEXT = "# Kept in the trash\n"
NewService = Callable[..., Service]


@pytest.fixture
def soft(new_service: NewService) -> Api:
    return new_service(soft_delete=True).tenant()


@pytest.fixture
def hoarder(new_service: NewService) -> Api:
    return new_service(soft_delete=True, purge=False).tenant()


def _delete(api: Api, doc_id: str, way: str) -> None:
    if way == "batch":
        assert ok(api.delete("/v1/docs?hard=true", json={"ids": [doc_id]})) == {"deleted": 1, "failed": 0}
    else:
        assert ok(api.delete(f"/v1/docs/{doc_id}{way}")) is None


@pytest.mark.parametrize("content", [TEXT, "x" * 300_000], ids=["inline", "object-store"])
@pytest.mark.parametrize("way", ["", "?hard=false", "batch"])
def test_what_is_deleted_softly_is_out_of_sight_and_named_as_a_duplicate(soft: Api, content: str, way: str) -> None:
    doc = soft.new_doc(content, isPublic=True)
    _delete(soft, doc["id"], way)
    for path in (f"/v1/docs/{doc['id']}", f"/v1/docs/{doc['id']}/raw"):
        must_fail(soft.get(path), 404, "NOT_FOUND")
    must_fail(soft.patch(f"/v1/docs/{doc['id']}", json={"title": "Back"}), 404, "NOT_FOUND")
    must_fail(soft.delete(f"/v1/docs/{doc['id']}"), 404, "NOT_FOUND")
    assert soft.data("/v1/docs")["items"] == []
    assert soft.data("/v1/user/me/usage")["docs"]["totalCount"] == 0
    named = ok(soft.post_doc(content), 200)
    assert (named["id"], named["duplicate"]) == (doc["id"], True)


def test_a_batch_counts_what_is_in_the_trash_as_failed(soft: Api) -> None:
    doc = soft.new_doc(TEXT)
    _delete(soft, doc["id"], "batch")
    assert ok(soft.delete("/v1/docs?hard=true", json={"ids": [doc["id"]]})) == {"deleted": 0, "failed": 1}


@pytest.mark.parametrize("first", [None, "", "batch"], ids=["alive", "alone", "batch"])
def test_hard_takes_it_out_of_the_trash(soft: Api, first: str | None) -> None:
    doc = soft.new_doc(TEXT)
    if first is not None:
        _delete(soft, doc["id"], first)
    _delete(soft, doc["id"], "?hard=true")
    must_fail(soft.delete(f"/v1/docs/{doc['id']}?hard=true"), 404, "NOT_FOUND")
    assert soft.new_doc(TEXT)["id"] != doc["id"]


@pytest.mark.parametrize("first", [None, "", "batch"], ids=["alive", "alone", "batch"])
def test_without_purge_hard_is_only_said_to_be_done(hoarder: Api, first: str | None) -> None:
    doc = hoarder.new_doc(TEXT)
    if first is not None:
        _delete(hoarder, doc["id"], first)
    for _ in range(2):
        _delete(hoarder, doc["id"], "?hard=true")
        must_fail(hoarder.get(f"/v1/docs/{doc['id']}"), 404, "NOT_FOUND")
        assert ok(hoarder.post_doc(TEXT), 200)["id"] == doc["id"]


def test_a_trash_is_of_its_account(new_service: NewService) -> None:
    service = new_service(soft_delete=True)
    one, other = service.tenant(), service.tenant()
    doc = one.new_doc(TEXT)
    _delete(one, doc["id"], "")
    assert other.new_doc(TEXT)["id"] != doc["id"]
    must_fail(other.delete(f"/v1/docs/{doc['id']}?hard=true"), 404, "NOT_FOUND")
    assert ok(one.post_doc(TEXT), 200)["id"] == doc["id"]


def test_the_place_of_a_deleted_document_is_free_once(new_service: NewService) -> None:
    """A purge of what is in the trash gives nothing back."""
    soft = new_service(soft_delete=True, plan="trial").tenant(plan="trial")
    docs = [soft.new_doc(f"{TEXT}{n}") for n in range(100)]
    _delete(soft, docs[0]["id"], "")
    _delete(soft, docs[0]["id"], "?hard=true")
    soft.new_doc(TEXT)
    must_fail(soft.post_doc(f"{TEXT} one more"), 403, "QUOTA_EXCEEDED")


def test_a_trash_outlives_its_server(tmp_path: Path) -> None:
    with closing(Service(tmp_path, soft_delete=True)) as service:
        first = service.owner()
        doc = first.new_doc(TEXT)
        _delete(first, doc["id"], "")
    with closing(Service(tmp_path, soft_delete=True)) as service:
        assert ok(service.api(first.key).post_doc(TEXT), 200)["id"] == doc["id"]
    with closing(Service(tmp_path)) as service:
        assert service.api(first.key).new_doc(TEXT)["id"] != doc["id"]


def test_without_a_trash_nothing_can_be_kept_in_it(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="trash"):
        ServerSettings(data=tmp_path, purge=False)
