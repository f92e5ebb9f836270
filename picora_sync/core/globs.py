"""One gitignore pattern as a matcher whose time grows with pattern times path, never faster (decision 0216).

A star that is followed by something is matched lazily in an atomic group: the leftmost place is as good as any later
one, because all that follows is no longer than before. The same holds for ``**`` between directories. So nothing is
ever tried twice, where a plain regular expression with ten stars takes minutes for one name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_ANY = "[^/]"
_STAR = "*"
_SLASH = "/"
_DIRECTORIES = r"(?:[^/]*+/)*?"
_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\s",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_CLASS = re.compile(r"\[:([a-z]+):\]")
_LITERAL = re.compile(r"[^\\*?\[/]+/?")


class _MatchesNothing(Exception):
    """Git drops such a pattern: an unclosed bracket, an empty part."""


@dataclass(frozen=True, slots=True)
class Glob:
    """What a line of gitignore leaves out, or takes back if ``negated``.

    ``name`` is set if it is nothing but the name of an entry, at whatever depth. Else ``regex`` is matched with the
    whole path, or with its last part if ``by_name``. ``inside`` matches the directory of a pattern that ends in /**.
    """

    negated: bool
    only_directories: bool
    by_name: bool
    name: str | None = None
    regex: re.Pattern[str] | None = None
    inside: re.Pattern[str] | None = None

    def matches(self, path: str, *, is_dir: bool) -> bool:
        """Whether this very entry is meant; what lies below a directory that is left out is for the caller to know."""
        if self.only_directories and not is_dir:
            return False
        text = path.rpartition("/")[2] if self.by_name else path
        return text == self.name if self.regex is None else self.regex.match(text) is not None

    def fills(self, directory: str) -> bool:
        """Whether everything inside this directory is meant."""
        return self.inside is not None and self.inside.match(directory) is not None


def glob_of(line: str) -> Glob | None:
    """The pattern of a line; None for a comment, a blank line, and what git takes for no pattern.

    Raises ValueError for a range that runs backwards, in which git finds nothing.
    """
    text = line if line.endswith("\\ ") else line.rstrip()
    if not text or text.startswith("#"):
        return None
    negated = text.startswith("!")
    text = text[negated:]
    only_directories = text.endswith("/")
    body = text[: len(text) - only_directories]
    by_name = "/" not in body
    if by_name and _LITERAL.fullmatch(body):
        return Glob(negated, only_directories, by_name, name=body)
    try:
        parts = list(_split(list(_tokens(body.removeprefix("/"))), _SLASH))
        regex = re.compile(_name_regex(parts[0]) + r"\Z" if by_name else _path_regex(parts))
        inside = re.compile(_path_regex(parts[:-1])) if not by_name and _is_deep(parts[-1]) and parts[:-1] else None
    except _MatchesNothing:
        return None
    return Glob(negated, only_directories, by_name, regex=regex, inside=inside)


def _path_regex(parts: Sequence[Sequence[str]]) -> str:
    """The expression for a path: the groups of parts between ``**``, each at the first place where it fits."""
    groups: list[list[str]] = [[]]
    for part in parts:
        if not _is_deep(part):
            groups[-1].append(_name_regex(part))
        elif groups[-1] or len(groups) == 1:
            groups.append([])
    if len(groups) == 1:
        return "/".join(groups[0]) + r"\Z"
    first, *middle, last = groups
    expression = "".join(f"{part}/" for part in first)
    for group in middle:
        expression += "(?>" + _DIRECTORIES + "".join(f"{part}/" for part in group) + ")"
    return expression + (_DIRECTORIES + "/".join(last) + r"\Z" if last else _ANY)


def _name_regex(part: Sequence[str]) -> str:
    """The expression for one part of a path: what is between its stars, each at the first place where it fits."""
    if not part:
        raise _MatchesNothing
    first, *chunks = ("".join(chunk) for chunk in _split(part, _STAR))
    if not chunks:
        return first
    *middle, last = chunks
    found = "".join(_leftmost(chunk) for chunk in middle if chunk)
    return f"{first}{found}{_ANY}*{last}" if last else f"{first}{found}{_ANY}*+"


def _leftmost(chunk: str) -> str:
    return f"[^/{chunk}]*+{chunk}" if chunk.isalnum() and len(chunk) == 1 else f"(?>{_ANY}*?{chunk})"


def _is_deep(part: Sequence[str]) -> bool:
    return len(part) > 1 and all(token == _STAR for token in part)


def _split(tokens: Sequence[str], separator: str) -> Iterator[list[str]]:
    chunk: list[str] = []
    for token in tokens:
        if token == separator:
            yield chunk
            chunk = []
        else:
            chunk.append(token)
    yield chunk


def _tokens(text: str) -> Iterator[str]:
    """A star, a slash, or the expression for exactly one character."""
    position = 0
    while position < len(text):
        character = text[position]
        position += 1
        if character == "\\":
            if position == len(text):
                raise _MatchesNothing
            character = text[position]
            position += 1
            yield _SLASH if character == _SLASH else re.escape(character)
        elif character in (_STAR, _SLASH):
            yield character
        elif character == "?":
            yield _ANY
        elif character == "[":
            expression, position = _bracket(text, position)
            yield expression
        else:
            yield re.escape(character)


def _bracket(text: str, position: int) -> tuple[str, int]:
    """The expression for what follows a ``[``, and where it ends."""
    negated = text[position : position + 1] in ("!", "^")
    position += negated
    items: list[str] = []
    first = True
    while first or text[position : position + 1] != "]":
        first = False
        name = _CLASS.match(text, position)
        if name is not None:
            if name[1] not in _POSIX:
                raise _MatchesNothing
            items.append(_POSIX[name[1]])
            position = name.end()
            continue
        low, position = _member(text, position)
        if text[position : position + 1] == "-" and text[position + 1 : position + 2] not in ("", "]"):
            high, position = _member(text, position + 1)
            if low > high:
                raise ValueError(f"bad character range {low}-{high}")
            items.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            items.append(re.escape(low))
    members = "".join(items)
    if negated:
        return f"[^/{members}]", position + 1
    return f"(?!/)[{members}]", position + 1


def _member(text: str, position: int) -> tuple[str, int]:
    character = text[position : position + 1]
    if character == "\\":
        position += 1
        character = text[position : position + 1]
    if not character:
        raise _MatchesNothing
    return character, position + 1
