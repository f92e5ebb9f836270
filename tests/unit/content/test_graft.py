"""An embedded note damages nothing of the note that shows it, and the other way round (decision 0273)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from picora_sync.content.graft import Layout
from picora_sync.content.markdown import parse
from picora_sync.core.policy import EmbedHeadings
from tests.fakes.vault import VaultOnDisk

TWO = "# Two\n\n> quote\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"


@pytest.mark.parametrize(
    ("text", "note", "sent"),
    [
        (
            "- [ ] ![[N]]\n- [x] after",
            TWO,
            "- [ ] \n\n  # Two\n\n  > quote\n\n  | a | b |\n  |---|---|\n  | 1 | 2 |\n\n- [x] after",
        ),
        ("- [ ] ![[N]]\n- [x] after", "one\ntwo\n\n- x\n", "- [ ] one\n  two\n\n  - x\n\n- [x] after"),
        ("- [ ] do ![[N]]", "one", "- [ ] do \n\n  one"),
        ("1. [x] ![[N]]", "one\n\ntwo", "1. [x] one\n\n   two"),
        ("> - [ ] ![[N]]", "# H\n", "> - [ ] \n>\n>   # H"),
        ("- [ ] ![[N]]", "[r]: /x\n\n[a][r]", "- [ ] \n\n  [r-1]: /x\n\n  [a][r-1]"),
        ("[ ] ![[N]]", "one", "[ ] \n\none"),
    ],
)
def test_in_a_task_an_embed_stays_in_the_item(vault: VaultOnDisk, text: str, note: str, sent: str) -> None:
    """CommonMark 5.2: what belongs to an item is indented to its first letter, and the box of a task is one."""
    vault.write("N.md", note)
    assert vault.sent(text) == sent


@pytest.mark.parametrize(
    ("note", "sent"),
    [
        ("```js\ncode", "```js\ncode\n```"),
        ("~~~~\ncode\n~~~\n", "~~~~\ncode\n~~~\n~~~~"),
        ("```\ncode\n```", "```\ncode\n```"),
        ("- ```\n  code", "- ```\n  code"),
        ("    ```", "    ```"),
        ("<!-- a\n\nb", "<!-- a\n\nb\n-->"),
        ("<!-- a -->", "<!-- a -->"),
        ("<pre>\na\n\nb", "<pre>\na\n\nb\n</pre>"),
        ("<SCRIPT>\na\n</script>", "<SCRIPT>\na\n</script>"),
        ("<?php\n\na", "<?php\n\na\n?>"),
        ("<![CDATA[\na", "<![CDATA[\na\n]]>"),
        ("<!DOCTYPE\n\nx", "<!DOCTYPE\n\nx\n>"),
        ("<div>\n\na", "<div>\n\na"),
        ("a\n\n$$\nx\n\ny", "a\n\n$$\nx\n\ny\n$$"),
        ("$$\nx\n$$", "$$\nx\n$$"),
        ("$$\nx $$ and $$", "$$\nx $$ and $$"),
        ("$$20 each", "$$20 each"),
        ("```\n$$\n```", "```\n$$\n```"),
    ],
)
def test_what_an_embed_leaves_open_ends_with_it(vault: VaultOnDisk, note: str, sent: str) -> None:
    """CommonMark 4.5 and 4.6 let a fence and some HTML go on to the end of the document; so do programs with math."""
    vault.write("N.md", note)
    assert vault.sent("![[N]]\n\nafter [[A]]") == f"{sent}\n\nafter A"


@pytest.mark.parametrize(
    ("text", "note", "sent"),
    [
        (
            "![[N]]\n\n[o][r]\n\n[r]: /outer",
            "[t][r] [r][] [r] ![i][R]\n\n[r]: /inner 'T'",
            "[t][r-1] [r][r-1] [r][r-1] ![i][R-1]\n\n[r-1]: /inner 'T'\n\n[o][r]\n\n[r]: /outer",
        ),
        (
            "a[^1]\n\n![[N]]\n\n[^1]: outer",
            "b[^1]\n\n[^1]: inner\n    more[^2]\n\n[^2]: x",
            "a[^1]\n\nb[^1-1]\n\n[^1-1]: inner\n    more[^2-1]\n\n[^2-1]: x\n\n[^1]: outer",
        ),
        ("![[N]] ![[N]]", "b[^1]\n\n[^1]: x", "b[^1-1]\n\n[^1-1]: x\n\n \n\nb[^1-2]\n\n[^1-2]: x"),
        ("[a-1] ![[N]]", "[a]\n\n[a]: /x", "[a-1] \n\n[a][a-1x]\n\n[a-1x]: /x"),
        ("![[N]]", "[no] [x](y) [[z]]: `[c]:`\n\n```\n[c]: d\n```", "[no] [x](y) z: `[c]:`\n\n```\n[c]: d\n```"),
        ("![[N]]", "[a {b}]\n\n[a {b}]: /x", "[a {b}][a {b}-1]\n\n[a {b}-1]: /x"),
        ("![[N#S]]", "[t][r]\n\n# S\n[t][r] a[^1]\n\n# T\n\n[r]: /x\n[q]: /y\n[^1]: f [q]\n", None),
        ("![[N#^id]]", "- a[^1] ^id\n\n[^1]: foot\n", "- a[^1-1]\n\n[^1-1]: foot"),
    ],
    ids=["references", "footnotes", "twice", "a label that is taken", "no labels", "braces", "a section", "a block"],
)  # fmt: skip
def test_labels_of_an_embed_are_its_own(vault: VaultOnDisk, text: str, note: str, sent: str | None) -> None:
    vault.write("N.md", note)
    of_section = "# S\n[t][r-1] a[^1-1]\n\n[r-1]: /x\n\n[q-1]: /y\n\n[^1-1]: f [q][q-1]"
    assert vault.sent(text) == (of_section if sent is None else sent)


def test_labels_of_embeds_in_embeds_are_told_apart(vault: VaultOnDisk) -> None:
    vault.write("A.md", "a[^1]\n\n![[B]]\n\n[^1]: in A")
    vault.write("B.md", "b[^1]\n\n[^1]: in B")
    assert vault.sent("![[A]]") == "a[^1-1]\n\nb[^1-2]\n\n[^1-2]: in B\n\n[^1-1]: in A"


PARTS = [
    *(
        "a",
        "[^1]",
        "[^1]: x",
        "[r]",
        "[r]: y",
        "[t][r]",
        "[r][]",
        "\n",
        "\n\n",
        "- ",
        "> ",
        "    ",
        "```",
        "<!--",
        "$$",
    ),
    *("| a |\n|---|\n", "<pre>", "# h", "`", "![", "{}", "\r\n", "[^", "]:", "- [ ] "),
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(note=st.lists(st.sampled_from(PARTS)).map("".join), place=st.sampled_from(["", "- ", "> ", "- [ ] ", "1. "]))
def test_the_host_stays_what_it_is(vault: VaultOnDisk, note: str, place: str) -> None:
    """Whatever is embedded, what follows is read as the host's author meant it."""
    vault.write("N.md", note)
    sent = vault.sent(f"{place}![[N]]\n\n# Host\n\n[o][r] f[^1] [[Link]]\n\n[r]: /outer\n\n[^1]: outer\n")
    assert sent.endswith("# Host\n\n[o][r] f[^1] Link\n\n[r]: /outer\n\n[^1]: outer\n")
    source = parse(sent)
    assert source.headings[-1].text == "Host"
    layout = Layout.of(sent)
    assert [each.label for each in layout.definitions if each.label in ("r", "^1")] == ["r", "^1"]


