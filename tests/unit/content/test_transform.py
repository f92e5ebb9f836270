"""An Obsidian note is sent as its author sees it; everything else stays byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from picora_sync.core.policy import PrivateImages, Select
from tests.fakes.vault import PNG, PNG_URI, VaultOnDisk, codes

SVG = b'<?xml version="1.0"?><!-- x --><svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.fixture
def pictures(vault: VaultOnDisk) -> VaultOnDisk:
    vault.write("img/a b.png", PNG)
    vault.write("pic.png", PNG)
    return vault


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("![alt](pic.png)", "![alt](URI)"),
        ('![alt](pic.png "t")', '![alt](URI "t")'),
        ("![a *b* c](<img/a b.png>)", "![a *b* c](URI)"),
        ("![alt](a%20b.png)", "![alt](URI)"),
        ("![alt|100x145](pic.png#center)", "![alt|100x145](URI)"),
        ("![][r]\n\n[r]: pic.png", "![](URI)\n\n[r]: pic.png"),
        (
            '![x][R] ![r] [l][r]\n\n[r]: <img/a b.png> "q\\"t"',
            '![x](URI "q\\"t") ![r](URI "q\\"t") [l][r]\n\n[r]: <img/a b.png> "q\\"t"',
        ),
        ("[![i](pic.png)](http://x)", "[![i](URI)](http://x)"),
        ("![[pic.png]]", "![pic.png](URI)"),
        ("![[img/a b.png|300]]", "![a b.png|300](URI)"),
        ("![[PIC.PNG|My [x]|640x480]]", "![My \\[x\\]|640x480](URI)"),
        ("|a|\n|-|\n|![[pic.png\\|30]]|", "|a|\n|-|\n|![pic.png\\|30](URI)|"),
        ('<img alt=" src=x" SRC = "pic.png">', '<img alt=" src=x" SRC = "URI">'),
        (
            "<p>\n<img src=img/a%20b.png width=3>\n<!-- <img src=pic.png> -->\n</p>",
            '<p>\n<img src="URI" width=3>\n<!-- <img src=pic.png> -->\n</p>',
        ),
        ("a <img src='pic.png'/> b", 'a <img src="URI"/> b'),
        ("é ![ü](pic.png) é", "é ![ü](URI) é"),
    ],
    ids=[
        "inline", "title", "angle brackets", "percent", "size and fragment", "reference", "references and a link",
        "in a link", "embed", "embed with size", "embed with alias", "in a table", "img", "HTML block", "single quotes",
        "not ASCII",
    ],
)  # fmt: skip
def test_a_local_image_goes_inside(pictures: VaultOnDisk, text: str, sent: str) -> None:
    assert pictures.sent(text) == sent.replace("URI", PNG_URI)


@pytest.mark.parametrize(
    "text",
    [
        "plain *text* with [a link](x.md) and ![remote](https://x/y.png) and ![data](data:image/png;base64,AA==)",
        "`![[pic.png]]` and ``[[a]]``",
        "```\n![a](pic.png)\n[[a]] %%b%%\n```",
        "~~~md\n![[pic.png]]\n~~~\n",
        "    ![[pic.png]]\n    [[a]]\n",
        "$[[a]]$ and $$\n![[pic.png]]\n$$",
        "<!-- ![[pic.png]] [[a]] -->",
        "<!--\n\n<img src=pic.png> [[a]]\n\n-->",
        "\\[[a]] \\![[b.png\\]]",
        "[[1]](http://x) [[2]](<a b> 'c')",
        "![a](b c.png) ![](//host/pic.png) ![](file:///etc/x.png) ![](#x)",
        "[[]] ![[]] [[|x]]",
        "> [!note] callout\n> text\n",
        "CRLF\r\nstays\r\n",
        "odd \x0b\x0c\u2028 blanks and \ufeff marks",
    ],
)
def test_everything_else_stays_byte_for_byte(pictures: VaultOnDisk, text: str) -> None:
    derived = pictures.note(text)
    assert derived.text == text
    assert derived.wanted.problems == ()


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("[[Note]] [[dir/Note]] [[Note.md]]", "Note dir/Note Note.md"),
        ("[[Note|the *text*]]", "the *text*"),
        ("a [[Note#Heading]] [[Note#A#B]] [[#Here]] [[Note#^id]]", "a Note > Heading Note > A > B Here Note > ^id"),
        ("[[https://x.y]]", "https://x.y"),
        ("[[a_b]] [[*a* _b_]]", "a_b \\*a\\* \\_b\\_"),
        (
            "[[1. Intro]]\n[[x|# no heading]]\n> [[- item]]\n\n[[2024]]",
            "1\\. Intro\n\\# no heading\n> \\- item\n\n2024",
        ),
        ("|a|\n|-|\n|[[Note\\|text]]|", "|a|\n|-|\n|text|"),
        ("# [[Note]] and more", "# Note and more"),
    ],
    ids=["targets", "alias", "fragments", "URL", "markup in a name", "start of a line", "in a table", "in a heading"],
)
def test_a_wikilink_becomes_its_text(vault: VaultOnDisk, text: str, sent: str) -> None:
    derived = vault.note(text)
    assert derived.text == sent
    assert derived.wanted.depends == ()


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("see ($20) [[x]] ($30)", "see ($20) x ($30)"),
        ("$5 [[x]] 10$", "$5 x 10$"),
        ("costs 20$ and [[x]] 30$", "costs 20$ and x 30$"),
        ("US$ [[x]] and AU$", "US$ x and AU$"),
        ("$$20 [[x]] $$30", "$$20 x $$30"),
        ("$$ sum\n[[x]] $$ more", "$$ sum\nx $$ more"),
        ("($5) [[x]] (US$)", "($5) x (US$)"),
        ("$1 $2 [[x]] $3 $4 [[y]] $5", "$1 $2 x $3 $4 y $5"),
        ("$x$ costs $5 [[x]] and $y$ [[y]] $6", "$x$ costs $5 x and $y$ y $6"),
    ],
)
def test_prices_are_no_math(vault: VaultOnDisk, text: str, sent: str) -> None:
    assert vault.sent(text) == sent


@pytest.mark.parametrize("text", ["$[[a]]$", "a $\\{[[1]]\\}$ b", "$$\n[[a]]\n$$", "- $$\n  [[a]]\n  $$", "$$[[a]]$$"])
def test_formulas_are_math(vault: VaultOnDisk, text: str) -> None:
    assert vault.sent(text) == text


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("[[My Note]]", "[My Note](https://x/my-note)"),
        ("[[deep note|a [b] c]]", "[a \\[b\\] c](https://x/dir/deep-note)"),
        ("[[My Note#Some Heading!]]", "[My Note > Some Heading!](https://x/my-note#some-heading)"),
        ("[[Linked]]", "[Linked](https://x/fixed/place)"),
        ("[[#Here]]", "[Here](https://x/note#here)"),
        ("[[Nobody]] [[Secret]] [[Hidden]]", "Nobody Secret Hidden"),
    ],
    ids=["slug", "alias", "heading", "permalink", "own heading", "not to be seen"],
)
def test_with_a_link_base_a_wikilink_becomes_a_link_to_what_its_readers_may_see(
    vault: VaultOnDisk, text: str, sent: str
) -> None:
    vault.write("My Note.md", "x")
    vault.write("dir/Deep Note.md", "x")
    vault.write("Linked.md", "---\npermalink: /fixed/place/\n---\n")
    vault.write("Secret.md", "---\npublic: false\n---\n")
    vault.write("Hidden.md", "x")
    vault.unmirrored = {"Hidden.md"}
    assert vault.sent(text, public=True, link_base="https://x") == sent


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("![a](nope.png)", "IMAGE_NOT_FOUND"),
        ("![[nope.png|30]]", "IMAGE_NOT_FOUND"),
        ("![](nope)", "IMAGE_NOT_FOUND"),
        ("<img src=nope.png>", "IMAGE_NOT_FOUND"),
        ("![](fake.png)", "IMAGE_WRONG_SIGNATURE"),
        ("![[fake.png]]", "IMAGE_WRONG_SIGNATURE"),
        ("![](old/pic2.png)", "IMAGE_IGNORED"),
        ("![](.hidden/pic.png)", "IMAGE_NOT_FOUND"),
        ("![](../outside.png)", "IMAGE_NOT_FOUND"),
        ("![](link.png)", "IMAGE_NOT_FOUND"),
        ("![](a%00b.png)", "IMAGE_NOT_FOUND"),
        ("![](clip.mp4)", "EMBED_UNSUPPORTED"),
    ],
)
def test_an_image_that_cannot_be_had_stays_as_it_is_with_a_remark(vault: VaultOnDisk, text: str, code: str) -> None:
    vault.root.parent.joinpath("outside.png").write_bytes(PNG)
    vault.root.joinpath("link.png").symlink_to("../outside.png")
    vault.write("fake.png", b"GIF but not")
    vault.write("old/pic2.png", PNG)
    vault.write(".hidden/pic.png", PNG)
    derived = vault.note(text, ignore=("old/",))
    assert (derived.text, codes(derived)) == (text, [code])


def test_followed_links_still_do_not_lead_out_of_the_vault(vault: VaultOnDisk) -> None:
    vault.root.parent.joinpath("outside.png").write_bytes(PNG)
    vault.root.joinpath("link.png").symlink_to("../outside.png")
    vault.write("real.png", PNG)
    vault.root.joinpath("inner.png").symlink_to("real.png")
    sent = vault.sent("![](link.png) ![](inner.png)", follow_symlinks=True)
    assert sent == f"![](link.png) ![]({PNG_URI})"


def test_many_missing_images_make_one_remark(vault: VaultOnDisk) -> None:
    derived = vault.note("".join(f"![](n{n}.png)" for n in range(7)))
    assert [problem.message for problem in derived.wanted.problems] == [
        "image not found: n0.png, n1.png, n2.png, n3.png, n4.png and 2 more"
    ]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("pod.mp3", "EMBED_AUDIO"), ("paper.pdf", "EMBED_UNSUPPORTED"), ("board.canvas", "EMBED_CANVAS"),
        ("table.base", "EMBED_BASE"),
    ],
)  # fmt: skip
def test_an_embed_that_is_no_note_becomes_its_text_with_a_remark(vault: VaultOnDisk, name: str, code: str) -> None:
    derived = vault.note(f"see ![[{name}#page=3]]")
    assert (derived.text, codes(derived)) == (f"see {name}", [code])
    assert derived.wanted.problems[0].hint


@pytest.mark.parametrize(
    ("public", "images", "rewrite", "sent"),
    [
        (True, PrivateImages.KEEP, True, f"![]({PNG_URI}) ![pic.png|20]({PNG_URI})"),
        (True, PrivateImages.SKIP, True, f"![]({PNG_URI}) ![pic.png|20]({PNG_URI})"),
        (False, PrivateImages.KEEP, False, f"![]({PNG_URI}) ![pic.png|20]({PNG_URI})"),
        (False, PrivateImages.PUBLISH, True, f"![]({PNG_URI}) ![pic.png|20]({PNG_URI})"),
        (False, PrivateImages.SKIP, False, "![](pic.png) pic.png"),
    ],
)
def test_images_of_a_private_note_go_where_the_policy_says(
    pictures: VaultOnDisk, public: bool, images: PrivateImages, rewrite: bool, sent: str
) -> None:
    derived = pictures.note("![](pic.png) ![[pic.png|20]]", public=public, private_images=images)
    assert derived.text == sent
    assert derived.wanted.rewrite_images is rewrite
    assert derived.wanted.embeds is (PNG_URI in sent)


def test_the_media_type_is_that_of_the_bytes(vault: VaultOnDisk) -> None:
    vault.write("a.png", b"\xff\xd8\xff\xe0 jpeg")
    vault.write("b.svg", SVG)
    vault.write("c.webp", b"RIFF\0\0\0\0WEBPVP8 ")
    vault.write("d.gif", b"GIF89a")
    sent = vault.sent("![](a.png) ![](b.svg) ![](c.webp) ![](d.gif)")
    kinds = [part.partition(";")[0] for part in sent.split("data:")[1:]]
    assert kinds == ["image/jpeg", "image/svg+xml", "image/webp", "image/gif"]


# --- transclusion ---------------------------------------------------------------------------------------------------

OTHER = "---\ntags: [x]\n---\n\n# Top\n\nfirst %%hidden%%\n\n## Sec, *one*\n\n- a\n\n  b\n\n# End\nlast\n\n"


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("![[Other#End]]", "# End\nlast"),
        ("a\n\n![[Other#End]]\n\nb", "a\n\n# End\nlast\n\nb"),
        ("a\n![[Other#End]]\nb", "a\n\n# End\nlast\n\nb"),
        ("a ![[other#end]] b", "a \n\n# End\nlast\n\n b"),
        ("> a\n> ![[Other#sec one]]", "> a\n> \n> ## Sec, *one*\n>\n> - a\n>\n>   b"),
        ("- ![[Other#Top#Sec, one]]\n- x", "- ## Sec, *one*\n\n  - a\n\n    b\n\n- x"),
        ("a\r\n![[Other#End]]\r\n", "a\r\n\r\n# End\r\nlast\r\n"),
        ("![[Other]]", "# Top\n\nfirst \n\n## Sec, *one*\n\n- a\n\n  b\n\n# End\nlast"),
        ("![[Empty]]b", "b"),
    ],
    ids=["alone", "between blank lines", "between lines", "in a line", "quote", "list item", "CRLF", "whole", "empty"],
)
def test_an_embedded_note_is_written_out_as_blocks_of_its_own(vault: VaultOnDisk, text: str, sent: str) -> None:
    vault.write("Other.md", OTHER)
    vault.write("Empty.md", "---\na: b\n---\n\n")
    derived = vault.note(text)
    assert derived.text == sent
    assert derived.wanted.problems == ()


@pytest.mark.parametrize(
    ("text", "sent", "code"),
    [
        ("![[Nobody]]", "Nobody", "EMBED_NOT_FOUND"),
        ("![[Other#Nowhere|text]]", "text", "EMBED_NOT_FOUND"),
        ("![[Other#^id]]", "Other > ^id", "EMBED_NOT_FOUND"),
        ("![[Secret|300]]", "Secret", "EMBED_NOT_SHARED"),
        ("![[Hidden]]", "Hidden", "EMBED_NOT_SHARED"),
        ("![[Broken]]", "Broken", "EMBED_NOT_SHARED"),
        ("![[Bytes]]", "Bytes", "EMBED_NOT_SHARED"),
        ("# ![[Other]]", "# Other", "EMBED_NO_ROOM"),
        ("|a|\n|-|\n|![[Other]]|", "|a|\n|-|\n|Other|", "EMBED_NO_ROOM"),
    ],
    ids=[
        "missing",
        "heading",
        "block",
        "private",
        "not mirrored",
        "unclear",
        "not UTF-8",
        "in a heading",
        "in a table",
    ],
)
def test_an_embedded_note_that_may_not_be_shown_is_its_text(
    vault: VaultOnDisk, text: str, sent: str, code: str
) -> None:
    vault.write("Other.md", OTHER)
    vault.write("Secret.md", "---\npublic: false\n---\nsecret")
    vault.write("Broken.md", "---\na: b: c\n---\nsecret")
    vault.write("Hidden.md", "secret")
    vault.write("Bytes.md", b"secret \xff")
    vault.unmirrored = {"Hidden.md"}
    derived = vault.note(text, public=True)
    assert (derived.text, codes(derived)) == (sent, [code])


def test_a_private_note_may_show_a_private_one(vault: VaultOnDisk) -> None:
    vault.write("Secret.md", "---\npublic: false\n---\nsecret")
    assert vault.sent("![[Secret]]") == "secret"


def test_an_unpublished_note_is_not_shown_when_only_published_ones_are_mirrored(vault: VaultOnDisk) -> None:
    vault.write("Draft.md", "draft")
    derived = vault.note("---\npublic: true\n---\n![[Draft]]", public=True, select=Select.PUBLISHED)
    assert codes(derived) == ["EMBED_NOT_SHARED"]


def test_images_of_an_embedded_note_are_resolved_from_its_own_place(vault: VaultOnDisk) -> None:
    vault.write("dir/Other.md", "![](x.png)")
    vault.write("dir/x.png", PNG)
    assert vault.sent("![[Other]]") == f"![]({PNG_URI})"


def test_notes_that_embed_each_other_end(vault: VaultOnDisk) -> None:
    vault.write("A.md", "a ![[B]]")
    vault.write("B.md", "b ![[A]]")
    derived = vault.note("![[A]]")
    assert (derived.text, codes(derived)) == ("a \n\nb A", ["EMBED_TOO_DEEP"])


def test_embeds_are_followed_five_deep(vault: VaultOnDisk) -> None:
    for n in range(8):
        vault.write(f"n{n}.md", f"t{n}\n\n![[n{n + 1}]]")
    assert vault.sent("![[n0]]") == "t0\n\nt1\n\nt2\n\nt3\n\nt4\n\nn5"


def test_embeds_that_multiply_end_soon(vault: VaultOnDisk) -> None:
    for n in range(6):
        vault.write(f"n{n}.md", f"![[n{n + 1}]]\n\n" * 30)
    assert codes(vault.note("![[n0]]")) == ["EMBED_TOO_DEEP"]


# --- any text -------------------------------------------------------------------------------------------------------

PARTS = [
    *("[[", "]]", "![[", "![", "](", ")", "|", "\\|", "#", "^", "%%", "`", "```\n", "$", "<img src=", '"', ">", "> "),
    *("- ", "\n", "\r\n", "pic.png", "Other", "note", "é", "😀", " ", "    ", "<!--", "-->", "[r]: ", "\\", "---\n"),
    *("\t", "1. "),
]

_RELAXED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=150
)


@_RELAXED
@given(text=st.lists(st.sampled_from(PARTS)).map("".join))
def test_no_text_breaks_the_transformation(pictures: VaultOnDisk, text: str) -> None:
    pictures.write("Other.md", OTHER)
    first = pictures.note(f"x{text}", public=True)
    again = pictures.note(f"x{text}", public=True)
    assert (first.wanted, first.text) == (again.wanted, again.text)


@_RELAXED
@given(text=st.text())
def test_text_without_obsidian_syntax_is_byte_identical(vault: VaultOnDisk, text: str) -> None:
    plain = "x" + text.replace("[[", "[").replace("![", "!").replace("%%", "%").replace("<", "").replace("\0", "")
    assert vault.sent(plain) == plain


@_RELAXED
@given(code=st.lists(st.sampled_from([part for part in PARTS if "```" not in part])).map("".join))
def test_code_is_never_touched(pictures: VaultOnDisk, code: str) -> None:
    fenced = f"````\n{code}\n````\n"
    assert pictures.sent(f"%%x%%\n\n{fenced}\n[[a]]").startswith(f"\n{fenced}")
