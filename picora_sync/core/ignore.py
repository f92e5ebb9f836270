"""Which paths of a folder are left out (design §5): built-in rules, the folder's own list, `.picoraignore` files.

The three layers only ever add to each other: a negated pattern takes back what its own layer left out, and a
`.picoraignore` deeper down may take back what one above it said, as with gitignore. Nothing takes back a built-in
rule or the configuration.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pathspec import GitIgnoreSpec

IGNORE_FILE = ".picoraignore"

_TEMPORARY_PREFIXES = ("~$", "~syncthing~")
_TEMPORARY_SUFFIXES = ("~", ".tmp", ".part", ".crdownload", ".swp")
_DRAWING_SUFFIX = ".excalidraw.md"


class BadPattern(ValueError):
    """A line that is no gitignore pattern; the message names the line and where it stands."""


class PatternList:
    """Gitignore lines that hold below ``directory`` ("" is the root). Raises :class:`BadPattern`.

    Patterns and paths are compared in NFC, because some file systems give names back decomposed.
    """

    def __init__(self, lines: Iterable[str], *, directory: str, source: str) -> None:
        self.source = source
        self._prefix = f"{directory}/" if directory else ""
        self._lines = list(lines)
        for number, line in enumerate(self._lines, start=1):
            reason = pattern_fault(line)
            if reason:
                raise BadPattern(f"line {number} of {source} is no ignore pattern: {line!r} ({reason})")
        # One backend everywhere: what is left out must not depend on which accelerators happen to be installed.
        self._spec = GitIgnoreSpec.from_lines([_nfc(line) for line in self._lines], backend="simple")
        self._negates = any(line.startswith("!") for line in self._lines)

    def verdict(self, path: str, *, is_dir: bool) -> str | None:
        """The pattern that leaves this entry out, "" if one takes it back, None if none says anything."""
        if not path.startswith(self._prefix):
            return None
        result = self._spec.check_file(path[len(self._prefix) :] + ("/" if is_dir else ""))
        if result.include is None or result.index is None:
            return None
        pattern = self._lines[result.index].strip()
        if is_dir and self._negates and pattern.endswith("/**"):
            return None  # it leaves out what is inside, and a negated pattern may take some of that back: go in
        return pattern if result.include else ""


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """All rules that hold in one place. ``within`` gives those of a subdirectory with a file of its own.

    ``own`` are paths below the root that belong to picora-sync itself (state and data directories).
    """

    own: frozenset[str] = frozenset()
    configured: PatternList | None = None
    files: tuple[PatternList, ...] = ()

    @classmethod
    def of(cls, patterns: Sequence[str] = (), *, own: Iterable[str] = ()) -> IgnoreRules:
        """The rules of a folder: its configured patterns, and its own paths. Raises :class:`BadPattern`."""
        source = "the folder's ignore list"
        configured = PatternList(patterns, directory="", source=source) if patterns else None
        return cls(frozenset(own), configured)

    def within(self, patterns: PatternList) -> IgnoreRules:
        """These rules and one more `.picoraignore`, which has the last word among its kind."""
        return replace(self, files=(*self.files, patterns))

    def why_ignored(self, path: str, *, is_dir: bool = False) -> str | None:
        """Why this path is left out, be it for itself or for a directory above it; None if it is not."""
        for parent in parents_of(path):
            reason = self.why_entry_ignored(parent, is_dir=True)
            if reason is not None:
                return reason
        return self.why_entry_ignored(path, is_dir=is_dir)

    def why_entry_ignored(self, path: str, *, is_dir: bool) -> str | None:
        """The same for a caller that has already asked about the directories above ``path``."""
        reason = _built_in(path.rpartition("/")[2], is_dir=is_dir)
        if reason is not None:
            return reason
        if path in self.own:
            return "picora-sync keeps its own data there"
        if self.configured is None and not self.files:
            return None
        return self._pattern_reason(_nfc(path), is_dir=is_dir)

    def _pattern_reason(self, path: str, *, is_dir: bool) -> str | None:
        if self.configured is not None:
            pattern = self.configured.verdict(path, is_dir=is_dir)
            if pattern:
                return f"pattern {pattern!r} of {self.configured.source}"
        for patterns in reversed(self.files):
            pattern = patterns.verdict(path, is_dir=is_dir)
            if pattern is not None:
                return f"pattern {pattern!r} of {patterns.source}" if pattern else None
        return None


def parents_of(path: str) -> Iterator[str]:
    """The directories above a relative path, outermost first: ``"a/b/c"`` → ``"a"``, ``"a/b"``."""
    end = path.find("/")
    while end != -1:
        yield path[:end]
        end = path.find("/", end + 1)


def pattern_fault(line: str) -> str | None:
    """Why a line cannot be used as a gitignore pattern, None if it can."""
    try:
        GitIgnoreSpec.from_lines([line], backend="simple")
    except (ValueError, re.error) as error:
        return str(error)
    return None


def _built_in(name: str, *, is_dir: bool) -> str | None:
    if name.startswith("."):
        return "hidden: its name starts with a dot"
    if is_dir:
        return None
    lowered = name.lower()
    if lowered.endswith(_TEMPORARY_SUFFIXES) or name.startswith(_TEMPORARY_PREFIXES):
        return "a temporary file of an editor, a download or another sync program"
    return "an Excalidraw drawing" if lowered.endswith(_DRAWING_SUFFIX) else None


def _nfc(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)
