"""What is wrong and what to do about it, in one line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from picora_sync.core.model import Problem
from picora_sync.errors import PicoraSyncError, in_full

BY_HAND = re.compile(r"\.message\}[ ;:,.]*\{[a-z_.]*\.hint\}|\.message, [a-z_.]+\.hint\)$")
"""Logged, or put into one text: errors and problems take the two apart from each other."""


@pytest.mark.parametrize(
    ("message", "hint", "said"),
    [
        ("it is away", "mount it", "it is away. Mount it"),
        ("it is away", "", "it is away"),
        ("it is away.", "Mount it.", "it is away. Mount it."),
        ("is it away?", "`mount` it", "is it away? `mount` it"),
        ("the server said: no!", "ask it", "the server said: no! Ask it"),
    ],
)
def test_they_are_two_sentences(message: str, hint: str, said: str) -> None:
    assert in_full(message, hint) == said
    assert Problem("X", message, hint).in_full == said
    assert PicoraSyncError(message, hint=hint).in_full == said


def test_nobody_puts_them_together_by_hand() -> None:
    source = Path(__file__).parents[2] / "picora_sync"
    logged = [
        f"{file.relative_to(source)}:{number}"
        for file in source.rglob("*.py")
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if BY_HAND.search(line) and ("log." in line or 'f"' in line)
    ]
    assert logged == []
