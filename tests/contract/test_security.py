"""Tenants, headers and active content: what strangers send must not reach another account, a header, or a browser."""

import json
import time
from collections.abc import Callable

import pytest

from tests.contract import samples
from tests.contract.harness import Api, Clock, Json, Service, multipart, must_fail, ok

SPLITTING = ["a\r\nX-Evil: 1", "a\nSet-Cookie: x=1", "\r\n\r\n<script>", "a\x00b", "\u2028X-Evil: 1", "a\x85X-Evil: 1"]


def test_a_stranger_cannot_tell_private_things_from_nothing(new_service: Callable[..., Service], clock: Clock) -> None:
    """§2 404: metadata, text and bytes of somebody else's private document or image answer like an unknown id."""
    service = new_service(clock=clock)  # which stands still: headers tell the seconds to the next minute
    api, other = service.tenant(), service.tenant()
    doc = api.new_doc("# Secret plan\n", isPublic=False)["id"]
    image = api.new_image(samples.png(b"secret"), isPublic="false")
    for theirs, nothing in [
        (f"/v1/docs/{doc}", "/v1/docs/" + "0" * 21),
        (f"/v1/docs/{doc}/raw", f"/v1/docs/{'0' * 21}/raw"),
        (f"/v1/images/{image['id']}", "/v1/images/" + "0" * 11),
        (image["url"], "/media/" + "0" * 11 + ".png"),
    ]:
        for method in ("GET", "HEAD"):
            real, unknown = (other.client.request(method, path) for path in (theirs, nothing))
            assert (real.status_code, real.content) == (unknown.status_code, unknown.content), theirs
            drop = {"x-request-id"}
            assert {k: v for k, v in real.headers.items() if k not in drop} == {
                k: v for k, v in unknown.headers.items() if k not in drop
            }


def test_a_stranger_changes_and_deletes_nothing(api: Api, other: Api) -> None:
    """§2 403, 404: every call that writes, with somebody else's ids, one by one and in batches."""
    doc, audio, image = api.new_doc()["id"], api.new_audio()["id"], api.new_image()["id"]
    before = [api.data(path) for path in ("/v1/docs", "/v1/media", "/v1/user/me/usage")]
    must_fail(other.patch(f"/v1/docs/{doc}", json={"title": "x"}), 404)
    must_fail(other.patch(f"/v1/audio/{audio}", json={"title": "x"}), 403, "FORBIDDEN")
    must_fail(other.delete(f"/v1/docs/{doc}"), 404)
    must_fail(other.delete(f"/v1/audio/{audio}"), 403, "FORBIDDEN")
    must_fail(other.delete(f"/v1/images/{image}"), 404)
    assert ok(other.delete("/v1/docs", json={"ids": [doc]})) == {"deleted": 0, "failed": 1}
    items = [{"id": audio, "type": "audio"}, {"id": image, "type": "image"}]
    assert [row["reason"] for row in ok(other.delete("/v1/media", json={"items": items}))["failed"]] == [
        "NOT_FOUND"
    ] * 2
    after = [api.data(path) for path in ("/v1/docs", "/v1/media", "/v1/user/me/usage")]
    drop = "updatedAt"
    assert [{k: v for k, v in data.items() if k != drop} for data in after] == [
        {k: v for k, v in data.items() if k != drop} for data in before
    ]


def test_a_cursor_of_one_account_shows_another_only_its_own(api: Api, other: Api) -> None:
    """§4 nextCursor: a position, not a permission."""
    for number in range(3):
        api.new_doc(f"# {number}\n")
    own = other.new_doc("# Mine\n")["id"]
    cursor = api.data("/v1/docs", limit=1)["nextCursor"]
    assert {item["id"] for item in other.data("/v1/docs", cursor=cursor)["items"]} <= {own}


@pytest.mark.parametrize("text", SPLITTING)
def test_no_text_becomes_a_header(api: Api, text: str) -> None:
    """§15 #16 filenames, titles, tags, cursors and ids with line ends: refused or kept as text, never a header."""
    answers = [
        api.post_doc(
            f"# {text}\n\n{text}",
            f"{text}.md",
            title=text.replace("\x00", "") or "x",
            tags=[text[:32].replace("\x00", "x")],
        ),
        api.post("/v1/audio", files={"file": (f"{text}.mp3", samples.mp3(), "audio/mpeg")}, data={"title": text}),
        api.get("/v1/docs", params={"cursor": text, "q": text}),
        api.get("/v1/images", params={"tag": text}),
    ]
    for answer in answers:
        assert answer.status_code in {200, 201, 400, 422}
        assert not {"x-evil", "set-cookie"} & set(answer.headers)
    for item in api.data("/v1/docs")["items"]:
        raw = api.get(f"/v1/docs/{item['id']}/raw")
        assert not {"x-evil", "set-cookie"} & set(raw.headers)


