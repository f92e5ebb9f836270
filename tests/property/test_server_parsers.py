"""What the embedded Picora reads from strangers: any input gives a value or the parser's own refusal, never a fault."""

import base64
import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.server.content import data_uris, frontmatter, image_formats, markdown_images, svg
from picora_sync.server.content.data_uris import Unusable
from picora_sync.server.errors import ApiError
from picora_sync.server.store import ids
from picora_sync.server.web import cursors, ranges
from picora_sync.server.web.cursors import Cursor
from tests.contract import samples

# --- frontmatter ----------------------------------------------------------------------------------------------------

YAML_PIECES = st.sampled_from(
    [
        *(
            "---",
            "...",
            "\n",
            "\r\n",
            "\ufeff",
            " ",
            "\t",
            ": ",
            "- ",
            "[",
            "]",
            "{",
            "}",
            ",",
            "'",
            '"',
            "|",
            ">",
            "#",
        ),
        *(
            "title",
            "tags",
            "public",
            "true",
            "no",
            "null",
            "~",
            "1",
            "2026-05-02",
            "&a ",
            "*a",
            "<<: *a",
            "!!str ",
            "!x ",
        ),
        *("\x00", "\x85", "\u2028", "é", "\U0001f600", "\\", "%YAML 1.2", "? ", "@", "`", "0x1F", "1e3", ".inf", "a,b"),
    ]
)
MATTER = st.lists(YAML_PIECES | st.text(max_size=5), max_size=30).map("".join)
TAGS = st.lists(
    st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=","), min_size=1, max_size=32),
    min_size=1,
    max_size=10,
    unique=True,
)


@given(MATTER, MATTER)
def test_any_frontmatter_is_read_or_left_as_text(inside: str, after: str) -> None:
    """§9.1, §15 #17: never a fault; what is taken from it keeps the limits; the body starts behind its end."""
    text = f"---\n{inside}\n---\n{after}"
    found = frontmatter.parse(text)
    assert 0 <= found.body_start <= len(text)
    assert found.body_start == 0 or text[found.body_start - 1] in "\n-."
    assert found.title is None or (found.title.strip() and "\x00" not in found.title)
    assert len(found.tags or []) <= 10
    assert all(0 < len(tag) <= 32 and "," not in tag for tag in found.tags or [])


@given(st.text(max_size=80))
def test_text_without_frontmatter_has_none(text: str) -> None:
    """§15 #17: only at byte 0."""
    found = frontmatter.parse("x" + text)
    assert (found.title, found.tags, found.public, found.body_start) == (None, None, None, 0)


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=60), TAGS, st.booleans())
def test_what_a_yaml_writer_wrote_is_read_back(title: str, tags: list[str], public: bool) -> None:
    """§9.1: title, tags and public, however they are quoted."""
    block = yaml.safe_dump({"title": title, "tags": tags, "public": public}, allow_unicode=True)
    found = frontmatter.parse(f"---\n{block}---\nbody")
    assert (found.title, found.tags, found.public) == (title, tags, public)


# --- data URIs ------------------------------------------------------------------------------------------------------

URI_PIECES = st.sampled_from(
    [
        *("data:", "DATA:", "image/png", "image/svg+xml", "IMAGE/GIF", "text/plain", ";", ";base64", ";charset=utf-8"),
        *(",", "iVBORw0KGgo=", "PHN2Zz4=", "=", "==", "%20", " ", "\n", "!", "\x00", "é", "R0lGODlh"),
    ]
)


REASONS = {"UNSUPPORTED_TYPE", "INVALID_BASE64", "SIGNATURE_MISMATCH", "SVG_INVALID", "TOO_LARGE"}


@given(st.lists(URI_PIECES | st.text(max_size=4), max_size=12).map("".join))
def test_any_url_is_no_image_or_an_image_or_refused_with_a_reason(url: str) -> None:
    """§9.2, §15 #24: one of the reasons of the contract."""
    uri = data_uris.parse(url)
    if uri is None:
        return
    try:
        source, content, info = data_uris.decode(uri)
    except Unusable as refused:
        reason = refused.reason
    else:
        assert info.mime == uri.mime
        assert base64.b64decode(uri.payload) == source
        assert content
        return
    assert reason in REASONS


@given(st.sampled_from(list(samples.IMAGES.values())), st.integers(0, 10_000), st.characters(codec="utf-8"))
def test_one_wrong_character_in_base64_is_refused(sample: samples.Sample, at: int, character: str) -> None:
    """§9.2: decoded strictly; nothing is skipped."""
    good = samples.data_uri(sample.data, sample.mime)
    start = good.index(",") + 1
    cut = start + at % (len(good) - start)
    if re.fullmatch(r"[A-Za-z0-9+/=]", character):
        return
    uri = data_uris.parse(good[:cut] + character + good[cut:])
    assert uri is not None
    with pytest.raises(Unusable) as refused:
        data_uris.decode(uri)
    assert refused.value.reason == "INVALID_BASE64"


@given(st.binary(max_size=200), st.sampled_from([sample.data[:24] for sample in samples.IMAGES.values()]))
def test_any_head_of_a_file_has_a_type_and_sensible_sizes_or_none(tail: bytes, head: bytes) -> None:
    """§10: width and height are numbers or null."""
    for content in (tail, head + tail):
        info = image_formats.identify(content)
        assert info is None or all(size is None or size >= 0 for size in (info.width, info.height))


