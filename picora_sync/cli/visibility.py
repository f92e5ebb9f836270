"""Who can read what, in words (design §4 "Visibility")."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from picora_sync.cli.words import count
from picora_sync.core.model import FileRef, Kind, kind_of
from picora_sync.index.listing import Entry
from picora_sync.report import Planned

_WORDS = {True: "public", False: "private", None: "unknown"}
_NOUNS = {Kind.DOC: "note", Kind.AUDIO: "audio file"}
PRIVATE = "Private: nobody can open this URL without a key of this account."
UNKNOWN = "Others may be able to open this URL: its visibility is not confirmed yet."


def word(public: bool | None, *, unclear: bool = False) -> str:
    """``public``, ``private`` or ``unknown``; ``private (unclear)`` if nobody can tell what the note wants."""
    return _WORDS[public] + (" (unclear)" if unclear and public is False else "")


def word_for(entry: Entry) -> str:
    """Of a file that is listed; nothing if nothing of it is on Picora."""
    return "" if entry.object is None else word(entry.object.public, unclear=entry.unclear is not None)


def change(planned: Planned, *, unclear: bool) -> str:
    """``private → PUBLIC``, ``new, public``; one word if it stays as it is."""
    before, after = planned.public_before, planned.public_after
    if planned.op == "delete":
        return f"{word(before)} → gone"
    if before is None and planned.op in ("upload", "rebind"):
        return f"new, {word(after, unclear=unclear)}"
    if before == after:
        return word(after, unclear=unclear)
    return f"{word(before)} → {'PUBLIC' if after else word(after, unclear=unclear)}"


def headline(actions: Sequence[Planned]) -> str:
    """What the plan opens and closes: ``Makes 3 notes and 1 audio file public, 2 notes private``."""
    opened = _files(each for each in actions if each.public_after and each.public_before is not True)
    closed = _files(each for each in actions if each.public_after is False and each.public_before)
    told = [f"{files} {to}" for files, to in ((opened, "public"), (closed, "private")) if files]
    return f"Makes {', '.join(told) or 'nothing public'}."


def _files(actions: Iterable[Planned]) -> str:
    """How many of each kind; a file counts once."""
    kinds = Counter(kind_of(ref.path) for ref in {FileRef(each.folder, each.path) for each in actions})
    return " and ".join(count(kinds[kind], noun) for kind, noun in _NOUNS.items() if kinds[kind])
