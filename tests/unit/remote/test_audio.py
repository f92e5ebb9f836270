"""Uploading audio, and finding it again."""

from __future__ import annotations

import httpx
import pytest

from picora_sync import errors
from picora_sync.core.model import Kind, Tier, told_id
from picora_sync.remote.client import PicoraClient
from tests.unit.remote.support import (
    AUDIO_ID,
    BASE,
    KEY,
    Api,
    MemoryFile,
    RecordingPacer,
    Reply,
    VirtualStop,
    audio,
    audio_upload,
    doc,
    fail,
    html,
    ok,
    sha256,
)

CONTENT = b"ID3 rain on tin"
HASH = sha256(CONTENT)
URL = f"https://media.picora.test/audio/{AUDIO_ID}.mp3"

# --- uploading ------------------------------------------------------------------------------------------------------


def test_audio_is_posted_whole_with_its_length_and_closed() -> None:
    file, api = MemoryFile(CONTENT), Api(ok(audio(), 201))
    posted = api.client.post_audio(audio_upload(file))
    request = api.requests[0]
    assert api.calls == ["POST /v1/audio"]
    assert int(request.headers["content-length"]) == len(request.content)
    assert "transfer-encoding" not in request.headers
    assert CONTENT in request.content
    assert (told_id(posted.object.id), posted.object.public, posted.duplicate) == (AUDIO_ID, True, False)
    assert file.closed
    assert api.pacer.acquired == [Tier.UPLOAD]


def test_an_answer_with_nothing_but_an_id_is_enough() -> None:
    file = MemoryFile(CONTENT)
    made = Api(ok({"id": AUDIO_ID}, 201)).client.post_audio(audio_upload(file)).object
    assert (made.title, made.size_bytes, made.public) == ("Rain", len(CONTENT), None)


AMBIGUOUS: list[tuple[Reply, type[Exception]]] = [
    (httpx.ReadTimeout("late"), errors.OutcomeUnknown),
    (httpx.ReadError("reset"), errors.OutcomeUnknown),
    (httpx.WriteError("reset"), errors.OutcomeUnknown),
    (httpx.RemoteProtocolError("hung up"), errors.OutcomeUnknown),
    (fail(500), errors.ServerFault),
    (html(502), errors.ServerFault),
    (html(200), errors.OutcomeUnknown),
    (httpx.Response(201), errors.OutcomeUnknown),
    (ok(None, 201), errors.OutcomeUnknown),
    (ok({"id": "no/id"}, 201), errors.OutcomeUnknown),
    (ok([1], 201), errors.OutcomeUnknown),
]


@pytest.mark.parametrize(("reply", "error"), AMBIGUOUS)
def test_an_upload_whose_outcome_is_unknown_is_never_repeated(reply: Reply, error: type[Exception]) -> None:
    file, api = MemoryFile(CONTENT), Api(reply)
    with pytest.raises(error):
        api.client.post_audio(audio_upload(file))
    assert len(api.requests) == 1
    assert file.closed


@pytest.mark.parametrize("first", [fail(429, retryAfterSec=3), httpx.ConnectError("refused")])
def test_an_upload_that_was_certainly_not_carried_out_is_repeated(first: Reply) -> None:
    files = [MemoryFile(CONTENT), MemoryFile(CONTENT)]
    api = Api(first, ok(audio(), 201))
    upload = audio_upload(files[0])
    opened = iter(files)
    again = type(upload)(lambda: next(opened), upload.size_bytes, upload.filename, upload.title, upload.public)
    assert told_id(api.client.post_audio(again).object.id) == AUDIO_ID
    assert all(file.closed for file in files)
    assert CONTENT in api.requests[1].content


def test_a_file_that_changed_reaches_the_caller_as_such_and_no_complete_body_the_server() -> None:
    file, api = MemoryFile(CONTENT, changed=True), Api(ok(audio(), 201))
    with pytest.raises(errors.FileChanged):
        api.client.post_audio(audio_upload(file))
    assert api.requests == []
    assert file.closed
    assert api.pacer.observed == [(Tier.UPLOAD, 0, {})]


@pytest.mark.parametrize("error", [errors.FileChanged("moved"), errors.FileUnreadable("gone")])
def test_a_file_that_cannot_be_opened_is_not_sent(error: Exception) -> None:
    def refuse() -> MemoryFile:
        raise error

    api = Api(ok(audio(), 201))
    upload = audio_upload(MemoryFile(CONTENT))
    with pytest.raises(type(error)):
        api.client.post_audio(type(upload)(refuse, upload.size_bytes, upload.filename, upload.title, public=True))
    assert api.requests == []


