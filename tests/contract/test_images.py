"""§10 images: POST, GET, list filters, DELETE; §9.2 SVG rules; §15 #10."""

import re
from datetime import timedelta

import pytest

from tests.contract import samples
from tests.contract.harness import BASE_URL, MIB, Api, Clock, must_fail, ok, parse_time
from tests.contract.samples import IMAGES

SIZES = {"png": (2, 3), "jpg": (2, 3), "gif": (1, 1), "webp": (1, 1), "svg": (8, 8)}


@pytest.mark.parametrize("ext", IMAGES)
def test_each_format_is_accepted(api: Api, anonymous: Api, ext: str) -> None:
    """§10 POST: JPEG, PNG, GIF, WebP, SVG; 201 Image with the documented fields, served at once."""
    sample = IMAGES[ext]
    image = ok(api.post_image(sample.data, sample.name, sample.mime), 201)
    expected = {
        "userId": api.user_id,
        "url": f"{BASE_URL}/media/{image['id']}.{ext}",
        "filename": sample.name,
        "mimeType": sample.mime,
        "tags": [],
        "isPublic": True,
    }
    assert {name: image[name] for name in expected} == expected
    assert image["title"] is None or isinstance(image["title"], str)
    assert parse_time(image["createdAt"]) == parse_time(image["updatedAt"])
    assert (image["width"], image["height"]) in {SIZES[ext], (None, None)}
    assert ok(api.get(f"/v1/images/{image['id']}")) == image
    content = anonymous.get(image["url"]).content
    assert len(content) == image["sizeBytes"]
    assert content == sample.data or ext == "svg"


def test_a_png_knows_its_size(api: Api) -> None:
    """§10 Image: width and height."""
    image = api.new_image(samples.png(width=7, height=5))
    assert (image["width"], image["height"]) == (7, 5)


def test_tags_and_visibility_are_kept(api: Api) -> None:
    """§10 POST: tags as a JSON array string, isPublic "true"/"false"."""
    image = api.new_image(tags='["q2", "é"]', isPublic="false")
    assert (image["tags"], image["isPublic"]) == (["q2", "é"], False)


BAD_FIELDS = [("tags", "q2"), ("tags", '{"a":1}'), ("tags", "[1]"), ("isPublic", "maybe")]


@pytest.mark.parametrize(("field", "value"), BAD_FIELDS, ids=["no-json", "object", "numbers", "bool"])
def test_a_bad_field_is_422(api: Api, field: str, value: str) -> None:
    """§10 POST 422, §15 #7: meta.field."""
    must_fail(api.post_image(samples.png(), **{field: value}), 422, "VALIDATION_ERROR", field=field)
    assert api.data("/v1/images")["images"] == []


BAD_FILES = [
    ("text", b"hello", "text/plain"),
    ("bmp", b"BM" + bytes(60), "image/bmp"),
    ("pdf", b"%PDF-1.4", "application/pdf"),
    ("png-is-text", b"hello", "image/png"),
    ("gif-is-text", b"hello", "image/gif"),
    ("webp-is-wav", samples.wav(), "image/webp"),
    ("empty", b"", "image/png"),
    ("svg-broken", b"<svg><unclosed", "image/svg+xml"),
    ("svg-too-large", samples.svg(salt="x" * 2 * MIB), "image/svg+xml"),
]


@pytest.mark.parametrize(("data", "mime"), [row[1:] for row in BAD_FILES], ids=[row[0] for row in BAD_FILES])
def test_what_is_no_accepted_image_is_422(api: Api, data: bytes, mime: str) -> None:
    """§10 POST 422: unknown type, bytes of another format, SVG over 2 MB; nothing is stored."""
    must_fail(api.post_image(data, "a", mime), 422, "VALIDATION_ERROR")
    assert api.data("/v1/images")["images"] == []


@pytest.mark.parametrize("declared", ["png", "jpg", "svg"])
@pytest.mark.parametrize("actual", ["png", "jpg", "gif"])
def test_a_mislabelled_image_is_never_served_under_a_wrong_type(
    api: Api, anonymous: Api, declared: str, actual: str
) -> None:
    """§10 right Content-Type: bytes of another accepted format are refused, or taken for what they are."""
    response = api.post_image(IMAGES[actual].data, "a", IMAGES[declared].mime)
    if response.status_code == 422:
        assert declared != actual
        return
    image = ok(response, 201)
    assert (image["mimeType"], image["url"].rsplit(".", 1)[1]) == (IMAGES[actual].mime, actual)
    assert anonymous.get(image["url"]).headers["content-type"] == IMAGES[actual].mime


def test_an_image_over_50_mb_is_refused(api: Api) -> None:
    """§10 general cap 50 MB: 422 (§15 #8), or 413 as §2 says for uploads too large."""
    data = samples.png().ljust(50 * MIB + 1, b"\0")
    response = api.post_image(data)
    assert response.status_code in {413, 422}
    must_fail(response, response.status_code)


def test_the_file_part_is_required(api: Api) -> None:
    """§10 POST: file is required."""
    response = api.post("/v1/images", files={"other": ("a.png", b"text", "image/png")})
    must_fail(response, 422, "VALIDATION_ERROR", field="file")


def test_known_bytes_answer_the_existing_image(api: Api) -> None:
    """§8.1 image POST, §15 #10: 200 with the existing Image, X-Picora-Duplicate: true, no quota."""
    first = api.post_image(samples.png())
    again = api.post_image(samples.png(), "other.png", tags='["x"]', isPublic="false")
    assert "x-picora-duplicate" not in first.headers
    assert again.headers["x-picora-duplicate"] == "true"
    assert ok(again, 200) == ok(first, 201)
    assert api.data("/v1/user/me/usage")["images"]["totalCount"] == 1


