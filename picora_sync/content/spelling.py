"""How ``public`` and ``publish`` may be spelled by who meant them (decision 0210).

Keyboards, editors and other tools put look-alikes, invisible characters, other signs and other line ends into a note.
A line is therefore compared in a canonical form: no case, no accents, ASCII for what looks like it, nothing invisible.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import IntEnum
from operator import add
from typing import NamedTuple

KEYS = ("public", "publish")

BREAK = re.compile(r"\r{0,2}\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
"""What ends a line for any program that reads notes. A CR CR LF is one end: mail and version control make it of one."""

_TRUE = frozenset({"true", "yes", "on", "1", "y", "t"})
_FALSE = frozenset({"false", "no", "off", "0", "n", "f", "never", "none", "nil", "null", "private"})
_BOOLEANS = _TRUE | _FALSE
_LONGEST_VALUE = len("false") + 1
_ENDINGS = (*KEYS, "published")
"""Other programs' keys (``published``, ``is_public``, ``dg-publish``) say more, but their ``false`` says the same."""

_DASHES = "\u02d7\u2043\u2212\u23af\u2500\u2501\u2504\u2505\u2508\u2509\u254c\u254d\u30fc\u203e\u00af"
_EQUALS = "\u2550\ua78a\u2261\u2254\u2255"
_COLONS = "\u02d0\u02d1\u02f8\u0589\u05c3\u0703\u0704\u0709\u0964\u16ec\u1803\u1809\u205a\u2236\u2982\ua4fd\ua789\ufe30"
_LETTERS = {
    **dict(zip("асеіјорѕухһԁԛԝӏьвкмнт", "aceijopsyxhdqwlbbkmht", strict=True)),  # Cyrillic
    **dict(zip("αβεικνορτυχ", "abeiknoptux", strict=True)),  # Greek
    **dict(zip("\u0578\u057d\u0570\u0585", "nuho", strict=True)),  # Armenian
    **dict(zip("ɑɡıɩɪʟʙʜᴄᴇᴏᴘᴛᴜꜱɴłøħ", "agiiilbhceoptusnloh", strict=True)),  # Latin
}
_LOOKALIKES = {
    **dict.fromkeys(_DASHES, "-"),
    **dict.fromkeys(_EQUALS, "="),
    **dict.fromkeys(_COLONS, ":"),
    **dict.fromkeys(map(chr, range(0x2190, 0x2200)), "="),  # arrows
    **_LETTERS,
    "\ufffd": "",
    "\u115f": "",
    "\u1160": "",
    "\u3164": "",
    "\uffa0": "",
    "\u2800": " ",
}
_MOST_SLIPS = 2
_LETTERS_OF_KEYS = "publi"
"""What both keys have: two slips take two of these at most."""
_PRIVATE_LINES = tuple(f"{key}false" for key in KEYS)

_LONGEST_DECOMPOSITION = 4
_REMEMBERED = 8192

_LEAD = re.compile(r"(?:[\W_]|\d++[.)])*+")
_SEPARATOR = re.compile(r"[:=]")
_WORD = re.compile(r"[^\W_]+")
_PIECE = re.compile(r"[{}\[\],;]|(?<=\s)[\"']")
_GENERIC = re.compile(r"[\s\"'?,{-]*+[^\W\d][\w-]{0,40}+[\"']?\s{0,4}(?::(?!//)|=(?!=))")
_LINE_CHARS = 256
_SHORTEST = 5
_FLOW = re.compile(r"[\[\]{}\"]")
_BEGUN = frozenset({"pub", "publ", "publi", "publis", *KEYS})


class Line(NamedTuple):
    """A line in its canonical form, where it begins and ends in the text, and its number (from 1)."""

    text: str
    start: int
    end: int
    number: int


class Evidence(IntEnum):
    """What a line says of the note's visibility: nothing; it names it; it names it and a value."""

    NONE = 0
    NAMED = 1
    SET = 2


class _Canonical(dict[int, str]):
    """A table for ``str.translate``, made as characters are met."""

    def __missing__(self, code: int) -> str:
        made = _canonical(chr(code))
        if len(self) < _REMEMBERED:
            self[code] = made
        return made


def _canonical(char: str) -> str:
    if char in _LOOKALIKES:
        return _LOOKALIKES[char]
    category = unicodedata.category(char)
    if category[0] == "Z" or char == "\t":
        return " "
    if category[0] == "C" or category in ("Mn", "Me"):
        return ""
    if category == "Pd":
        return "-"
    plain = unicodedata.normalize("NFKD", char).casefold()
    if plain == char or len(plain) > _LONGEST_DECOMPOSITION:
        return char
    return "".join(map(_canonical, plain))


_TABLE = _Canonical()


def canonical(text: str) -> str:
    """The canonical form of a text without line breaks."""
    return text.translate(_TABLE)


