"""What begins like frontmatter, and is no whole block of it: an opening line, and what follows (decision 0210)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from itertools import chain, islice, takewhile

from picora_sync.content.dialects import TOML, YAML, Dialect
from picora_sync.content.evidence import bad, doubtful, given, is_filled, is_of_keys, named, weak
from picora_sync.content.metadata import FrontmatterMapping, Unreadable
from picora_sync.content.spelling import BREAK, KEYS, Line, canonical, evidence, is_begun, is_key_like, lines
from picora_sync.core.model import Problem

LIMIT_CHARS = 65_536

_RULE = re.compile(r"-(?:[ -]*+)")
_TAGGED = re.compile(r"--+ *(?:yaml|yml|json|toml|js|javascript|coffee|frontmatter|meta(?:data)?|#.*)")
_PLUSES = re.compile(r"\+[ +]*\+")
_SEMICOLONS = re.compile(r";[ ;]*;")
_FENCE = re.compile(r"`{3,}|~{3,}")
_WORD = re.compile(r"\w")
JSON_MEANT = re.compile(r"\{\s*(?:[\"'}\u201c\u201d]|[\w-]{1,40}\s*[:=])")
_BROKEN_CHARS = 16
_UNCLOSED = "put a line of --- below it, or, if it is text, a blank line below the rule"
_FEW_LINES = 3
_FIRST_LINES = 50


class Opening(Enum):
    """What the first line that is not blank looks like."""

    YAML = auto()
    TOML = auto()
    JSON = auto()
    FENCE = auto()
    OTHER = auto()  # signs that open nothing we know
    NONE = auto()

    @property
    def dialect(self) -> Dialect | None:
        """By which the block can be read, once it is closed."""
        return {Opening.YAML: YAML, Opening.TOML: TOML}.get(self)


def of_start(head: str, start: int, number: int, *, cut: bool = False, second: bool = False) -> Problem | None:
    """What is wrong with a text that begins with no whole block. ``second``: it comes below one."""
    following = lines(head, start, number)
    first = next(filter(is_filled, following), None)
    if first is None:
        return bad(1, f"nothing but blanks in its first {LIMIT_CHARS:,} characters") if cut else None
    opening = _opening(first, head)
    if opening is Opening.NONE:
        goes_on = is_of_keys if is_key_like(first.text) else is_filled
        problem = given((first, *takewhile(goes_on, following)), head)
        return problem or _misplaced(islice(lines(head, start, number), _FIRST_LINES), head)
    region, closed = region_of(following, opening)
    problem = _about_visibility([first, *region], head, closed=closed)
    if problem is not None or second or opening in (Opening.FENCE, Opening.OTHER):
        return problem
    if closed and opening.dialect is not None and _is_mapping(opening.dialect, head, region):
        return None
    return _unread(first, region, opening, closed=closed, cut=cut)


def _misplaced(first_lines: Iterable[Line], head: str) -> Problem | None:
    """A block of keys alone between two rules, below a title, a comment, or whatever else a program put above it."""
    block: list[Line] | None = None
    is_code = False
    for line in first_lines:
        text = line.text.strip()
        if _FENCE.match(text):
            is_code, block = not is_code, None
        elif not is_code and (_is_rule(text) or _PLUSES.fullmatch(text)):
            problem = given(block or (), head)
            if problem is not None:
                return problem
            block = []
        elif block is not None and not is_code:
            block = [*block, line] if is_of_keys(line) else None
    return None


def _about_visibility(region: list[Line], head: str, *, closed: bool) -> Problem | None:
    """Where nothing closes a block, what comes below its first blank line is prose, unless it gives a value."""
    meant = region if closed else [region[0], *takewhile(is_filled, region[1:])]
    return named(meant, head) or given(region[len(meant) :], head)


def _unread(first: Line, region: list[Line], opening: Opening, *, closed: bool, cut: bool) -> Problem | None:
    if opening is Opening.JSON:
        return bad(first.number, "it is no JSON") if _is_meant_as_json(first, region) else None
    if closed:
        return weak(region)
    paragraph = list(takewhile(is_filled, region))
    if _is_prose(region) and not weak(paragraph) and not any(is_begun(line.text) for line in paragraph):
        return None
    more = f" in the first {LIMIT_CHARS:,} characters" if cut else ""
    return bad(first.number, f"no line closes it{more}", _UNCLOSED)


def _is_meant_as_json(first: Line, region: list[Line]) -> bool:
    text = "\n".join(line.text for line in (first, *region[:_FEW_LINES])).lstrip()
    return not text.startswith("{") or JSON_MEANT.match(text) is not None


def _is_prose(region: Iterable[Line]) -> bool:
    """Whether anything at all follows a rule: alone it may be the first thing that somebody typed."""
    return any(map(is_filled, region))


def _opening(line: Line, head: str) -> Opening:
    text = line.text.strip()
    if _TAGGED.fullmatch(text) or (_is_rule(text) or (text == "-" and "-" not in head[line.start : line.end])):
        return Opening.YAML
    if _PLUSES.fullmatch(text):
        return Opening.TOML
    if _SEMICOLONS.fullmatch(text) or text.startswith("{"):
        return Opening.JSON
    if _FENCE.match(text):
        return Opening.FENCE
    few = len(text) <= _BROKEN_CHARS
    if text.startswith("%yaml") or (few and (text.count("-") > 1 or not _WORD.search(text))):
        return Opening.OTHER
    return Opening.NONE


def _is_rule(text: str) -> bool:
    return text.count("-") > 1 and _RULE.fullmatch(text) is not None


def region_of(following: Iterator[Line], opening: Opening) -> tuple[list[Line], bool]:
    """The lines that may belong to the block, and whether a line like those of any dialect closes it."""
    found = list[Line]()
    for line in following:
        if found and _closes(line.text.strip(), opening):
            return found, True
        found.append(line)
    return found, False


def _closes(text: str, opening: Opening) -> bool:
    if opening is Opening.FENCE:
        return _FENCE.fullmatch(text) is not None
    if opening is Opening.JSON and (text.startswith("}") or _SEMICOLONS.fullmatch(text)):
        return True
    return _is_rule(text) or text == "..." or _PLUSES.fullmatch(text) is not None


def _is_mapping(dialect: Dialect, head: str, region: list[Line]) -> bool:
    inside = BREAK.sub("\n", head[region[0].start : region[-1].end])
    try:
        metadata = dialect.read(inside)
    except Unreadable:
        return False
    return metadata is not None and odd_key(metadata, 0) is None


def odd_key(metadata: FrontmatterMapping, before: int) -> Problem | None:
    """A key that may be meant as ours, and is not: below the top level, or spelled in another way."""
    odd = (entry for entry in metadata.entries if entry.key.casefold() not in KEYS)
    for each in chain(odd, metadata.nested):
        said = str(each.value) if isinstance(each.value, str | bool) else ""
        meant = f"{each.key}: {said}"
        if evidence(canonical(meant)):
            return doubtful(each.line + before, meant)
    return None
