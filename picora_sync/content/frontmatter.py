"""The metadata block at the top of a note: YAML or JSON between ``---`` lines at byte 0 (design §4; contract §15 #17).

Only the parser's events are used. No object is ever built from YAML, so that neither aliases, merge keys, tags nor deep
nesting can cost more than the block's own length, and ``yes`` stays what its author wrote: a string.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from picora_sync.core.model import Problem

LIMIT_CHARS = 65_536
MAX_DEPTH = 16

Value = str | bool | tuple[str, ...] | None
"""A scalar as written, a YAML 1.2 boolean, a list of scalars, or None for null, for mappings and for nested lists."""

_OPENING = re.compile(r"---[ \t]*\r?\n")
_CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_FRAMING = (yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentStartEvent, yaml.DocumentEndEvent)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One top-level key as written, its value, and the line of the file it is on (1 is the opening ``---``)."""

    key: str
    value: Value
    line: int


@dataclass(frozen=True, slots=True)
class Frontmatter:
    """What the block says. ``end`` is where the body begins in the text; ``problem`` is set if it cannot be read."""

    end: int = 0
    entries: tuple[Entry, ...] = ()
    problem: Problem | None = None

    def get(self, key: str) -> Value:
        """The value of the last entry of this name; None if there is none."""
        return next((entry.value for entry in reversed(self.entries) if entry.key == key), None)

    def text(self, key: str) -> str:
        """The value if it is a plain string, ``""`` otherwise."""
        value = self.get(key)
        return value if isinstance(value, str) else ""


def parse_frontmatter(text: str) -> Frontmatter:
    """Read the block of a note whose byte order mark was removed; a note without one has none, which is no problem."""
    opening = _OPENING.match(text)
    if opening is None:
        return Frontmatter()
    closing = _CLOSING.search(text, opening.end())
    if closing is None:
        return Frontmatter()
    block = text[opening.end() : closing.start()]
    if len(block) > LIMIT_CHARS:
        return Frontmatter(closing.end(), (), _bad(1, f"it is longer than {LIMIT_CHARS} characters"))
    try:
        entries = _read_json(block) if block.lstrip().startswith("{") else None
        if entries is None:
            entries = _read_yaml(block)
    except _Unreadable as error:
        return Frontmatter(closing.end(), (), _bad(error.line, error.reason))
    # A scalar or a list between two rules is text that happens to look like a block.
    return Frontmatter() if entries is None else Frontmatter(closing.end(), entries)


class _Unreadable(Exception):
    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


def _bad(line: int, reason: str) -> Problem:
    return Problem(
        code="BAD_FRONTMATTER",
        message=f"line {line}: the frontmatter cannot be read: {reason}",
        hint="the note is kept private until this is put right; quote values that hold : { } [ ] # or @",
    )


def _read_json(block: str) -> tuple[Entry, ...] | None:
    """The entries of a JSON object, or None if it is not JSON (YAML's flow style begins alike)."""
    try:
        pairs = json.loads(block, object_pairs_hook=tuple)
    except ValueError:
        return None
    except RecursionError:
        raise _Unreadable(2, "it is nested too deeply") from None
    return tuple(Entry(key, _json_value(value), 2) for key, value in pairs) if isinstance(pairs, tuple) else None


def _json_value(value: object) -> Value:
    if isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return tuple(str(item) for item in value if isinstance(item, str | int | float) and not isinstance(item, bool))
    return None


def _read_yaml(block: str) -> tuple[Entry, ...] | None:
    """The entries of the top-level mapping, none for a block without content, None for any other document."""
    events = (event for event in yaml.parse(block, Loader=yaml.CSafeLoader) if not isinstance(event, _FRAMING))
    try:
        root = next(events, None)
        if root is None:
            return ()
        if not isinstance(root, yaml.MappingStartEvent):
            _skip(events, root, 0)
            return None
        return tuple(_mapping(events, 0))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _Unreadable(mark.line + 2 if mark else 2, str(error.problem or error.context)) from None
    except yaml.YAMLError as error:
        raise _Unreadable(2, str(error).splitlines()[0]) from None


def _mapping(events: Iterator[yaml.Event], depth: int) -> Iterator[Entry]:
    """Read on to the end of a mapping whose start was taken."""
    for event in events:
        if isinstance(event, yaml.MappingEndEvent):
            return
        key = event.value if isinstance(event, yaml.ScalarEvent) else ""
        _skip(events, event, depth)
        yield Entry(key, _value(events, next(events), depth), _line(event))


def _sequence(events: Iterator[yaml.Event], depth: int) -> Iterator[str]:
    """Read on to the end of a sequence whose start was taken; only its scalars count."""
    for event in events:
        if isinstance(event, yaml.SequenceEndEvent):
            return
        if isinstance(event, yaml.ScalarEvent) and _scalar(event) is not None:
            yield event.value
        _skip(events, event, depth)


def _value(events: Iterator[yaml.Event], event: yaml.Event, depth: int) -> Value:
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if isinstance(event, yaml.SequenceStartEvent):
        return tuple(_sequence(events, depth + 1))
    _skip(events, event, depth)
    return None


def _skip(events: Iterator[yaml.Event], event: yaml.Event, depth: int) -> None:
    """Pass over what begins with this event; a scalar or an alias is over already."""
    if depth >= MAX_DEPTH:
        raise _Unreadable(_line(event), f"it is nested more than {MAX_DEPTH} deep")
    if isinstance(event, yaml.MappingStartEvent):
        for _ in _mapping(events, depth + 1):
            pass
    elif isinstance(event, yaml.SequenceStartEvent):
        for _ in _sequence(events, depth + 1):
            pass


def _scalar(event: yaml.ScalarEvent) -> Value:
    text = str(event.value)
    plain = event.tag is None and event.implicit[0]
    if not plain:
        return text
    return None if text in _NULLS else _BOOLEANS.get(text, text)


def _line(event: yaml.Event) -> int:
    """The line of the note: marks count from 0, and the opening rule comes before the block."""
    return event.start_mark.line + 2 if event.start_mark else 2
