"""Counting words in the sense of UAX #29 (contract §9.3, §15 #26)."""

from __future__ import annotations

import re

import regex

_URL = regex.compile(r"(?:(?:https?|ftp|file)://|mailto:|data:)[^\s<>()\[\]\"'`]+", regex.IGNORECASE)
# What makes a segment word-like: letters, digits, and by character the scripts that UAX #29 leaves to dictionaries.
_WORDLY = r"[[\p{Alphabetic}\p{Nd}\p{WB=Katakana}]--\p{M}]"
# Connectors such as _ belong to the word behind them; several of them are one by themselves. ASCII is only for speed.
_WORD = regex.compile(
    rf"\b(?=[A-Za-z0-9]|\p{{WB=ExtendNumLet}}*+{_WORDLY}|\p{{WB=ExtendNumLet}}{{2}})", regex.WORD | regex.VERSION1
)


# An apostrophe that is in no word; regex would let it hide a vowel behind it.
_QUOTE = regex.compile(r"(?<![\p{Alphabetic}\p{M}\p{Cf}])['\u2019](?=\p{Alphabetic})")
# The same for lines of ASCII, ten times as fast: letters are a, digits 1, and what joins two of them is told apart.
_JOINS = {"_": "_", ".": ".", "'": ".", ":": ":", ",": ",", ";": ","}
_ASCII = map(chr, range(128))
_KINDS = "".join("a" if c.isalpha() else "1" if c.isdigit() else _JOINS.get(c, " ") for c in _ASCII).encode() + bytes(
    128
)
_RUNS = bytes(ord("w") if byte in b"a1_" else 32 for byte in range(256))
_JOINED = re.compile(rb"[.:,](?:(?<=a[.:])(?=a)|(?<=1[.,])(?=1))")
_LONE = re.compile(rb"(?<![a1_])_(?![a1_])")


def count(text: str) -> int:
    """Word-like segments of the text, URLs left out; Han characters count one each.

    No word and no URL goes on in the next line, so lines may be counted apart.
    """
    if text.isascii():
        return _count_ascii(text)
    lines = text.split("\n")
    others = "\n".join(line for line in lines if not line.isascii())
    return _count_ascii("\n".join(line for line in lines if line.isascii())) + count_unicode(others)


def count_unicode(text: str) -> int:
    """The same of any text, at a tenth of the speed."""
    # After a line break the first character has a boundary before it, whatever it is.
    return len(_WORD.findall(_QUOTE.sub(" ", "\n" + _URL.sub(" ", text))))


def _count_ascii(text: str) -> int:
    """Runs of word characters, less what joins them, less underscores that stand alone."""
    lower = text.lower()
    if any(beginning in lower for beginning in ("://", "mailto:", "data:")):
        text = _URL.sub(" ", text)
    kinds = text.encode().translate(_KINDS)
    runs = (b" " + kinds).translate(_RUNS).count(b" w")
    return runs - len(_JOINED.findall(kinds)) - (len(_LONE.findall(kinds)) if b"_" in kinds else 0)