def test_stop_ends_an_upload() -> None:
    file, api = MemoryFile(CONTENT), Api(ok(audio(), 201))
    api.stop.set()
    with pytest.raises(errors.UploadCut):  # it is certain that it was not stored
        api.client.post_audio(audio_upload(file))
    assert api.requests == []
    assert file.closed


class Hasty(httpx.BaseTransport):
    """Answers before it has read anything."""

    def handle_request(self, _request: httpx.Request) -> httpx.Response:
        return ok(audio(), 201)


def test_a_success_before_the_whole_file_was_sent_is_not_believed() -> None:
    client = PicoraClient(BASE, KEY, pacer=RecordingPacer(), stop=VirtualStop(), transport=Hasty())
    with pytest.raises(errors.OutcomeUnknown):
        client.post_audio(audio_upload(MemoryFile(CONTENT)))


# --- finding --------------------------------------------------------------------------------------------------------


def upsert(object_id: str = AUDIO_ID, **fields: object) -> dict[str, object]:
    return {
        "op": "upsert",
        "type": "audio",
        "id": object_id,
        "updatedAt": "2026-05-02T09:30:00.000Z",
        "url": URL,
        "contentHash": HASH,
        "sizeBytes": len(CONTENT),
        **fields,
    }


def delete(object_id: str = AUDIO_ID) -> dict[str, object]:
    return {"op": "delete", "type": "audio", "id": object_id, "updatedAt": "2026-05-02T10:00:00.000Z"}


def changes(*entries: object, cursor: str | None = None, more: bool = False) -> httpx.Response:
    return ok({"changes": list(entries), "nextCursor": cursor, "hasMore": more})


def find(api: Api) -> str | None:
    found = api.client.find_audio(HASH, len(CONTENT))
    assert all(audio.sha256 == HASH for audio in found)
    return told_id(found[0].id) if found else None


def got(object_id: str) -> httpx.Response:
    return ok(audio(id=object_id))


def test_audio_is_found_by_its_content_hash_and_then_read_in_full() -> None:
    api = Api(changes(upsert("x", contentHash="0" * 64), upsert(contentHash=HASH.upper())), got(AUDIO_ID))
    assert find(api) == AUDIO_ID
    assert api.calls == ["GET /v1/sync/state?type=audio&limit=500", f"GET /v1/audio/{AUDIO_ID}"]


@pytest.mark.parametrize(
    ("entries", "object_id"),
    [
        ([], None),
        ([upsert(), delete()], None),
        ([upsert(), delete(), upsert()], AUDIO_ID),
        ([delete(), upsert()], AUDIO_ID),
        ([upsert("a"), upsert("b")], "a"),
        ([upsert("a"), upsert("b"), delete("a")], "b"),
        ([upsert("a"), upsert("a", contentHash="0" * 64)], None),
        ([upsert("a", type="image")], None),
        ([{"op": "upsert"}, "noise", None, upsert()], AUDIO_ID),
        ([upsert("../x")], None),
    ],
)
def test_upserts_count_unless_a_later_delete_undid_them(entries: list[object], object_id: str | None) -> None:
    assert find(Api(changes(*entries), lambda request: got(request.url.path.rpartition("/")[2]))) == object_id


def test_a_match_that_is_gone_by_now_is_passed_over() -> None:
    assert find(Api(changes(upsert("a"), upsert("b")), fail(404), got("b"))) == "b"


def test_all_matches_are_given_the_oldest_first() -> None:
    old, new = (audio(id=name, createdAt=f"2026-05-0{day}T00:00:00Z") for name, day in (("old", 1), ("new", 2)))
    found = Api(changes(upsert("new"), upsert("old")), ok(new), ok(old)).client.find_audio(HASH, len(CONTENT))
    assert [told_id(each.id) for each in found] == ["old", "new"]


def test_pages_are_read_until_there_are_no_more() -> None:
    api = Api(changes(upsert("x"), cursor="c1", more=True), changes(delete("x"), cursor="c 2"), got("x"))
    assert find(api) is None
    assert api.calls[1] == "GET /v1/sync/state?type=audio&limit=500&since=c1"


def test_an_empty_page_does_not_end_the_changes() -> None:
    api = Api(changes(cursor="c1", more=True), changes(upsert(), cursor="c2"), got(AUDIO_ID))
    assert find(api) == AUDIO_ID


@pytest.mark.parametrize("cursor", [None, "", "same"])
def test_a_list_that_does_not_end_proves_nothing(cursor: str | None) -> None:
    with pytest.raises(errors.NotPicora):
        find(Api(changes(upsert("x", contentHash="0" * 64), cursor=cursor, more=True)))


