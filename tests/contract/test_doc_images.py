"""§9.2 images in documents: counting, rewriting, failures; §15 #21 #22 #24 #25."""

import re
from collections.abc import Callable

import pytest

from tests.contract import samples
from tests.contract.harness import BASE_URL, MIB, Api, Service, must_fail, ok
from tests.contract.samples import IMAGES, data_uri

DOT = data_uri(samples.png())
OTHER = data_uri(samples.png(b"other"))
HOSTED = re.compile(re.escape(BASE_URL) + r"/media/[A-Za-z0-9_-]{11}\.png")


def post(api: Api, content: str, **fields: object) -> tuple[dict[str, object], str]:
    """A new document and its stored text."""
    made = api.new_doc(content, **fields)
    return made, api.raw(str(made["id"]))


REWRITTEN: list[tuple[str, str, int]] = [
    ("inline", "![a]({0})\n", 1),
    ("inline-title", '![a]({0} "Title")\n', 1),
    ("inline-angle", "![a](<{0}>)\n", 1),
    ("inline-no-alt", "![]({0})\n", 1),
    ("inline-nested-alt", "![a [b] *c*]({0})\n", 1),
    ("inside-link", "[![a]({0})](https://x.example)\n", 1),
    ("in-heading", "# Title ![a]({0})\n", 1),
    ("in-list", "- item\n\n  - ![a]({0})\n", 1),
    ("in-quote", "> ![a]({0})\n", 1),
    ("in-emphasis", "*x ![a]({0}) y*\n", 1),
    ("two-on-a-line", "![a]({0}) ![b]({0})\n", 2),
    ("after-frontmatter", "---\ntitle: T\n---\n![a]({0})\n", 1),
    ("crlf", "x\r\n\r\n![a]({0})\r\n", 1),
    ("no-final-newline", "![a]({0})", 1),
    ("reference-full", "![a][r]\n\n[r]: {0}\n", 1),
    ("reference-collapsed", "![r][]\n\n[r]: {0}\n", 1),
    ("reference-shortcut", "![r]\n\n[r]: {0}\n", 1),
    ("reference-used-twice", "![a][r] ![b][r]\n\n[r]: {0}\n", 2),
    ("reference-title", '![r]\n\n[r]: {0} "Title"\n', 1),
    ("reference-case", "![a][R]\n\n[r]: {0}\n", 1),
    ("reference-first", "[r]: {0}\n\n![r]\n", 1),
    ("reference-angle", "![r]\n\n[r]: <{0}>\n", 1),
    ("reference-in-quote", "![r]\n\n> [r]: {0}\n", 1),
    ("html-block", '<img src="{0}">\n', 1),
    ("html-block-attributes", '<img class="a" alt="src=x" src="{0}" width="3" />\n', 1),
    ("html-inline", 'text <img src="{0}"> more\n', 1),
    ("html-single-quotes", "<img src='{0}'>\n", 1),
    ("html-upper", '<IMG SRC="{0}">\n', 1),
    ("html-in-block", '<div>\n<p><img src="{0}"></p>\n</div>\n', 1),
    ("html-several-lines", '<img\n  alt="a"\n  src="{0}" />\n', 1),
]


@pytest.mark.parametrize(("content", "count"), [row[1:] for row in REWRITTEN], ids=[row[0] for row in REWRITTEN])
def test_a_data_uri_becomes_a_hosted_url(api: Api, anonymous: Api, content: str, count: int) -> None:
    """§9.2 inline, §9.2 reference, §9.2 HTML: counted, stored, and only the URL replaced; §9.2: new URL {11-char
    id}.{ext}."""
    made, stored = post(api, content.format(DOT))
    assert (made["imageCount"], made["rewrittenCount"], made["failedCount"]) == (count, 1, 0)
    urls = set(HOSTED.findall(stored))
    assert len(urls) == 1
    assert stored == content.format(urls.pop())
    assert made["sizeBytes"] == len(stored.encode())
    assert anonymous.get(HOSTED.search(stored)[0]).content == samples.png()  # type: ignore[index]


def test_an_unquoted_src_is_replaced(api: Api) -> None:
    """§9.2 HTML: a src without quotes (CommonMark allows it if the URI has no `=` padding)."""
    uri = data_uri(samples.png(b"abc"))
    assert not uri.endswith("=")
    made, stored = post(api, f"x <img src={uri}> y\n")
    assert (made["imageCount"], made["rewrittenCount"]) == (1, 1)
    assert HOSTED.sub(uri, stored) == f"x <img src={uri}> y\n"


