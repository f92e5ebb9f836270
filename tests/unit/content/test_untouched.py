"""Markdown without Obsidian's syntax is sent as it is written, and what was sent is sent the same again.

Of the 652 examples of CommonMark 0.31 three change, all of which Obsidian reads as wikilinks (548, 559, 590).
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.vault import PNG, VaultOnDisk, codes

MARKDOWN = [
    *("word", " ", "\n", "\n\n", "\r\n", "*a*", "**b**", "_c_", "~~d~~", "`e`", "``f` ``", "[g](h)", "[i](<j k> 't')"),
    *("[l][m]", "[m]: /n", "[m]", "[^1]", "[^1]: o\n\n    p", "<q@r.s>", "<https://t>", "<b>u</b>", "<!-- v -->"),
    *("<div>\nw\n</div>", "# x", "## y ##", "z\n===", "z\n---", "---", "***", "> ", "- ", "1. ", "- [ ] ", "- [x] "),
    *("    ", "\t", "```\n", "~~~ js\n", "| a | b |\n|---|:-:|\n| c | d |", "&amp;", "\\*", "\\\n", "  \n", "$x$"),
    *("$$\ny\n$$", "#tag", "==e==", "http://f.g/h_i", "![j](https://k/l.png)", "> [!note]- t", "<details>", "H~2~O"),
    *("x^2^", "[ [", "]]", "a^b", ":smile:", "é", "日本"),
]
OBSIDIAN = [
    *("[[Other]]", "[[Other|text]]", "[[#Head]]", "![[Other]]", "![[Other#End]]", "![[Other#^id]]", "![[Nobody]]"),
    *(
        "![[pic.png|30]]",
        "![](pic.png)",
        "<img src=pic.png>",
        "%%hidden%%",
        "\n%%\nhidden\n%%\n",
        "\n\ntext ^mark\n\n",
        "[[",
    ),
    *("]]", "![[", "|", "%%", "$", "<img src='"),
]
SINGLE = {"%%", "[ [", "[[", "![[", "]]", "[m]", "[l][m]"}
INDENTED = {"    ", "\t", "[^1]: o\n\n    p"}
PARTS = [part for part in MARKDOWN + OBSIDIAN if part not in SINGLE | INDENTED]
CODE = ["```\n{}\n```", "~~~~ md\n{}\n~~~~", "`{}`", "a ``{}`` b", "$$\n{}\n$$", "<!-- {} -->", "> ```\n> {}\n> ```"]
RELAXED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=150
)
OTHER = "# Top\n\nfirst[^1]\n\n[^1]: foot\n\n# End\n\n- a ^id\n- b\n"


@RELAXED
@given(text=st.lists(st.sampled_from(MARKDOWN)).map("".join))
def test_markdown_without_obsidian_syntax_is_sent_byte_for_byte(vault: VaultOnDisk, text: str) -> None:
    plain = "x\n\n" + text.replace("[[", "[ [")
    derived = vault.note(plain)
    assert (derived.text, codes(derived)) == (plain, [])


@RELAXED
@given(
    text=st.lists(st.sampled_from([part for part in MARKDOWN + OBSIDIAN if part not in SINGLE | INDENTED])).map("".join)
)
def test_what_was_sent_is_sent_the_same(vault: VaultOnDisk, text: str) -> None:
    """But for single brackets and ``%%``, which may become part of another link or comment, and for what is indented:
    below a list that an embed brought along it is text, and code before.
    """
    vault.write("pic.png", PNG)
    vault.write("Other.md", OTHER)
    sent = vault.sent(f"x{text}")
    assert vault.sent(sent) == sent


@RELAXED
@given(text=st.lists(st.sampled_from([*OBSIDIAN[:9], "word", " "])).map("".join), code=st.sampled_from(CODE))
def test_code_math_and_html_comments_are_never_touched(vault: VaultOnDisk, text: str, code: str) -> None:
    vault.write("Other.md", OTHER)
    kept = code.format(f"[[ {text}")
    sent = vault.sent(f"x\n\n{kept}\n\n![[Other#End]]\n\n{kept}\n\n[[a]]")
    assert sent == f"x\n\n{kept}\n\n# End\n\n- a\n- b\n\n{kept}\n\na"


@pytest.mark.parametrize("code", CODE)
def test_in_an_embedded_note_code_stays_as_well(vault: VaultOnDisk, code: str) -> None:
    kept = code.format("[[a]] ![[b]]")
    vault.write("Other.md", f"x\n\n{kept}\n\ny\n")
    assert vault.sent("![[Other]]") == f"x\n\n{kept}\n\ny"
