from __future__ import annotations

import contextlib
import logging
from datetime import UTC, datetime

import httpx
import pytest

from picora_sync import errors
from picora_sync.core.model import Account, Kind, PlanLimits, Tier, told_id
from picora_sync.core.ports import Change, DocUpload, StoredText
from picora_sync.remote.client import PicoraClient
from tests.unit.remote.support import (
    AUDIO_ID,
    BASE,
    DOC_ID,
    KEY,
    UPLOAD,
    Api,
    RecordingPacer,
    VirtualStop,
    audio,
    doc,
    fail,
    html,
    ok,
    sha256,
)

VERIFIED = {"valid": True, "userId": "76UMFxFkM-R5Kjp1vRt_1", "plan": "trial", "authType": "apiKey"}
TRIAL = PlanLimits(1 << 20, 30, 100, 50 << 20, 600)

TOLD = {"date": "Sat, 02 May 2026 09:30:00 GMT"}

# --- the account ----------------------------------------------------------------------------------------------------


def test_verify_asks_who_it_is_and_nothing_else() -> None:
    api = Api(ok(VERIFIED))
    assert api.client.verify() == Account(BASE, "76UMFxFkM-R5Kjp1vRt_1", "trial", TRIAL)
    assert api.calls == ["GET /v1/auth/verify"]


def test_usage_tells_the_limits_of_the_account() -> None:
    api = Api(ok(VERIFIED), ok({"plan": "trial", "planLimits": {"docCount": 20}}))
    account = api.client.with_usage(api.client.verify())
    assert api.calls == ["GET /v1/auth/verify", "GET /v1/user/me/usage"]
    limits = PlanLimits(1 << 20, 30, 20, 50 << 20, 600)
    assert account == Account(BASE, "76UMFxFkM-R5Kjp1vRt_1", "trial", limits, usage_told=True)


NOT_TOLD: dict[str, httpx.Response | Exception] = {
    "no scope": fail(403, "INSUFFICIENT_SCOPE"),
    "no plan": fail(403, "PLAN_REQUIRED"),
    "not with a key": fail(401, "UNAUTHORIZED"),
    "a revoked key": fail(401, "API_KEY_REVOKED"),
    "no call": fail(404),
    "another method": fail(405),
    "too often": fail(429),
    "a fault": fail(500),
    "no service": fail(503),
    "no page": html(404),
    "a page": html(200),
    "a sign-in page": html(302),
    "no data": ok(None),
    "a list": ok([1, 2]),
    "a number": ok(7),
    "no JSON": httpx.Response(200, content=b"{"),
    "nothing": httpx.Response(200, content=b""),
    "deep": httpx.Response(200, content=b"[" * 100_000),
    "silence": httpx.ReadTimeout("time-out"),
    "a cut": httpx.ReadError("reset"),
    "no connection": httpx.ConnectError("refused"),
}
"""What a side call may come to; nothing of it stops anything."""


@pytest.mark.parametrize("reply", NOT_TOLD.values(), ids=NOT_TOLD.keys())
def test_without_usage_the_limits_are_those_of_the_plan(reply: httpx.Response | Exception) -> None:
    api = Api(ok(VERIFIED), reply)
    account = api.client.with_usage(api.client.verify())
    assert account.limits == TRIAL
    assert not account.usage_told
    assert len(api.calls) == 2


@pytest.mark.parametrize("reply", NOT_TOLD.values(), ids=NOT_TOLD.keys())
def test_without_rate_limits_nothing_is_told_of_them(reply: httpx.Response | Exception) -> None:
    api = Api(reply)
    assert api.client.rate_limits() == {}
    assert len(api.calls) == 1


LISTED_INSTEAD = {name: reply for name, reply in NOT_TOLD.items() if name not in ("too often", "no connection")}
LISTED_INSTEAD |= {"an empty list": ok([]), "a list of something": ok({"things": []})}


@pytest.mark.parametrize("reply", LISTED_INSTEAD.values(), ids=LISTED_INSTEAD.keys())
def test_without_sync_state_the_media_list_is_read(reply: httpx.Response | Exception) -> None:
    api = Api(reply, ok({"items": [audio()], "nextCursor": None}))
    assert len(api.client.audio_held()) == 1
    assert [call.partition("?")[0] for call in api.calls] == ["GET /v1/sync/state", "GET /v1/media"]


