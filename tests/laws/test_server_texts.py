"""The embedded Picora keeps the law of time and memory (design §13, promise 10) on any document that it is sent."""

from __future__ import annotations

import random

import pytest

from picora_sync.server.content import frontmatter, markdown_images, rewriting, words
from picora_sync.server.content.image_survey import ImageSurvey
from picora_sync.server.content.markdown_nesting import NestedTooDeeply
from tests.contract import samples
from tests.laws.measure import check_law

SIZE = 96 * 1024
URI = samples.data_uri(samples.png())


def read(text: str) -> None:
    """What an upload does with a text, but for storing it."""
    front = frontmatter.parse(text)
    body = text[front.body_start :]
    survey = ImageSurvey(300)
    found = markdown_images.outline(body, survey.take)
    rewriting.rewrite(body, found.images, survey, lambda *_: "https://media.example/abcdefghijk.png")
    survey.warnings()
    words.count(body)


def full(unit: str, size: int) -> str:
    return unit * (size // len(unit.encode()))


# What was slow once, and its kin: name, start, unit, end.
NAMED = {
    "open images": ("", "![", ""),
    "open images and their ends": ("![" * 9000, "](a)", ""),
    "data without a comma": ("![](data:", "a", ")"),
    "data without a comma, in HTML": ("<img src='data:", "a;", "'>"),
    "many data without a comma": ("", "![](data:a) ", ""),
    "quotes and lazy lines": (">" * 6000 + "a\n", "a\n", ""),
    "lists and lazy lines": ("- " * 6000 + "a\n", "a\n", ""),
    "numbers and lazy lines": ("1. " * 3000 + "a\n", "a\n", ""),
    "quotes in lists and lazy lines": ("> - " * 3000 + "a\n", "a\n", ""),
    "indented lists and lazy lines": ("".join(" " * (2 * n) + "- a\n" for n in range(200)), "a\n", ""),
    "lists that end with \\r": ("- " * 6000 + "a\r", "a\r", ""),
    "quotes, HTML and tables": (">" * 20_000 + "<img src='", "(x\n", "|-|\n" * 3000),
    "backquotes and lists": ("- " * 20_000, "\\\n", "**" * 9000),
    "runs of backquotes": ("", "`` ` ", ""),
    "raw text in HTML": ("<div>\n", "<xmp></xmpx>", ""),
    "attributes without end": ("<div>\n<img a", " ", "b>"),
    "uses of one large definition": (f"[a]: {URI}\n\n", "![a]\n", ""),
    "spaces before a destination": ("![](\n", ">", f"{URI})"),
    "images with data": ("", f"![a]({URI})", ""),
    "combining marks": ("a", "\u0301", ""),
    "joiners": ("", "\u200d", ""),
    "connectors": ("", "_.", ""),
    "flags": ("", "\U0001f1e6", ""),
    "an address without end": ("data:", "a", ""),
    "frontmatter that does not end": ("---\n", "---a\n", ""),
    "frontmatter of complex keys": ("---\n", "? a\n", "---\n"),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_named_text(name: str) -> None:
    start, unit, end = NAMED[name]
    check_law(lambda size: start + full(unit, size) + end, read, SIZE)


FRAGMENTS = (
    *("![", "[", "]", "(", ")", "](", "](a)", "![](a)", "[a]", "[a]: b\n", "<", "<img src='", '"', "'", ">"),
    *("<!--", "-->", "<?", "?>", "<![CDATA[", "]]>", "<!A", "</", "<a ", "/>", "<script", "</script>", "<pre>"),
    *("<div>\n", "\n\n", "\n", " ", "    ", "\t", "`", "``", "```\n", "~~~\n", "*", "**", "_", "*a", "a*", "~~"),
    *("|", "|-|\n", "- ", "1. ", "> ", "#", "# ", "===\n", "---\n", "\\", "\\\n", "&", "&amp;", "&#", "http://"),
    *("a@b", "[^a]: ", "$", "é", "漢", "\u0301", "a ", "1,", "data:", "![](data:", f"![a]({URI})"),
    *(f"<img src='{URI}'>", "[]: ", "\x00", "\ufeff", "\r", "\u2028", "a: &a [*a]\n"),
)  # fmt: skip


def composed(seed: int, size: int) -> str:
    """Some fragments over and over, one block of each, or mixed; the same ones for every size."""
    chance = random.Random(seed)  # noqa: S311  (reproducible, not secret)
    chosen = [chance.choice(FRAGMENTS) for _ in range(chance.randint(2, 5))]
    way = chance.choice(("repeated", "blocks", "mixed"))
    start = chance.choice(("", "", "---\n"))
    if way == "repeated":
        return start + full("".join(chosen), size)
    if way == "blocks":
        return start + "".join(full(fragment, size // len(chosen)) for fragment in chosen)
    return start + "".join(chance.choices(chosen, k=size // max(len(fragment.encode()) for fragment in chosen)))


@pytest.mark.parametrize("seed", range(12))
def test_a_composed_text(seed: int) -> None:
    check_law(lambda size: composed(seed, size), read, SIZE)


@pytest.mark.parametrize(
    "text",
    [
        "> " * 200 + "a\n" * 2000,
        "".join(" " * (2 * n) + "- a\n" for n in range(100)) * 5,
        " " * 4000 + "a\n" + "b\n" * 200,
        "-" * 30_000 + "\n" + "a\n" * 9000,
        "- a\n" * 50_000,
        "> a\n" * 50_000,
        "1. a\n" * 50_000,
        "\t" * 100 + "a\n" + "a\n" * 4000,
    ],
)
def test_what_people_write_is_not_refused(text: str) -> None:
    read(text)


def test_what_would_take_minutes_is_refused() -> None:
    with pytest.raises(NestedTooDeeply):
        read(">" * 100_000 + "a\n" * 100_000)
