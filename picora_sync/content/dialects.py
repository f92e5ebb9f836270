"""The dialects in which Obsidian users meet frontmatter, as handlers of python-frontmatter (decision 0021, 0211).

Each handler knows the exact boundaries of its block, at the very beginning of a text, and reads it within bounds.
``frontmatter.parse`` is never used: it strips texts, and would take what cannot be read for prose.
"""

from __future__ import annotations

import json
import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from frontmatter.default_handlers import BaseHandler

from picora_sync.content.metadata import MAX_DEPTH, FieldValue, FrontmatterMapping, KeyLine, Unreadable
from picora_sync.content.spelling import BREAK
from picora_sync.content.yaml_events import read_yaml


class Block(NamedTuple):
    """The offsets of a block: where its inside begins and ends, and where the body does."""

    start: int
    end: int
    body: int


class Dialect(BaseHandler):
    """A handler with exact boundaries: what it finds is at offset 0, and closed."""

    CLOSING: re.Pattern[str]

    def find(self, text: str) -> Block | None:
        """The block that the text begins with, None if it begins with none, or it is not closed."""
        assert self.FM_BOUNDARY is not None  # noqa: S101  (the base class refuses to be made without)
        opening = self.FM_BOUNDARY.match(text)
        closing = opening and self.CLOSING.search(text, opening.end())
        return Block(opening.end(), closing.start(), closing.end()) if opening and closing else None

    def detect(self, text: str) -> bool:
        """Whether the text begins with a whole block of this dialect."""
        return self.find(text) is not None

    def split(self, text: str) -> tuple[str, str]:
        """The inside of the block, and the body. Raises ValueError if there is none."""
        block = self.find(text)
        if block is None:
            raise ValueError("no block of this dialect")
        return text[block.start : block.end], text[block.body :]

    def load(self, fm: str) -> FrontmatterMapping:
        """What the inside of a block says. Raises Unreadable."""
        read = self.read(fm)
        if read is None:
            raise Unreadable(1, "it is no mapping")
        return read

    def read(self, block: str) -> FrontmatterMapping | None:
        """As :meth:`load`, but None for what can be read, and is no mapping."""
        raise NotImplementedError


class YamlDialect(Dialect):
    """YAML, or JSON, between ``---`` lines; ``...`` closes it, too."""

    FM_BOUNDARY = re.compile(r"---[ \t]*\r?\n")
    CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.MULTILINE)

    def read(self, block: str) -> FrontmatterMapping | None:
        """Read the block as JSON where it is some (tabs make that no YAML), else as YAML."""
        if block.lstrip().startswith("{"):
            try:
                return read_json(block)
            except Unreadable as error:
                if error.of_size:
                    raise
        return read_yaml(BREAK.sub("\n", block))


class TomlDialect(Dialect):
    """TOML between ``+++`` lines, as Hugo has it."""

    FM_BOUNDARY = re.compile(r"\+\+\+[ \t]*\r?\n")
    CLOSING = re.compile(r"^\+\+\+[ \t]*(?:\r?\n|\Z)", re.MULTILINE)

    def read(self, block: str) -> FrontmatterMapping:
        """Read TOML, with the lines of its plain top-level keys."""
        return read_toml(block)


class FencedJsonDialect(Dialect):
    """JSON between ``;;;`` lines."""

    FM_BOUNDARY = re.compile(r";;;[ \t]*\r?\n")
    CLOSING = re.compile(r"^;;;[ \t]*(?:\r?\n|\Z)", re.MULTILINE)

    def read(self, block: str) -> FrontmatterMapping | None:
        """Read JSON."""
        return read_json(block)


class JsonDialect(Dialect):
    """A JSON object that the text begins with, as Hugo has it; nothing but blanks may follow on its last line."""

    FM_BOUNDARY = re.compile(r"\{")
    _REST = re.compile(r"[ \t]*(?:\r?\n|\Z)")

    def find(self, text: str) -> Block | None:
        """Up to the bracket that closes the first one."""
        if not text.startswith("{"):
            return None
        depth = 0
        with suppress(Unreadable):
            for token in _json_tokens(text):
                depth += _NESTING.get(token[0], 0)
                if depth == 0:
                    rest = self._REST.match(text, token.end())
                    return Block(0, token.end(), rest.end()) if rest else None
        return None

    def read(self, block: str) -> FrontmatterMapping | None:
        """Read JSON."""
        return read_json(block)


_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|["\[\]{}:]', re.DOTALL)
_TOML_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})|\'\'\'.*?\'\'\'(?:\'{0,2})|"""|\'\'\''
    r'|"(?:[^"\\\n]|\\.)*+"|\'[^\'\n]*+\'|#[^\n]*+|["\'.\[\]{}=,\n]',
    re.DOTALL,
)
_UNCLOSED_STRINGS = frozenset({'"', "'", '"""', "'''"})
_TOML_LINE = re.compile(r"^[ \t]*+([A-Za-z0-9_-]++|\"[^\"\\\n]*+\"|'[^'\n]*+')[ \t]*+=", re.MULTILINE)
_TOML_WHERE = re.compile(r"\(at line (\d+)")


