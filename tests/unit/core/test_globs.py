"""Patterns mean what they mean to git, and cost no more than the product of pattern and path."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from picora_sync.core.globs import glob_of
from picora_sync.core.ignore import IgnoreRules, pattern_fault

TREE = [
    "a", "b", "ab", "ba", "aab", "a b", "x/a", "x/b", "x/ab", "x/y/a", "x/y/b", "x/y/ba", "y/a", "y/x/y/a", "y/x/y/b",
    "c/a/b", "c/b/a", "c/a/a/b", "c/x/y/x/a", "xy/aab", "xy/x/b", "c/a]", "c/-", "c/A", "c/1",
]  # fmt: skip
"""Files; whatever is above one is a directory."""

DIRECTORIES = sorted({str(above) for path in TREE for above in Path(path).parents if str(above) != "."})
PIECES = ["a", "b", "x", "y", "c", "/", "/", "*", "*", "**", "?", "[ab]", "[a-c]"]
ODD_PIECES = [
    *PIECES,
    "[!a]",
    "[^b]",
    "[]a]",
    "[[:alpha:]]",
    "[![:digit:]]",
    "\\",
    "!",
    "#",
    " ",
    "[",
    "]",
    "\\*",
    "-",
    "//",
]
patterns = st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join)


@pytest.mark.parametrize(
    ("pattern", "path", "meant"),
    [
        ("a", "x/a", True), ("/a", "x/a", False), ("x/a", "x/a", True), ("y/a", "x/y/a", False),
        ("**/a", "a", True), ("**/a", "x/y/a", True), ("x/**/a", "x/a", True), ("x/**/a", "x/y/z/a", True),
        ("x/**", "x/a", True), ("x/**", "x", False), ("x/*", "x/y/a", False), ("x/**b", "x/y/b", False),
        ("*", "a", True), ("a*b*c", "a1b2b3c", True), ("a*b*c", "a1b2b3", False), ("*.md", "x/.md", True),
        ("a?b", "a/b", False), ("x/a?b", "x/a/b", False), ("[!a]", "/", False), ("x[!a]y", "x/y", False),
        ("x[/]y", "x/y", False), ("[a/]/b", "a/b", True), ("[]-]", "]", True), ("[]-]", "-", True), ("[a-]", "-", True),
        ("[\\]]", "]", True), ("[a\\-z]", "m", False), ("[[:digit:]a]", "7", True), ("[![:digit:]]", "7", False),
        ("[[:nope:]]", "n", False), ("[", "[", False), ("\\[", "[", True), ("\\!a", "!a", True),
        ("\\#a", "#a", True), ("a\\ ", "a ", True), ("a ", "a", True), ("a//b", "a/b", False), ("//a", "a", False),
        ("**/**/a", "x/a", True), ("x/**/**/a", "x/a", True), ("a***b", "a--b", True), ("***", "x/a", True),
        ("/**", "x/a", True), ("x/***/a", "x/y/y/a", True), ("a\nb", "a\nb", True), ("?", "é", True),
        ("a$", "a", False),        ("a", "a\n", False), ("a*", "a\n", True), ("/a", "a\n", False),
    ],
)  # fmt: skip
def test_pattern_means(pattern: str, path: str, meant: bool) -> None:
    glob = glob_of(pattern)
    assert (glob is not None and glob.matches(path, is_dir=False)) is meant


def test_files_are_left_out_as_git_leaves_them_out(tmp_path: Path) -> None:
    """Git asked about each file of many directories, with some random patterns in each."""
    lists = _some_lists(random.Random(7), 150)  # noqa: S311  # a repeatable choice
    for number, lines in enumerate(lists):
        for path in TREE:
            file = tmp_path / str(number) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        (tmp_path / str(number) / ".gitignore").write_text("\n".join(lines))
    asked = [f"{number}/{path}" for number in range(len(lists)) for path in TREE]
    for command, given_ in ((["init", "-q"], ""), (["check-ignore", "--no-index", "-z", "--stdin"], "\0".join(asked))):
        git = subprocess.run(  # git, and nothing of others
            ["git", *command],  # noqa: S607
            cwd=tmp_path, input=given_, capture_output=True, text=True, check=False,
        )  # fmt: skip
    left_out = set(git.stdout.split("\0"))
    for number, lines in enumerate(lists):
        rules = IgnoreRules.of(lines)
        ours = {path for path in TREE if rules.why_ignored(path) is not None}
        assert ours == {path for path in TREE if f"{number}/{path}" in left_out}, lines


def _some_lists(rng: random.Random, count: int) -> list[list[str]]:
    lists: list[list[str]] = []
    while len(lists) < count:
        drawn = ["".join(rng.choices(ODD_PIECES, k=rng.randint(1, 6))) for _ in range(rng.randint(1, 4))]
        lines = [line for line in drawn if line.strip() and pattern_fault(line) is None]
        negates = any(line.startswith("!") for line in lines)
        if any(re.search(r"[^/!]\*\*+/", line) for line in lines):
            continue  # git drops the literal beginning before it looks, so that the rest begins with **/
        if lines and not (negates and any(line.rstrip().endswith("/**") for line in lines)):
            lists.append(lines)
    return lists


@settings(max_examples=300, deadline=None)
@given(st.lists(patterns, min_size=1, max_size=3))
def test_files_are_left_out_as_pathspec_leaves_them_out(lines: list[str]) -> None:
    spec = GitIgnoreSpec.from_lines(lines, backend="simple")
    rules = IgnoreRules.of(lines)
    for path in TREE:
        assert (rules.why_ignored(path) is not None) is spec.match_file(path), path
