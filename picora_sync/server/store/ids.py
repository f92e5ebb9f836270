"""Ids and keys in Picora's form (contract §1)."""

from __future__ import annotations

import hashlib
import re
import secrets

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
KEY_PREFIX = "sk_live_"


def _random(length: int) -> str:
    # 64 characters: six bits of each random byte pick one, without bias.
    return "".join(_ALPHABET[byte & 63] for byte in secrets.token_bytes(length))


def new_id() -> str:
    """An id of a document, audio file, user or key: 21 characters."""
    return _random(21)


def new_image_id() -> str:
    """An id of an image: 11 characters."""
    return _random(11)


def new_key() -> str:
    """An API key in clear text: ``sk_live_`` and 32 characters."""
    return KEY_PREFIX + _random(32)


def key_hash(key: str) -> str:
    """What is stored of a key: the hex SHA-256 of its text."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def is_id(text: object) -> bool:
    """Whether this could be an id at all; anything else names nothing."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None
