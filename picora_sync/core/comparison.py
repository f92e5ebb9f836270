"""Index and account compared by listing (design §8 "Drift", §9 ``verify``): a pure decision.

A list is no proof: it may lag behind writes, and what it leaves out may live. So a list only raises suspicion; a GET of
the object decides, and for one that seems to be gone a second GET :data:`CONFIRM_AFTER_S` later.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from picora_sync.core.model import RemoteObject
from picora_sync.core.ports import Change

CONFIRM_AFTER_S = 90
"""Between the two GETs that must both find nothing before an object counts as vanished."""


MOST_LOOKS = 200
"""So many suspects are looked at in one round of the daemon: more are a catastrophe, or wait for the next round."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """``missing`` are the objects that are not listed, ``altered`` those that are listed otherwise; ``others`` counts
    what is listed and not known.
    """

    missing: tuple[RemoteObject, ...]
    altered: tuple[RemoteObject, ...]
    others: int

    @property
    def suspects(self) -> tuple[RemoteObject, ...]:
        """All that is worth a GET."""
        return (*self.missing, *self.altered)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What a GET said of a suspect: ``seen`` is the object as it is, None if there is none."""

    object: RemoteObject
    seen: RemoteObject | None

    @property
    def change(self) -> Change:
        """What is otherwise than we know it, with its present values; nothing for what is gone."""
        return Change() if self.seen is None else difference(self.object, self.seen)


def compare(
    known: Iterable[RemoteObject], listed: Mapping[str, RemoteObject], also: Collection[str] = ()
) -> Comparison:
    """What is worth a GET. ``known`` are the objects that files are bound to, ``also`` the ids of our other ones."""
    ids, missing, altered = set(also), [], []
    for item in known:
        ids.add(item.id)
        seen = listed.get(item.id)
        if seen is None:
            missing.append(item)
        elif difference(item, seen):
            altered.append(item)
    return Comparison(tuple(missing), tuple(altered), sum(object_id not in ids for object_id in listed))


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