UNTOUCHED: list[tuple[str, str]] = [
    ("code-span", "`![a]({0})`\n"),
    ("code-span-double", "``x ` ![a]({0})``\n"),
    ("fence", "```\n![a]({0})\n```\n"),
    ("fence-tilde", "~~~md\n![a]({0})\n~~~\n"),
    ("fence-html", '```\n<img src="{0}">\n```\n'),
    ("fence-unclosed", "```\n![a]({0})\n"),
    ("indented", "text\n\n    ![a]({0})\n"),
    ("fence-in-list", "- x\n\n  ```\n  ![a]({0})\n  ```\n"),
    ("escaped-bracket", "!\\[a]({0})\n"),
    ("escaped-mark", "\\![a]({0})\n"),
    ("link", "[a]({0})\n"),
    ("text", "{0}\n"),
    ("unused-definition", "text\n\n[r]: {0}\n"),
    ("undefined-reference", "![a][nowhere]\n\n`[nowhere]: {0}`\n"),
    ("other-attribute", '<p title="{0}">x</p>\n'),
    ("in-frontmatter", '---\ncover: "![a]({0})"\n---\ntext\n'),
]


@pytest.mark.parametrize("content", [row[1] for row in UNTOUCHED], ids=[row[0] for row in UNTOUCHED])
def test_what_is_no_image_is_left_alone(api: Api, content: str) -> None:
    """§9.2 code spans and code blocks are not images, nor are links and plain text: not counted, not touched."""
    made, stored = post(api, content.format(DOT))
    assert (made["imageCount"], made["rewrittenCount"]) == (0, 0)
    assert stored == content.format(DOT)


def test_code_and_image_with_the_same_uri(api: Api) -> None:
    """§9.2 inline: the image is replaced, the same URI in a code block before it is not."""
    content = "```\n![a]({0})\n```\n\n![a]({1})\n"
    made, stored = post(api, content.format(DOT, DOT))
    assert (made["imageCount"], made["rewrittenCount"]) == (1, 1)
    assert stored == content.format(DOT, HOSTED.search(stored)[0])  # type: ignore[index]


KEPT: list[tuple[str, str, bool]] = [
    ("third-party", "![a](https://images.example/a.png)\n", False),
    ("third-party-html", '<img src="http://images.example/a.png">\n', False),
    ("third-party-reference", "![r]\n\n[r]: https://images.example/a.png\n", False),
    ("own-media-base", f"![a]({BASE_URL}/media/abcdefghijk.png)\n", False),
    ("picora", "![a](https://media.picora.me/abcdefghijk.png)\n", False),
    ("picora-subdomain", "![a](https://IMG.picora.cn/a.png)\n", False),
    ("relative", "![a](./a.png)\n", True),
    ("bare-name", "![a](a.png)\n", True),
    ("rooted", "![a](/img/a.png)\n", True),
    ("file-url", "![a](file:///home/me/a.png)\n", True),
    ("relative-html", '<img src="../a.png">\n', True),
]


@pytest.mark.parametrize(("content", "warned"), [row[1:] for row in KEPT], ids=[row[0] for row in KEPT])
def test_hosted_third_party_and_local_images_are_kept(api: Api, content: str, warned: bool) -> None:
    """§9.2 already hosted, §9.2 third-party, §9.2 local: counted and kept; local ones add a warning."""
    made, stored = post(api, content)
    assert (made["imageCount"], made["rewrittenCount"], made["failedCount"]) == (1, 0, 0)
    assert stored == content
    assert bool(made["warnings"]) is warned


@pytest.mark.parametrize("ext", IMAGES)
def test_each_image_type_is_accepted(api: Api, anonymous: Api, ext: str) -> None:
    """§9.2 accepted data URIs: png, jpeg, webp, gif, svg+xml with ext png, jpg, webp, gif, svg."""
    sample = IMAGES[ext]
    made, stored = post(api, f"![a]({data_uri(sample.data, sample.mime)})\n")
    assert made["rewrittenCount"] == 1
    url = stored[5:-2]
    assert url.rsplit(".", 1)[1] == ext
    response = anonymous.get(url)
    assert response.headers["content-type"].split(";")[0] == sample.mime
    assert response.content == sample.data or ext == "svg"


def test_the_same_bytes_twice_are_one_image(api: Api) -> None:
    """§9.2 same bytes twice = one image; rewrittenCount counts it once."""
    made, stored = post(api, f"![a]({DOT})\n\n<img src='{DOT}'>\n\n![b]({OTHER})\n")
    assert (made["imageCount"], made["rewrittenCount"]) == (3, 2)
    assert len(HOSTED.findall(stored)) == 3
    assert len(set(HOSTED.findall(stored))) == 2
    assert api.data("/v1/user/me/usage")["images"]["totalCount"] == 2


