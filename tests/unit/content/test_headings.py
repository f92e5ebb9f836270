"""Which section ``![[Note#Heading]]`` shows.

Source of the rules: Obsidian's help, "Link to a heading in a note", and ``stripHeading`` of its API.
"""

from __future__ import annotations

import pytest

from tests.fakes.vault import VaultOnDisk, codes

HEADS = (
    "# Top\n\n## ✅ Tasks\nDONE\n\n## ❌ Tasks\nOPEN\n\n"
    "## कि\nKI\n\n## की\nKII\n\n## C\nC\n\n## C++\nCPP\n\n## c\nSMALL\n\n"
    "## a-b\nDASH\n\n## a b\nBLANK\n\n## A **bold**: `x`\nBOLD\n\n"
    "## Same\nONE\n\n## Same\nTWO\n\n# Other\n\n## Same\nTHREE\n\n"
    "Two\nlines\n---\nSETEXT\n\n## [[Link|alias]]\nLINK\n\n## closed ##\nCLOSED\n"
)


@pytest.mark.parametrize(
    ("chain", "sent"),
    [
        ("❌ Tasks", "OPEN"), ("✅ Tasks", "DONE"), ("कि", "KI"), ("की", "KII"), ("C", "C"), ("c", "SMALL"),
        ("C++", "CPP"), ("C#", "C"),
        ("c++", "C"), ("a-b", "DASH"), ("A B", "BLANK"), ("A **bold** x", "BOLD"), ("A bold: x", "BOLD"),
        ("a bold `x`", "BOLD"), ("Same", "ONE"), ("Other#Same", "THREE"), ("Top#Same#Same", "ONE"),
        ("Two lines", "SETEXT"),
        ("Link alias", "LINK"), ("alias", "LINK"), ("closed", "CLOSED"),
    ],
)  # fmt: skip
def test_a_heading_is_found_as_obsidian_finds_it(vault: VaultOnDisk, chain: str, sent: str) -> None:
    """Exactly, else without case and the signs of ``stripHeading`` (Obsidian's API); of equal ones the first."""
    vault.write("H.md", HEADS)
    derived = vault.note(f"![[H#{chain}]]")
    assert derived.text is not None
    assert (derived.text.splitlines()[-1], codes(derived)) == (sent, [])


@pytest.mark.parametrize("chain", ["Tasks", "क", "D++", "a_b", "Other#C", "Same#Top"])
def test_a_heading_that_is_called_otherwise_is_not_shown(vault: VaultOnDisk, chain: str) -> None:
    vault.write("H.md", HEADS)
    assert codes(vault.note(f"![[H#{chain}]]")) == ["EMBED_NOT_FOUND"]
