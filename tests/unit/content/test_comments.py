"""A comment is never sent, and what only looks like one is never lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.content.comments import strip_comments


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("a %%x%% b", "a  b"),
        ("a\n%%x%%\nb", "a\nb"),
        ("a\r\n%%x%%\r\nb", "a\r\nb"),
        ("a\n\n%%\nx\n\ny\n%%\n\nb", "a\n\n\nb"),
        ("> %%x%%\n> y", "> \n> y"),
        ("%%a%% b %%c%%", " b "),
        ("`%%` x %%y%% z", "`%%` x  z"),
        ("```\n%%a%%\n```\n%%b%%\nc", "```\n%%a%%\n```\nc"),
        ("    %%code%%\n", "    %%code%%\n"),
        ("$%%a%%$ %%b%%", "$$ "),
        ("x <!-- %%a%% --> %%b%%", "x <!-- --> "),
        ("[x](a%%b) [y](c%%d)", "[x](a%%b) [y](c%%d)"),
        ("<http://x/%%a> b %% c", "<http://x/%%a> b "),
        ("[[a%%b]] %%c%%", "[[a%%b]] "),
        ("100%% sure", "100%% sure"),
        ("%%é%%ü", "ü"),
    ],
    ids=[
        "inline", "own line", "own line CRLF", "block", "in a quote", "several", "code span", "fence", "indented code",
        "math", "HTML comment", "destinations", "autolink", "wikilink", "a lone pair of signs", "not ASCII",
    ],
)  # fmt: skip
def test_comments_go_and_the_rest_stays(text: str, sent: str) -> None:
    assert strip_comments(text).text == sent


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("%% it`s %% pub `code`", " pub `code`"),
        ("%%\n<div>\nsecret\n%%\n\npublic", "\npublic"),
        ("%%\n```\nsecret\n%%\npublic `%%`", "public `%%`"),
        ("a %%`%% b `%%secret%%` c", "a  b `%%secret%%` c"),
    ],
    ids=["backtick", "HTML block", "fence", "code span after it"],
)
def test_what_a_comment_holds_does_not_change_where_it_ends(text: str, sent: str) -> None:
    assert strip_comments(text).text == sent


def test_a_comment_that_never_ends_hides_the_rest_and_says_so() -> None:
    stripped = strip_comments("a\n\n%%\nsecret")
    assert stripped.text == "a\n\n"
    assert stripped.problem is not None
    assert stripped.problem.code == "COMMENT_UNCLOSED"


def test_very_many_awkward_comments_are_all_removed() -> None:
    assert "secret" not in strip_comments("%%`secret%% ` x\n\n" * 500).text


@given(
    st.lists(
        st.sampled_from(["%%", "`", "```", "$", "\n", "a", " ", "<!--", "-->", "<div>", "[[", "]]", "> ", "- ", "é"])
    )
)
def test_an_inline_comment_around_a_secret_is_never_sent(noise: list[str]) -> None:
    safe = "".join(part for part in noise if part != "%%")
    assert "secret" not in strip_comments(f"word %%secret{safe}%% word").text