def test_bytes_already_in_the_library_are_reused(api: Api) -> None:
    """§15 #22, §14 duplicate: counts 1, reuses the image and uses no quota."""
    image = api.new_image()
    made, stored = post(api, f"![a]({DOT})\n")
    assert (made["rewrittenCount"], stored) == (1, f"![a]({image['url']})\n")
    assert api.data("/v1/user/me/usage")["images"]["totalCount"] == 1


def test_rewritten_images_are_ordinary_images(api: Api) -> None:
    """§9.2 new images are ordinary: in /v1/images and /v1/media, using image quota."""
    _, stored = post(api, f"![a]({DOT})\n")
    images = api.data("/v1/images")["images"]
    assert [image["url"] for image in images] == [HOSTED.search(stored)[0]]  # type: ignore[index]
    assert [item["id"] for item in api.data("/v1/media", type="image")["items"]] == [images[0]["id"]]
    assert api.data("/v1/user/me/usage")["images"]["storageUsed"] == len(samples.png())


def test_rewritten_images_are_public_even_in_a_private_document(api: Api, anonymous: Api) -> None:
    """§15 #25: public, even in a private doc."""
    _, stored = post(api, f"![a]({DOT})\n", isPublic=False)
    assert anonymous.get(HOSTED.search(stored)[0]).status_code == 200  # type: ignore[index]


def test_deleting_the_document_keeps_its_images(api: Api, anonymous: Api) -> None:
    """§8 DELETE: embedded images are not deleted; §14: deleting a doc frees no image bytes."""
    made, stored = post(api, f"![a]({DOT})\n")
    ok(api.delete(f"/v1/docs/{made['id']}"))
    assert anonymous.get(HOSTED.search(stored)[0]).status_code == 200  # type: ignore[index]
    assert api.data("/v1/user/me/usage")["images"]["storageUsed"] == len(samples.png())


def test_rewriting_can_be_switched_off(api: Api) -> None:
    """§8 POST rewriteImages: false leaves data URIs as they are; they are still counted."""
    content = f"![a]({DOT}) ![b](https://x.example/a.png)\n"
    made, stored = post(api, content, rewriteImages=False)
    assert (made["imageCount"], made["rewrittenCount"], made["failedCount"]) == (2, 0, 0)
    assert stored == content
    assert api.data("/v1/images")["images"] == []


def test_rewriting_can_bring_a_document_inline(api: Api) -> None:
    """§9.3 storage: the stored (rewritten) text decides; sizeBytes is after rewriting."""
    uri = data_uri(samples.png(b"x" * 60_000))
    made, stored = post(api, "".join(f"![{n}]({uri})\n" for n in range(4)))
    assert made["hasInlineContent"] is True
    assert made["sizeBytes"] == len(stored.encode()) < 1000


FAILURES: list[tuple[str, str, tuple[str, ...], str]] = [
    ("invalid-base64", "data:image/png;base64,@@@@", ("INVALID_BASE64",), "image/png"),
    ("unsupported", data_uri(b"BM" + bytes(30), "image/bmp"), ("UNSUPPORTED_TYPE",), "image/bmp"),
    ("avif", data_uri(b"\0\0\0\x1cftypavif", "image/avif"), ("UNSUPPORTED_TYPE",), "image/avif"),
    ("signature", data_uri(samples.jpeg(), "image/png"), ("SIGNATURE_MISMATCH",), "image/png"),
    ("signature-junk", data_uri(b"junk", "image/webp"), ("SIGNATURE_MISMATCH",), "image/webp"),
    ("svg-broken", data_uri(b"<svg><unclosed", "image/svg+xml"), ("SVG_INVALID",), "image/svg+xml"),
    ("svg-is-html", data_uri(b"<p>no</p>", "image/svg+xml"), ("SVG_INVALID", "SIGNATURE_MISMATCH"), "image/svg+xml"),
    ("svg-large", data_uri(samples.svg(salt="x" * 2 * MIB), "image/svg+xml"), ("TOO_LARGE",), "image/svg+xml"),
]


