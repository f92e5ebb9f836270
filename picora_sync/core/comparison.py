"""Index and account compared by listing (design §8 "Drift", §9 ``verify``): a pure decision.

A list is no proof: it may lag behind writes, and what it leaves out may live. So a list only raises suspicion; a GET of
the object decides, and for one that seems to be gone a second GET :data:`CONFIRM_AFTER_S` later.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from picora_sync.core.model import RemoteObject
from picora_sync.core.ports import Change

CONFIRM_AFTER_S = 90.0
"""Between the two GETs that must both find nothing before an object counts as vanished."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """``suspects`` are the objects that are not listed, or not as they should be; ``others`` counts those of others."""

    suspects: tuple[RemoteObject, ...]
    others: int


def compare(known: Iterable[RemoteObject], listed: Mapping[str, RemoteObject]) -> Comparison:
    """What is worth a GET. ``known`` are the objects that files are bound to."""
    ids, suspects = set(), []
    for item in known:
        ids.add(item.id)
        seen = listed.get(item.id)
        if seen is None or difference(item, seen):
            suspects.append(item)
    return Comparison(tuple(suspects), sum(object_id not in ids for object_id in listed))


def difference(known: RemoteObject, seen: RemoteObject) -> Change:
    """What somebody else changed, with its present values. What either side does not say is no difference."""
    same_tags = None in (known.tags, seen.tags) or sorted(known.tags or ()) == sorted(seen.tags or ())
    return Change(
        title=seen.title if seen.title and known.title and _nfc(seen.title) != _nfc(known.title) else None,
        tags=None if same_tags else seen.tags,
        public=seen.public if None not in (known.public, seen.public) and known.public != seen.public else None,
    )


def _nfc(title: str) -> str:
    return unicodedata.normalize("NFC", title.strip())
