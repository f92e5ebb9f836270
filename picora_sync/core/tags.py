"""Tags as they are sent: read leniently, kept within what the server takes (design §4 "Tags"; contract §8, §15 #18)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from picora_sync.core.model import Problem
from picora_sync.core.titles import one_line

MAX_TAGS = 10
MAX_TAG_LENGTH = 32
"""In code points (contract §15 #18)."""

_SHOWN = 5
_SEPARATORS = re.compile(r"[,\s]+")


def parse_tags(value: str | Sequence[str]) -> tuple[str, ...]:
    """The tags of a frontmatter value: a string is split at commas and spaces, a list's items at commas only.

    Leading ``#`` and surrounding blanks are dropped, empty ones vanish; the spelling is kept.
    """
    parts = _SEPARATORS.split(value) if isinstance(value, str) else (p for item in value for p in item.split(","))
    return tuple(tag for part in parts if (tag := one_line(part.strip().lstrip("#"))))


def merge_tags(groups: Iterable[Sequence[str]]) -> tuple[tuple[str, ...], Problem | None]:
    """The union of tag groups without regard to case, first spelling first, and a remark on what does not fit.

    At most ten tags of at most 32 code points are kept, so that the server never has to refuse them.
    """
    unique: dict[str, str] = {}
    for group in groups:
        for tag in parse_tags(tuple(group)):
            unique.setdefault(tag.casefold(), tag)
    fitting = [tag for tag in unique.values() if len(tag) <= MAX_TAG_LENGTH]
    kept = tuple(fitting[:MAX_TAGS])
    dropped = [tag for tag in unique.values() if tag not in kept]
    return kept, _dropped(dropped) if dropped else None


def _dropped(tags: Sequence[str]) -> Problem:
    shown = ", ".join(f"“{tag[:MAX_TAG_LENGTH]}”" for tag in tags[:_SHOWN])
    more = f" and {len(tags) - _SHOWN} more" if len(tags) > _SHOWN else ""
    return Problem(
        code="TAGS_DROPPED",
        message=f"{len(tags)} tag{'s' if len(tags) != 1 else ''} left out: {shown}{more}",
        hint=f"Picora takes at most {MAX_TAGS} tags of at most {MAX_TAG_LENGTH} characters: shorten or remove some",
    )
