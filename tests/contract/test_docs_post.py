"""§8 POST /v1/docs, §9.1 metadata, §9.3 numbers and storage; §15 #16-#18 #20 #23 #26."""

from typing import Any

import pytest

from tests.contract.harness import Api, Json, Service, must_fail, ok, parse_time

DOCUMENT_FIELDS = {
    "id",
    "title",
    "filename",
    "sizeBytes",
    "wordCount",
    "imageCount",
    "rewrittenCount",
    "isPublic",
    "tags",
    "hasInlineContent",
    "createdAt",
    "updatedAt",
    "coverUrl",
    "format",
    "kbId",
    "relativePath",
}
UPLOAD_FIELDS = {"failedCount", "failures", "warnings", "duplicate"}
INLINE_LIMIT = 262_144


def front(yaml: str, body: str = "text\n") -> str:
    return f"---\n{yaml}\n---\n{body}"


def test_a_new_document_answers_201_with_the_union(api: Api) -> None:
    """§8 POST response 201: the Document object and the upload-only fields."""
    made = api.new_doc("# Release notes\n\nText.\n", tags=["release"], isPublic=False)
    assert set(made) >= DOCUMENT_FIELDS | UPLOAD_FIELDS
    expected = {
        "title": "Release notes",
        "filename": "note.md",
        "sizeBytes": 23,
        "imageCount": 0,
        "rewrittenCount": 0,
        "failedCount": 0,
        "failures": [],
        "warnings": [],
        "duplicate": False,
        "isPublic": False,
        "tags": ["release"],
        "hasInlineContent": True,
        "coverUrl": None,
        "format": "markdown",
        "kbId": None,
        "relativePath": None,
    }
    assert {name: made[name] for name in expected} == expected
    assert parse_time(made["createdAt"]) == parse_time(made["updatedAt"])


def test_the_document_can_be_read_back(api: Api) -> None:
    """§8 GET /v1/docs/:id: 200 Document, metadata only, never the content."""
    made = api.new_doc("# Secret words\n")
    got = api.data(f"/v1/docs/{made['id']}")
    assert {name: got[name] for name in DOCUMENT_FIELDS} == {name: made[name] for name in DOCUMENT_FIELDS}
    assert "content" not in got


BAD_FIELDS: list[tuple[str, str, Json]] = [
    ("filename-missing", "filename", {"filename": None}),
    ("filename-empty", "filename", {"filename": ""}),
    ("filename-extension", "filename", {"filename": "note.txt"}),
    ("filename-no-extension", "filename", {"filename": "note"}),
    ("filename-256", "filename", {"filename": "x" * 253 + ".md"}),
    ("filename-number", "filename", {"filename": 5}),
    ("content-missing", "content", {"content": None}),
    ("content-list", "content", {"content": ["x"]}),
    ("title-empty", "title", {"title": ""}),
    ("title-201", "title", {"title": "x" * 201}),
    ("title-number", "title", {"title": 5}),
    ("tags-string", "tags", {"tags": "a"}),
    ("tags-11", "tags", {"tags": [str(number) for number in range(11)]}),
    ("tag-33", "tags", {"tags": ["x" * 33]}),
    ("tag-empty", "tags", {"tags": [""]}),
    ("tag-blank", "tags", {"tags": ["  "]}),
    ("tag-comma", "tags", {"tags": ["a,b"]}),
    ("tag-number", "tags", {"tags": [5]}),
    ("public-word", "isPublic", {"isPublic": "maybe"}),
    ("rewrite-word", "rewriteImages", {"rewriteImages": "maybe"}),
    ("kbId", "kbId", {"kbId": "kb"}),
    ("relativePath", "relativePath", {"relativePath": "a/b.md"}),
]


@pytest.mark.parametrize(("field", "change"), [row[1:] for row in BAD_FIELDS], ids=[row[0] for row in BAD_FIELDS])
def test_a_bad_field_is_422_and_named(api: Api, field: str, change: Json) -> None:
    """§8 POST filename, §8 POST content, §8 POST title, §8 POST tags, §8 POST isPublic, §8 POST kbId, §15 #7 #16
    #18 #23: 422 VALIDATION_ERROR, meta.field; nothing is created."""
    body = {"filename": "note.md", "content": "# Bad\n"} | change
    body = {name: value for name, value in body.items() if value is not None}
    must_fail(api.post("/v1/docs", json=body), 422, "VALIDATION_ERROR", field=field)
    assert api.data("/v1/docs")["items"] == []


GOOD_NAMES = [
    ("a.md", "a.md"),
    ("a.markdown", "a.markdown"),
    ("x" * 252 + ".md", "x" * 252 + ".md"),
    ("é 雨's.md", "é 雨's.md"),
    ("dir/sub/a.md", "a.md"),
    ("a\x07b.md", "ab.md"),
]


@pytest.mark.parametrize(("sent", "kept"), GOOD_NAMES, ids=["md", "markdown", "255", "unicode", "path", "control"])
def test_a_filename_is_kept(api: Api, sent: str, kept: str) -> None:
    """§8 filename: 1-255, .md/.markdown; §15 #16: basename only, control characters dropped."""
    assert api.new_doc("x\n", filename=sent)["filename"] == kept


