"""Counting words in the sense of UAX #29 (contract §9.3, §15 #26)."""

from __future__ import annotations

import regex

_URL = regex.compile(r"(?:(?:https?|ftp|file)://|mailto:|data:)[^\s<>()\[\]\"'`]+", regex.IGNORECASE)
# A default word boundary with a letter, digit, ideograph or kana behind it starts a word-like segment.
_WORD = regex.compile(r"\b(?=[\p{L}\p{N}\p{M}])", regex.WORD | regex.VERSION1)


def count(text: str) -> int:
    """Word-like segments of the text, URLs left out; Han characters count one each."""
    return len(_WORD.findall(_URL.sub(" ", text)))
