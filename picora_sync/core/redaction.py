"""Secrets in foreign text: the API key in any form in which a server or proxy may give it back. Pure.

What is looked for: what any credential looks like (:func:`without_credentials`), and the one key that is known
(:class:`Redactor`), whatever its form: in other cases, percent-encoded, as an HTML or JSON escape, broken over lines,
in base64 or hex, or a part of it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Final

HIDDEN: Final = "[key]"
"""It holds characters that no id has, so that what was an id is none any more."""

_SHORTEST: Final = 8
"""A shorter key would be found in ordinary words."""
_PART: Final = 12
"""So many characters of the key in a row are no chance."""
_BETWEEN: Final = "[\\s\\u00ad\\u200b-\\u200f\\u2028-\\u202e\\u2060\\ufeff\"'+]{0,3}"
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
    """Takes one key out of texts. Calling it returns the text without the key."""

    def __init__(self, key: str) -> None:
        long_enough = len(key) >= _SHORTEST
        self._whole = re.compile(_any_form(key), re.IGNORECASE) if long_enough else None
        self._encoded = _encodings(key) if long_enough else ()
        last = len(key) - _PART
        self._parts = tuple(key[at : at + _PART] for at in range(last + 1))

    def __repr__(self) -> str:
        return "Redactor()"

    def __call__(self, text: str) -> str:
        """The text; each form of the key in it becomes ``HIDDEN``."""
        if self._whole is None or len(text) < _SHORTEST:
            return text
        spans = sorted(self._spans(text))
        if not spans:
            return text
        kept, end = [], 0
        for start, stop in spans:
            if start >= end:
                kept += [text[end:start], HIDDEN]
            end = max(end, stop)
        return "".join([*kept, text[end:]])

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        if self._whole is not None:
            yield from (found.span() for found in self._whole.finditer(text))
        for form in (*self._parts, *self._encoded):
            at = text.find(form)
            while at >= 0:
                yield at, at + len(form)
                at = text.find(form, at + 1)


def _any_form(key: str) -> str:
    """Each character as it is or escaped, with little between them."""
    return _BETWEEN.join(map(_any_character, key))


def _any_character(character: str) -> str:
    number = ord(character)
    forms = (
        re.escape(character),
        f"%(?:25)?{number:02x}",
        f"&#0{{0,4}}{number};?",
        f"&#x0{{0,4}}{number:x};?",
        rf"\\+u00{number:02x}",
        rf"\\+x{number:02x}",
    )
    return f"(?:{'|'.join(forms)})"


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
