from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.server.content import markdown_images, rewriting, words
from picora_sync.server.content.data_uris import Unusable
from picora_sync.server.content.image_formats import ImageInfo
from picora_sync.server.content.image_survey import ImageSurvey
from picora_sync.server.content.markdown_images import Outline, outline, replace


def read(text: str) -> Outline:
    return outline(text, lambda _url: True)


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        pytest.param("![a](u)", ["u"], id="inline"),
        pytest.param("![a][r]\n\n[r]: u", ["u"], id="full reference"),
        pytest.param("![r][]\n\n[R]: u", ["u"], id="collapsed reference, other case"),
        pytest.param("![r]\n\n[r]: <u> 't'", ["u"], id="shortcut reference"),
        pytest.param("![r] ![r]\n\n[r]: u", ["u", "u"], id="each use counts"),
        pytest.param("<img alt='>' src=\"u\">", ["u"], id="HTML block"),
        pytest.param("a <IMG SRC=u> b", ["u"], id="HTML inline"),
        pytest.param("![a ![b](v) c](u)", ["u", "v"], id="nested"),
        pytest.param("`![a](u)`", [], id="code span"),
        pytest.param("    ![a](u)\n", [], id="indented code"),
        pytest.param("~~~\n![a](u)\n~~~", [], id="fenced code"),
        pytest.param("\\![a](u)", [], id="escaped"),
        pytest.param("<!-- <img src=u> -->", [], id="comment"),
        pytest.param("<script>\n'<img src=u>'\n</script>", [], id="script"),
        pytest.param("<div\n<img src=u", [], id="tag that is never closed"),
        pytest.param("![a]", [], id="no definition"),
    ],
)
def test_images_are_what_a_markdown_parser_says(text: str, urls: list[str]) -> None:
    assert [image.url for image in read(text).images] == urls


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('![é](u "u") `u`', '![é](X "u") `u`', id="title and code stay"),
        pytest.param("![a](<u v>)", "![a](<X>)", id="angle brackets stay"),
        pytest.param("![a ![b](u) c](w)", "![a ![b](X) c](X)", id="nested"),
        pytest.param("> ![r]\n>\n> [r]: u 't'", "> ![r]\n>\n> [r]: X 't'", id="definition in a quote"),
        pytest.param("![r] [r]\n\n[r]: u\n[r]: v", "![r] [r]\n\n[r]: X\n[r]: v", id="the first definition"),
        pytest.param("<img src='u' alt='u'>", "<img src='X' alt='u'>", id="src only"),
    ],
)
def test_only_the_url_is_replaced(text: str, expected: str) -> None:
    spans = [image.span for image in read(text).images]
    assert replace(text, [(span, "X") for span in spans if span]) == expected


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("# A *b* `c` [d](e)\n", "A b c d"),
        ("A\n=\n", "A"),
        ("## B\n# A", "A"),
        ("#\n# A", "A"),
        ("no heading", None),
        ("```\n# A\n```", None),
    ],
)
def test_the_heading_is_the_first_h1_without_markup(text: str, heading: str | None) -> None:
    assert read(text).heading == heading


@given(st.text(alphabet="![]()<>\"'`=\\ \n#-ab:/é", max_size=200))
def test_any_text_is_read_and_spans_lie_in_order_within_it(text: str) -> None:
    size = len(text.encode())
    spans = [image.span for image in read(text).images if image.span]
    assert all(0 <= start <= end <= size for start, end in spans)
    markdown_images.replace(text, [(span, "X") for span in spans])


def _uri(content: bytes, mime: str = "image/png") -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def _store(source: bytes, _content: bytes, _info: ImageInfo, _index: int) -> str:
    return f"http://m/{hashlib.sha256(source).hexdigest()[:4]}.png"


def _rewrite(text: str, store: rewriting.Store = _store) -> rewriting.Rewritten:
    survey = ImageSurvey(100)
    return rewriting.rewrite(text, outline(text, survey.take).images, survey, store)


def test_equal_bytes_count_once(png: bytes) -> None:
    rewritten = _rewrite(f"![a]({_uri(png)}) ![b]({_uri(png)})")
    assert rewritten.rewritten_count == 1
    assert "data:" not in rewritten.body
    assert rewritten.cover_url is not None


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        pytest.param(_uri(b"BM", "image/bmp"), "UNSUPPORTED_TYPE", id="bmp"),
        pytest.param(_uri(b"x", "image/jpg"), "UNSUPPORTED_TYPE", id="jpg is no type"),
        pytest.param("data:image/png;x=y;base64,AAAA", "UNSUPPORTED_TYPE", id="parameters"),
        pytest.param("data:image/png;base64,A", "INVALID_BASE64", id="cut"),
        pytest.param("data:image/png;base64,A-_A", "INVALID_BASE64", id="URL alphabet"),
        pytest.param("data:image/png;base64,", "INVALID_BASE64", id="empty"),
        pytest.param(_uri(b"GIF89a"), "SIGNATURE_MISMATCH", id="GIF said to be PNG"),
        pytest.param(_uri(b"<svg/>", "image/svg+xml"), "SVG_INVALID", id="SVG without namespace"),
        pytest.param(_uri(bytes(2**21 + 1), "image/svg+xml"), "TOO_LARGE", id="SVG over 2 MB"),
    ],
)
def test_what_cannot_be_stored_stays_and_is_reported(uri: str, reason: str) -> None:
    rewritten = _rewrite(f"![a](x.png) ![b]({uri})")
    assert [(failure["index"], failure["reason"]) for failure in rewritten.failures] == [(1, reason)]
    assert uri in rewritten.body
    assert rewritten.rewritten_count == 0


def test_a_full_account_is_reported_not_raised(png: bytes) -> None:
    def full(_source: bytes, _content: bytes, _info: ImageInfo, _index: int) -> str:
        raise Unusable("QUOTA_EXCEEDED", "full")

    assert _rewrite(f"![a]({_uri(png)})", full).failures[0]["reason"] == "QUOTA_EXCEEDED"


@pytest.mark.parametrize(
    ("url", "warnings"),
    [("./a.png", 1), ("file:///a.png", 1), ("C:/a.png", 1), ("http://h/a.png", 0), ("//h/a.png", 0), ("data:,x", 1)],
)
def test_local_images_and_other_data_are_warned_about(url: str, warnings: int) -> None:
    rewritten = _rewrite(f"![a]({url})")
    assert (len(rewritten.warnings), rewritten.failures, url in rewritten.body) == (warnings, [], True)


def test_warnings_are_bounded() -> None:
    assert len(_rewrite("![](a)" * 1000).warnings) == 101


@pytest.mark.parametrize(
    ("text", "count"),
    [
        *(("hello, world", 2), ("it's 3.14", 2), ("你好 world", 3), ("https://a.b/c d", 1), ("", 0), ("-- **", 0)),
        *(
            ("_foo_ __bar__ *baz*", 3),
            ("_ a_ _1", 2),
            ("snake_case __", 2),
            ("½ ① x² ₁", 1),
            ("ⓐ ㌔ ゛", 3),
            ("한국어 カタカナ ひら", 4),
        ),
        *(("'apple' 'bee' \u2019egg\u2019", 3), ("l'objectif d\u2019or 1'a", 4)),
        *(("a\u0301b", 1), ("👍 ok", 1), ("1,000.5 v1.2.3 e.g.", 3), ("C++ #tag @user", 3)),
    ],
)
def test_words_are_those_of_uax_29_without_urls(text: str, count: int) -> None:
    assert words.count(text) == count