TITLES = [
    ("explicit", front("title: From YAML", "# From H1\n"), {"title": "Explicit"}, "Explicit"),
    ("frontmatter", front("title: From YAML", "# From H1\n"), {}, "From YAML"),
    ("first-h1", "text\n\n## Two\n\n# One\n\n# Other\n", {}, "One"),
    ("setext-h1", "Under\n=====\n", {}, "Under"),
    ("h1-after-frontmatter", front("tags: [a]", "# From H1\n"), {}, "From H1"),
    ("markup", "# A *b* `c` [d](http://x.example) **e**\n", {}, "A b c d e"),
    ("filename", "text\n", {}, "note.md"),
    ("h2-only", "## Two\n", {}, "note.md"),
    ("h1-in-code", "```\n# comment\n```\n", {}, "note.md"),
    ("empty-content", "", {}, "note.md"),
    ("explicit-200", "x\n", {"title": "🌧" * 200}, "🌧" * 200),
    ("derived-cut", "# " + "x" * 300 + "\n", {}, "x" * 200),
]


@pytest.mark.parametrize(("content", "fields", "title"), [row[1:] for row in TITLES], ids=[row[0] for row in TITLES])
def test_the_title_has_its_priority(api: Api, content: str, fields: Json, title: str) -> None:
    """§9.1 title: explicit, then frontmatter, then first H1 without markup, else filename; derived are cut, §15 #16."""
    assert api.new_doc(content, **fields)["title"] == title


TAGS: list[tuple[str, str, Json, list[str]]] = [
    ("explicit", front("tags: [a, b]"), {"tags": ["c"]}, ["c"]),
    ("explicit-none", front("tags: [a, b]"), {"tags": []}, []),
    ("frontmatter-list", front("tags: [a, b]"), {}, ["a", "b"]),
    ("frontmatter-block", front("tags:\n  - a\n  - b c"), {}, ["a", "b c"]),
    ("frontmatter-commas", front("tags: a, b"), {}, ["a", "b"]),
    ("none", "text\n", {}, []),
    ("trimmed", "text\n", {"tags": [" a "]}, ["a"]),
    ("case-kept", "text\n", {"tags": ["A", "a"]}, ["A", "a"]),
    ("merged", "text\n", {"tags": ["a", "b", "a"]}, ["a", "b"]),
    (
        "limit",
        "text\n",
        {"tags": ["雨" * 31 + str(number) for number in range(10)]},
        ["雨" * 31 + str(n) for n in range(10)],
    ),
]


@pytest.mark.parametrize(("content", "fields", "tags"), [row[1:] for row in TAGS], ids=[row[0] for row in TAGS])
def test_tags_have_their_priority(api: Api, content: str, fields: Json, tags: list[str]) -> None:
    """§9.1 tags: explicit, then frontmatter list (§15 #17: or comma string), else []; §15 #18: the tag rules."""
    assert api.new_doc(content, **fields)["tags"] == tags


PUBLIC: list[tuple[str, str, Json, bool]] = [
    ("default", "text\n", {}, True),
    ("explicit", front("public: true"), {"isPublic": False}, False),
    ("explicit-true", front("public: false"), {"isPublic": True}, True),
    ("frontmatter-false", front("public: false"), {}, False),
    ("frontmatter-true", front("public: true"), {}, True),
    ("alias", "text\n", {"is_public": False}, False),
    ("documented-wins", "text\n", {"is_public": True, "isPublic": False}, False),
]


@pytest.mark.parametrize(("content", "fields", "public"), [row[1:] for row in PUBLIC], ids=[row[0] for row in PUBLIC])
def test_visibility_has_its_priority(api: Api, content: str, fields: Json, public: bool) -> None:
    """§9.1 isPublic: explicit, then frontmatter `public`, else true; §15 #6: is_public is an alias."""
    assert api.new_doc(content, **fields)["isPublic"] is public


WARNED: list[tuple[str, str, Json]] = [
    ("bad-yaml", front("title: [unclosed"), {"title": "note.md"}),
    ("public-word", front("public: perhaps"), {"isPublic": True}),
    ("long-tag", front("tags: [ok, " + "x" * 33 + "]"), {"tags": ["ok"]}),
    ("11-tags", front("tags: [" + ", ".join(f"t{n}" for n in range(11)) + "]"), {"tags": [f"t{n}" for n in range(10)]}),
]


@pytest.mark.parametrize(("content", "expected"), [row[1:] for row in WARNED], ids=[row[0] for row in WARNED])
def test_bad_frontmatter_is_a_warning(api: Api, content: str, expected: Json) -> None:
    """§15 #17 Frontmatter: bad YAML, non-bool public, excess and over-long tags warn; the document is created."""
    made = api.new_doc(content)
    assert {name: made[name] for name in expected} == expected
    assert made["warnings"]
    assert api.raw(made["id"]) == content