def lines(text: str, start: int = 0, first_number: int = 1) -> Iterator[Line]:
    """The lines of a text from an offset on, made one by one."""
    number = first_number
    for found in BREAK.finditer(text, start):
        yield Line(canonical(text[start : found.start()]), start, found.end(), number)
        start, number = found.end(), number + 1
    if start < len(text):
        yield Line(canonical(text[start:]), start, len(text), number)


def evidence(line: str) -> Evidence:
    """What a canonical line of a block says of the visibility, wherever a key would stand: at its beginning, behind a
    ``#``, and, where there are brackets or quotes, behind each of these and each comma.
    """
    if sum(letter in line for letter in _LETTERS_OF_KEYS) < len(_LETTERS_OF_KEYS) - _MOST_SLIPS:
        return Evidence.NONE
    said = _at_start(line)
    if said is not Evidence.SET and "#" in line and _at_start(line.partition("#")[2]) is Evidence.SET:
        return Evidence.SET
    if said is not Evidence.SET and _FLOW.search(line):
        pieces = _PIECE.split(line)
        said = max([said, *(_at_start(piece) for piece in pieces if len(piece) >= _SHORTEST)])
        if any(map(is_private_line, map(add, pieces, pieces[1:]))):
            return Evidence.SET
    return said


def is_begun(line: str) -> bool:
    """Whether the line holds nothing but one of the keys, or its beginning: somebody types."""
    return line.rstrip() in _BEGUN


def is_key_like(line: str) -> bool:
    """Whether the line begins as that of any key does: a word, then a colon or an equals sign."""
    return _GENERIC.match(line) is not None


def _at_start(text: str) -> Evidence:
    lead = _LEAD.match(text)
    bare = text[lead.end() if lead else 0 :][:_LINE_CHARS]
    said = _of_bare(bare)
    if lead and said is Evidence.NONE and lead[0][-1:] in ("!", "&"):  # a tag or an anchor comes before the key
        said = _of_bare(_LEAD.sub("", bare.partition(" ")[2], count=1))
    return said


def _of_bare(bare: str) -> Evidence:
    separator = _SEPARATOR.search(bare)
    if separator is None:
        return _without_separator(bare)
    name = "".join(_WORD.findall(bare[: separator.start()]))
    value = _value(bare[separator.end() :])
    if name in KEYS:
        return Evidence.SET if value in _BOOLEANS else Evidence.NAMED
    if _is_typo(name) and 0 < len(value) <= _LONGEST_VALUE:
        return Evidence.SET
    if value in _FALSE and (name.endswith(_ENDINGS) or _is_typo(name, _MOST_SLIPS)):
        return Evidence.SET
    return _without_separator(bare)


def _without_separator(bare: str) -> Evidence:
    words = _WORD.findall(bare.partition(" #")[0])
    if len(words) == 1:
        named = next((key for key in KEYS if words[0].startswith(key)), "")
        if named and words[0].removeprefix(named) in _BOOLEANS:
            return Evidence.SET
    elif words and words[-1] in _BOOLEANS:
        name = "".join(words[:-1])
        if name in KEYS or _is_typo(name):
            return Evidence.SET
    return Evidence.SET if is_private_line(bare) else Evidence.NONE


def _value(text: str) -> str:
    """The only word of a value, without quotes, tags and a comment; ``""`` if there is not exactly one."""
    words = [word for word in _WORD.findall(text.partition(" #")[0]) if word not in ("bool", "str")]
    return words[0] if len(words) == 1 else ""


def _is_typo(name: str, slips: int = 1) -> bool:
    """Whether so many characters too many, too few, wrong or swapped make this of a key."""
    return any(_is_within(slips, name, key) for key in KEYS)


def is_private_line(line: str) -> bool:
    """Whether the letters and digits of a whole line say private, with two slips wherever they are."""
    squeezed = "".join(_WORD.findall(line))
    return any(_is_within(_MOST_SLIPS, squeezed, line) for line in _PRIVATE_LINES)


def _is_within(edits: int, one: str, other: str) -> bool:
    """Whether so many edits make one of the other: a character more, less or another one, or two that swap places."""
    if abs(len(one) - len(other)) > edits:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    one, other = one[start:], other[start:]
    if not edits or not (one or other):
        return not (one or other)
    return (
        _is_within(edits - 1, one[1:], other[1:])
        or _is_within(edits - 1, one[1:], other)
        or _is_within(edits - 1, one, other[1:])
        or (one[1::-1] == other[:2] and _is_within(edits - 1, one[2:], other[2:]))
        or (edits > 1 and (_is_swapped_apart(one, other) or _is_swapped_apart(other, one)))
    )


def _is_swapped_apart(one: str, other: str) -> bool:
    """Whether two characters swapped places, and another one is between them in only one of the texts."""
    return one[2:3] + one[:1] == other[:2] and one[3:] == other[2:]
