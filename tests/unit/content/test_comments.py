"""A comment is never sent, and what only looks like one is never lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.content.comments import MOST_MARKS, strip_comments, strip_metadata, strip_path, strip_value
from tests.fakes.vault import VaultOnDisk, codes


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


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("a\n\n    %%x%%\n\nb", "a\n\n    %%x%%\n\nb"),
        ("a\n\n    %%x\n    y%%\nlazy", "a\n\nlazy"),
        ("# H\n    %%x%%\n\nb", "# H\n\nb"),
        ("    %%x\nlazy %%", ""),
        ("a\n\n    %%x%%\r\n\r\nb", "a\n\n    %%x%%\r\n\r\nb"),
    ],
    ids=["apart", "a line follows", "below a heading", "closed in the line that follows", "CRLF"],
)
def test_indented_lines_are_code_only_if_blank_lines_are_around_them(text: str, sent: str) -> None:
    """CommonMark 4.4 takes them for code; a person who typed a comment below a heading did not mean any."""
    assert strip_comments(text).text == sent


@pytest.mark.parametrize(
    ("head", "sent"),
    [
        ("---\na: x %%y%% z\n---\n", "---\na: x  z\n---\n"),
        ("---\na: |\n  %%\n  x\n  %%\nb: c\n---\n", "---\na: |\n  \nb: c\n---\n"),
        ("---\na: x%%y\nb: z%%\nc: d\n---\r\n", "---\na: x\nc: d\n---\r\n"),
        ("---\na: %%x\nb: %%y%% z\n  %%\n...\n", "---\na: \n...\n"),
        ("---\na: b %%x\n  y\n---\n", "---\na: b \n---\n"),
        ("---\na: 100%% sure\n---\n", "---\na: 100%% sure\n---\n"),
    ],
    ids=["in a line", "block scalar", "over keys", "two readings", "never ends", "a lone sign"],
)
def test_what_may_be_a_comment_in_metadata_is_left_out_and_the_closing_line_stays(head: str, sent: str) -> None:
    assert strip_metadata(head).text == sent


def test_a_comment_in_metadata_that_never_ends_is_told_with_its_line(vault: VaultOnDisk) -> None:
    derived = vault.note("---\ntitle: x\ninfo: |\n  %%\n  SECRET\n---\nbody")
    assert (derived.text, codes(derived)) == ("---\ntitle: x\ninfo: |\n  \n---\nbody", ["COMMENT_UNCLOSED"])
    assert derived.wanted.problems[0].message.startswith("line 4: ")


@pytest.mark.parametrize(
    ("value", "sent"),
    [("a %%b%% c", "a  c"), ("a %%b\nc%%", "a "), ("a %%b", "a "), ("100%% sure", "100%% sure"), ("5%%x", "5")],
)
def test_a_short_text_is_sent_without_what_may_be_a_comment(value: str, sent: str) -> None:
    assert strip_value(value) == sent


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("a/b.md", "a/b.md"), ("a %%x%%/b.md", "a/b.md"), ("%%x%%.md", "Untitled.md"), ("a %%x.MD", "a.MD"),
        ("100%%.md", "100%%.md"), ("%%x%%/%%y%%.md", "Untitled/Untitled.md"),
    ],
)  # fmt: skip
def test_a_path_is_sent_without_comments(path: str, sent: str) -> None:
    assert strip_path(path) == sent


def test_a_note_of_very_many_signs_is_sent_up_to_the_first() -> None:
    """Each of them costs time, and nobody writes ten thousand comments."""
    stripped = strip_comments("a\n\nb %%x%% c\n" + "%%y%% z\n" * MOST_MARKS)
    assert (stripped.text, stripped.problem and stripped.problem.code) == ("a\n\nb ", "COMMENT_DOUBTFUL")


MARKED = st.sampled_from(
    ["%%SECRET%%", "%%SECRET", "%%\n  SECRET\n  %%", "%%\n  SECRET", "x%%SECRET%%y", " %%SECRET%% "]
)


@given(
    MARKED, st.sampled_from(["note %%SECRET%%", "%%SECRET%%", "a %%SECRET", "n"]), st.sampled_from(["", "%%SECRET%%/"])
)
def test_no_field_that_is_sent_of_a_note_holds_a_comment(
    tmp_path_factory: pytest.TempPathFactory, mark: str, name: str, directory: str
) -> None:
    vault = VaultOnDisk(tmp_path_factory.mktemp("vault"))
    one_line = mark.replace("\n", " ")
    vault.write(
        f"{directory}linked %%SECRET%%.md",
        f"---\npermalink: 'p/{one_line}'\ntitle: x\n---\n# H {mark}\ntext",
    )
    vault.write("other.md", f"---\ninfo: |\n  {mark}\n---\n# H\n\nshown {mark}")
    text = (
        f"---\ntitle: 'a {one_line}'\ntags: [b, 'c{one_line}']\naliases:\n  - >-\n    {mark}\n---\n"
        f"[[other]] ![[pic.png|%%SECRET%%]]\n\n![[other]]\n\n![[other#H]]\n\n[[{directory}linked %%SECRET%%]] {mark}"
    )
    for template in ("", "{path} {filename} {title}"):
        at = f"{directory}{name}.md"
        derived = vault.note(text, at=at, public=True, link_base="https://x", title_template=template)
        assert "SECRET" not in f"{derived.text}{derived.wanted.title}{derived.wanted.tags}{derived.wanted.filename}"
