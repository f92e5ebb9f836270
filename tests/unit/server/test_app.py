"""The endpoints in this process: what units cannot show. The whole contract is in tests/contract."""

from __future__ import annotations

import base64
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from picora_sync.server import accounts
from picora_sync.server.accounts import bootstrap
from picora_sync.server.errors import ServerError
from picora_sync.server.settings import ServerSettings

# Fixtures come from conftest.py, which test modules cannot import: their type is not nameable here.
Server = Any


def _blobs(server: Server) -> list[str]:
    root: Path = server.settings.data / "blobs"
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def _at_once(work: Callable[[int], int], workers: int = 8) -> Counter[int]:
    """What concurrent calls returned."""
    results: list[int] = []
    threads = [threading.Thread(target=lambda n=n: results.append(work(n))) for n in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return Counter(results)


def _upload(client: httpx.Client, content: bytes, name: str = "a.wav", **fields: str) -> httpx.Response:
    return client.post("/v1/audio", files={"file": (name, content, "application/octet-stream")}, data=fields)


def test_of_equal_documents_at_once_one_is_new(server: Server) -> None:
    assert _at_once(lambda _n: server.post("x" * 300_000).status_code) == Counter({200: 7, 201: 1})
    assert len(_blobs(server)) == 1


def test_quota_is_exact_under_concurrency(start: Callable[..., Server]) -> None:
    server = start(plan="trial")
    for number in range(96):
        server.post(f"n {number}")
    assert _at_once(lambda n: server.post(f"c {n}").status_code) == Counter({201: 4, 403: 4})


def test_a_duplicate_succeeds_on_a_full_account(start: Callable[..., Server]) -> None:
    server = start(plan="trial")
    for number in range(100):
        server.post(f"n {number}")
    assert server.post("n 0").json()["data"]["duplicate"] is True
    refused = server.post("new")
    assert (refused.status_code, refused.json()["meta"]) == (403, {"type": "doc_count", "limit": 100, "used": 100})


def test_deleting_frees_the_quota_and_the_hash(start: Callable[..., Server]) -> None:
    server = start(plan="trial")
    created = [server.post(f"n {number}").json()["data"]["id"] for number in range(100)]
    assert server.owner.delete(f"/v1/docs/{created[0]}").status_code == 200
    assert server.post("n 0").status_code == 201


def test_a_document_that_is_refused_leaves_no_image(start: Callable[..., Server], png: bytes) -> None:
    server = start(plan="trial")
    for number in range(100):
        server.post(f"n {number}")
    refused = server.post(f"![](data:image/png;base64,{base64.b64encode(png).decode()})")
    assert (refused.status_code, _blobs(server)) == (403, [])


def test_a_long_document_is_kept_as_bytes_and_read_alike(server: Server) -> None:
    text = "# é\n" + "x" * 262_144
    document = server.post(text, isPublic=False).json()["data"]
    assert document["hasInlineContent"] is False
    assert server.owner.get(f"/v1/docs/{document['id']}/raw").text == text


def test_audio_bytes_cover_and_row_go_together(server: Server, audio_samples: dict[str, bytes]) -> None:
    audio = _upload(server.owner, audio_samples["mp3"], "a.mp3").json()["data"]
    assert server.anonymous.get(audio["url"]).content == audio_samples["mp3"]
    assert server.anonymous.get(audio["thumbnailUrl"]).headers["content-type"] == "image/png"
    assert server.owner.delete(f"/v1/audio/{audio['id']}").status_code == 204
    assert server.anonymous.get(audio["url"]).status_code == 404
    assert _blobs(server) == []


def test_a_refused_upload_leaves_nothing(server: Server) -> None:
    assert _upload(server.owner, b"no audio", "a.mp3").json()["meta"]["reason"] == "signature"
    assert _blobs(server) == []


def test_over_long_audio_is_refused(start: Callable[..., Server], audio_samples: dict[str, bytes]) -> None:
    wav = bytearray(audio_samples["wav"])
    wav[24:32] = (8).to_bytes(4, "little") + (16).to_bytes(4, "little")  # 8 samples a second: 2,000 s
    refused = _upload(start(plan="trial").owner, bytes(wav))
    assert (refused.status_code, refused.json()["meta"]["reason"]) == (422, "duration")


def test_media_storage_is_one_pool_that_deleting_frees(server: Server, audio_samples: dict[str, bytes]) -> None:
    audio = _upload(server.owner, audio_samples["wav"]).json()["data"]
    used = server.owner.get("/v1/user/me/usage").json()["data"]["audio"]
    assert used == {"totalCount": 1, "storageUsed": len(audio_samples["wav"])}
    answer = server.owner.request("DELETE", "/v1/media", json={"items": [{"id": audio["id"], "type": "audio"}]})
    assert answer.json()["data"] == {"deleted": [audio["id"]], "failed": []}
    assert server.owner.get("/v1/user/me/usage").json()["data"]["audio"]["storageUsed"] == 0


def test_sync_state_goes_on_where_it_stopped(server: Server, audio_samples: dict[str, bytes]) -> None:
    ids = [_upload(server.owner, audio_samples["wav"]).json()["data"]["id"] for _ in range(3)]
    first = server.owner.get("/v1/sync/state", params={"limit": 2}).json()["data"]
    assert ([change["id"] for change in first["changes"]], first["hasMore"]) == (ids[:2], True)
    server.owner.delete(f"/v1/audio/{ids[0]}")
    rest = server.owner.get("/v1/sync/state", params={"since": first["nextCursor"]}).json()["data"]
    assert [(change["op"], change["id"]) for change in rest["changes"]] == [("upsert", ids[2]), ("delete", ids[0])]
    again = server.owner.get("/v1/sync/state", params={"since": rest["nextCursor"]}).json()["data"]
    assert again == {"changes": [], "nextCursor": rest["nextCursor"], "hasMore": False}


def test_tombstones_are_kept_for_30_days(server: Server, audio_samples: dict[str, bytes]) -> None:
    audio = _upload(server.owner, audio_samples["wav"]).json()["data"]
    server.owner.delete(f"/v1/audio/{audio['id']}")
    server.clock.now_s += 29 * 86_400
    assert len(server.owner.get("/v1/sync/state").json()["data"]["changes"]) == 1
    server.clock.now_s += 2 * 86_400
    assert server.owner.get("/v1/sync/state").json()["data"]["changes"] == []


@pytest.mark.parametrize("sort", ["created_desc", "created_asc", "updated_desc", "updated_asc"])
def test_pages_are_stable_under_inserts_and_deletes(server: Server, sort: str) -> None:
    titles = [f"n {number}" for number in range(6)]
    ids = {title: server.post(title, title=title).json()["data"]["id"] for title in titles}
    first = server.owner.get("/v1/docs", params={"sort": sort, "limit": 3}).json()["data"]
    server.post("between", title="between")
    server.owner.delete(f"/v1/docs/{first['items'][-1]['id']}")
    params = {"sort": sort, "limit": 50, "cursor": first["nextCursor"]}
    rest = server.owner.get("/v1/docs", params=params).json()["data"]["items"]
    expected = titles if sort.endswith("asc") else titles[::-1]
    assert [item["id"] for item in rest if item["title"] != "between"] == [ids[title] for title in expected[3:]]


@pytest.mark.parametrize(
    ("q", "found"), [("100%", ["100%"]), ("A_", ["a_b"]), ("\\", ["c\\d"]), ("É", ["é"]), ("zz", [])]
)
def test_q_is_a_literal_substring_without_regard_to_case(server: Server, q: str, found: list[str]) -> None:
    for title in ("100%", "1000", "a_b", "axb", "c\\d", "é"):
        server.post(title, title=title)
    items = server.owner.get("/v1/docs", params={"q": q}).json()["data"]["items"]
    assert [item["title"] for item in items] == found


def test_strangers_see_nothing(server: Server, audio_samples: dict[str, bytes]) -> None:
    stranger = server.stranger()
    document = server.post("secret", isPublic=False).json()["data"]["id"]
    audio = _upload(server.owner, audio_samples["wav"], isPublic="false").json()["data"]
    assert stranger.get(f"/v1/docs/{document}").status_code == 404
    assert stranger.get(f"/v1/docs/{document}/raw").status_code == 404
    assert server.anonymous.get(f"/v1/docs/{document}/raw").status_code == 401
    assert stranger.get(audio["url"]).status_code == 404
    assert stranger.patch(f"/v1/audio/{audio['id']}", json={}).status_code == 403
    assert stranger.get("/v1/media").json()["data"]["items"] == []


@pytest.mark.parametrize(("scope", "statuses"), [("read", [200, 403, 403]), ("read_write", [200, 201, 403])])
def test_a_key_may_do_what_its_scope_says(server: Server, scope: accounts.Scope, statuses: list[int]) -> None:
    client = server.stranger(scope=scope)
    answers = [
        client.get("/v1/docs"),
        client.post("/v1/docs", json={"filename": "a.md", "content": "x"}),
        client.request("DELETE", "/v1/docs", json={"ids": ["x"]}),
    ]
    assert [answer.status_code for answer in answers] == statuses


def test_a_revoked_key_is_refused_at_once(server: Server) -> None:
    key = accounts.add_key(server.settings, accounts.add_user(server.settings))
    client = server.client(key)
    assert client.get("/v1/auth/verify").status_code == 200
    assert accounts.revoke_key(server.settings, key)
    assert client.get("/v1/auth/verify").status_code == 401
    assert not accounts.revoke_key(server.settings, key)


def test_without_a_plan_nothing_is_uploaded_but_everything_is_read(
    server: Server, audio_samples: dict[str, bytes]
) -> None:
    client = server.stranger(plan="none")
    assert _upload(client, audio_samples["wav"]).json()["code"] == "FORBIDDEN"
    assert client.post("/v1/docs", json={"filename": "a.md", "content": "x"}).json()["code"] == "QUOTA_EXCEEDED"
    assert client.get("/v1/docs").status_code == 200


def test_a_429_says_when_to_come_back(start: Callable[..., Server]) -> None:
    server = start(rate_limits=True)
    for number in range(60):
        assert server.post(f"n {number}").status_code == 201
    refused = server.post("one more")
    assert refused.json()["meta"] == {"retryAfterSec": 60, "tier": "upload"}
    assert refused.headers["retry-after"] == refused.headers["ratelimit-reset"] == "60"
    server.clock.now_s += 60
    assert server.post("one more").status_code == 201


def test_what_a_crash_left_is_removed_at_the_next_start(
    server: Server, start: Callable[..., Server], audio_samples: dict[str, bytes]
) -> None:
    audio = _upload(server.owner, audio_samples["mp3"], "a.mp3").json()["data"]
    kept = _blobs(server)
    for name in ("audio/orphan", "covers/orphan", "docs/orphan", "incoming/half"):
        path = server.settings.data / "blobs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    again = start()
    assert _blobs(again) == kept
    assert again.owner.get(audio["url"]).status_code == 200


def test_a_store_that_fails_answers_502_and_leaves_no_row(server: Server, audio_samples: dict[str, bytes]) -> None:
    for name in ("audio", "docs"):
        (server.settings.data / "blobs" / name).write_text("in the way of the directory")
    assert _upload(server.owner, audio_samples["wav"]).json()["code"] == "STORAGE_ERROR"
    assert server.post("x" * 300_000).status_code == 502
    usage = server.owner.get("/v1/user/me/usage").json()["data"]
    assert (usage["audio"]["totalCount"], usage["docs"]["totalCount"]) == (0, 0)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff", 400),
        (b'{"a":NaN}', 400),
        (b"[" * 100_000, 400),
        (b"[]", 422),
        (b'{"filename":"a.md","content":"\\ud800"}', 400),
        (b'{"filename":"a.md","content":"x","title":""}', 422),
        (b'{"filename":"a.md","content":"x","title":"\\u0000"}', 422),
        (b'{"filename":"a.md","content":"x","kbId":"k"}', 422),
        (b'{"filename":"a.md","content":5}', 422),
        (b'{"filename":"a.md","content":"x","isPublic":"yes"}', 422),
    ],
)
def test_bad_bodies_are_refused_in_the_envelope(server: Server, body: bytes, status: int) -> None:
    answer = server.owner.post("/v1/docs", content=body)
    assert (answer.status_code, answer.json()["success"]) == (status, False)
    assert answer.headers["x-request-id"]


