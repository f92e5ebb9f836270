"""Promise 10 for ignore patterns: whatever stands in an ignore file, a file is soon known to be left out or not."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from picora_sync.core.ignore import BadPattern, IgnoreRules, PatternList
from picora_sync.core.model import Problem
from picora_sync.disk.rules import RuleBook
from tests.laws.measure import check_law

FRAGMENTS = [
    "a*", "*a", "?*", "*?", "**", "**/", "a/**/", "*/", "a/", "a", "[ab]*", "*[a-z]", "[!b]*", "\\a*", "* ", "a\n",
    "*a*a*a*a*a*a*a*a*a*b\n", "**/a/**/a/**/a/**/b\n", "a*/a*/a*/b\n", "!*a*\n", "!**/a*\n", "a/\n", "[", "*b\n",
    "*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\n", "x*/**/?*[a]*\n", "#*a*\n", "\n", "a//", "\\*", "***a",
    "[[:alpha:]]*",
]  # fmt: skip
PATHS = ["a" * 250, "a/" * 60 + "a", "ab" * 125, f"{'a' * 200}/{'a' * 200}/{'a' * 200}", "x.md", "é" * 120]


def _questions(text: str, paths: list[str]) -> None:
    lines = text.splitlines() if "\n" in text else [text[at : at + 1000] for at in range(0, len(text), 1000)]
    rules = IgnoreRules().within(PatternList(lines, directory="", source="test"))
    for path in paths:
        rules.why_entry_ignored(path, is_dir=False)


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_a_pattern_repeated_costs_no_more_than_its_length(fragment: str) -> None:
    check_law(lambda size: fragment * (size // len(fragment)) + "b", lambda text: _questions(text, PATHS), 5_000)
    check_law(lambda size: fragment * (size // len(fragment)) + "b", lambda text: _questions(text, PATHS[:1]), 15_000)


@pytest.mark.parametrize("seed", range(10))
def test_some_patterns_repeated_cost_no_more_than_their_length(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311  # a repeatable choice
    fragment = "".join(rng.choices(FRAGMENTS, k=rng.randint(2, 4)))
    check_law(lambda size: fragment * (size // len(fragment)), lambda text: _questions(text, PATHS), 7_000)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("*a\n" * 1_001, "IGNORE_FILE_INVALID"),
        ("a\n" * 10_001, "IGNORE_FILE_INVALID"),
        ("a" * 1_025, "IGNORE_FILE_INVALID"),
        ("*" * 200_000, "IGNORE_FILE_INVALID"),
        (f"*{'a' * 500}\n" * 70, "IGNORE_FILE_INVALID"),
        ("a\n" * 5_000_000, "IGNORE_FILE_UNREADABLE"),
    ],
    ids=["many wildcards", "many lines", "a long line", "a very long line", "many characters", "10 MB"],
)
def test_too_many_patterns_leave_everything_alone_and_say_so_at_once(tmp_path: Path, text: str, code: str) -> None:
    """Not read, it would publish what it leaves out."""
    (tmp_path / ".picoraignore").write_text(text)
    began_s = time.process_time()
    told = RuleBook(str(tmp_path), IgnoreRules()).why_ignored("note.md", is_dir=False)
    assert time.process_time() - began_s < 1.0
    assert isinstance(told, Problem)
    assert told.code == code
    assert "nothing in that directory is sent or deleted" in told.hint
    assert len(told.message) < 400


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("elsewhere")])
def test_an_ignore_file_that_is_none_leaves_everything_alone(tmp_path: Path, make: object) -> None:
    assert callable(make)
    (tmp_path / "elsewhere").write_text("*")
    make(tmp_path / ".picoraignore")
    told = RuleBook(str(tmp_path), IgnoreRules()).why_ignored("note.md", is_dir=False)
    assert isinstance(told, Problem)
    assert told.code == "IGNORE_FILE_UNREADABLE"


def test_many_names_are_found_at_once() -> None:
    patterns = PatternList([f"name {number}.md" for number in range(10_000)], directory="", source="test")
    began_s = time.process_time()
    for number in range(20_000):
        assert (patterns.verdict(f"x/name {number}.md", is_dir=False) is not None) is (number < 10_000)
    assert time.process_time() - began_s < 1.0


def test_the_list_is_named_that_is_too_long() -> None:
    with pytest.raises(BadPattern, match="the folder's ignore list is too much: it has 1,001 patterns"):
        IgnoreRules.of(["*a"] * 1_001)