def test_a_refused_key_is_refused() -> None:
    with pytest.raises(errors.KeyRefused):
        Api(fail(401, "API_KEY_REVOKED")).client.verify()


@pytest.mark.parametrize("reply", [ok({"valid": True}), ok(None), html(200), html(404)])
def test_who_names_no_user_is_not_picora(reply: httpx.Response) -> None:
    with pytest.raises(errors.NotPicora):
        Api(reply).client.verify()


def test_the_rate_limits_are_read_without_being_counted() -> None:
    api = Api(ok({"upload": {"limit": 60}}))
    assert api.client.rate_limits() == {"upload": {"limit": 60}}
    assert api.pacer.acquired == []


def test_a_server_without_rate_limits_call_has_none_to_tell() -> None:
    assert Api(fail(404)).client.rate_limits() == {}


@pytest.mark.parametrize(
    ("reply", "healthy"),
    [
        (httpx.Response(200, json={"ok": True, "ts": "x"}), True),
        (ok({"ok": True}), True),
        (httpx.Response(200, json={"ok": False}), False),
        (httpx.Response(503, json={"ok": True}), False),
        (html(200), False),
        (httpx.ConnectError("refused"), False),
        (httpx.ReadTimeout("late"), False),
    ],
)
def test_healthy_is_whether_a_picora_answers_and_never_raises(reply: httpx.Response | Exception, healthy: bool) -> None:
    api = Api(reply)
    assert api.client.healthy() is healthy
    assert api.calls == ["GET /health"]
    assert "authorization" not in api.requests[0].headers


# --- headers and secrets --------------------------------------------------------------------------------------------


