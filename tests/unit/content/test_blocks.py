"""Blocks that ``^id`` names are shown by embeds, and the marks are never sent.

Source of the rules: Obsidian's help, "Link to a block in a note" and "Embed a note" (embedding a list by its id), and
what its reading view shows of the marks; what a block is, CommonMark 0.31 says.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.vault import PNG, PNG_URI, VaultOnDisk, codes

MARKS = [
    ("paragraph", "para ^id\n", "para\n"),
    ("end of the text", "para ^id", "para"),
    ("last line", "one\ntwo ^id\n\nmore\n", "one\ntwo\n\nmore\n"),
    ("line of its own in a paragraph", "one\n^id\n\nmore", "one\n\nmore"),
    ("CRLF", "one ^id\r\n\r\ntwo\r\n^x\r\n", "one\r\n\r\ntwo\r\n"),
    ("item with children", "- a ^id\n  - b ^x\n- c\n", "- a\n  - b\n- c\n"),
    ("task", "- [ ] a ^id\n", "- [ ] a\n"),
    ("whole list", "- a\n- b\n\n^id\n\nmore", "- a\n- b\n\n\nmore"),
    ("table", "| a |\n|---|\n| b |\n\n^id\n", "| a |\n|---|\n| b |\n\n"),
    ("right behind a table", "| a |\n|---|\n| b |\n^id\n\nmore", "| a |\n|---|\n| b |\n\nmore"),
    ("callout", "> [!note] a\n> b ^id\n", "> [!note] a\n> b\n"),
    ("behind a quote", "> a\n\n^id\n", "> a\n\n"),
    ("heading", "# Head ^id\n\ntext\n", "# Head\n\ntext\n"),
    ("code", "```\na ^no\n```\n\n^id\n", "```\na ^no\n```\n\n"),
    ("with blanks behind it", "a ^id  \n", "a  \n"),
    ("several", "a ^x ^id\n", "a\n"),
]


@pytest.mark.parametrize(("text", "sent"), [case[1:] for case in MARKS], ids=[case[0] for case in MARKS])
def test_a_mark_of_a_block_is_not_sent(vault: VaultOnDisk, text: str, sent: str) -> None:
    assert vault.sent(text, at="dir/n.md") == sent


@pytest.mark.parametrize(
    "text",
    [
        "a ^mid\nline\n", "a ^2 b\n", "x^2\n", "a \\^id\n", "`a ^id`\n", "```\na ^id\n```\n", "    a ^id\n",
        "$x ^id$\n",        "$$\nx ^id\n$$\n", "<!-- a ^id\n-->\n",
        "^alone\n", "- ^alone\n", "a ^id.\n", "a ^i_d\n", "a ^\n", "[^id]\n",
        "<div>\na ^id\n</div>\n",
    ],
)  # fmt: skip
def test_what_is_no_mark_stays(vault: VaultOnDisk, text: str) -> None:
    derived = vault.note(text)
    assert (derived.text, codes(derived)) == (text, [])


NOTE = """# Head ^head

para
two ^para

- a
- b ^item
  - c ^child

    more
- d

^list

| a |
|---|
| b ^no |

^table

> [!note] call
> out ^callout

1. one
2. two ^two

> - in quote ^quoted
>   - below

```
code
```

^code

![](pic.png) ^image
"""


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("head", "# Head"),
        ("para", "para\ntwo"),
        ("PARA", "para\ntwo"),
        ("item", "- b\n  - c\n\n    more"),
        ("child", "- c\n\n  more"),
        ("list", "- a\n- b\n  - c\n\n    more\n- d"),
        ("table", "| a |\n|---|\n| b ^no |"),
        ("callout", "> [!note] call\n> out"),
        ("two", "2. two"),
        ("quoted", "- in quote\n  - below"),
        ("code", "```\ncode\n```"),
        ("image", f"![]({PNG_URI})"),
    ],
)
def test_an_embedded_block_is_written_out(vault: VaultOnDisk, name: str, sent: str) -> None:
    vault.write("sub/pic.png", PNG)
    vault.write("sub/T.md", NOTE)
    derived = vault.note(f"![[T#^{name}]]\n\nafter")
    assert (derived.text, derived.wanted.problems) == (f"{sent}\n\nafter", ())
    assert vault.sent(f"![[T#Head#^{name}]]\n\nafter") == f"{sent}\n\nafter"


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("> ![[T#^item]]", "> - b\n>   - c\n>\n>     more"),
        ("a ![[T#^para]] b", "a \n\npara\ntwo\n\n b"),
        ("own ^own\n\n![[#^own]]", "own\n\nown"),
    ],
    ids=["in a quote", "in a line", "of the note itself"],
)
def test_an_embedded_block_fits_its_place(vault: VaultOnDisk, text: str, sent: str) -> None:
    vault.write("T.md", NOTE)
    assert vault.sent(text) == sent


@pytest.mark.parametrize(
    ("text", "sent", "code"),
    [
        ("![[T#^nowhere]]", "T > ^nowhere", "EMBED_NOT_FOUND"),
        ("![[T#^hidden]]", "T > ^hidden", "EMBED_NOT_FOUND"),
        ("![[Secret#^id]]", "Secret > ^id", "EMBED_NOT_SHARED"),
    ],
)
def test_a_block_that_may_not_be_shown_is_its_text(vault: VaultOnDisk, text: str, sent: str, code: str) -> None:
    vault.write("T.md", NOTE + "\n%%\nSECRET ^hidden\n%%\n")
    vault.write("Secret.md", "---\npublic: false\n---\nSECRET ^id")
    derived = vault.note(text, public=True)
    assert (derived.text, codes(derived)) == (sent, [code])


def test_a_link_to_a_block_reads_like_a_link(vault: VaultOnDisk) -> None:
    vault.write("T.md", NOTE)
    assert vault.sent("[[T#^para]] [[T#^para|that]]") == "T > ^para that"
    sent = vault.sent("[[T#^para]] [[T#^para|that]]", public=True, link_base="https://x")
    assert sent == "[T > ^para](https://x/t) [that](https://x/t)"


def test_a_title_has_no_mark(vault: VaultOnDisk) -> None:
    assert vault.note("# The title ^id\n").wanted.title == "The title"
    assert vault.note("# The title ^id\n", obsidian=False).wanted.title == "The title ^id"


PARTS = [
    *("a", " ^x", "\n^y", "\n\n^z", "\n", "\n\n", "- b", "  - c", "> q", "> ", "|a|\n|-|\n|b|", "# h", "```", "`", " "),
    *("\r\n", "1. ", "    ", "<div>", "$$", "é", "\\", "^"),
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(text=st.lists(st.sampled_from(PARTS)).map("".join))
def test_what_was_sent_is_sent_the_same(vault: VaultOnDisk, text: str) -> None:
    sent = vault.sent(f"x{text}")
    assert vault.sent(sent) == sent