@pytest.mark.parametrize(("uri", "reasons", "mime"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES])
def test_an_image_that_cannot_be_rewritten_is_a_failure(
    api: Api, uri: str, reasons: tuple[str, ...], mime: str
) -> None:
    """§9.2 failed image, §15 #24: kept in place, listed with index, mimeType, reason, message; the doc is created."""
    content = "![a](https://x.example/a.png)\n\n![b]({})\n\n![c]({})\n"
    made = api.new_doc(content.format(uri, DOT))
    assert (made["imageCount"], made["rewrittenCount"], made["failedCount"]) == (3, 1, 1)
    (failure,) = made["failures"]
    assert (failure["index"], failure["mimeType"]) == (1, mime)
    assert failure["reason"] in reasons
    assert failure["message"]
    stored = api.raw(made["id"])
    assert stored == content.format(uri, HOSTED.search(stored)[0])  # type: ignore[index]


OTHER_URIS = ["data:text/plain;base64,aGVsbG8=", "data:image/svg+xml,%3Csvg/%3E", "data:,x"]


@pytest.mark.parametrize("uri", OTHER_URIS, ids=["not-an-image", "not-base64", "bare"])
def test_other_data_uris_are_kept_with_a_warning(api: Api, uri: str) -> None:
    """§15 #24 other data URIs (not base64, not an image): counted, kept, one warning."""
    content = f"![a]({uri})\n"
    made, stored = post(api, content)
    assert (made["imageCount"], made["rewrittenCount"], made["failedCount"]) == (1, 0, 0)
    assert len(made["warnings"]) == 1  # type: ignore[arg-type]
    assert stored == content


EMBEDS: list[tuple[str, Callable[[int], str]]] = [
    ("distinct", lambda n: "".join(f"![{i}]({data_uri(samples.png(b'%d' % i))})\n" for i in range(n))),
    ("repeated", lambda n: f"![a]({DOT})\n" * n),
    ("reference", lambda n: "![r]\n\n" * n + f"[r]: {DOT}\n"),
    ("html", lambda n: f'<img src="{DOT}">\n\n' * n),
]


@pytest.mark.parametrize("make", [row[1] for row in EMBEDS], ids=[row[0] for row in EMBEDS])
@pytest.mark.parametrize("rewrite", [True, False], ids=["rewrite", "leave"])
def test_a_plan_limits_embedded_images(service: Service, make: Callable[[int], str], rewrite: bool) -> None:
    """§14 doc_max_images_per_doc 30; §2 422 DOC_IMAGE_LIMIT_EXCEEDED: limit, actual; §15 #21: base64 references
    count."""
    api = service.tenant(plan="trial")
    ok(api.post_doc(make(30), rewriteImages=rewrite), 201)
    response = api.post_doc(make(31), rewriteImages=rewrite)
    must_fail(response, 422, "DOC_IMAGE_LIMIT_EXCEEDED", limit=30, actual=31)


@pytest.mark.parametrize(("plan", "limit"), [("pro", 100), ("pro_plus", 300)])
def test_larger_plans_embed_more(service: Service, plan: str, limit: int) -> None:
    """§14 doc_max_images_per_doc: 100 on pro, 300 on pro_plus."""
    api = service.tenant(plan=plan)
    assert api.new_doc(f"![a]({DOT})\n" * limit)["imageCount"] == limit
    must_fail(api.post_doc(f"![a]({DOT})\n" * (limit + 1)), 422, "DOC_IMAGE_LIMIT_EXCEEDED", limit=limit)


def test_linked_images_are_not_limited(service: Service) -> None:
    """§15 #21: only base64 data-URI references count."""
    content = "".join(f"![{n}](https://x.example/{n}.png)\n" for n in range(50))
    assert service.tenant(plan="trial").new_doc(content)["imageCount"] == 50


def test_the_cover_is_an_image_of_the_document(api: Api) -> None:
    """§8 coverUrl: string or null; the example shows the first image's hosted URL."""
    made, stored = post(api, f"![a]({DOT})\n")
    assert made["coverUrl"] in {None, HOSTED.search(stored)[0]}  # type: ignore[index]


def test_a_private_image_stays_private_when_a_document_embeds_it(api: Api, anonymous: Api) -> None:
    """§15 #22 #25: reused without publishing what its owner keeps to themselves; the answer says so."""
    image = api.new_image(samples.png(b"kept"), isPublic="false")
    doc = api.new_doc(f"![a]({samples.data_uri(samples.png(b'kept'))})\n")
    assert (doc["rewrittenCount"], doc["failures"]) == (1, [])
    assert image["url"] in api.raw(doc["id"])
    assert [warning for warning in doc["warnings"] if "image 0" in warning and "private" in warning]
    assert anonymous.get(image["url"]).status_code == 401
    assert api.data(f"/v1/images/{image['id']}")["isPublic"] is False
