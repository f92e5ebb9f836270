"""§2: whatever arrives, the answer is an envelope and never a fault; §9.2: rewriting touches image URLs only."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract import samples
from tests.contract.harness import BASE_URL, Api, Service, multipart, must_fail

DOT = samples.data_uri(samples.png())
HOSTED = re.compile(re.escape(BASE_URL) + r"/media/[A-Za-z0-9_-]{11}\.png")
REFUSED = {400, 413, 422}

SURROGATES: list[dict[str, Any]] = [
    {"content": "a\ud800b"},
    {"title": "\udfff"},
    {"filename": "\ud800.md"},
    {"tags": ["\ud800"]},
]


@pytest.mark.parametrize("field", SURROGATES, ids=[next(iter(field)) for field in SURROGATES])
def test_a_lone_surrogate_is_refused(api: Api, field: dict[str, Any]) -> None:
    """§2 400/422: JSON may spell half a character; UTF-8 cannot hold it (§8: content is UTF-8)."""
    body = json.dumps({"filename": "a.md", "content": "x", **field})
    response = api.post("/v1/docs", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in REFUSED
    must_fail(response, response.status_code)


BODIES = [
    ("deep-list", b"[" * 200_000),
    ("deep-object", b'{"a":' * 200_000),
    ("huge-number", b'{"filename":"a.md","content":' + b"9" * 10_000 + b"}"),
    ("nan", b'{"filename":"a.md","content":NaN}'),
    ("bom", b'\xef\xbb\xbf{"filename":1}'),
    ("utf-16", '{"filename":"a.md","content":1}'.encode("utf-16")),
]


@pytest.mark.parametrize("body", [row[1] for row in BODIES], ids=[row[0] for row in BODIES])
@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/docs"), ("DELETE", "/v1/docs"), ("DELETE", "/v1/media")])
def test_hostile_json_is_refused(api: Api, method: str, path: str, body: bytes) -> None:
    """§2 400 unparseable, 422 field failure: never a fault."""
    response = api.client.request(method, path, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in REFUSED
    must_fail(response, response.status_code)


PATHS = ["/v1/docs", "/v1/media", "/v1/images", "/v1/sync/state"]
QUERIES = [
    "q=%ff",
    "q=%00",
    "tag=%ff",
    "cursor=%ff",
    "limit=%ff",
    "q=" + "%25" * 5000,
    "limit=1&limit=2",
    "q",
    "=",
    "&&",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("query", QUERIES, ids=[query[:12] for query in QUERIES])
def test_a_hostile_query_is_no_fault(api: Api, path: str, query: str) -> None:
    """§2: a query that makes no sense is answered or refused, never a fault."""
    response = api.get(f"{path}?{query}")
    assert response.status_code in {200, *REFUSED, 414}


FORMS = [
    ("title-not-utf8", ('Content-Disposition: form-data; name="title"', b"\xff\xfe")),
    ("name-missing", ("Content-Disposition: form-data", b"x")),
    ("no-headers", ("", b"x")),
    ("many", ('Content-Disposition: form-data; name="title"', b"x")),
]


@pytest.mark.parametrize(("name", "part"), FORMS, ids=[row[0] for row in FORMS])
@pytest.mark.parametrize("path", ["/v1/audio", "/v1/images"])
def test_a_hostile_form_is_no_fault(api: Api, path: str, name: str, part: tuple[str, bytes]) -> None:
    """§2 400/422: a strange multipart body without a usable file is refused, never a fault."""
    response = api.post(path, **multipart(*[part] * (500 if name == "many" else 1)))
    assert response.status_code in REFUSED
    must_fail(response, response.status_code)


FRAGMENTS = st.sampled_from(
    [
        *(
            "![a](",
            "![a][r]",
            "![r]",
            "[r]: ",
            "](",
            ")",
            "<img src=",
            '<img alt="x" src="',
            '">',
            "'",
            ">",
            "<",
            "<!-- ",
            " -->",
        ),
        *(
            "`",
            "``",
            "```\n",
            "~~~\n",
            "    ",
            "\n",
            "\n\n",
            "\r\n",
            "> ",
            "- ",
            "\\",
            "&amp;",
            "# ",
            "---\n",
            "| a |\n|---|\n",
        ),
        *("text", "雨", "\t", " ", "\u2028", "\ufeff", "<div>\n", "</div>\n", "<pre>", "</pre>", "title: T\n", '"T"'),
        *(DOT, f"![a]({DOT})", f'<img src="{DOT}">', f"[r]: {DOT}\n", f"<{DOT}>"),
    ]
)


@pytest.fixture(scope="module")
def writer(service: Service) -> Api:
    """One account for all examples of a property."""
    return service.tenant()


@settings(max_examples=60, deadline=None)
@given(fragments=st.lists(FRAGMENTS, max_size=14))
def test_rewriting_changes_nothing_but_the_images_url(writer: Api, fragments: list[str]) -> None:
    """§9.2 action: of any text, only data URIs of images are replaced; the rest is kept byte for byte."""
    content = "".join(fragments)
    response = writer.post_doc(content)
    assert response.status_code in {200, 201}, response.text
    made, stored = response.json()["data"], writer.raw(response.json()["data"]["id"])
    assert HOSTED.sub(lambda _: DOT, stored) == content
    assert made["rewrittenCount"] in {0, 1}
    assert made["rewrittenCount"] <= made["imageCount"]
