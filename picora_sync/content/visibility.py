"""Who may read a note: only an explicit boolean opens it, what is unclear closes it (design §4 "Visibility")."""

from __future__ import annotations

from dataclasses import dataclass

from picora_sync.content.frontmatter import Frontmatter
from picora_sync.content.metadata import KeyLine
from picora_sync.content.spelling import KEYS
from picora_sync.core.model import VISIBILITY_UNCLEAR, Problem


@dataclass(frozen=True, slots=True)
class WantedVisibility:
    """The wanted visibility. ``published`` tells that the note itself says public (``select: published``).

    ``unclear`` tells that the note says something that cannot be read: it is private, and that is no reason to take
    away what is already on Picora.
    """

    public: bool
    published: bool = False
    unclear: bool = False
    problem: Problem | None = None


def visibility_of(front: Frontmatter, default: bool) -> WantedVisibility:
    """What the frontmatter says, the folder's ``default`` if it says nothing."""
    if front.problem is not None:
        return WantedVisibility(public=False, unclear=True, problem=front.problem)
    said = [entry for entry in front.entries if entry.key.casefold() in KEYS]
    if not said:
        return WantedVisibility(public=default)
    for entry in said:
        if entry.key not in KEYS or not isinstance(entry.value, bool):
            return _unclear(entry.line, _complaint(entry))
    if len({entry.value for entry in said}) > 1:
        return _unclear(said[-1].line, f"“{said[-1].key}” contradicts “{said[0].key}” in line {said[0].line}")
    public = said[0].value is True
    return WantedVisibility(public=public, published=public)


def _complaint(entry: KeyLine) -> str:
    if entry.key not in KEYS:
        return f"“{entry.key}” is not “{entry.key.casefold()}”"
    return f"“{entry.key}” is neither true nor false"


def _unclear(line: int, complaint: str) -> WantedVisibility:
    problem = Problem(
        code=VISIBILITY_UNCLEAR,
        message=f"line {line}: {complaint}, so the note is private",
        hint="write exactly “public: true” or “public: false”, without quotes",
    )
    return WantedVisibility(public=False, unclear=True, problem=problem)
