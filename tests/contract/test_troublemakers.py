"""§2: whatever stands in any place of a request, the answer is never a fault, and nothing is more public than asked."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_from_bytes

import httpx
import pytest

from tests.contract import samples
from tests.contract.bad_requests import JSON_TYPE, UNKNOWN_ID
from tests.contract.harness import Api, Json, Service, multipart, ok
from tests.contract.troublemakers import JSON_VALUES, TEXTS, YAML_VALUES

HOLE = "@hole@"
PRIVATE_DOC = {
    "filename": "a.md",
    "content": "# A\n",
    "title": "T",
    "tags": ["a", "b"],
    "isPublic": False,
    "rewriteImages": True,
}
BODIES: dict[str, Json] = {
    "POST /v1/docs": PRIVATE_DOC,
    "PATCH /v1/docs/{doc}": {"title": "x", "tags": ["a"], "isPublic": False},
    "DELETE /v1/docs": {"ids": [UNKNOWN_ID]},
    "PATCH /v1/audio/{audio}": {"title": "x", "is_public": False},
    "DELETE /v1/media": {"items": [{"id": UNKNOWN_ID, "type": "audio"}]},
}
FLAGGED = ("POST /v1/docs", "PATCH /v1/docs/{doc}", "PATCH /v1/audio/{audio}")
MORE_NAMES = ("kbId", "relativePath", "is_public", "isPublic", "ids", "items", "", "a", "__proto__")


@dataclass
class Held:
    """An account with a private thing of each kind, whose visibility no refused or strange request may loosen."""

    api: Api
    ids: dict[str, str]

    def send(self, call: str, **request: Any) -> httpx.Response:
        method, path = call.split(" ", 1)
        for kind, own in self.ids.items():
            path = path.replace(f"{{{kind}}}", own)
        answer = self.api.client.request(method, path, **request)
        assert answer.status_code < 500, (call, str(request)[:300], answer.text[:300])
        return answer

    def post_private(self, what: str, call: str, **request: Any) -> None:
        """Send something that asks for nothing public; what is made is private."""
        answer = self.send(call, **request)
        if answer.is_success and answer.content and isinstance(answer.json()["data"], dict):
            assert answer.json()["data"].get("isPublic", False) is False, what


@pytest.fixture(scope="module")
def held(service: Service) -> Iterator[Held]:
    api = service.tenant()
    made = Held(
        api,
        {
            "doc": api.new_doc("# Held\n", isPublic=False)["id"],
            "audio": api.new_audio(isPublic="false")["id"],
            "image": api.new_image(isPublic="false")["id"],
        },
    )
    yield made
    for path in ("/v1/docs", "/v1/audio", "/v1/images"):
        kind = {"/v1/docs": "doc", "/v1/audio": "audio", "/v1/images": "image"}[path]
        assert api.data(f"{path}/{made.ids[kind]}")["isPublic"] is False


def places(value: Any) -> Iterator[Any]:
    """The value with a hole in place of each thing in it, itself included."""
    yield HOLE
    if isinstance(value, dict):
        for name, item in value.items():
            yield from (value | {name: other} for other in places(item))
    if isinstance(value, list):
        for at, item in enumerate(value):
            yield from ([*value[:at], other, *value[at + 1 :]] for other in places(item))


def filled(body: Any, value: bytes) -> bytes:
    return json.dumps(body).encode().replace(f'"{HOLE}"'.encode(), value)


@pytest.mark.parametrize("kind", JSON_VALUES)
def test_any_value_in_any_place_of_any_body(held: Held, kind: str) -> None:
    """§2 400, §15 #7 422: each leaf and each branch of each body replaced, and fields added."""
    for call, body in BODIES.items():
        more = [body | {name: HOLE} for name in MORE_NAMES if name not in body]
        for holed in (*places(body), *more):
            content = filled(holed, JSON_VALUES[kind])
            if call in FLAGGED and _is_flag(holed) and kind not in {"true", "false"}:
                assert held.send(call, content=content, headers=JSON_TYPE).status_code in {400, 422}, holed
                continue
            if kind == "true" and _is_flag(holed):
                continue
            held.post_private(f"{holed} {kind}", call, content=content, headers=JSON_TYPE)


def _is_flag(holed: Any) -> bool:
    """Whether the hole is where a visibility stands."""
    return isinstance(holed, dict) and HOLE in (holed.get("isPublic"), holed.get("is_public"))


@pytest.mark.parametrize("kind", JSON_VALUES)
def test_any_value_for_the_name_of_a_field(held: Held, kind: str) -> None:
    """§2 400: names of fields are text like any other."""
    for call, body in BODIES.items():
        text = json.dumps(body).encode()
        held.post_private(kind, call, content=b"{" + JSON_VALUES[kind] + b":1," + text[1:], headers=JSON_TYPE)


