"""Tags in the text of a note. Source of the rules: Obsidian's help, "Tags" (format, nesting, where they count)."""

from __future__ import annotations

import pytest

from picora_sync.content.hashtags import tags_in
from picora_sync.core.policy import TagsFrom
from tests.fakes.vault import VaultOnDisk


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#a text #b-c #d_e\n#f", ("a", "b-c", "d_e", "f")),
        ("#inbox/to-read #a/", ("inbox/to-read", "a")),
        ("#1984 #y1984 #1/2", ("y1984", "1/2")),
        ("#été #日本 #✅x #कि", ("été", "日本", "✅x", "कि")),
        ("#a, #b. (#c) #d: #e!", ("a", "b", "d", "e")),
        ("# Head #a\n## Two", ("a",)),
        ("> #a\n>#b\n- #c\n- [ ] #d\n| #e |\n|---|", ("a", "b", "c", "d", "e")),
        ("*a* #b *c*#d *#e*", ("b",)),
        ("`#a` ``b #c``\n\n```\n#d\n```\n\n    #e\n", ()),
        ("$#a$ $$\n#b\n$$ <b title=' #c'>#d</b>\n\n<!-- #e -->\n\n<div>\n#f\n</div>", ()),
        ("[#a](x) [b](#c) ![#d](e.png) [[#f]] [[x|#g]] http://x/#h x#i ##j", ()),
        ("\\#a a\\ #b", ("b",)),
        ("cost ($5) #a ($6)", ("a",)),
        ("#A #a", ("A", "a")),
    ],
)
def test_a_tag_is_what_obsidian_takes_for_one(text: str, tags: tuple[str, ...]) -> None:
    assert tags_in(text) == tags


def test_tags_of_the_text_are_sent_when_they_are_asked_for(vault: VaultOnDisk) -> None:
    text = "---\ntags: [a]\ntag: old\n---\n#b %%#hidden%% #A #c/d ![[N]]\n"
    vault.write("N.md", "#embedded")
    assert vault.note(text, tags=("f",)).wanted.tags == ("a", "f")
    assert vault.note(text, tags=("f",), tags_from=TagsFrom.ALL).wanted.tags == ("a", "old", "b", "c/d", "f")
    assert vault.note(text, tags=(), tags_from=TagsFrom.ALL, obsidian=False).wanted.tags == ("a", "old")


def test_the_text_stays_as_it_is(vault: VaultOnDisk) -> None:
    assert vault.sent("#a text\n", tags_from=TagsFrom.ALL) == "#a text\n"
