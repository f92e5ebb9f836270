"""Graphs of Logseq are recognised, and so are the keys of other publishers; nothing of either changes what is sent."""

from __future__ import annotations

import pytest

from tests.fakes.vault import VaultOnDisk, codes

UUID = "64f0a3b2-1c2d-4e5f-8a9b-0c1d2e3f4a5b"


@pytest.mark.parametrize(
    ("text", "in_graph", "told"),
    [
        (f"- a ((#{UUID}))\n", True, False),
        (f"- a (({UUID}))\n", False, True),
        ("title:: x\n", True, True),
        ("- a\n  id:: y\n", True, True),
        ("- id:: y\n", True, True),
        ("{{query (and [[a]])}}\n", True, True),
        ("title:: x\n", False, False),
        ("{{title}} and a::b and std::vector\n", True, False),
        ("text ((in brackets))\n", True, False),
        ("%% title:: x %%\na", True, False),
    ],
)
def test_what_logseq_alone_shows_is_told_and_stays(vault: VaultOnDisk, text: str, in_graph: bool, told: bool) -> None:
    if in_graph:
        vault.write("logseq/config.edn", "{}")
    derived = vault.note(text)
    assert codes(derived) == (["LOGSEQ_UNRESOLVED"] if told else [])
    assert derived.text == text.replace("[[a]]", "a").replace("%% title:: x %%\n", "")


@pytest.mark.parametrize("key", ["dg-publish", "share", "published", "draft"])
def test_a_key_of_another_publisher_is_told_and_opens_nothing(vault: VaultOnDisk, key: str) -> None:
    derived = vault.note(f"---\n{key}: true\n---\ntext")
    assert (derived.wanted.public, codes(derived)) == (False, ["FOREIGN_KEY"])
    assert key in derived.wanted.problems[0].message
    assert codes(vault.note(f"---\n{key}: true\npublic: true\n---\ntext")) == []