def test_each_call_carries_the_key_and_the_name_of_the_client() -> None:
    api = Api(ok(doc()))
    api.client.get(Kind.DOC, DOC_ID)
    headers = api.requests[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["x-picora-client"].startswith("picora-sync/")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(status: int) -> None:
    api = Api(httpx.Response(status, headers={"Location": "https://evil.test/"}))
    with pytest.raises(errors.NotPicora):
        api.client.get(Kind.DOC, DOC_ID)
    assert len(api.requests) == 1


@pytest.mark.parametrize("reply", [fail(401), fail(500), httpx.ConnectError("no"), httpx.LocalProtocolError(KEY)])
def test_the_key_shows_in_no_error_log_or_repr(
    reply: httpx.Response | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api = Api(reply)
    with pytest.raises(errors.RemoteError) as caught:
        api.client.get(Kind.DOC, DOC_ID)
    assert KEY not in caplog.text + repr(api.client) + repr(caught.value) + str(vars(caught.value))


@pytest.mark.parametrize("key", ["", "a b", "line\nbreak", "ключ", "x" * 600])
def test_a_key_that_cannot_be_a_header_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(errors.KeyRefused) as caught:
        PicoraClient(BASE, key, pacer=RecordingPacer(), stop=VirtualStop())
    assert not key or key not in caught.value.message


@pytest.mark.parametrize("base", ["https://a:b:c", "https://host:port"])
def test_an_address_that_is_none_is_unreachable(base: str) -> None:
    with pytest.raises(errors.Unreachable):
        PicoraClient(base, KEY, pacer=RecordingPacer(), stop=VirtualStop())


def test_the_base_url_may_end_in_a_slash() -> None:
    api = Api(ok(VERIFIED), ok({}), base=BASE + "/")
    assert api.client.verify().base_url == BASE
    assert api.calls[0] == "GET /v1/auth/verify"


def test_a_closed_client_sends_nothing_more() -> None:
    with Api(ok(doc())).client as client:
        client.get(Kind.DOC, DOC_ID)
    with pytest.raises(RuntimeError):
        client.get(Kind.DOC, DOC_ID)


# --- pacing ---------------------------------------------------------------------------------------------------------


def test_every_attempt_is_paced_and_its_answer_observed() -> None:
    api = Api(fail(500), ok(doc(), **{"RateLimit-Remaining": "9"}))
    api.client.get(Kind.DOC, DOC_ID)
    assert api.pacer.acquired == [Tier.READ, Tier.READ]
    assert [(tier, status) for tier, status, _ in api.pacer.observed] == [(Tier.READ, 500), (Tier.READ, 200)]
    assert api.pacer.observed[1][2]["ratelimit-remaining"] == "9"


def test_a_call_without_an_answer_is_observed_as_such() -> None:
    api = Api(httpx.ReadTimeout("late"))
    with pytest.raises(errors.OutcomeUnknown):
        api.client.get(Kind.DOC, DOC_ID)
    assert api.pacer.observed == [(Tier.READ, 0, {})]


@pytest.mark.parametrize(("status", "seen"), [(200, 0), (429, 429)])
def test_a_late_answer_is_counted_but_tells_nothing_unless_it_refuses(status: int, seen: int) -> None:
    def late(_: httpx.Request) -> httpx.Response:
        api.stop.now_s += 30
        return ok(doc()) if status == 200 else fail(429)

    api = Api(late, ok(doc()))
    api.client.get(Kind.DOC, DOC_ID)
    assert api.pacer.observed[0][1] == seen


# --- documents ------------------------------------------------------------------------------------------------------


def test_a_document_is_posted_with_every_field_explicit() -> None:
    api = Api(ok(doc(duplicate=False, warnings=["careful"]), 201))
    posted = api.client.post_doc(UPLOAD)
    assert api.calls == ["POST /v1/docs"]
    assert api.body() == {
        "filename": "notes.md",
        "content": "Hello",
        "title": "Release notes",
        "tags": ["release"],
        "isPublic": False,
        "rewriteImages": True,
    }
    assert (posted.duplicate, posted.remarks[0].message) == (False, "careful")
    assert (posted.object.sha256, posted.object.rewritten, posted.object.ours) == (sha256(b"Hello"), True, True)


def test_an_answer_with_nothing_but_an_id_is_enough() -> None:
    posted = Api(ok({"id": DOC_ID}, 201)).client.post_doc(UPLOAD)
    assert (told_id(posted.object.id), posted.object.title, posted.object.tags) == (
        DOC_ID,
        "Release notes",
        ("release",),
    )
    assert posted.object.public is None


def test_a_title_too_long_is_cut_and_an_empty_one_left_out() -> None:
    api = Api(ok(doc(), 201))
    for title, sent in (("t" * 300, "t" * 200), ("", None), ("bad\udcff", "bad�")):
        api.client.post_doc(DocUpload("a.md", "x", title, (), public=True, rewrite_images=False))
        assert api.body().get("title") == sent


def test_text_that_cannot_be_sent_is_rejected_without_a_call() -> None:
    api = Api(ok(doc(), 201))
    with pytest.raises(errors.Rejected):
        api.client.post_doc(DocUpload("a.md", "bad \udcff", "t", (), public=True, rewrite_images=False))
    assert api.calls == []


DUPLICATES = [ok(doc(duplicate=True)), fail(409, "DOC_HASH_DUPLICATE", existingId=DOC_ID)]


@pytest.mark.parametrize(("before", "perhaps"), [([fail(500)], True), ([], False)], ids=["after a 500", "at once"])
def test_a_duplicate_that_cannot_be_seen_now_may_be_of_an_earlier_attempt(
    before: list[httpx.Response], perhaps: bool
) -> None:
    api = Api(*before, DUPLICATES[0], fail(401))
    with pytest.raises(errors.KeyRefused) as caught:
        api.client.post_doc(UPLOAD)
    assert caught.value.perhaps_done is perhaps


@pytest.mark.parametrize("duplicate", DUPLICATES, ids=["200", "409"])
@pytest.mark.parametrize(
    ("before", "repeated"), [([fail(500)], True), ([fail(429)], False), ([], False)], ids=["500", "429", "at once"]
)
def test_a_duplicate_tells_whether_an_earlier_attempt_of_the_call_may_have_made_it(
    before: list[httpx.Response], repeated: bool, duplicate: httpx.Response
) -> None:
    assert Api(*before, duplicate, ok(doc())).client.post_doc(UPLOAD).repeated is repeated


@pytest.mark.parametrize("duplicate", DUPLICATES, ids=["200", "409"])
def test_a_duplicate_counts_after_a_get_found_it(duplicate: httpx.Response) -> None:
    api = Api(duplicate, ok(doc(title="Old title", isPublic=True)))
    posted = api.client.post_doc(UPLOAD)
    assert api.calls == ["POST /v1/docs", f"GET /v1/docs/{DOC_ID}"]
    assert posted.duplicate
    assert (posted.object.title, posted.object.public, posted.object.ours) == ("Old title", True, False)
    assert posted.object.sha256 == sha256(b"Hello")


@pytest.mark.parametrize("duplicate", DUPLICATES, ids=["200", "409"])
@pytest.mark.parametrize("purged", [ok(None), fail(404)], ids=["purged", "gone"])
def test_a_dead_duplicate_is_purged_and_posted_again_once(duplicate: httpx.Response, purged: httpx.Response) -> None:
    api = Api(duplicate, fail(404), purged, ok(doc(id="new"), 201))
    posted = api.client.post_doc(UPLOAD)
    assert api.calls == [
        "POST /v1/docs",
        f"GET /v1/docs/{DOC_ID}",
        f"DELETE /v1/docs/{DOC_ID}?hard=true",
        "POST /v1/docs",
    ]
    assert (told_id(posted.object.id), posted.duplicate) == ("new", False)


@pytest.mark.parametrize("duplicate", DUPLICATES, ids=["200", "409"])
@pytest.mark.parametrize(
    ("refusal", "hint"),
    [
        (fail(403, "INSUFFICIENT_SCOPE"), "read_write_delete"),
        (fail(403, error="Forbidden"), "read_write_delete"),
        (fail(403, "PLAN_REQUIRED"), "trash"),
        (fail(409, "CONFLICT"), "trash"),
        (fail(422), "trash"),
        (fail(423), "trash"),
        (fail(451), "trash"),
    ],
)
def test_a_dead_duplicate_that_may_not_be_purged_concerns_its_own_upload_alone(
    duplicate: httpx.Response, refusal: httpx.Response, hint: str
) -> None:
    """As what the purge says, it would stop all uploads: the key may write."""
    api = Api(duplicate, fail(404), refusal)
    with pytest.raises(errors.Rejected) as caught:
        api.client.post_doc(UPLOAD)
    assert len(api.calls) == 3
    assert caught.value.api_code == "DOC_HASH_DUPLICATE"
    assert hint in caught.value.hint
    assert not caught.value.perhaps_done


def test_a_duplicate_that_stays_dead_is_reported_after_one_try() -> None:
    dead = [ok(doc(duplicate=True)), fail(404)]
    api = Api(*dead, ok(None), *dead)
    with pytest.raises(errors.Rejected) as caught:
        api.client.post_doc(UPLOAD)
    assert caught.value.hint
    assert len(api.calls) == 5


def test_a_duplicate_that_is_alive_the_second_time_counts() -> None:
    api = Api(ok(doc(duplicate=True)), fail(404), ok(None), ok(doc(duplicate=True)), ok(doc()))
    assert api.client.post_doc(UPLOAD).duplicate


@pytest.mark.parametrize("existing", [{}, {"existingId": "../x"}, {"existingId": 3}])
def test_a_conflict_that_names_no_document_is_rejected(existing: dict[str, object]) -> None:
    with pytest.raises(errors.Rejected):
        Api(fail(409, "CONFLICT", **existing)).client.post_doc(UPLOAD)


@pytest.mark.parametrize("reply", [ok({"id": "no/id"}, 201), ok(None, 201), html(200), httpx.Response(201)])
def test_an_answer_to_a_document_that_cannot_be_read_is_not_picora(reply: httpx.Response) -> None:
    with pytest.raises(errors.NotPicora):
        Api(reply).client.post_doc(UPLOAD)


def test_a_document_is_posted_again_after_a_fault() -> None:
    api = Api(fail(502, "STORAGE_ERROR"), httpx.ReadError("reset"), ok(doc(), 201))
    assert told_id(api.client.post_doc(UPLOAD).object.id) == DOC_ID
    assert api.stop.waits == [0.5, 1.5]


# --- objects --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "object_id", "item"), [(Kind.DOC, DOC_ID, doc()), (Kind.AUDIO, AUDIO_ID, audio())])
def test_get_reads_one_object(kind: Kind, object_id: str, item: dict[str, object]) -> None:
    known = f"{kind}:{object_id}"
    found = Api(ok(item)).client.get(kind, known)
    assert found is not None
    assert (found.id, found.kind) == (known, kind)


def test_get_of_what_is_gone_is_none() -> None:
    assert Api(fail(404, "NOT_FOUND")).client.get(Kind.DOC, DOC_ID) is None


def test_a_404_without_the_envelope_is_no_answer() -> None:
    with pytest.raises(errors.NotPicora):
        Api(html(404)).client.get(Kind.DOC, DOC_ID)


@pytest.mark.parametrize("item", [doc(id="other"), {}, {"id": 3}])
def test_an_answer_about_another_object_is_not_believed(item: dict[str, object]) -> None:
    with pytest.raises(errors.NotPicora):
        Api(ok(item)).client.get(Kind.DOC, DOC_ID)


@pytest.mark.parametrize("object_id", ["", "../../v1/docs", "a/b", "a?x=1", "x" * 65])
def test_an_id_that_is_none_is_never_sent(object_id: str) -> None:
    api = Api(ok(doc()))
    for call in (
        lambda: api.client.get(Kind.DOC, object_id),
        lambda: api.client.patch(Kind.AUDIO, object_id, Change(public=False)),
        lambda: api.client.delete(Kind.DOC, [object_id]),
        lambda: api.client.stored(object_id),
    ):
        with pytest.raises(errors.Rejected):
            call()
    assert api.calls == []


@pytest.mark.parametrize(
    ("kind", "change", "body"),
    [
        (Kind.DOC, Change(title="T", tags=("a",), public=False), {"title": "T", "tags": ["a"], "isPublic": False}),
        (Kind.DOC, Change(tags=()), {"tags": []}),
        (Kind.DOC, Change(title="t" * 300), {"title": "t" * 200}),
        (Kind.AUDIO, Change(title="T", tags=("a",), public=True), {"title": "T", "is_public": True}),
        (Kind.AUDIO, Change(title="t" * 300), {"title": "t" * 255}),
    ],
)
def test_a_patch_names_what_changes_and_nothing_else(kind: Kind, change: Change, body: dict[str, object]) -> None:
    api = Api(ok(None))
    api.client.patch(kind, DOC_ID, change)
    assert api.body() == body
    assert api.pacer.acquired == [Tier.MUTATION]


@pytest.mark.parametrize(("kind", "change"), [(Kind.DOC, Change()), (Kind.AUDIO, Change(tags=("a",)))])
def test_a_patch_of_nothing_makes_no_call(kind: Kind, change: Change) -> None:
    api = Api(ok(None))
    api.client.patch(kind, DOC_ID, change)
    assert api.calls == []


@pytest.mark.parametrize(
    "reply", [ok(None), ok(doc()), httpx.Response(204, headers={"x-request-id": "r"}), ok({"anything": 1})]
)
def test_any_2xx_of_the_api_confirms_a_patch(reply: httpx.Response) -> None:
    api = Api(reply)
    api.client.patch(Kind.AUDIO, AUDIO_ID, Change(public=False))
    assert len(api.calls) == 1


UNMARKED = [httpx.Response(204), httpx.Response(200), httpx.Response(200, json={}), httpx.Response(201, json=[])]


@pytest.mark.parametrize("reply", UNMARKED, ids=["204", "200", "{}", "[]"])
@pytest.mark.parametrize("public", [True, False, None])
def test_a_success_without_a_mark_of_the_api_confirms_only_what_a_get_shows(
    reply: httpx.Response, public: bool | None
) -> None:
    api = Api(reply, ok(audio(isPublic=public)))
    if public is False:
        api.client.patch(Kind.AUDIO, AUDIO_ID, Change(public=False))
    else:
        with pytest.raises(errors.NotPicora):
            api.client.patch(Kind.AUDIO, AUDIO_ID, Change(public=False))
    assert api.calls[1:] == [f"GET /v1/audio/{AUDIO_ID}"]


@pytest.mark.parametrize("reply", UNMARKED, ids=["204", "200", "{}", "[]"])
@pytest.mark.parametrize(("look", "gone"), [(fail(404), (DOC_ID,)), (ok(doc()), ())], ids=["gone", "there"])
def test_a_success_without_a_mark_of_the_api_deletes_only_what_a_get_misses(
    reply: httpx.Response, look: httpx.Response, gone: tuple[str, ...]
) -> None:
    api = Api(reply, look)
    assert api.client.delete(Kind.DOC, [DOC_ID]) == gone
    assert api.calls[1:] == [f"GET /v1/docs/{DOC_ID}"]


@pytest.mark.parametrize("reply", [html(200), httpx.Response(200, text="OK"), fail(200)])
def test_a_page_of_a_proxy_does_not_confirm_a_patch(reply: httpx.Response) -> None:
    with pytest.raises(errors.RemoteError):
        Api(reply).client.patch(Kind.AUDIO, AUDIO_ID, Change(public=False))


def test_a_patch_is_repeated_after_a_fault() -> None:
    api = Api(fail(500), ok(None))
    api.client.patch(Kind.DOC, DOC_ID, Change(title="new"))
    assert len(api.calls) == 2


def test_what_makes_something_private_is_sent_once_since_its_caller_repeats_it() -> None:
    api = Api(fail(500), ok(None))
    with pytest.raises(errors.ServerFault):
        api.client.patch(Kind.DOC, DOC_ID, Change(public=False))
    assert len(api.calls) == 1


def test_raw_is_the_stored_text_as_it_is() -> None:
    text = "---\r\ntitle: ü\r\n---\n# 🎙\n"
    api = Api(httpx.Response(200, content=text.encode(), headers={"Content-Type": "text/markdown; charset=utf-8"}))
    assert api.client.stored(DOC_ID) == StoredText(text)
    assert api.calls == [f"GET /v1/docs/{DOC_ID}/raw"]
    assert "authorization" in api.requests[0].headers


@pytest.mark.parametrize("reply", [html(200), httpx.Response(200, content=b"\xff\xfe\xff")])
def test_raw_that_is_no_text_is_not_picora(reply: httpx.Response) -> None:
    with pytest.raises(errors.NotPicora):
        Api(reply).client.stored(DOC_ID)


def test_raw_of_what_is_gone_is_not_found() -> None:
    with pytest.raises(errors.NotFound):
        Api(fail(404)).client.stored(DOC_ID)


def test_an_endless_answer_is_cut_and_refused() -> None:
    class Endless(httpx.SyncByteStream):
        sent_bytes = 0

        def __iter__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204  # a test double of one method
            for _ in range(1000):
                Endless.sent_bytes += 1 << 20
                yield b"[" * (1 << 20)

    for status, most in ((200, 18 << 20), (500, 2 << 20)):
        Endless.sent_bytes = 0
        with pytest.raises(errors.RemoteError):
            Api(lambda _, status=status: httpx.Response(status, stream=Endless())).client.patch(
                Kind.DOC, DOC_ID, Change(title="x")
            )
        assert Endless.sent_bytes <= most * 3


# --- the server's clock ---------------------------------------------------------------------------------------------


def test_the_servers_time_is_that_of_its_last_answer_and_what_passed_since() -> None:
    api = Api(ok(VERIFIED, **TOLD))
    assert api.client.server_time() is None
    api.client.verify()
    api.stop.now_s += 10.0
    assert api.client.server_time() == datetime(2026, 5, 2, 9, 30, 10, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "reply",
    [ok(VERIFIED), ok(VERIFIED, date="yesterday"), httpx.Response(200, html="<html>Sign in</html>", headers=TOLD)],
    ids=["no date", "an unreadable one", "a page"],
)
def test_what_tells_no_time_leaves_it_unknown(reply: httpx.Response) -> None:
    api = Api(reply)
    with contextlib.suppress(errors.RemoteError):
        api.client.verify()
    assert api.client.server_time() is None
