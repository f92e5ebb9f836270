"""What a person should know: one noun for everything that is wrong with a file, a folder, the account or the process.

``problems``, the exit code of ``status``, the service manager's status line and the report of ``sync`` are views of one
list of these (design §9).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from picora_sync.core.model import FileRef, Problem


class About(StrEnum):
    """What a concern is about, the widest last."""

    FILE = "file"
    FOLDER = "folder"
    ACCOUNT = "account"
    DAEMON = "daemon"
    DISK = "disk"


PER_FOLDER = frozenset({"EMBED_CANVAS", "EMBED_BASE", "LOGSEQ_UNRESOLVED", "FOREIGN_KEY"})
"""Remarks that say the same of many files, so that one for the whole folder is enough."""


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that is wrong, or worth knowing.

    ``ref`` has no path for a folder, and no folder for what is about none. ``blocking``: it keeps its file from being
    sent. ``serious``: somebody has to do something, or something is not as it should be; else it is a note. ``url`` is
    what is still on Picora and should not be, ``public`` whether anybody can see that (None: not known).
    """

    about: About
    ref: FileRef
    problem: Problem
    blocking: bool = False
    serious: bool = False
    url: str = ""
    public: bool | None = None


def gathered(concerns: Iterable[Concern]) -> Iterator[Concern]:
    """The same, with one for a folder instead of each of ``PER_FOLDER``."""
    groups: dict[tuple[str, str], list[Concern]] = {}
    for each in concerns:
        if each.problem.code in PER_FOLDER:
            groups.setdefault((each.ref.folder, each.problem.code), []).append(each)
        else:
            yield each
    for (folder, code), group in groups.items():
        first = group[0]
        notes = first.ref.path if len(group) == 1 else f"{len(group)} notes, {first.ref.path} the first"
        problem = Problem(code, f"{first.problem.message} (in {notes})", first.problem.hint)
        yield Concern(About.FOLDER, FileRef(folder, ""), problem)


def most_pressing(concerns: Iterable[Concern]) -> list[Concern]:
    """The serious ones, those about the whole process first."""
    ranks = {about: rank for rank, about in enumerate(reversed(About))}
    return sorted((each for each in concerns if each.serious), key=lambda each: ranks[each.about])
