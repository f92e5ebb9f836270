"""Where the parser and Obsidian read a note differently, Obsidian counts (the table of decision 0274)."""

from __future__ import annotations

import pytest

from tests.fakes.vault import VaultOnDisk, codes


@pytest.mark.parametrize(
    "text",
    [
        "[[1, 2],\n[3, 4]]",
        "(def m [[1, 2],\r\n  [3, 4]])",
        "a ![[N\nx]] b",
        "> [[a\n> b]]",
        "`= this.file.name` and `= [[N]].x` and `$= dv.el('b', '[[N]]')`",
        "| $[[1\\|2]]$ | b |\n|---|---|\n| $a_{[[i]]}$ | $x$ |",
        "$$\n[[1, 2], [3, 4]]\n$$",
        "\\[[N]]",
        "[[N]](https://x)",
        "![[a]](https://x)",
        "[[]] ![[]] [[|x]] [[ ]]",
        "```dataview\nlist from [[N]]\n```",
        "<a href='[[N]]'>x</a>",
    ],
)
def test_what_obsidian_does_not_take_for_a_link_stays(vault: VaultOnDisk, text: str) -> None:
    vault.write("N.md", "text of N")
    derived = vault.note(text)
    assert (derived.text, codes(derived)) == (text, [])


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("[key:: [[N]]]", "[key:: N]"),
        ("key:: [[N]]", "key:: N"),
        ("see ($20) [[N]] ($30)", "see ($20) N ($30)"),
        ("*[[N]]* **[[N|a]]** ==[[N]]==", "*N* **a** ==N=="),
        ("[[N|a [b] c]]", "a [b] c"),
        ("[[N]](see there)", "N(see there)"),
        ("- [ ] [[N]]", "- [ ] N"),
        ("<b>[[N]]</b>", "<b>N</b>"),
    ],
)
def test_what_obsidian_takes_for_a_link_becomes_its_text(vault: VaultOnDisk, text: str, sent: str) -> None:
    assert vault.sent(text) == sent