@pytest.mark.parametrize(
    ("text", "note", "sent"),
    [
        ("# Host\n\n![[N]]", "# A\n\n## B ##\n", "# Host\n\n## A\n\n### B ##"),
        ("## Host\n\n![[N]]", "A\n===\n\nB\nb\n---\n\ntext", "## Host\n\n### A\n\n#### B b\n\ntext"),
        ("##### Host\n\n![[N]]", "# A\n\n## B\n", "##### Host\n\n###### A\n\n###### B"),
        ("# Host\n\n![[N]]", "### A\n", "# Host\n\n### A"),
        ("# Host\n\n![[N#A]]", "### A\n\n#### B\n", "# Host\n\n### A\n\n#### B"),
        ("![[N]]", "# A\n", "# A"),
        ("![[N]]\n\n# Later", "# A\n", "# A\n\n# Later"),
        ("> ## No\n\n![[N]]", "# A\n", "> ## No\n\n# A"),
        ("## Host\n\n![[N]]", "text\n\n```\n# code\n```\n", "## Host\n\ntext\n\n```\n# code\n```"),
    ],
)
def test_headings_of_an_embed_may_be_lowered(vault: VaultOnDisk, text: str, note: str, sent: str) -> None:
    vault.write("N.md", note)
    assert vault.sent(text, embed_headings=EmbedHeadings.BELOW) == sent


def test_headings_of_embeds_in_embeds_are_lowered_together(vault: VaultOnDisk) -> None:
    vault.write("A.md", "# A\n\n![[B]]")
    vault.write("B.md", "# B\n")
    text = "# Host\n\n![[A]]"
    assert vault.sent(text, embed_headings=EmbedHeadings.BELOW) == "# Host\n\n## A\n\n### B"
    assert vault.sent(text, embed_headings=EmbedHeadings.KEEP) == "# Host\n\n# A\n\n# B"
