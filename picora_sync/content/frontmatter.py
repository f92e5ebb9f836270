"""The metadata at the top of a note, and whether something was meant as such that cannot be read (design §4).

Only a whole block at the very beginning, in a dialect of :mod:`picora_sync.content.dialects`, says anything. Whatever
else begins a note the way a block does is judged by its lines (:mod:`picora_sync.content.spelling`): prose between two
rules is prose, but a line that may name the note's visibility, or a key where the block cannot be read, makes the note
unclear. Decision 0210 says where the line runs. Only the first ``LIMIT_CHARS`` of a note are looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from picora_sync.content.dialects import DIALECTS, FENCED_JSON, JSON, YAML, Block, Dialect
from picora_sync.content.evidence import bad, breaks, given, named, weak
from picora_sync.content.metadata import FieldValue, KeyLine, Unreadable
from picora_sync.content.openings import JSON_MEANT, LIMIT_CHARS, Opening, odd_key, of_start, region_of
from picora_sync.content.spelling import KEYS, Line, lines
from picora_sync.core.model import Problem

__all__ = ["LIMIT_CHARS", "Frontmatter", "KeyLine", "parse_frontmatter"]

MAX_LINES = 2_000

_PLAIN_KEY = re.compile(r"(?:public|publish)[ \t]*:[ \t]")


@dataclass(frozen=True, slots=True)
class Frontmatter:
    """What the block says. ``end`` is where the part that is sent as it is ends, ``body`` where what the note shows
    begins; ``problem`` is set if the note is unclear.
    """

    end: int = 0
    entries: tuple[KeyLine, ...] = ()
    problem: Problem | None = None
    body: int = 0

    def get(self, key: str) -> FieldValue:
        """The value of the last entry of this name; None if there is none."""
        return next((entry.value for entry in reversed(self.entries) if entry.key == key), None)

    def text(self, key: str) -> str:
        """The value if it is a plain string, ``""`` otherwise."""
        value = self.get(key)
        return value if isinstance(value, str) else ""


def parse_frontmatter(text: str) -> Frontmatter:
    """Read what a note says of itself whose byte order mark was removed. A note without frontmatter has none, which is
    no problem.
    """
    head = text[:LIMIT_CHARS]
    for dialect in DIALECTS:
        block = dialect.find(head)
        front = block and _whole(head, dialect, block)
        if front:
            return front
    return Frontmatter(problem=of_start(head, 0, 1, cut=len(text) > LIMIT_CHARS))


# --- a whole block ----------------------------------------------------------------------------------------------------


def _whole(head: str, dialect: Dialect, block: Block) -> Frontmatter | None:
    """What a block says, None if it is prose between two rules, or in brackets."""
    end = block.body if dialect is YAML else 0  # of the other dialects the whole text is sent as the body always was
    inside = head[block.start : block.end]
    first = breaks(head, 0, block.start) + 1
    if breaks(inside, 0, len(inside)) > MAX_LINES:
        return Frontmatter(end, (), bad(1, f"it has more than {MAX_LINES:,} lines"), end)
    of_block = list(lines(inside, 0, first))
    try:
        metadata = dialect.read(inside)
    except Unreadable as error:
        problem = _broken(error, dialect, inside, of_block, first - 1)
        return Frontmatter(end, (), problem, end) if problem else None
    if metadata is None:
        return None
    entries = tuple(replace(entry, line=entry.line + first - 1) for entry in metadata.entries)
    own = {entry.line for entry in entries if entry.key.casefold() in KEYS}
    problem = named(of_block, inside, own) or odd_key(metadata, first - 1) or _second(head, block)
    return Frontmatter(end, entries, problem, block.body)


def _broken(error: Unreadable, dialect: Dialect, inside: str, of_block: list[Line], before: int) -> Problem | None:
    """What is wrong with a whole block that cannot be read; None if it is prose between two rules, or in brackets."""
    misspelt = [line for line in of_block if not _PLAIN_KEY.match(inside, line.start)]
    problem = None if error.of_size else named(misspelt, inside)
    meant = error.of_size or dialect is FENCED_JSON or (dialect is JSON and JSON_MEANT.match(inside))
    if problem is None and (meant or weak(of_block) or named(of_block, inside)):
        return bad(error.line + before, error.reason)
    return problem


def _second(head: str, block: Block) -> Problem | None:
    """Below a whole block there may be another one that was meant to be read. Where dots closed the first one, what
    follows is still frontmatter for Obsidian, up to a rule.
    """
    number = breaks(head, 0, block.body) + 1
    if head.startswith("...", block.end):
        region, closed = region_of(lines(head, block.body, number), Opening.YAML)
        if closed and (problem := given(region, head)):
            return problem
    return of_start(head, block.body, number, second=True)
