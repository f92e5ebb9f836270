from __future__ import annotations

import httpx
import pytest

from picora_sync import errors
from picora_sync.core.model import Kind, Tier
from tests.unit.remote.support import Api, doc, fail, html, ok


def test_documents_are_deleted_in_one_call() -> None:
    api = Api(ok({"deleted": 2, "failed": 0}))
    assert api.client.delete(Kind.DOC, ["a", "b"]) == ("a", "b")
    assert api.calls == ["DELETE /v1/docs?hard=true"]
    assert api.body() == {"ids": ["a", "b"]}
    assert api.requests[0].headers["content-type"] == "application/json"
    assert api.pacer.acquired == [Tier.MUTATION]


@pytest.mark.parametrize(
    "data",
    [{"deleted": 1, "failed": 1}, {"deleted": 2, "failed": 1}, {"deleted": 1}, {}, None, {"deleted": ["a", "b"]}],
)
def test_unless_the_reply_counts_them_all_each_document_is_asked_for(data: object) -> None:
    api = Api(ok(data), fail(404), ok(doc(id="b")))
    assert api.client.delete(Kind.DOC, ["a", "b"]) == ("a",)
    assert api.calls == ["DELETE /v1/docs?hard=true", "GET /v1/docs/a", "GET /v1/docs/b"]


def test_an_id_that_is_named_twice_counts_once() -> None:
    api = Api(ok({"deleted": 2, "failed": 0}))
    assert api.client.delete(Kind.DOC, ["a", "b", "a"]) == ("a", "b")
    assert api.body() == {"ids": ["a", "b"]}


@pytest.mark.parametrize(
    "answer", [ok(None), httpx.Response(204, headers={"x-request-id": "r"}), fail(404)], ids=["200", "204", "gone"]
)
def test_a_document_alone_is_deleted_by_the_call_that_is_known_to_purge(answer: httpx.Response) -> None:
    api = Api(answer)
    assert api.client.delete(Kind.DOC, ["a", "a"]) == ("a",)
    assert api.calls == ["DELETE /v1/docs/a?hard=true"]


@pytest.mark.parametrize("status", [400, 422])
def test_a_batch_of_documents_that_the_server_does_not_read_is_deleted_one_by_one(status: int) -> None:
    api = Api(fail(status), ok(None), ok(None))
    assert api.client.delete(Kind.DOC, ["a", "b"]) == ("a", "b")
    assert api.calls[1:] == ["DELETE /v1/docs/a?hard=true", "DELETE /v1/docs/b?hard=true"]


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("number", [1, 2, 50])
@pytest.mark.parametrize("batch", [True, False], ids=["batch", "no batch"])
def test_every_deletion_of_a_document_asks_for_its_end(kind: Kind, number: int, batch: bool) -> None:
    """Audio knows no trash."""
    ids = [f"id{n}" for n in range(number)]
    data = {"deleted": number, "failed": 0} if kind is Kind.DOC else {"deleted": ids, "failed": []}
    api = Api(*([] if batch else [fail(405)] * (number > 1 or kind is Kind.AUDIO)), ok(data))
    assert api.client.delete(kind, ids) == tuple(ids)
    deletions = [call for call in api.calls if call.startswith("DELETE ")]
    assert all(call.endswith("?hard=true") is (kind is Kind.DOC) for call in deletions)


def test_a_page_of_a_proxy_deletes_nothing() -> None:
    with pytest.raises(errors.NotPicora):
        Api(html(200)).client.delete(Kind.DOC, ["a"])


def test_audio_is_deleted_in_one_call() -> None:
    api = Api(ok({"deleted": ["a", "b"], "failed": []}))
    assert api.client.delete(Kind.AUDIO, ["a", "b"]) == ("a", "b")
    assert api.calls == ["DELETE /v1/media"]
    assert api.body() == {"items": [{"id": "a", "type": "audio"}, {"id": "b", "type": "audio"}]}


