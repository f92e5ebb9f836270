"""A few bytes that tell how much of a text is in another: a bottom-k sketch of its word pairs.

Each pair of neighbouring words is hashed, and the smallest hashes are kept. Of two texts the same pairs are kept in
both, so that the kept ones estimate how many of all pairs they share; a short text is kept whole.
"""

from __future__ import annotations

import heapq
import re
from itertools import pairwise
from zlib import crc32

KEPT = 32
"""So many hashes are kept: the estimate is off by less than 0.1, mostly."""
HASH_BYTES = 4
MOST_BYTES = KEPT * HASH_BYTES

# Scripts without blanks between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese) count by the character.
_NO_BLANKS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_NO_BLANKS}]|[^\W{_NO_BLANKS}]+")
_DATA_URI = re.compile(r"data:[\w/+.;=-]*,[A-Za-z0-9+/=%]*")
_READ_CHARACTERS = 1 << 20
_MOST_CHARACTERS = 1 << 18


def sketch(text: str) -> bytes:
    """At most :data:`MOST_BYTES`; empty for a text without words. Embedded images do not count; of a long text the
    first quarter of a million characters do, so that no text takes long.
    """
    counted = _DATA_URI.sub("", text[:_READ_CHARACTERS])[:_MOST_CHARACTERS]
    words = _WORD.findall(counted)
    small = {word: word.lower() for word in ("", *words)}
    pairs = {f"{small[one]} {small[other]}" for one, other in set(pairwise(("", *words)))}
    hashes = heapq.nsmallest(KEPT, {crc32(pair.encode("utf-8", "surrogatepass")) for pair in pairs})
    return b"".join(each.to_bytes(HASH_BYTES, "big") for each in hashes)


def similarity(one: bytes, other: bytes) -> float:
    """How much two texts share, from 0 to 1: the pairs in both, as a part of the pairs in either."""
    a, b = _kept(one), _kept(other)
    smallest = sorted(a | b)[:KEPT]
    return sum(each in a and each in b for each in smallest) / len(smallest) if smallest else 0.0


def _kept(made: bytes) -> set[bytes]:
    return {made[start : start + HASH_BYTES] for start in range(0, len(made), HASH_BYTES)}
