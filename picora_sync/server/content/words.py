"""Counting words in the sense of UAX #29 (contract §9.3, §15 #26)."""

from __future__ import annotations

import regex

_URL = regex.compile(r"(?:(?:https?|ftp|file)://|mailto:|data:)[^\s<>()\[\]\"'`]+", regex.IGNORECASE)
# What makes a segment word-like: letters, digits, and by character the scripts that UAX #29 leaves to dictionaries.
_WORDLY = r"[[\p{Alphabetic}\p{Nd}\p{WB=Katakana}]--\p{M}]"
# Connectors such as _ belong to the word behind them; several of them are one by themselves. ASCII is only for speed.
_WORD = regex.compile(
    rf"\b(?=[A-Za-z0-9]|\p{{WB=ExtendNumLet}}*+{_WORDLY}|\p{{WB=ExtendNumLet}}{{2}})", regex.WORD | regex.VERSION1
)


def count(text: str) -> int:
    """Word-like segments of the text, URLs left out; Han characters count one each."""
    return len(_WORD.findall(_URL.sub(" ", text)))
