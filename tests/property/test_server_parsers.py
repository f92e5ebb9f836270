"""What the embedded Picora reads from strangers: any input gives a value or the parser's own refusal, never a fault."""

import base64
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.server.content import data_uris, frontmatter, image_formats, markdown_images, words
from picora_sync.server.content.data_uris import Unusable
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


# --- words ----------------------------------------------------------------------------------------------------------

WORD_PIECES = st.sampled_from(
    [
        *"aZ09_.':,;-\"/ \n\r\t\x0b\x0c\x00\x1f\x7f",
        *("word", "a.b", "1,2", "__", "http://", "HTTPS://x", "mailto:", "data:", "\U0001f600", "\U0001f1e9\U0001f1ea"),
        *"é\u0301\u017f中カक\u093f\u2019\u200d\u00ad\u0085\u2028\u3000",
    ]
)


@given(st.lists(WORD_PIECES, max_size=40).map("".join) | st.text(st.characters(codec="ascii"), max_size=40))
def test_words_of_ascii_lines_are_counted_as_those_of_any_text(text: str) -> None:
    assert words.count(text) == words.count_unicode(text)