FRONT_EDGES = [
    ("bom", "\ufeff---\ntitle: T\n---\nx\n", "T"),
    ("dots", "---\ntitle: T\n...\nx\n", "T"),
    ("crlf", "---\r\ntitle: T\r\n---\r\nx\r\n", "T"),
    ("not-at-byte-0", "\n---\ntitle: T\n---\nx\n", "note.md"),
    ("unclosed", "---\ntitle: T\n", "note.md"),
]


@pytest.mark.parametrize(("content", "title"), [row[1:] for row in FRONT_EDGES], ids=[row[0] for row in FRONT_EDGES])
def test_frontmatter_starts_at_byte_0(api: Api, content: str, title: str) -> None:
    """§15 #17 Frontmatter: only at byte 0 (after an optional BOM), `---` … `---` or `...`; kept verbatim."""
    made = api.new_doc(content)
    assert made["title"] == title
    assert api.raw(made["id"]) == content


TEXTS = [
    ("crlf", "a\r\nb\r\n"),
    ("no-newline", "a"),
    ("empty", ""),
    ("trailing-spaces", "a  \n\tb \n\n\n"),
    ("nul", "a\x00b\n"),
    ("astral", "🌧 ‍é é\u2028\u0085\n"),
]


@pytest.mark.parametrize("content", [row[1] for row in TEXTS], ids=[row[0] for row in TEXTS])
def test_the_text_is_stored_byte_for_byte(api: Api, content: str) -> None:
    """§8 raw: body = stored text; sizeBytes = its UTF-8 bytes."""
    made = api.new_doc(content)
    assert api.raw(made["id"]) == content
    assert made["sizeBytes"] == len(content.encode())


@pytest.mark.parametrize(("plan", "limit_mib"), [("trial", 1), ("pro", 5), ("pro_plus", 5)])
@pytest.mark.parametrize("letter", ["x", "雨"], ids=["ascii", "utf8"])
def test_a_document_may_be_as_large_as_the_plan_allows(
    service: Service, plan: str, limit_mib: int, letter: str
) -> None:
    """§14 doc_max_file_bytes; §2 422 DOC_FILE_TOO_LARGE: limit, actual; §15 #20: UTF-8 bytes as sent, equal allowed."""
    api, limit = service.tenant(plan=plan), limit_mib * 1024 * 1024
    width = len(letter.encode())
    content = letter * (limit // width) + "y" * (limit % width)
    assert api.new_doc(content)["sizeBytes"] == limit
    must_fail(api.post_doc(content + "z"), 422, "DOC_FILE_TOO_LARGE", limit=limit, actual=limit + 1)


@pytest.mark.parametrize(
    ("content", "inline"),
    [("x" * INLINE_LIMIT, True), ("x" * (INLINE_LIMIT + 1), False), ("雨" * (INLINE_LIMIT // 3 + 1), False)],
    ids=["equal", "one-more", "utf8"],
)
def test_storage_splits_at_256_kib(api: Api, content: str, inline: bool) -> None:
    """§9.3 storage: ≤ 262,144 bytes inline, larger in the object store; /raw is the same for both."""
    made = api.new_doc(content)
    assert made["hasInlineContent"] is inline
    assert api.raw(made["id"]) == content


WORDS = [
    ("english", "One two three, four. Five six seven eight nine ten!\n" * 10, 100, 100),
    ("empty", "", 0, 0),
    ("punctuation", "!!! --- ... 🌧 * * *\n", 0, 1),
    ("han", "今天天气很好我们去公园散步吧", 6, 14),
    ("kana", "これはテストです", 2, 8),
    ("contractions", "don't can't it's\n" * 10, 30, 33),
    ("numbers", "3.14 1,000 v2\n" * 10, 28, 42),
    ("frontmatter-excluded", front("title: a b c d e f g h", "one two three\n"), 3, 3),
    ("urls-excluded", "see https://a.example/one/two/three-four?five=six now\n" * 10, 20, 22),
    ("link-target-excluded", "see [this](https://a.example/one/two/three) now\n" * 10, 28, 32),
    ("code-included", "```\nalpha beta gamma\n```\n", 3, 3),
]


@pytest.mark.parametrize(("content", "least", "most"), [row[1:] for row in WORDS], ids=[row[0] for row in WORDS])
def test_words_are_counted(api: Api, content: str, least: int, most: int) -> None:
    """§9.3 wordCount, §15 #26: UAX #29 word-like segments of the text without frontmatter and URLs."""
    assert least <= api.new_doc(content)["wordCount"] <= most


def test_a_base64_payload_is_no_words(api: Api) -> None:
    """§15 #26 wordCount: without URLs, so a data URI left in place adds none."""
    content = f"one two ![x](data:image/png;base64,{'QUJD' * 500})\n"
    assert api.new_doc(content, rewriteImages=False)["wordCount"] <= 4


def test_many_titles_do_not_confuse_the_parser(api: Api) -> None:
    """§9.1 title: a pathological document is answered, not a fault."""
    hostile: Any = "[" * 3000 + "![" * 3000 + "\n" + "> " * 300 + "x\n" + "<img " * 500
    assert ok(api.post_doc(hostile), 201)["title"] == "note.md"