@pytest.mark.parametrize("reply", [fail(500), html(200), ok({}), httpx.ReadTimeout("late"), fail(401), fail(422)])
def test_a_question_without_an_answer_is_never_a_no(reply: Reply) -> None:
    with pytest.raises(errors.RemoteError):
        find(Api(reply))


def test_audio_without_a_hash_is_proven_by_its_bytes() -> None:
    api = Api(
        changes(upsert("small", contentHash=None, sizeBytes=3), upsert(contentHash=None)),
        httpx.Response(200, content=CONTENT),
        got(AUDIO_ID),
    )
    assert find(api) == AUDIO_ID
    assert api.calls[1] == f"GET /audio/{AUDIO_ID}.mp3"


LISTED = audio(sizeBytes=len(CONTENT))


def media(*items: object, cursor: str | None = None) -> httpx.Response:
    return ok({"items": list(items), "nextCursor": cursor})


@pytest.mark.parametrize("absent", [fail(404), html(404), fail(400), html(405)])
def test_without_sync_state_the_media_list_is_searched_by_size_and_proven(absent: httpx.Response) -> None:
    api = Api(
        absent,
        media(
            audio(id="other"), audio(id="twin", sizeBytes=len(CONTENT), createdAt="2026-05-03T00:00:00Z"), cursor="n"
        ),
        media(LISTED),
        httpx.Response(200, content=b"x" * len(CONTENT)),
        httpx.Response(200, content=CONTENT),
        got("twin"),
    )
    assert find(api) == "twin"
    assert api.calls == [
        "GET /v1/sync/state?type=audio&limit=500",
        "GET /v1/media?type=audio&limit=100",
        "GET /v1/media?type=audio&limit=100&cursor=n",
        f"GET /audio/{AUDIO_ID}.mp3",
        f"GET /audio/{AUDIO_ID}.mp3",
        "GET /v1/audio/twin",
    ]


def test_the_key_never_goes_to_another_host() -> None:
    api = Api(fail(404), media(LISTED), httpx.Response(200, content=CONTENT), got(AUDIO_ID))
    find(api)
    assert KEY not in str(api.requests[2].headers.raw)


def test_media_on_the_servers_own_origin_are_read_with_the_key() -> None:
    own = audio(url="https://api.picora.test/media/a.mp3", sizeBytes=len(CONTENT))
    api = Api(fail(404), media(own), httpx.Response(200, content=CONTENT), got(AUDIO_ID))
    find(api)
    assert api.requests[2].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("body", [b"", CONTENT[:-1], CONTENT + b"!", b"y" * len(CONTENT)])
def test_other_bytes_behind_the_url_are_no_match(body: bytes) -> None:
    assert find(Api(fail(404), media(LISTED), httpx.Response(200, content=body))) is None


@pytest.mark.parametrize("status", [404, 410])
def test_a_candidate_whose_bytes_are_gone_is_no_match(status: int) -> None:
    assert find(Api(fail(404), media(LISTED), httpx.Response(status))) is None


@pytest.mark.parametrize("status", [401, 403, 302, 500])
def test_a_candidate_that_cannot_be_read_leaves_the_outcome_unknown(status: int) -> None:
    with pytest.raises(errors.OutcomeUnknown):
        find(Api(fail(404), media(LISTED), httpx.Response(status)))


def test_stop_ends_a_comparison() -> None:
    api = Api(fail(404), media(LISTED), httpx.Response(200, content=CONTENT))
    api.stop.set()
    with pytest.raises(errors.Stopped):
        find(api)


# --- listing --------------------------------------------------------------------------------------------------------


def test_a_listing_gives_each_object_once_over_all_pages() -> None:
    api = Api(
        ok({"items": [doc(id="a"), doc(id="b")], "nextCursor": "n/1"}),
        ok({"items": [doc(id="b"), {"id": "?"}, doc(id="c")], "nextCursor": ""}),
    )
    assert [told_id(found.id) for found in api.client.listed(Kind.DOC)] == ["a", "b", "c"]
    assert api.calls == ["GET /v1/docs?limit=50", "GET /v1/docs?limit=50&cursor=n%2F1"]


def test_an_empty_page_ends_a_listing() -> None:
    api = Api(ok({"items": [doc(id="a")], "nextCursor": "1"}), ok({"items": [], "nextCursor": "2"}))
    assert [told_id(found.id) for found in api.client.listed(Kind.DOC)] == ["a"]


def test_a_listing_that_does_not_end_raises_instead_of_ending() -> None:
    with pytest.raises(errors.NotPicora):
        list(Api(media(LISTED, cursor="same")).client.listed(Kind.AUDIO))
