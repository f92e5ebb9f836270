"""Titles and file names as they are sent (design §4 "Titles"; contract §6, §8)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from picora_sync.core.model import Kind, suffix_of
from picora_sync.core.policy import TitleFrom

TITLE_LIMITS = {Kind.DOC: 200, Kind.AUDIO: 255}
"""The longest title of each kind, in code points (contract §6, §8)."""

FILENAME_LIMIT = 255
"""The longest file name, in code points (contract §8)."""

_UNTITLED = "Untitled"
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_SURROGATES = re.compile("[\ud800-\udfff]")
_UNSAFE_IN_FILENAME = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\ud800-\udfff]")
TITLE_VARIABLES = frozenset(
    {"title", "filename", "stem", "path", "folder", "artist", "album", "track", "season", "episode", "date"}
)
"""What a template may name; :data:`NUMBERS` may be given a width: ``{track:02}``."""
NUMBERS = frozenset({"track", "season", "episode"})
_VARIABLE = re.compile(rf"\{{({'|'.join(sorted(TITLE_VARIABLES))})(?::0([1-9]))?\}}")
_SEPARATORS = "-:|,/·\N{EN DASH}\N{EM DASH}"
"""What separates values, and has nothing to separate where one of them is empty."""
_REPEATED = re.compile(rf"([{re.escape(_SEPARATORS)}])(?:\s*\1)+")
_EMPTY = re.compile(r"\(\s*\)|\[\s*\]")
_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)")
_SEASON_AND_EPISODE = re.compile(r"(?<![^\W_])s(\d{1,3})[ ._-]?e(\d{1,4})(?!\d)", re.IGNORECASE)
_EPISODE = re.compile(r"(?<![^\W_])(?:episode|ep|e|#)[ ._-]?(\d{1,4})(?!\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TitleRule:
    """How a folder wants its titles: where from, and an optional template around them."""

    folder: str
    title_from: TitleFrom = TitleFrom.CONTENT
    template: str = ""


def stem_of(path: str) -> str:
    """The last component of a POSIX path without its extension: ``"a/b.c.md"`` → ``"b.c"``."""
    name = path.rpartition("/")[2]
    suffix = suffix_of(path)
    return name[: -len(suffix)] if suffix else name


def one_line(text: str) -> str:
    """NFC, trimmed, runs of blanks and control characters as one space, lone surrogates as U+FFFD."""
    return _BREAKS.sub(" ", unicodedata.normalize("NFC", _SURROGATES.sub("\ufffd", text))).strip()


def fields_in(stem: str) -> dict[str, str]:
    """What the name of an episode says of it: ``"2026-05-01 S02E03 Rain"`` → date ``"2026-05-01"``, season ``"2"``,
    episode ``"3"``.
    """
    fields = {}
    if match := _DATE.search(stem):
        fields["date"] = f"{match[1]}-{match[3]}-{match[4]}"
    if match := _SEASON_AND_EPISODE.search(stem):
        fields |= {"season": str(int(match[1])), "episode": str(int(match[2]))}
    elif match := _EPISODE.search(stem):
        fields["episode"] = str(int(match[1]))
    return fields


def title_for(
    kind: Kind, path: str, rule: TitleRule, *candidates: str, fields: Mapping[str, str] = MappingProxyType({})
) -> str:
    """The title of a file: template, else the first of ``candidates`` that says something, else the file name.

    For a note the candidates are its frontmatter title and its first H1, for audio its embedded title.
    The template knows ``{title}`` (what would be the title without it), ``{filename}`` or ``{stem}`` (without
    extension), ``{path}`` (relative, without extension), ``{folder}`` (the configured name), and ``fields`` (those of
    :data:`TITLE_VARIABLES` that tags or name tell). What is not known is empty, and so are the separators around it.
    Never empty itself.
    """
    limit = TITLE_LIMITS[kind]
    stem = stem_of(path)
    said = () if rule.title_from is TitleFrom.FILENAME else candidates
    title = next((cleaned for text in (*said, stem) if (cleaned := _cut(text, limit))), _UNTITLED)
    if not rule.template:
        return title
    own = {"title": title, "filename": stem, "stem": stem, "path": _without_suffix(path), "folder": rule.folder}
    values = {**fields, **own}
    filled = one_line(_VARIABLE.sub(lambda match: _padded(values.get(match[1], ""), match[2]), rule.template))
    if any(not values.get(match[1]) for match in _VARIABLE.finditer(rule.template)):
        filled = _REPEATED.sub(r"\1", one_line(_EMPTY.sub("", filled))).strip(_SEPARATORS + " ")
    return _cut(filled, limit) or title


def _padded(value: str, width: str | None) -> str:
    return value.zfill(int(width)) if width and value.isdecimal() else value


def filename_for(path: str) -> str:
    """The file name that is sent: the last component, NFC, free of control characters, separators and surrogates.

    The extension stays (in lower case, as the contract spells it); a name that is too long loses the end of its stem.
    """
    suffix = suffix_of(path)
    stem = unicodedata.normalize("NFC", _UNSAFE_IN_FILENAME.sub("_", stem_of(path))).strip()
    return (stem or "_")[: FILENAME_LIMIT - len(suffix)] + suffix


def _cut(text: str, limit: int) -> str:
    return one_line(text)[:limit].rstrip()


def _without_suffix(path: str) -> str:
    suffix = suffix_of(path)
    return path[: -len(suffix)] if suffix else path
