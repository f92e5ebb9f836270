"""Images are found wherever an author may put them.

Source of the rules: Obsidian's help ("Embed files", "Basic formatting syntax"), HTML's "Images" (srcset, poster).
"""

from __future__ import annotations

import pytest

from tests.fakes.vault import PNG, PNG_URI, VaultOnDisk, codes


@pytest.fixture
def pictures(vault: VaultOnDisk) -> VaultOnDisk:
    vault.write("img/a b.png", PNG)
    vault.write("pic.png", PNG)
    vault.write("what?.png", PNG)
    return vault


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("[![[pic.png]]](https://x)", "[![pic.png](URI)](https://x)"),
        ("[![[pic.png|alt|30]]](https://x 't') y", "[![alt|30](URI)](https://x 't') y"),
        ("[a ![[img/a b.png]] b](https://x)", "[a ![a b.png](URI) b](https://x)"),
        ("[![[pic.png]]][r]\n\n[r]: https://x", "[![pic.png](URI)][r]\n\n[r]: https://x"),
        ("| [![[pic.png]]](https://x) |\n|-|", "| [![pic.png](URI)](https://x) |\n|-|"),
        ("![](pic.png?x=1) ![](pic.png?x#y) ![](what%3F.png)", "![](URI) ![](URI) ![](URI)"),
        ("![[pic.png|caption|300]] ![[pic.png|300|caption]]", "![caption|300](URI) ![300 caption](URI)"),
        ("| ![[pic.png\\|300]] | ![](pic.png) |\n|-|-|", "| ![pic.png\\|300](URI) | ![](URI) |\n|-|-|"),
        ("> [!note] ![[pic.png]]\n> ![](pic.png)", "> [!note] ![pic.png](URI)\n> ![](URI)"),
        ("a[^1]\n\n[^1]: ![[pic.png]]\n\n    ![](pic.png)", "a[^1]\n\n[^1]: ![pic.png](URI)\n\n    ![](URI)"),
        (
            '<picture>\n<source srcset="pic.png 1x, img/a%20b.png 2x">\n<img src=pic.png srcset=pic.png>\n</picture>',
            '<picture>\n<source srcset="URI 1x, URI 2x">\n<img src="URI" srcset="URI">\n</picture>',
        ),
        (
            "a <img srcset='pic.png, https://x/y.png 2x,pic.png 3x' alt=\"pic.png\"> b",
            "a <img srcset='URI, https://x/y.png 2x,URI 3x' alt=\"pic.png\"> b",
        ),
        ("<video poster=pic.png src=pic.mp4></video>", '<video poster="URI" src=pic.mp4></video>'),
        ("<source src='pic.png'> <img data-src='pic.png' src='pic.png' src='x.png'>",
         "<source src='pic.png'> <img data-src='pic.png' src=\"URI\" src='x.png'>"),
    ],
    ids=[
        "in a link", "in a link with size and title", "among text in a link", "in a reference link", "table's link",
        "with a query", "caption and size", "table", "callout", "footnote", "picture", "srcset", "poster", "other tags",
    ],
)  # fmt: skip
def test_an_image_goes_inside_in_every_place(pictures: VaultOnDisk, text: str, sent: str) -> None:
    derived = pictures.note(text)
    assert (derived.text, codes(derived)) == (sent.replace("URI", PNG_URI), [])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[![[nope.png]]](https://x)", "IMAGE_NOT_FOUND"),
        ("![](nope.png?x=1)", "IMAGE_NOT_FOUND"),
        ("<img srcset='nope.png 2x'>", "IMAGE_NOT_FOUND"),
        ("<video poster='nope.png'>", "IMAGE_NOT_FOUND"),
        ("![image]()", "IMAGE_UNNAMED"),
        ("![image](<>)", "IMAGE_UNNAMED"),
        ("![](clip.mp4)", "EMBED_UNSUPPORTED"),
        ("![](clip.mp3)", "EMBED_AUDIO"),
    ],
)
def test_an_image_that_cannot_be_had_is_named_as_what_it_is(pictures: VaultOnDisk, text: str, code: str) -> None:
    derived = pictures.note(text)
    assert (derived.text, codes(derived)) == (text, [code])


def test_an_image_without_a_name_is_shown_as_it_is_written(vault: VaultOnDisk) -> None:
    problem = vault.note("![image]()").wanted.problems[0]
    assert problem.message == "an image without a file name: ![image]()"


@pytest.mark.parametrize(
    "text",
    [
        "![[a] b](https://x) ![[a]](https://x)",
        '<img srcset="https://x/a.png 2x, data:image/png;base64,AA== 3x">',
        "`<img srcset=pic.png>` <a srcset=pic.png>",
        "<!-- <source srcset=pic.png> -->",
    ],
)
def test_what_is_no_image_of_ours_stays(pictures: VaultOnDisk, text: str) -> None:
    derived = pictures.note(text)
    assert (derived.text, codes(derived)) == (text, [])


def test_an_embedded_note_in_a_link_is_its_name(vault: VaultOnDisk) -> None:
    vault.write("N.md", "text")
    derived = vault.note("[![[N]]](https://x)")
    assert (derived.text, codes(derived)) == ("[N](https://x)", ["EMBED_NO_ROOM"])