def test_a_large_value_of_an_unknown_field_is_skipped(server: Server) -> None:
    body = b'{"filename":"a.md","content":"x","unknown":[' + b"{}," * 200_000 + b"{}]}"
    assert server.owner.post("/v1/docs", content=body).status_code == 201


def test_a_list_far_beyond_its_limit_is_refused_unbuilt(server: Server) -> None:
    body = b'{"filename":"a.md","content":"x","tags":[' + b"{}," * 200_000 + b"{}]}"
    assert server.owner.post("/v1/docs", content=body).json()["meta"] == {"field": "tags"}


@pytest.mark.parametrize("path", ["/v1/uploads", "/v1/nope", "/media/..%2Fkey", "/media/audio/default-zip.svg"])
def test_what_is_not_there_is_404(server: Server, path: str) -> None:
    assert server.owner.get(path).status_code == 404


def test_the_first_start_shows_the_key_once(tmp_path: Path) -> None:
    settings = ServerSettings(data=tmp_path)
    first, second = bootstrap(settings), bootstrap(settings)
    assert (first.created, second.created) == (True, False)
    assert first.key is not None
    assert second.key is None
    assert first.key.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())


@pytest.mark.parametrize(
    "call",
    [
        lambda settings: accounts.add_user(settings, plan="gold"),
        lambda settings: accounts.add_key(settings, "nobody"),
        lambda settings: accounts.add_key(settings, "nobody", "all"),
        lambda settings: accounts.set_plan(settings, "nobody", "pro"),
    ],
)
def test_administration_refuses_what_does_not_exist(call: Callable[[ServerSettings], object], tmp_path: Path) -> None:
    with pytest.raises(ServerError):
        call(ServerSettings(data=tmp_path))