_NESTING = {"{": 1, "[": 1, "}": -1, "]": -1}


def read_json(block: str) -> FrontmatterMapping | None:
    """The entries of a JSON object, None for any other document. Raises Unreadable."""
    _expect_shallow(token[0] for token in _json_tokens(block))
    try:
        pairs = json.loads(block, object_pairs_hook=_Pairs, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        raise Unreadable(error.lineno, f"it is no JSON: {error.msg}") from None
    if not isinstance(pairs, _Pairs):
        return None
    _expect_text(pairs)
    top, nested = _json_lines(block)
    entries = tuple(KeyLine(key, _json_value(value), line) for (key, value), line in zip(pairs, top, strict=True))
    return FrontmatterMapping(entries, nested)


class _Pairs(tuple[tuple[str, object], ...]):
    """A JSON object with its keys in order, equal ones included."""

    __slots__ = ()


def _json_value(value: object) -> FieldValue:
    if isinstance(value, str | bool):
        return value
    if isinstance(value, float):  # NaN and the like
        return str(value)
    if isinstance(value, list):
        return tuple(str(item) for item in value if isinstance(item, str | float))
    return None


def _json_lines(block: str) -> tuple[list[int], tuple[KeyLine, ...]]:
    """The lines of the top-level keys of a JSON object that can be read, and all other keys."""
    starts = [0, *(found.end() for found in BREAK.finditer(block))]
    top, nested = list[int](), list[KeyLine]()
    depth, before = 0, None
    for token in _json_tokens(block):
        sign = token[0]
        if sign == ":" and before is not None:
            line = bisect_right(starts, before.start())
            if depth == 1:
                top.append(line)
            else:
                nested.append(KeyLine(str(json.loads(before[0])), None, line))
        depth += _NESTING.get(sign, 0)
        before = token if sign.startswith('"') else None
    return top, tuple(nested)


def read_toml(block: str) -> FrontmatterMapping:
    """The top-level keys of a TOML document. Raises Unreadable."""
    text = block.replace("\r\n", "\n")
    _expect_shallow(_toml_tokens(text))
    try:
        table = tomllib.loads(text, parse_float=str)
    except (ValueError, RecursionError) as error:  # a ValueError is also what too long a number raises
        where = _TOML_WHERE.search(str(error))
        raise Unreadable(int(where[1]) if where else 1, f"it is no TOML: {error}") from None
    places = dict[str, int]()
    starts = [0, *(found.end() for found in BREAK.finditer(text))]
    for found in _TOML_LINE.finditer(text):
        places.setdefault(found[1].strip("\"'"), bisect_right(starts, found.start(1)))
    entries = tuple(KeyLine(key, _toml_value(value), places.get(key, 1)) for key, value in table.items())
    return FrontmatterMapping(entries, tuple(_nested(table, places, top=True)))


def _toml_value(value: object) -> FieldValue:
    if isinstance(value, list):
        return tuple(str(item) for item in value if not isinstance(item, dict | list | bool))
    return None if isinstance(value, dict) else value if isinstance(value, bool) else str(value)


def _nested(value: object, places: dict[str, int], *, top: bool = False) -> Iterator[KeyLine]:
    """The keys of the tables within a table; how deep they lie was checked before."""
    if isinstance(value, list):
        for item in value:
            yield from _nested(item, places)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not top:
                yield KeyLine(key, _toml_value(inner), places.get(key, 1))
            yield from _nested(inner, places)


def _json_tokens(text: str) -> Iterator[re.Match[str]]:
    return _tokens(_JSON_TOKEN, text)


def _toml_tokens(text: str) -> Iterator[str]:
    return (token[0] for token in _tokens(_TOML_TOKEN, text))


def _tokens(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Raises Unreadable for a string that does not end: the search for its end must not be repeated for each quote."""
    for token in pattern.finditer(text):
        if token[0] in _UNCLOSED_STRINGS:
            raise Unreadable(text.count("\n", 0, token.start()) + 1, "a string does not end")
        yield token


def _expect_shallow(tokens: Iterator[str]) -> None:
    """Nesting, and keys of many parts, cost the readers more than their length."""
    depth = dots = 0
    for token in tokens:
        depth += _NESTING.get(token, 0)
        if token == ".":  # noqa: S105  (no secret)
            dots += 1
        elif token[0] not in "\"'":
            dots = 0
        if depth > MAX_DEPTH or dots > MAX_DEPTH:
            raise Unreadable(1, f"it is nested more than {MAX_DEPTH} deep", of_size=True)


def _expect_text(value: object) -> None:
    """JSON can name half of a character, which no text holds."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Unreadable(1, "it holds half a character (a lone surrogate)") from None
    elif isinstance(value, list | tuple):
        for item in value:
            _expect_text(item)


YAML, TOML, JSON, FENCED_JSON = YamlDialect(), TomlDialect(), JsonDialect(), FencedJsonDialect()
DIALECTS: tuple[Dialect, ...] = (YAML, TOML, FENCED_JSON, JSON)
"""A text begins with a block of one of them at most."""