WHOLE: dict[str, bytes] = {
    "byte order mark": b"\xef\xbb\xbf" + json.dumps(PRIVATE_DOC | {"content": "bom"}).encode(),
    "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbf{}",
    **{f"in {name}": json.dumps(PRIVATE_DOC).encode(name) for name in ("utf-16", "utf-16-be", "utf-32", "cp037")},
    "nul behind": b"{}\x00",
    "half of a character in an unknown field": b'{"filename":"a.md","content":"x","isPublic":false,"z":"\xed\xa0\x80"}',
    "half of a character in an unknown name": b'{"filename":"a.md","content":"x","isPublic":false,"\xed\xa0\x80":1}',
}


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("mime", ["application/json", "application/json; charset=utf-16", "text/plain", "x", ""])
def test_any_bytes_for_a_body(held: Held, kind: str, mime: str) -> None:
    """§2 400: JSON is UTF-8, whatever the type says."""
    for call in BODIES:
        held.post_private(kind, call, content=WHOLE[kind], headers={"Content-Type": mime})


def test_of_two_equal_names_none_is_taken(held: Held) -> None:
    """§15 #7 422: two readers could take either; also when one is escaped."""
    for first, second in (("isPublic", "isPublic"), ("isPublic", "isP\\u0075blic"), ("\\u0069sPublic", "isPublic")):
        for values in ("false,true", "true,false", "false,false", '"false",true'):
            one, other = values.split(",")
            text = f'{{"filename":"a.md","content":"twice","{first}":{one},"x":{{"isPublic":true}},"{second}":{other}}}'
            assert held.send("POST /v1/docs", content=text.encode(), headers=JSON_TYPE).status_code == 422
    text = '{"filename":"a.md","content":"\\"isPublic\\": \\"isPublic\\" once","isPublic":false,"z":{"isPublic":true}}'
    made = ok(held.send("POST /v1/docs", content=text.encode(), headers=JSON_TYPE), 201)
    assert made["isPublic"] is False


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "br", "zstd", "gzip, gzip", "identity, gzip", "x"])
@pytest.mark.parametrize("call", [*BODIES, "POST /v1/audio", "POST /v1/images"])
def test_a_compressed_body_is_refused(held: Held, call: str, encoding: str) -> None:
    """Nothing is inflated: 18 KB could become gigabytes."""
    answer = held.send(call, content=b"\x1f\x8b", headers=JSON_TYPE | {"Content-Encoding": encoding})
    assert (answer.status_code, answer.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


FORMS = {"/v1/audio": ("a.mp3", samples.mp3(), b"title"), "/v1/images": ("a.png", samples.png(b"t"), b"tags")}


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("path", FORMS)
def test_any_text_in_any_part_of_a_form(held: Held, path: str, kind: str) -> None:
    """§2 400, §15 #7 422: values, filenames, names, types and charsets of parts."""
    name, content, text_field = FORMS[path]
    value = TEXTS[kind]
    file = f'Content-Disposition: form-data; name="file"; filename="{name}"'.encode()
    private = (b'Content-Disposition: form-data; name="isPublic"', b"false")
    head = value.replace(b"\r\n", b" ")
    parts = [
        [private, (b'Content-Disposition: form-data; name="' + text_field + b'"', value), (file, content)],
        [private, (file.replace(name.encode(), head), content)],
        [private, (file + b"; filename*=UTF-8''" + quote_from_bytes(value).encode(), content)],
        [private, (file + b"\r\nContent-Type: " + head, content)],
        [private, (file + b"\r\nContent-Type: text/plain; charset=" + head, content)],
        [private, (b'Content-Disposition: form-data; name="' + head + b'"', b"x"), (file, content)],
        [private, (b"Content-Disposition: " + head, b"x"), (file, content)],
        [private, (head, b"x"), (file, content)],
        [private, (file, value)],
    ]
    for form in parts:
        held.post_private(f"{path} {kind}", f"POST {path}", **_form(form))
    for flag in (b"isPublic", b"is_public"):
        wrong = _form([(b'Content-Disposition: form-data; name="' + flag + b'"', value), (file, content)])
        answer = held.send(f"POST {path}", **wrong)
        assert answer.status_code in {400, 422} or value == b"0"


def test_two_flags_that_disagree_are_refused(held: Held) -> None:
    """§15 #7: nobody may find a file public by the other one."""
    for path, (name, content, _) in FORMS.items():
        file = (f'Content-Disposition: form-data; name="file"; filename="{name}"'.encode(), content)
        flags = [(b'Content-Disposition: form-data; name="isPublic"', value) for value in (b"true", b"false")]
        assert held.send(f"POST {path}", **_form([*flags, file])).status_code == 422


def _form(parts: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    body = b"".join(b"--B\r\n" + head + b"\r\n\r\n" + content + b"\r\n" for head, content in parts)
    return multipart(boundary="B") | {"content": body + b"--B--\r\n"}


QUERIES = {
    "GET /v1/docs": ("limit", "cursor", "q", "tag", "isPublic", "is_public", "sort"),
    "GET /v1/media": ("limit", "cursor", "q", "type", "is_public", "isPublic"),
    "GET /v1/images": ("limit", "cursor", "tag", "start_date", "end_date"),
    "GET /v1/sync/state": ("limit", "since", "type"),
    "GET /v1/docs/{doc}/raw": ("x",),
    "DELETE /v1/docs/nothing": ("hard",),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_any_text_in_any_query_path_and_header(held: Held, kind: str) -> None:
    """§2: percent-encoded bytes, and headers as a server hands them on."""
    value = quote_from_bytes(TEXTS[kind])[:30_000]
    for call, names in QUERIES.items():
        for name in names:
            held.send(f"{call}?{name}={value}")
        held.send(f"{call}?{value}={value}")
    for path in ("/v1/docs/", "/v1/audio/", "/v1/images/", "/media/", "/media/audio/", "/media/audio-cover/"):
        if not TEXTS[kind].isascii():
            break  # this client does not hand on what WSGI says; tests/e2e sends such paths and headers
        held.send(f"GET {path}{value[:30_000]}")
        held.send(f"DELETE {path}{value[:30_000]}")
    raw = TEXTS[kind].replace(b"\r\n", b" ").replace(b"\x00", b" ")[:60_000]
    if not raw.isascii():
        return
    for header in (
        "Authorization",
        "Range",
        "If-Range",
        "If-None-Match",
        "X-Picora-Client",
        "Accept",
        "Host",
        "Cookie",
    ):
        for path in ("/v1/docs", "/v1/docs/{doc}/raw", "/media/{image}.png"):
            held.send(f"GET {path}", headers={header: raw})
    for header in ("Content-Type", "Content-Encoding"):
        held.send("POST /v1/docs", headers={header: raw}, content=b"{}")
        held.send("POST /v1/images", headers={header: raw}, content=b"--B--")


CURSORS = {
    "created_desc": "/v1/docs?cursor=",
    "title": "/v1/docs?sort=title&cursor=",
    "media": "/v1/media?cursor=",
    "images": "/v1/images?cursor=",
    "sync": "/v1/sync/state?since=",
}


@pytest.mark.parametrize("kind", JSON_VALUES)
def test_any_value_in_a_cursor(held: Held, kind: str) -> None:
    """§4, §15 #7: a cursor that was not given by a list is refused, or a place in it."""
    for order, call in CURSORS.items():
        for holed in places([order, 1, UNKNOWN_ID]):
            token = base64.urlsafe_b64encode(filled(holed, JSON_VALUES[kind])).decode().rstrip("=")
            held.send(f"GET {call}{token[:60_000]}")


@pytest.mark.parametrize("value", YAML_VALUES, ids=[ascii(value)[:24] for value in YAML_VALUES])
def test_any_yaml_in_the_frontmatter(held: Held, value: str) -> None:
    """§15 #17: never a fault; who says `public: false` beside it gets no public document."""
    for place in ("title: {}", "tags: {}", "tags: [{}]", "x: {}", "{}: x", "<<: {}", "x:\n  - {}", "{}"):
        block = place.replace("{}", value)
        answer = held.send("POST /v1/docs", json={"filename": "a.md", "content": f"---\n{block}\n---\n# {place}\n"})
        assert answer.is_success, answer.text
    answer = held.send("POST /v1/docs", json={"filename": "a.md", "content": f"---\npublic: {value}\n---\n# P\n"})
    made = ok(answer, answer.status_code)
    told = [warning for warning in made["warnings"] if "frontmatter" in warning]
    assert made["duplicate"] or told or value in {"yes", "on", ""} or made["isPublic"] is False, made


TAGGED = [
    value for value in YAML_VALUES if value.startswith(("!!bool ", "!!int ", "!!python", "!foo", "!!java", "!<x"))
]


@pytest.mark.parametrize("value", TAGGED)
def test_a_tag_that_does_not_fit_makes_the_frontmatter_text(held: Held, value: str) -> None:
    """§15 #17 bad YAML: a warning, treated as text; a readable wish to be private is kept to."""
    content = f"---\ntitle: Hidden\nx: {value}\npublic: false\n---\n# Shown\n"
    made = ok(held.send("POST /v1/docs", json={"filename": "a.md", "content": content}), 201)
    assert (made["title"], made["isPublic"]) == ("Shown", False)
    assert made["warnings"] == ["frontmatter is not valid YAML, treated as text"]