def test_audio_that_is_not_found_is_gone() -> None:
    failed = [{"id": "b", "type": "audio", "reason": "NOT_FOUND"}]
    api = Api(ok({"deleted": ["a"], "failed": failed}))
    assert api.client.delete(Kind.AUDIO, ["a", "b"]) == ("a", "b")


def test_audio_that_the_reply_leaves_open_is_asked_for() -> None:
    failed = [{"id": "b", "type": "audio", "reason": "STORAGE_ERROR"}, "noise"]
    api = Api(ok({"deleted": ["a"], "failed": failed}), ok({"id": "b"}), fail(404))
    assert api.client.delete(Kind.AUDIO, ["a", "b", "c"]) == ("a", "c")
    assert api.calls == ["DELETE /v1/media", "GET /v1/audio/b", "GET /v1/audio/c"]


@pytest.mark.parametrize("absent", [html(404), fail(404), fail(405), html(405)])
@pytest.mark.parametrize(("kind", "path"), [(Kind.AUDIO, "/v1/audio"), (Kind.DOC, "/v1/docs")])
def test_without_a_batch_call_each_is_deleted_alone(absent: httpx.Response, kind: Kind, path: str) -> None:
    api = Api(absent, httpx.Response(204, headers={"x-request-id": "r"}), fail(404), ok(None))
    assert api.client.delete(kind, ["a", "b", "c"]) == ("a", "b", "c")
    hard = "?hard=true" if kind is Kind.DOC else ""
    assert api.calls[1:] == [f"DELETE {path}/{each}{hard}" for each in "abc"]


@pytest.mark.parametrize(
    ("answers", "perhaps_done"),
    [
        ((ok({"deleted": 1, "failed": 1}), fail(401)), True),
        ((fail(404), ok(None), fail(401)), True),
        ((fail(404), fail(401)), False),
        ((fail(401),), False),
    ],
    ids=["when asked for the rest", "after the first", "at the first", "at the batch"],
)
def test_what_fails_tells_whether_something_may_be_deleted_already(
    answers: tuple[httpx.Response, ...], perhaps_done: bool
) -> None:
    with pytest.raises(errors.KeyRefused) as refused:
        Api(*answers).client.delete(Kind.DOC, ["a", "b"])
    assert refused.value.perhaps_done is perhaps_done


def test_a_page_of_a_proxy_deletes_nothing_alone_either() -> None:
    with pytest.raises(errors.NotPicora):
        Api(fail(405), html(200)).client.delete(Kind.AUDIO, ["a"])


def test_nothing_to_delete_makes_no_call() -> None:
    api = Api(ok(None))
    assert api.client.delete(Kind.DOC, []) == api.client.delete(Kind.AUDIO, []) == ()
    assert api.calls == []


@pytest.mark.parametrize(("kind", "most"), [(Kind.DOC, 50), (Kind.AUDIO, 100)])
def test_a_batch_has_a_largest_size(kind: Kind, most: int) -> None:
    api = Api(ok({"deleted": most, "failed": 0}), fail(404))
    ids = [f"id{n}" for n in range(most + 1)]
    assert len(api.client.delete(kind, ids[:most])) == most
    with pytest.raises(ValueError, match="at most"):
        api.client.delete(kind, ids)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (fail(403, error="Forbidden"), errors.ScopeMissing),
        (fail(401), errors.KeyRefused),
        (fail(422), errors.Rejected),
        (fail(500), errors.ServerFault),
        (html(200), errors.NotPicora),
    ],
)
def test_a_batch_that_fails_as_a_whole_raises(reply: httpx.Response, error: type[Exception]) -> None:
    with pytest.raises(error):
        Api(reply).client.delete(Kind.AUDIO, ["a"])


def test_a_deletion_is_repeated_after_a_fault() -> None:
    api = Api(fail(500), ok({"deleted": 1, "failed": 0}))
    assert api.client.delete(Kind.DOC, ["a"]) == ("a",)
