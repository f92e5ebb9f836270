"""The metadata at the top of a note, and whether something was meant as such that cannot be read (design §4).

Only a whole block at the very beginning, in a dialect of :mod:`picora_sync.content.dialects`, says anything. Whatever
else begins a note the way a block does is judged by its lines (:mod:`picora_sync.content.spelling`): prose between two
rules is prose, but a line that may name the note's visibility, or a key where the block cannot be read, makes the note
unclear. Decision 0210 says where the line runs. Only the first ``LIMIT_CHARS`` of a note are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import chain, takewhile

from picora_sync.content.dialects import DIALECTS, FENCED_JSON, JSON, TOML, YAML, Block, Dialect
from picora_sync.content.metadata import Entry, Metadata, Unreadable, Value
from picora_sync.content.spelling import (
    BREAK,
    KEYS,
    Evidence,
    Line,
    canonical,
    evidence,
    is_begun,
    is_key_like,
    lines,
)
from picora_sync.core.model import Problem
from picora_sync.core.titles import one_line

LIMIT_CHARS = 65_536
MAX_LINES = 2_000

_SHOWN_CHARS = 60
_RULE = re.compile(r"-(?:[ -]*+)")
_TAGGED = re.compile(r"--+ *(?:yaml|yml|json|toml|js|javascript|coffee|frontmatter|meta(?:data)?|#.*)")
_PLUSES = re.compile(r"\+[ +]*\+")
_SEMICOLONS = re.compile(r";[ ;]*;")
_FENCE = re.compile(r"`{3,}|~{3,}")
_WORD = re.compile(r"\w")
_PLAIN_KEY = re.compile(r"(?:public|publish)[ \t]*:[ \t]")
_JSON_MEANT = re.compile(r"\{\s*(?:[\"'}\u201c\u201d]|[\w-]{1,40}\s*[:=])")
_BROKEN_CHARS = 16
_FEW_LINES = 3


@dataclass(frozen=True, slots=True)
class Frontmatter:
    """What the block says. ``end`` is where the part that is sent as it is ends, ``body`` where what the note shows
    begins; ``problem`` is set if the note is unclear.
    """

    end: int = 0
    entries: tuple[Entry, ...] = ()
    problem: Problem | None = None
    body: int = 0

    def get(self, key: str) -> Value:
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
    return Frontmatter(problem=_of_start(head, 0, 1, cut=len(text) > LIMIT_CHARS))


# --- a whole block ----------------------------------------------------------------------------------------------------


def _whole(head: str, dialect: Dialect, block: Block) -> Frontmatter | None:
    """What a block says, None if it is prose between two rules, or in brackets."""
    end = block.body if dialect is YAML else 0  # of the other dialects the whole text is sent as the body always was
    inside = head[block.start : block.end]
    first = _breaks(head, 0, block.start) + 1
    if _breaks(inside, 0, len(inside)) > MAX_LINES:
        return Frontmatter(end, (), _bad(1, f"it has more than {MAX_LINES:,} lines"), end)
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
    problem = _named(of_block, inside, own) or _odd_key(metadata, first - 1) or _second(head, block)
    return Frontmatter(end, entries, problem, block.body)


def _broken(error: Unreadable, dialect: Dialect, inside: str, of_block: list[Line], before: int) -> Problem | None:
    """What is wrong with a whole block that cannot be read; None if it is prose between two rules, or in brackets."""
    misspelt = [line for line in of_block if not _PLAIN_KEY.match(inside, line.start)]
    named = None if error.of_size else _named(misspelt, inside)
    meant = error.of_size or dialect is FENCED_JSON or (dialect is JSON and _JSON_MEANT.match(inside))
    if named is None and (meant or _weak(of_block) or _named(of_block, inside)):
        return _bad(error.line + before, error.reason)
    return named


def _odd_key(metadata: Metadata, before: int) -> Problem | None:
    """A key that may be meant as ours, and is not: below the top level, or spelled in another way."""
    odd = (entry for entry in metadata.entries if entry.key.casefold() not in KEYS)
    for each in chain(odd, metadata.nested):
        said = str(each.value) if isinstance(each.value, str | bool) else ""
        meant = f"{each.key}: {said}"
        if evidence(canonical(meant)):
            return _doubtful(each.line + before, meant)
    return None


def _second(head: str, block: Block) -> Problem | None:
    """Below a whole block there may be another one that was meant to be read. Where dots closed the first one, what
    follows is still frontmatter for Obsidian, up to a rule.
    """
    number = _breaks(head, 0, block.body) + 1
    if head.startswith("...", block.end):
        region, closed = _region(lines(head, block.body, number), _Opening.YAML)
        if closed and (problem := _set(region, head)):
            return problem
    return _of_start(head, block.body, number, second=True)


# --- what merely looks like one ---------------------------------------------------------------------------------------


class _Opening(Enum):
    """What the first line that is not blank looks like."""

    YAML = auto()
    TOML = auto()
    JSON = auto()
    FENCE = auto()
    OTHER = auto()  # signs that open nothing we know
    NONE = auto()

    @property
    def dialect(self) -> Dialect | None:
        return {_Opening.YAML: YAML, _Opening.TOML: TOML}.get(self)


def _of_start(head: str, start: int, number: int, *, cut: bool = False, second: bool = False) -> Problem | None:
    """What is wrong with a text that begins with no whole block. ``second``: it comes below one."""
    following = lines(head, start, number)
    first = next(filter(_is_filled, following), None)
    if first is None:
        return _bad(1, f"nothing but blanks in its first {LIMIT_CHARS:,} characters") if cut else None
    opening = _opening(first, head)
    if opening is _Opening.NONE:
        goes_on = _is_of_keys if is_key_like(first.text) else _is_filled
        return _set((first, *takewhile(goes_on, following)), head)
    region, closed = _region(following, opening)
    problem = _about_visibility([first, *region], head, closed=closed)
    if problem is not None or second or opening in (_Opening.FENCE, _Opening.OTHER):
        return problem
    if closed and opening.dialect is not None and _is_mapping(opening.dialect, head, region):
        return None
    return _unread(first, region, opening, closed=closed, cut=cut)


def _about_visibility(region: list[Line], head: str, *, closed: bool) -> Problem | None:
    """Where nothing closes a block, what comes below its first blank line is prose, unless it gives a value."""
    meant = region if closed else [region[0], *takewhile(_is_filled, region[1:])]
    return _named(meant, head) or _set(region[len(meant) :], head)


def _unread(first: Line, region: list[Line], opening: _Opening, *, closed: bool, cut: bool) -> Problem | None:
    if opening is _Opening.JSON:
        return _bad(first.number, "it is no JSON") if _is_meant_as_json(first, region) else None
    if closed:
        return _weak(region)
    paragraph = list(takewhile(_is_filled, region))
    if _is_prose(region) and not _weak(paragraph) and not any(is_begun(line.text) for line in paragraph):
        return None
    more = f" in the first {LIMIT_CHARS:,} characters" if cut else ""
    return _bad(first.number, f"no line closes it{more}")


def _is_meant_as_json(first: Line, region: list[Line]) -> bool:
    text = "\n".join(line.text for line in (first, *region[:_FEW_LINES])).lstrip()
    return not text.startswith("{") or _JSON_MEANT.match(text) is not None


def _is_prose(region: Iterable[Line]) -> bool:
    """Whether anything at all follows a rule: alone it may be the first thing that somebody typed."""
    return any(map(_is_filled, region))


def _opening(line: Line, head: str) -> _Opening:
    text = line.text.strip()
    if _TAGGED.fullmatch(text) or (_is_rule(text) or (text == "-" and "-" not in head[line.start : line.end])):
        return _Opening.YAML
    if _PLUSES.fullmatch(text):
        return _Opening.TOML
    if _SEMICOLONS.fullmatch(text) or text.startswith("{"):
        return _Opening.JSON
    if _FENCE.match(text):
        return _Opening.FENCE
    few = len(text) <= _BROKEN_CHARS
    if text.startswith("%yaml") or (few and (text.count("-") > 1 or not _WORD.search(text))):
        return _Opening.OTHER
    return _Opening.NONE


def _is_rule(text: str) -> bool:
    return text.count("-") > 1 and _RULE.fullmatch(text) is not None


def _region(following: Iterator[Line], opening: _Opening) -> tuple[list[Line], bool]:
    """The lines that may belong to the block, and whether a line like those of any dialect closes it."""
    found = list[Line]()
    for line in following:
        if found and _closes(line.text.strip(), opening):
            return found, True
        found.append(line)
    return found, False


def _closes(text: str, opening: _Opening) -> bool:
    if opening is _Opening.FENCE:
        return _FENCE.fullmatch(text) is not None
    if opening is _Opening.JSON and (text.startswith("}") or _SEMICOLONS.fullmatch(text)):
        return True
    return _is_rule(text) or text == "..." or _PLUSES.fullmatch(text) is not None


def _is_mapping(dialect: Dialect, head: str, region: list[Line]) -> bool:
    inside = BREAK.sub("\n", head[region[0].start : region[-1].end])
    try:
        metadata = dialect.read(inside)
    except Unreadable:
        return False
    return metadata is not None and _odd_key(metadata, 0) is None


# --- evidence ---------------------------------------------------------------------------------------------------------


def _is_filled(line: Line) -> bool:
    return bool(line.text.strip())


def _is_of_keys(line: Line) -> bool:
    """Whether a line goes on with keys that no rule opens: another one, a list, a comment, or nothing."""
    return not _is_filled(line) or is_key_like(line.text) or line.text[0] in " -#"


def _named(region: Iterable[Line], head: str, own: Collection[int] = ()) -> Problem | None:
    """The first line that names the visibility, in any spelling, and is none of those that were read."""
    before: Line | None = None
    for line in region:
        if line.number not in own and (evidence(line.text) or line.text.rstrip() in KEYS):
            return _doubtful(line.number, head[line.start : line.end])
        goes_on = before is not None and before.number not in own and line.text.lstrip()[:1] in (":", "=")
        if before is not None and goes_on and evidence(before.text + line.text):
            return _doubtful(before.number, head[before.start : line.end])
        before = line
    return None


def _set(region: Iterable[Line], head: str) -> Problem | None:
    """The first line that names the visibility and gives it a value."""
    for line in region:
        if evidence(line.text) is Evidence.SET:
            return _doubtful(line.number, head[line.start : line.end])
    return None


def _weak(region: Iterable[Line]) -> Problem | None:
    """The first line that begins as a key does."""
    line = next((line for line in region if is_key_like(line.text)), None)
    return None if line is None else _bad(line.number, "it is no mapping of keys to values")


def _breaks(head: str, start: int, end: int) -> int:
    return sum(1 for _ in BREAK.finditer(head, start, end))


def _bad(line: int, reason: str) -> Problem:
    return Problem(
        code="BAD_FRONTMATTER",
        message=f"line {line}: the frontmatter cannot be read: {reason}",
        hint="the note is kept private until this is fixed; quote values that hold : { } [ ] # or @",
    )


def _doubtful(line: int, text: str) -> Problem:
    return Problem(
        code="VISIBILITY_UNCLEAR",
        message=f"line {line}: “{one_line(text).strip()[:_SHOWN_CHARS]}” may say who may read the note, and cannot "
        "be read as that, so the note is private",
        hint="write exactly “public: true” or “public: false” on a line of its own, in a block between two --- lines "
        "with which the note begins",
    )
