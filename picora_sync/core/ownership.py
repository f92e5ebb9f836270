"""Did we make this object? (design §4 "Ours or not"; the table is in docs/decisions/0090-ours-or-not.md)."""

from __future__ import annotations

from datetime import datetime

from picora_sync.core.model import RemoteObject
from picora_sync.core.ports import Posted

CLOCKS_APART_S = 2.0
"""How far the clock that stamps objects may be behind the one that stamps answers (another machine of the server's)."""


def is_ours(posted: Posted, intent_at: float, *, posted_before: bool) -> bool:
    """Whether an upload of ours made what the answer names.

    ``intent_at`` is the server's time when the intent was opened; ``posted_before`` tells that an earlier call for the
    same intent may have been carried out. A duplicate that meets the first and only attempt was made by others,
    whenever that was.
    """
    if not posted.duplicate:
        return True
    return (posted_before or posted.repeated) and is_made_since(posted.object, intent_at)


def is_made_since(item: RemoteObject, server_s: float) -> bool:
    """Whether the server made it at this time of its own clock or later; an unreadable time stamp means no."""
    made_s = _made_at(item)
    return made_s is not None and made_s >= server_s - CLOCKS_APART_S


def is_late_twin(item: RemoteObject, title: str, since_s: float, until_s: float) -> bool:
    """Whether it may come from an upload that was given up: made in that time, and called as that upload called it."""
    made_s = _made_at(item)
    in_time = made_s is not None and since_s - CLOCKS_APART_S <= made_s <= until_s
    return in_time and item.title == title


def _made_at(item: RemoteObject) -> float | None:
    try:
        return datetime.fromisoformat(item.created_at).timestamp()
    except ValueError:
        return None
