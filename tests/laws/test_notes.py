"""Promise 10 for notes: whatever somebody writes, it is soon known what is sent of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from picora_sync.content.markdown import events
from picora_sync.core.ports import Derived
from tests.fakes.vault import PNG, VaultOnDisk
from tests.laws.measure import BASE_BYTES, BYTES_PER_BYTE, NOISE_S, S_PER_MB, TRIES, check_law, cost_of

FRAGMENTS = [
    "word ", " ", "\n", "\n\n", "\t", "é", "😀", "\r", "\r\n", "[", "![", "[[", "![[", "]", "]]", "](", "[a](",
    "[a](b) ", "![a](b.png) ", "![a](pic.png)", "![[pic.png]]", "[[x]] ", "[[x|y]] ", "![[x]] ", "![[x]]\n\n",
    "[[a#b#c]] ", "[a][b] ", "[a]: b\n", "![a][r] ", "[^a]", "[^a]: x\n", "*", "*a", "_a_ ", "**a", "~~", "==a",
    "`", "`a``b", "```\n", "~~~\n", "```\nx\n```\n", "> ", ">", "- ", "- a\n", "1. ", "  - a\n", "    x\n",
    "- [ ] a\n", "<", "<a", "<a ", "<img ", "<img src='", "<img src=pic.png>", '<img src="nope.png">\n', "<!--",
    "<!-- x -->", "-->", "<div>\n", "</div>\n\n", '<a b="', "<?", "&amp;", "&", "|", "|a", "|a|b|\n|-|-|\n", "| a ",
    "# a\n", "# [[x]]\n", "a\n=\n", "---\n", "$", "$a", "$a$ ", "$$", "$$a", "$5 [[x]] ", "%", "%%", "%%a",
    "%% a `", "%%a%%", "%%a%%\n\n", "a %%b\n\n", "100%% ", "%%%%", "`%%` ", "`%%", "\\%%", "\\", "<!-- %%",
    "[a](%%", "[[%%]]", "://%%", "%%```\n", "> %%a\n", "```%%\n", "(", "[](", "[](<", "x![[", "http://a ",
    "data:image/png;base64,", "![](data:image/png;base64,AA==)", "<img src='data:image/png;base64,AA'>",
    "[[1]](http://x)", "^a\n", "#tag ", "[[n0|", "\x0b", "\u2028", "[\n", "[[\n", "![](\n", "*a\n\n",
    " ^x\n\n", "^x ", "- a ^x\n", "|a|\n|-|\n^x\n\n",
]  # fmt: skip
WRAPS: list[tuple[str, str]] = [
    ("", ""), ("# ", ""), ("> ", ""), ("- ", ""), ("```\n", ""), ("---\ntitle: ", "\n---\n# x\n"), ("%%", ""),
    ("<div>", ""), ("| ", " |\n|---|\n"), ("![[x#", "]]"), ("[[", "]]"), ("[", "](x)"), ("![", "](pic.png)"),
    ("![a](", ")"), ("$", "$"), ("", "\n\n%%x"), ("[^1]: ", "\n\n[^1]"), ("---\ntags: [", "]\n---\n"), ("`", "`"),
    ("![[pic.png|", "]]"), ("---\nx: |\n  ", "\n---\n"),
]  # fmt: skip
OFF = {"obsidian": False}
PUBLIC = {"public": True, "link_base": "https://x"}
SIZE_BYTES = 80_000


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> VaultOnDisk:
    vault = VaultOnDisk(tmp_path_factory.mktemp("vault"))
    vault.write("pic.png", PNG)
    vault.write("x.md", "# Head\n\ntext\n")
    return vault


def _check(vault: VaultOnDisk, text: str, policy: dict[str, object]) -> None:
    vault.write("note.md", text)
    _within(lambda: vault.derive("note.md", **policy), len(text.encode()))


def _within(work: Callable[[], object], size_bytes: int) -> None:
    """The time and memory of one large input: what grows faster than the input is far beyond them at such a size."""
    costs = [cost_of(work)]
    while costs[-1].cpu_s > _most_s(size_bytes) and len(costs) < 2 * TRIES:
        costs.append(cost_of(work))
    assert min(cost.cpu_s for cost in costs) <= _most_s(size_bytes), f"{size_bytes:,} bytes: {costs}"
    assert min(cost.peak_bytes for cost in costs) <= BASE_BYTES + BYTES_PER_BYTE * size_bytes


def _most_s(size_bytes: int) -> float:
    """With room for a busy machine: what is not linear takes far longer at this size."""
    return 3 * NOISE_S + S_PER_MB * size_bytes / (1 << 20)


def _repeat(fragment: str, around: tuple[str, str] = ("", "")) -> str:
    return around[0] + fragment * (SIZE_BYTES // len(fragment.encode())) + around[1]


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_a_piece_of_markdown_repeated_takes_no_more_than_its_length(vault: VaultOnDisk, fragment: str) -> None:
    _check(vault, _repeat(fragment), PUBLIC)


@pytest.mark.parametrize("seed", range(25))
def test_pieces_of_markdown_repeated_take_no_more_than_their_length(vault: VaultOnDisk, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311  # a repeatable choice
    fragment = "".join(rng.choices(FRAGMENTS, k=rng.randint(1, 3)))
    _check(vault, _repeat(fragment, rng.choice(WRAPS)), rng.choice([PUBLIC, PUBLIC, OFF]))


@pytest.mark.parametrize(
    "fragment", ["`%%", "`%% ", "%%a%%\n\n", "a %%b\n\n", "%%```\n", "word ", "[[x]] ", "![a](pic.png)"]
)
def test_twice_the_note_takes_twice_the_time(vault: VaultOnDisk, fragment: str) -> None:
    def derive(text: str) -> None:
        vault.write("note.md", text)
        vault.derive("note.md", **PUBLIC)

    check_law(lambda size: fragment * (size // len(fragment)), derive, 80_000)


def test_notes_that_embed_each_other_are_not_written_out_for_ever(vault: VaultOnDisk) -> None:
    """A few files of some kilobytes could become as many bytes as a document may have, again and again."""

    def derive(size: int) -> None:
        for depth in range(6):
            vault.write(f"tree{depth}.md", f"![[tree{depth + 1}]]\n\n" * (size // 80))
        vault.derive("tree0.md", **PUBLIC)

    _within(lambda: derive(80_000), 6 * 80_000)


def test_a_large_note_is_parsed_once_however_often_it_is_embedded(vault: VaultOnDisk) -> None:
    def derive(size: int) -> None:
        vault.write("big.md", "# [[a]]\n" * (size // 8) + "# last\n\ntext\n")
        vault.write("embeds.md", "![[big#last]]\n\n" * 100)
        vault.derive("embeds.md", **PUBLIC)

    _within(lambda: derive(40_000), 40_000)


@pytest.mark.parametrize(
    "fragment", ["[^a]: x[^b]\n\n", "[a]: b\n", "[a][b] ", "\\[", "$$\n", "a ^x\n\n", "<!-- x -->\n"]
)
def test_what_is_embedded_costs_no_more_than_what_stands_there(vault: VaultOnDisk, fragment: str) -> None:
    vault.write("part.md", "# last\n\n[^a] [a] ![[part#^x]]\n\n" + _repeat(fragment))
    vault.write("shows.md", "![[part]]\n\n![[part#last]]\n\n![[part#^x]]")
    _within(lambda: vault.derive("shows.md", **PUBLIC), 3 * SIZE_BYTES)


def test_a_chain_of_headings_is_followed_step_by_step(vault: VaultOnDisk) -> None:
    def derive(size: int) -> None:
        vault.write("heads.md", "# a\n" * (size // 4) + "# z\n")
        chains = (name * (size // 2) for name in ("#z", "#a"))
        vault.write("chain.md", "\n\n".join(f"![[heads{chain}]]" for chain in chains) + "\n\n![[heads#z]]" * 30)
        vault.derive("chain.md", **PUBLIC)

    _within(lambda: derive(32_000), 96_000)


def test_names_that_are_not_there_are_looked_up_once_each_and_only_some_are_told(vault: VaultOnDisk) -> None:
    def derive(size: int) -> None:
        vault.write("missing.md", "".join(f"![[no {number}.png]]\n" for number in range(size // 16)))
        vault.derive("missing.md", **PUBLIC)

    _within(lambda: derive(60_000), 60_000)
    derive(60_000)
    derived = vault.derive("missing.md", **PUBLIC)
    assert isinstance(derived, Derived)
    assert len(derived.wanted.problems[0].message) < 1_000


def test_many_files_of_one_name_are_told_apart_at_once(tmp_path: Path) -> None:
    vault = VaultOnDisk(tmp_path)
    for number in range(400):
        vault.write(f"d{number}/index.md", "x")

    def derive(size: int) -> None:
        links = (f"[[d{number % 400}/index]] [[x{number}/index]]\n" for number in range(size // 30))
        vault.write("note.md", "".join(links))
        vault.derive("note.md", **PUBLIC)

    _within(lambda: derive(60_000), 60_000)


@pytest.mark.parametrize("fragment", ["[", "![", "[[", "<", "*a", "`a``b", "> ", "[a](", "$a", "[[x]] ", "| a ", "&"])
def test_no_call_of_the_parser_holds_up_the_loop(fragment: str) -> None:
    """Other threads wait while it works: for 5 MB never as long as a second."""
    text = fragment * (5_000_000 // len(fragment))
    longest_s, began_s = 0.0, time.thread_time()
    for number, _ in enumerate(events(text)):
        now_s = time.thread_time()
        longest_s, began_s = max(longest_s, now_s - began_s), now_s
        if number > 1_000:
            break
    assert longest_s < 1.0
