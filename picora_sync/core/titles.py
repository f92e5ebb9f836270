"""Titles and file names as they are sent (design §4 "Titles"; contract §6, §8)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

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
_VARIABLE = re.compile(r"\{(title|filename|path|folder)\}")


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


def title_for(kind: Kind, path: str, rule: TitleRule, *candidates: str) -> str:
    """The title of a file: template, else the first of ``candidates`` that says something, else the file name.

    For a note the candidates are its frontmatter title and its first H1, for audio its embedded title.
    The template knows ``{title}`` (what would be the title without it), ``{filename}`` (without extension),
    ``{path}`` (relative, without extension) and ``{folder}`` (the configured name). Never empty.
    """
    limit = TITLE_LIMITS[kind]
    stem = stem_of(path)
    own = () if rule.title_from is TitleFrom.FILENAME else candidates
    title = next((cleaned for text in (*own, stem) if (cleaned := _cut(text, limit))), _UNTITLED)
    if not rule.template:
        return title
    values = {"title": title, "filename": stem, "path": _without_suffix(path), "folder": rule.folder}
    return _cut(_VARIABLE.sub(lambda match: values[match[1]], rule.template), limit) or title


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
