"""What a note wants to be: metadata, limits, and what can never be sent."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from picora_sync.content.materials import CEILING_BYTES
from picora_sync.core.model import Kind, PlanLimits, Problem
from picora_sync.core.policy import Select, TitleFrom
from picora_sync.errors import FileChanged, FileUnreadable
from tests.fakes.vault import PNG, PNG_URI, VaultOnDisk, codes


def test_what_is_wanted_is_that_of_the_sent_text(vault: VaultOnDisk) -> None:
    data = "\ufeff---\ntitle: Ünï\ntags: [b, B, '#c']\npublic: true\n---\r\nbody [[x]]\r\n".encode()
    derived = vault.note(data, at="dir/A note.MD", tags=("vault", "C"))
    text = "---\ntitle: Ünï\ntags: [b, B, '#c']\npublic: true\n---\r\nbody x\r\n"
    wanted = derived.wanted
    assert derived.text == text
    assert wanted.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert wanted.size_bytes == len(text.encode())
    assert derived.file_sha256 == hashlib.sha256(data).hexdigest()
    assert derived.fingerprint.size_bytes == len(data)
    assert (wanted.kind, wanted.filename, wanted.title) == (Kind.DOC, "A note.md", "Ünï")
    assert (wanted.tags, wanted.public, wanted.selected) == (("b", "c", "vault"), True, True)
    assert wanted.problems == ()


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# First *one* `code` [[a|b]] ![[c]]\n\n# Second", "First one code b c"),
        ("Setext\n===\n", "Setext"),
        ("## Two\n\n> # Quoted\n\n- # item\n\n# Real", "Real"),
        ("```\n# code\n```\n", "note"),
        ("%%\n# hidden\n%%\n# Shown %%secret%%", "Shown"),
        ("---\ntitle: [a]\n---\n# H", "H"),
        ("---\ntitle: ' '\n---\n# H", "H"),
        ("---\na: b: c\n---\n# H", "H"),
        ("#hashtag\n", "note"),
        ("# \n", "note"),
    ],
)
def test_the_title_is_the_first_heading_without_markup(vault: VaultOnDisk, text: str, title: str) -> None:
    assert vault.note(text).wanted.title == title


@pytest.mark.parametrize(
    ("text", "title"),
    [("# paid $20 and $30", "paid $20 and $30"), ("# a $x$ b", "a x b"), ("# $1 \x1a $2 $3", "$1 $2 $3")],
)
def test_prices_in_a_title_stay(vault: VaultOnDisk, text: str, title: str) -> None:
    assert vault.note(text).wanted.title == title


def test_the_title_of_an_embedded_note_is_not_taken(vault: VaultOnDisk) -> None:
    vault.write("Other.md", "# Theirs")
    assert vault.note("![[Other]]\n\n# Ours").wanted.title == "Ours"


def test_titles_follow_the_folder_s_rule(vault: VaultOnDisk) -> None:
    assert vault.note("# H", title=TitleFrom.FILENAME).wanted.title == "note"
    assert (
        vault.note("# H", at="d/n.md", title=TitleFrom.CONTENT, title_template="{folder}/{path}: {title}").wanted.title
        == "notes/d/n: H"
    )


def test_obsidian_off_sends_the_bytes_as_they_are(vault: VaultOnDisk) -> None:
    vault.write("pic.png", PNG)
    data = "\ufeff---\npublic: true\n---\n# T [[a]] %%c%%\r\n![[pic.png]] ![](pic.png)\r\n".encode()
    derived = vault.note(data, obsidian=False)
    assert derived.text is not None
    assert derived.text.encode() == data
    assert (derived.wanted.title, derived.wanted.public, derived.wanted.embeds) == ("T [[a]] %%c%%", True, False)
    assert derived.wanted.depends == ()


def test_an_author_s_own_data_uri_counts_as_embedded(vault: VaultOnDisk) -> None:
    assert vault.note(f"![]({PNG_URI})", obsidian=False).wanted.embeds
    assert not vault.note(f"`![]({PNG_URI})`").wanted.embeds


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (b"ab\xff\xfe", "NOT_UTF8", "byte 2 (0xff) is not UTF-8"),
        ("é".encode("latin-1"), "NOT_UTF8", "byte 0 (0xe9) is not UTF-8"),
        (b"\xed\xa0\x80", "NOT_UTF8", "byte 0 (0xed) is not UTF-8"),
        ("é\0".encode(), "NUL_BYTE", "byte 2 is NUL"),
        (b"", "EMPTY", "nothing but blanks"),
        (b"\xef\xbb\xbf \r\n\t", "EMPTY", "nothing but blanks"),
        (b"%%only a comment%%\n", "EMPTY", "nothing but blanks"),
    ],
    ids=["bytes", "latin-1", "surrogate", "NUL", "empty", "blank", "comment"],
)
def test_content_that_can_never_be_sent_is_a_problem(vault: VaultOnDisk, data: bytes, code: str, says: str) -> None:
    problem = vault.refused(data)
    assert problem.code == code
    assert says in problem.message
    assert problem.hint


def test_a_file_that_is_neither_note_nor_audio_is_a_problem(vault: VaultOnDisk) -> None:
    assert vault.refused(b"x", at="a.txt").code == "UNKNOWN_KIND"


def test_a_note_of_exactly_the_limit_is_sent(vault: VaultOnDisk) -> None:
    vault.limits = PlanLimits(doc_bytes=10)
    assert vault.note("\ufeff0123456789").wanted.size_bytes == 10


def test_a_note_over_the_limit_is_refused_with_both_sizes(vault: VaultOnDisk) -> None:
    vault.limits = PlanLimits(doc_bytes=1000)
    problem = vault.refused("x" * 1234)
    assert problem.code == "DOC_TOO_LARGE"
    assert "1,234" in problem.message
    assert "1,000" in problem.message


def test_a_huge_note_is_refused_without_reading_it(vault: VaultOnDisk) -> None:
    with vault.write("note.md", "x").open("r+b") as file:
        file.truncate(CEILING_BYTES + 100)
    assert vault.derive("note.md") == replace(
        vault.refused(b"x", at="a.txt"),
        code="DOC_TOO_LARGE",
        message=f"the note has {CEILING_BYTES + 100:,} bytes; a document may have {CEILING_BYTES:,}",
        hint="split it, or move embedded data into image files",
    )


@pytest.mark.parametrize(
    "text",
    ["![](a.png)![](b.png)", "![](big.png)", "![[Long]]![[Long]]", "![](huge.png)"],
    ids=["images together", "one image", "notes", "an image that is not even read"],
)
def test_a_note_that_grows_over_the_limit_says_what_makes_it_large(vault: VaultOnDisk, text: str) -> None:
    vault.limits = PlanLimits(doc_bytes=1000)
    for name, size in (("a", 500), ("b", 500), ("big", 900), ("huge", 5000)):
        vault.write(f"{name}.png", PNG.ljust(size, b"x"))
    vault.write("Long.md", "x" * 600)
    problem = vault.refused(text)
    assert problem.code == "DOC_TOO_LARGE"
    assert "with its images and embedded notes" in problem.message


def test_more_images_than_the_plan_allows_are_refused(vault: VaultOnDisk) -> None:
    vault.write("a.png", PNG)
    vault.limits = PlanLimits(doc_images=2)
    assert vault.note("![](a.png) ![](a.png)").wanted.embeds
    assert vault.refused("![](a.png) ![](a.png) <img src=a.png>").code == "DOC_TOO_MANY_IMAGES"


@pytest.mark.parametrize(
    ("text", "public", "selected", "unclear"),
    [
        ("---\npublic: true\n---\nx", True, True, False),
        ("---\npublic: false\n---\nx", False, False, False),
        ("x", False, False, False),
        ("---\npublic: 'true'\n---\nx", False, False, True),
        ("---\na: b: c\n---\nx", False, False, True),
    ],
    ids=["published", "not published", "says nothing", "a string", "damaged"],
)
def test_only_published_notes_are_selected(
    vault: VaultOnDisk, text: str, public: bool, selected: bool, unclear: bool
) -> None:
    wanted = vault.note(text, public=True, select=Select.PUBLISHED).wanted
    assert (wanted.public, wanted.selected, wanted.unclear) == (public, selected, unclear)


PRIVATE = b"---\npublic: false\n---\n"


@pytest.mark.parametrize(
    ("data", "private"),
    [
        (PRIVATE + b"x", True),
        (b"---\npublic: true\n---\nx", False),
        (b"nothing is said", False),
        (PRIVATE + b"caf\xe9", True),
        (PRIVATE + b"\0", True),
        (PRIVATE + b"x" * 200, True),
        (PRIVATE + b"![](huge.png)", True),
        (b"---\npublic: 'no'\n---\nx", True),
        (b"---\na: b: c\n---\nx", True),
        (b" \n", False),
    ],
    ids=[
        "private",
        "public",
        "silent",
        "not UTF-8",
        "NUL",
        "too large",
        "too large an image",
        "odd",
        "damaged",
        "blank",
    ],
)
def test_a_note_is_heard_to_be_private_even_if_it_cannot_be_sent(
    vault: VaultOnDisk, data: bytes, private: bool
) -> None:
    vault.limits = PlanLimits(doc_bytes=100)
    vault.write("huge.png", PNG + bytes(1000))
    vault.write("note.md", data)
    assert vault.content(public=True).wants_private("note.md") is private


def test_a_note_that_cannot_be_read_says_nothing_of_its_visibility(vault: VaultOnDisk) -> None:
    assert not vault.content().wants_private("gone.md")


def test_a_note_that_is_not_selected_is_not_transformed(vault: VaultOnDisk) -> None:
    vault.write("a.png", PNG)
    derived = vault.note("![](a.png) ![](missing.png)", select=Select.PUBLISHED)
    assert derived.wanted.problems == ()
    assert derived.wanted.depends == ()


def test_damaged_frontmatter_is_sent_private_with_a_remark(vault: VaultOnDisk) -> None:
    derived = vault.note("---\na: b: c\npublic: true\n---\n[[x]]", public=True)
    assert derived.text == "---\na: b: c\npublic: true\n---\nx"
    assert not derived.wanted.public
    assert codes(derived) == ["BAD_FRONTMATTER"]


def test_tags_that_do_not_fit_are_a_remark(vault: VaultOnDisk) -> None:
    derived = vault.note("---\ntags: a b c d e f g h i j k\n---\nx")
    assert len(derived.wanted.tags) == 10
    assert codes(derived) == ["TAGS_DROPPED"]


def test_an_image_that_cannot_be_read_delays_the_note(vault: VaultOnDisk) -> None:
    vault.reader.unreadable.add(str(vault.write("a.png", PNG)))
    vault.write("note.md", "![](a.png)")
    with pytest.raises(FileUnreadable):
        vault.derive("note.md")


def test_an_image_that_vanished_is_looked_for_again(vault: VaultOnDisk) -> None:
    image = vault.write("a.png", PNG)
    vault.write("note.md", "![](a.png)")
    content = vault.content()
    content.derive("note.md")
    image.unlink()
    with pytest.raises(FileChanged):
        content.derive("note.md")
    derived = content.derive("note.md")
    assert not isinstance(derived, Problem)
    assert codes(derived) == ["IMAGE_NOT_FOUND"]


def test_a_note_whose_name_is_not_utf8_is_derived(vault: VaultOnDisk) -> None:
    derived = vault.note("x", at="caf\udce9.md")
    assert (derived.wanted.filename, derived.wanted.title) == ("caf_.md", "caf\ufffd")