@given(
    st.lists(
        st.sampled_from(
            ["![", "](", ")", "[r]: ", "<img src=", "'", '"', ">", "`", "\n", "data:", "é", "\\", "<!--", "x"]
        ),
        max_size=40,
    ).map("".join)
)
def test_any_markdown_has_images_within_its_text(body: str) -> None:
    """§9.2: every reference lies in the text and is what stands there."""
    size = len(body.encode())
    for image in markdown_images.outline(body, lambda _url: True).images:
        if image.span is not None:
            start, end = image.span
            assert 0 <= start <= end <= size


# --- SVG ------------------------------------------------------------------------------------------------------------

NAMES = (
    "g",
    "a",
    "use",
    "image",
    "style",
    "script",
    "foreignObject",
    "animate",
    "set",
    "style",
    "text",
    "iframe",
    "svg",
    "feImage",
)
ATTRIBUTES = (
    "id",
    "href",
    "xlink:href",
    "onload",
    "onclick",
    "style",
    "fill",
    "attributeName",
    "to",
    "values",
    "xml:base",
)
VALUES = (
    *(
        "#a",
        "javascript:alert(1)",
        " JaVaScRiPt:alert(1)",
        "java&#9;script:alert(1)",
        "https://evil.example/x",
        "//evil",
    ),
    *(
        "data:image/png;base64,AA==",
        "data:text/html,x",
        "url(#a)",
        "url(https://evil.example/x)",
        "red",
        "href",
        "onload",
    ),
)
ATTRIBUTE = st.tuples(st.sampled_from(ATTRIBUTES), st.sampled_from(VALUES))
OUTSIDE = re.compile(r"url\((?!#)|//|@import", re.IGNORECASE)
"""What a drawing loads besides href."""
ACTIVE = {"script", "foreignobject", "iframe", "embed", "object", "handler"}


def _element(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def write(name: str, attributes: list[tuple[str, str]], inside: list[str]) -> str:
        written = "".join(f' {key}="{value}"' for key, value in dict(attributes).items())
        return f"<{name}{written}>{''.join(inside)}</{name}>"

    return st.builds(write, st.sampled_from(NAMES), st.lists(ATTRIBUTE, max_size=3), st.lists(children, max_size=3))


TREES = st.recursive(
    st.sampled_from(["text", "<!-- c -->", "<![CDATA[<script>]]>", "&lt;", "alert(1)", "@import 'x';", "a{b:url(/x)}"]),
    _element,
)


def _elements(content: bytes) -> Iterator[tuple[str, dict[str, str]]]:
    # Only what was filtered comes here: no entities are left that could grow.
    for element in ET.fromstring(content).iter():  # noqa: S314
        yield (
            element.tag.rpartition("}")[2].lower(),
            {key.rpartition("}")[2].lower(): value for key, value in element.attrib.items()},
        )


@given(TREES)
def test_no_drawing_keeps_anything_that_runs_or_loads(inner: str) -> None:
    """§9.2 SVG: no script, event handler, foreignObject, javascript: or outside reference; stable."""
    source = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{inner}</svg>'
    try:
        clean = svg.sanitise(source.encode())
    except svg.SvgInvalid:
        return
    for name, attributes in _elements(clean):
        assert name not in ACTIVE
        assert not [key for key in attributes if key.startswith("on")]
        assert attributes.get("href", "#").startswith(("#", "data:image/"))
        moved = attributes.get("attributename", "")
        assert "href" not in moved
        assert not moved.startswith("on")
        assert not [value for value in attributes.values() if OUTSIDE.search(value)]
    assert list(_elements(svg.sanitise(clean))) == list(_elements(clean))


@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 20))
def test_a_damaged_drawing_is_cleaned_or_refused(noise: bytes, at: int, cut: int) -> None:
    """§15 #24 SVG_INVALID: never a fault."""
    good = samples.svg('<g onload="x"><a href="javascript:x">y</a></g>')
    for content in (noise, good[:at] + noise + good[at + cut :]):
        try:
            clean = svg.sanitise(content)
        except svg.SvgInvalid:
            continue
        assert all(name not in ACTIVE for name, _ in _elements(clean))
        svg.dimensions(clean)


# --- cursors and ranges ---------------------------------------------------------------------------------------------


@given(st.integers(0, 2**53), st.integers(0, 60), st.characters(codec="utf-8"))
def test_a_changed_cursor_is_refused_or_still_a_cursor(stamp_ms: int, at: int, character: str) -> None:
    """§4, §15 #7: what comes back is typed and of this list, whatever was made of it."""
    good = cursors.encode(Cursor("created_desc", stamp_ms, ids.new_id()))
    try:
        found = cursors.decode(good[:at] + character + good[at + 1 :], "created_desc")
    except ApiError:  # 422: tests/contract say so of every wrong cursor
        return
    assert found is not None
    assert found.order == "created_desc"
    assert ids.is_id(found.id)
    assert 0 <= found.stamp_ms <= 2**53


@given(st.integers(0, 3000), st.none() | st.integers(0, 3000), st.none() | st.integers(0, 3000))
def test_a_range_is_what_the_standard_says(size: int, first: int | None, last: int | None) -> None:
    """RFC 9110 §14.1.2: against a model that counts bytes one by one."""
    header = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    if (first is None and last is None) or (first is not None and last is not None and last < first):
        assert ranges.parse(header, size) is None
        return
    every = range(size)
    if first is None:
        wanted = list(every)[max(0, size - (last or 0)) :]
    else:
        wanted = [at for at in every if first <= at and (last is None or at <= last)]
    if not wanted:
        with pytest.raises(ApiError) as refused:
            ranges.parse(header, size)
        assert refused.value.status == 416
        return
    assert ranges.parse(header, size) == (wanted[0], wanted[-1] + 1)
