"""Secrets in foreign text: the API key in any form in which a server or proxy may give it back. Pure.

What is looked for: what any credential looks like (:func:`without_credentials`), and the one key that is known
(:class:`Redactor`), whatever its form: in other cases, percent-encoded, as an HTML or JSON escape, broken over lines,
in base64 or hex, or a part of it.
"""

from __future__ import annotations

import base64
import re
import string
from collections.abc import Iterator
from typing import Final

HIDDEN: Final = "[key]"
"""It holds characters that no id has, so that what was an id is none any more."""

_SHORTEST: Final = 8
"""A shorter key would be found in ordinary words."""
_PART: Final = 12
"""So many characters of the key in a row are no chance."""
_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_ESCAPE: Final = re.compile(
    r"%(?:25)?(?P<percent>[0-9a-f]{2})|&#0{0,4}(?P<decimal>[0-9]{2,3});?|&#x0{0,4}(?P<hex>[0-9a-f]{2});?"
    r"|\\+u00(?P<json>[0-9a-f]{2})|\\+x(?P<python>[0-9a-f]{2})"
    "|[\\s\u00ad\u200b-\u200f\u2028-\u202e\u2060\ufeff\"'+]+",
    re.IGNORECASE,
)
"""A character in another form, or what breaks a line."""
_LOOKS_LIKE_A_KEY: Final = re.compile(r"sk_(?:live|test)_[A-Za-z0-9_-]{4,}", re.IGNORECASE)
_BEARER: Final = re.compile(r"\b(bearer|basic|digest)\s+[A-Za-z0-9._~+/=-]{16,}", re.IGNORECASE)
_TOKEN: Final = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?")
_USERINFO: Final = re.compile(r"(://)[^\s/?#@]{1,256}@")


def without_credentials(text: str) -> str:
    """The text without what looks like a key, a bearer token, or a name and password in an address."""
    text = _LOOKS_LIKE_A_KEY.sub(HIDDEN, text)
    text = _BEARER.sub(rf"\1 {HIDDEN}", text)
    text = _TOKEN.sub(HIDDEN, text)
    return _USERINFO.sub(rf"\1{HIDDEN}@", text)


class Redactor:
    """Takes one key out of texts. Calling it returns the text without the key. Linear in the length of the text."""

    def __init__(self, key: str) -> None:
        usable = len(key) >= _SHORTEST
        plain = _without_escapes(key)[0]
        size = min(_PART, len(plain))
        self._parts = {plain[at : at + size] for at in range(len(plain) - size + 1)} if usable else set()
        self._encoded = _encodings(key) if usable else ()

    def __repr__(self) -> str:
        return "Redactor()"

    def __call__(self, text: str) -> str:
        """The text; each form of the key in it becomes ``HIDDEN``."""
        if not self._parts or len(text) < _SHORTEST:
            return text
        hidden = bytearray(len(text))
        plain, places = _without_escapes(text)
        for part in self._parts:
            for at in _found(part, plain):
                last = at + len(part) - 1
                first, after = (at, last + 1) if places is None else (places[at][0], places[last][1])
                hidden[first:after] = b"\1" * (after - first)
        for form in self._encoded:
            for at in _found(form, text):
                hidden[at : at + len(form)] = b"\1" * len(form)
        return "".join(_kept(text, hidden))


def _found(part: str, text: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _kept(text: str, hidden: bytearray) -> Iterator[str]:
    at = 0
    while (first := hidden.find(1, at)) >= 0:
        yield text[at:first]
        yield HIDDEN
        at = hidden.find(0, first)
        if at < 0:
            return
    yield text[at:]


def _without_escapes(text: str) -> tuple[str, list[tuple[int, int]] | None]:
    """The text in lower case, escapes resolved, and what stands between the characters of a broken key left out; and
    where each character began and ended, None if nothing was changed.
    """
    if _ESCAPE.search(text) is None:
        return text.translate(_LOWER), None
    kept: list[str] = []
    places: list[tuple[int, int]] = []
    at = 0
    for found in _ESCAPE.finditer(text):
        kept.append(text[at : found.start()])
        places.extend((each, each + 1) for each in range(at, found.start()))
        at = found.end()
        if found.lastgroup is None:
            continue
        character = chr(int(found[found.lastgroup], 10 if found.lastgroup == "decimal" else 16))
        if not _ESCAPE.fullmatch(character):
            kept.append(character)
            places.append(found.span())
    kept.append(text[at:])
    places.extend((each, each + 1) for each in range(at, len(text)))
    return "".join(kept).translate(_LOWER), places


def _encodings(key: str) -> tuple[str, ...]:
    """Base64 as it stands at any place of a longer text, and hex."""
    secret = key.encode()
    found = {secret.hex(), secret.hex().upper()}
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + secret).decode().rstrip("=")
        # The first and the last characters hold bits of the neighbours, too.
        inner = whole[(0, 2, 3)[before] : -1]
        found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return tuple(sorted(found))