def test_a_deleted_image_is_gone_and_its_bytes_are_new_again(api: Api, anonymous: Api) -> None:
    """§10 DELETE: 200 data null; CDN 404; the same bytes are then a new image."""
    image = api.new_image()
    assert ok(api.delete(f"/v1/images/{image['id']}")) is None
    must_fail(api.get(f"/v1/images/{image['id']}"), 404, "NOT_FOUND")
    must_fail(api.delete(f"/v1/images/{image['id']}"), 404, "NOT_FOUND")
    assert anonymous.get(image["url"]).status_code == 404
    assert api.new_image()["id"] != image["id"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_image_of_another_user_is_out_of_reach(api: Api, other: Api, method: str) -> None:
    """§15 #1 owner 403/404: nothing happens to it."""
    image = api.new_image()
    assert other.client.request(method, f"/v1/images/{image['id']}").status_code in {403, 404}
    assert api.data(f"/v1/images/{image['id']}")["id"] == image["id"]


def test_images_are_listed_by_one_exact_tag(api: Api) -> None:
    """§10 GET tag: one tag, exact."""
    made = {}
    for tags in ('["a"]', '["a","b"]', '["aa"]', "[]"):
        made[tags] = api.new_image(samples.png(tags.encode()), tags=tags)["id"]
    found = api.data("/v1/images", tag="a")
    assert {image["id"] for image in found["images"]} == {made['["a"]'], made['["a","b"]']}
    assert found["items"] == found["images"]


def test_images_are_listed_by_date(timed: Api, clock: Clock) -> None:
    """§10 GET start_date, end_date: YYYY-MM-DD, inclusive."""
    made = []
    for _ in range(3):
        made.append(timed.new_image(samples.png(str(clock.now_s).encode())))
        clock.advance(86_400)
    days = [parse_time(image["createdAt"]).date() for image in made]
    assert days[1] - days[0] == timedelta(days=1)

    def listed(**params: object) -> list[str]:
        return [image["id"] for image in timed.data("/v1/images", **params)["images"]][::-1]

    ids = [image["id"] for image in made]
    assert listed(start_date=days[1]) == ids[1:]
    assert listed(end_date=days[1]) == ids[:2]
    assert listed(start_date=days[1], end_date=days[1]) == ids[1:2]


HOSTILE = [
    ("script", "<script>alert(1)</script>", "script"),
    ("script-upper", "<SCRIPT>alert(1)</SCRIPT>", "script"),
    ("onload", '<g onload="alert(1)"/>', "onload"),
    ("onclick-mixed", '<g OnClick="alert(1)"/>', "onclick"),
    ("foreign-object", "<foreignObject><p>x</p></foreignObject>", "foreignobject"),
    ("javascript-href", '<a href="javascript:alert(1)"><text>x</text></a>', "javascript:"),
    (
        "javascript-xlink",
        '<a xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href=" JavaScript:alert(1)"><text>x</text></a>',
        "javascript:",
    ),
    ("javascript-tab", '<a href="java&#9;script:alert(1)"><text>x</text></a>', "script:alert"),
    ("external-href", '<use href="https://evil.example/x.svg#a"/>', "evil.example"),
    ("external-image", '<image href="//evil.example/x.png"/>', "evil.example"),
    ("nested-script", "<g><g><script>alert(1)</script></g></g>", "script"),
    ("prefixed-script", '<s:script xmlns:s="http://www.w3.org/2000/svg">alert(1)</s:script>', "script"),
]


@pytest.mark.parametrize(("inner", "trace"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
@pytest.mark.parametrize("way", ["image", "document"])
def test_an_svg_is_sanitised(api: Api, anonymous: Api, way: str, inner: str, trace: str) -> None:
    """§9.2 SVG: scripts, event handlers, foreignObject, javascript: and external hrefs are removed; the rest stays."""
    data = samples.svg(inner + '<circle id="kept" r="4"/>')
    if way == "image":
        url = ok(api.post_image(data, "a.svg", "image/svg+xml"), 201)["url"]
    else:
        doc = api.new_doc(f"![a]({samples.data_uri(data, 'image/svg+xml')})\n")
        url = api.raw(doc["id"])[5:-2]
    served = anonymous.get(url).text
    assert trace not in served.lower()
    assert "alert" not in served
    assert re.search(r"<(\w+:)?circle[^>]*kept", served)


DOCTYPES = [
    ("entity", '<!DOCTYPE svg [<!ENTITY x "expanded">]>', "&x;"),
    ("external", '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/hostname">]>', "&x;"),
    (
        "bomb",
        "<!DOCTYPE svg [" + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol"}">' for n in range(12)) + "]>",
        "&e11;",
    ),
    (
        "doctype-only",
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">',
        "",
    ),
]


@pytest.mark.parametrize(("doctype", "use"), [row[1:] for row in DOCTYPES], ids=[row[0] for row in DOCTYPES])
def test_doctypes_and_entities_do_not_survive(api: Api, anonymous: Api, doctype: str, use: str) -> None:
    """§9.2 SVG: DOCTYPE and entities are removed, or the file is refused (422)."""
    data = doctype.encode() + samples.svg(f"<text>{use}</text>")
    response = api.post_image(data, "a.svg", "image/svg+xml")
    if response.status_code == 422:
        must_fail(response, 422, "VALIDATION_ERROR")
        return
    served = anonymous.get(ok(response, 201)["url"]).text
    assert "DOCTYPE" not in served
    assert "ENTITY" not in served
    assert len(served) < 1000