def test_a_part_of_a_form_cannot_bring_a_header(api: Api) -> None:
    """§6 file: what a part says of itself is never sent back as a header."""
    head = 'Content-Disposition: form-data; name="file"; filename="a.mp3"\r\nContent-Type: audio/mpeg\r\nX-Evil: 1'
    made: Json = ok(api.post("/v1/audio", **multipart((head, samples.mp3()))), 201)
    assert "x-evil" not in api.get(made["url"]).headers


PAGES = {
    "html": b"<!doctype html><script>alert(1)</script>",
    "svg": samples.svg('<script>alert(1)</script><g onload="alert(1)"/>'),
    "html in svg": samples.svg("<foreignObject><iframe src='javascript:alert(1)'/></foreignObject>"),
}


@pytest.mark.parametrize("page", PAGES)
def test_nothing_that_is_served_runs_in_a_browser(api: Api, anonymous: Api, page: str) -> None:
    """§10 SVG responses: HTML is text or refused, SVG is cleaned and sandboxed, and no type is guessed."""
    content = PAGES[page]
    doc = api.new_doc(content.decode() + page)
    raw = anonymous.get(f"/v1/docs/{doc['id']}/raw")
    assert raw.headers["content-type"] == "text/markdown; charset=utf-8"
    assert raw.headers["x-content-type-options"] == "nosniff"
    sent = api.post_image(content, "a.svg", "image/svg+xml")
    if sent.status_code == 422:
        return
    answer = anonymous.get(ok(sent, 201)["url"])
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert b"alert" not in answer.content


def test_errors_are_json_whatever_they_quote(api: Api, anonymous: Api) -> None:
    """§2 error: markup in a path or parameter comes back as JSON, never as a page."""
    for response in (
        anonymous.get("/<script>alert(1)</script>"),
        api.get("/v1/docs", params={"sort": "<script>"}),
        api.get("/v1/images", params={"start_date": "<svg onload=x>"}),
    ):
        assert response.headers["content-type"] == "application/json"
        assert "<" not in response.text


def _billion() -> str:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    return "---\n" + "\n".join(lines) + "\ntags: *a9\n---\nx"


def _lol() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><text>&l9;</text></svg>'
    return f'<!DOCTYPE svg [<!ENTITY l0 "lol">{entities}]>{svg}'.encode()


MOST_CPU_S = 10.0
BOMBS: dict[str, Json] = {
    "yaml": {"json": {"filename": "a.md", "content": _billion()}},
    "yaml depth": {"json": {"filename": "a.md", "content": "---\ntags: " + "[" * 50_000 + "\n---\nx"}},
    "json depth": {"content": b'{"content":' + b"[" * 1_000_000},
    "json values": {"content": b'{"tags":[' + b"{}," * 1_000_000 + b"{}]}"},
    "json keys": {"content": json.dumps({f"k{n}": n for n in range(200_000)}).encode()},
    "markdown quotes": {"json": {"filename": "a.md", "content": ">" * 200_000}},
    "markdown brackets": {"json": {"filename": "a.md", "content": "[" * 200_000}},
    "markdown images": {"json": {"filename": "a.md", "content": "![" * 100_000}},
    "data uri": {"json": {"filename": "a.md", "content": "![a](data:image/png;base64," + "A" * 3_000_000 + ")"}},
    "html": {"json": {"filename": "a.md", "content": "<img " * 150_000}},
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_in_a_document_is_answered_soon(api: Api, bomb: str) -> None:
    """§2 400, 422: YAML, JSON, Markdown and data-URI bombs cost seconds at most, and are no fault."""
    begun_s = time.process_time()
    response = api.post("/v1/docs", **BOMBS[bomb])
    assert response.status_code in {201, 400, 422}
    assert time.process_time() - begun_s < MOST_CPU_S


@pytest.mark.parametrize("bomb", [_lol(), samples.svg("<g>" * 60_000 + "</g>" * 60_000), samples.svg("<g/>" * 300_000)])
def test_a_bomb_in_a_drawing_is_refused_soon(api: Api, bomb: bytes) -> None:
    """§9.2 SVG: entities and nesting that grow are refused; many elements are only many."""
    begun_s = time.process_time()
    assert api.post_image(bomb, "a.svg", "image/svg+xml").status_code in {201, 422}
    assert time.process_time() - begun_s < MOST_CPU_S


def test_a_bomb_of_parts_is_refused(service: Service) -> None:
    """§2 400: a form of very many parts."""
    api = service.tenant()
    parts = [(f'Content-Disposition: form-data; name="p{n}"', b"x") for n in range(20_000)]
    must_fail(api.post("/v1/images", **multipart(*parts)), 400)
