"""Who can read what a planned action is about, before it and after it (design §4 "Visibility")."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from picora_sync.core.model import RemoteObject
from picora_sync.core.plan import Action, Bind, Delete, Patch, Unbind, Upload

Get = Callable[[str], RemoteObject | None]


@dataclass(frozen=True, slots=True)
class Exposure:
    """Whether everybody can read it: None if there is nothing to read, or if nobody knows."""

    before: bool | None
    after: bool | None


def changed_by(actions: Iterable[Action]) -> dict[str, bool]:
    """The visibility that a plan gives to objects that exist already."""
    patches = (action for action in actions if isinstance(action, Patch))
    return {patch.object_id: patch.change.public for patch in patches if patch.change.public is not None}


def exposure_of(action: Action, get: Get, changed: Mapping[str, bool]) -> Exposure:
    """What an action comes to, in a plan that ``changed`` the visibility of these objects."""
    match action:
        case Upload():
            return Exposure(_public(get, action.replaces or action.delete_first), action.metadata.public)
        case Patch() | Bind():
            before = _public(get, action.object_id)
            return Exposure(before, changed.get(action.object_id, before))
        case Delete() | Unbind():
            return Exposure(_public(get, action.object_id), None)


def _public(get: Get, object_id: str | None) -> bool | None:
    item = None if object_id is None else get(object_id)
    return None if item is None else item.public
