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

from picora_sync.core.globs import Glob, glob_of

IGNORE_FILE = ".picoraignore"

MAX_PATTERN_CHARS = 1_024
MAX_LINES = 10_000
MAX_WILDCARDS = 1_000
MAX_WILDCARD_CHARS = 32_768
"""Each file is compared with each pattern that is more than a name: what that costs must have an end."""

_TEMPORARY_PREFIXES = ("~$", "~syncthing~")
_TEMPORARY_SUFFIXES = ("~", ".tmp", ".part", ".crdownload", ".swp")
_DRAWING_SUFFIX = ".excalidraw.md"
_SPECIAL = re.compile(r"[\\*?\[!]|/(?!\s*\Z)")
"""What makes a pattern more than the name of a file or directory."""
_SHOWN_CHARS = 80


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
        reason = list_fault(self._lines)
        if reason:
            raise BadPattern(f"{source} is too much: {reason}")
        for number, line in enumerate(self._lines, start=1):
            reason = pattern_fault(line)
            if reason:
                raise BadPattern(f"line {number} of {source} is no ignore pattern: {_shown(line)} ({reason})")
        self._negates = any(line.startswith("!") for line in self._lines)
        self._globs: list[Glob] = []
        self._numbers: list[int] = []
        self._named: dict[str, list[int]] = {}
        self._wild: list[int] = []
        for number, line in enumerate(self._lines):
            glob = glob_of(_nfc(line))
            if glob is not None:
                at = self._named.setdefault(glob.name, []) if glob.name is not None else self._wild
                at.append(len(self._globs))
                self._globs.append(glob)
                self._numbers.append(number)

    def verdict(self, path: str, *, is_dir: bool) -> str | None:
        """What leaves this entry out, with its line; "" if a pattern takes it back, None if none says anything."""
        if not path.startswith(self._prefix):
            return None
        last = self._last_match(path[len(self._prefix) :], is_dir=is_dir)
        if last is None:
            return None
        pattern = self._lines[self._numbers[last]].strip()
        if is_dir and self._negates and pattern.endswith("/**"):
            return None  # it leaves out what is inside, and a negated pattern may take some of that back: go in
        if self._globs[last].negated:
            return ""
        return f"pattern {pattern!r} in line {self._numbers[last] + 1} of {self.source}"

    def _last_match(self, path: str, *, is_dir: bool) -> int | None:
        """The last pattern that means this entry: the others have no say."""
        named = reversed(self._named.get(path.rpartition("/")[2], ()))
        best = next((at for at in named if self._globs[at].matches(path, is_dir=is_dir)), None)
        for at in reversed(self._wild):
            if best is not None and at < best:
                break
            glob = self._globs[at]
            if glob.matches(path, is_dir=is_dir) or (is_dir and glob.fills(path)):
                return at
        return best


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
            reason = self.configured.verdict(path, is_dir=is_dir)
            if reason:
                return reason
        for patterns in reversed(self.files):
            reason = patterns.verdict(path, is_dir=is_dir)
            if reason is not None:
                return reason or None
        return None


def parents_of(path: str) -> Iterator[str]:
    """The directories above a relative path, outermost first: ``"a/b/c"`` → ``"a"``, ``"a/b"``."""
    end = path.find("/")
    while end != -1:
        yield path[:end]
        end = path.find("/", end + 1)


def pattern_fault(line: str) -> str | None:
    """Why a line cannot be used as a gitignore pattern, None if it can."""
    if line.startswith("#"):
        return None
    if len(line) > MAX_PATTERN_CHARS:
        return f"it has {len(line):,} characters; {MAX_PATTERN_CHARS:,} are allowed"
    if not _SPECIAL.search(line):
        return None
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern  # noqa: PLC0415  # few lines need it

    try:
        GitIgnoreSpecPattern.pattern_to_regex(line)
        glob_of(line)
    except ValueError as error:
        return str(error)
    return None


def list_fault(lines: Sequence[str]) -> str | None:
    """Why these patterns are too many to compare each file with, None if they are not."""
    if len(lines) > MAX_LINES:
        return f"it has {len(lines):,} lines; {MAX_LINES:,} are allowed"
    wild = [line for line in lines if _SPECIAL.search(line) and not line.startswith("#")]
    if len(wild) > MAX_WILDCARDS:
        return f"it has {len(wild):,} patterns with wildcards or slashes; {MAX_WILDCARDS:,} are allowed"
    size = sum(map(len, wild))
    if size > MAX_WILDCARD_CHARS:
        return f"its patterns with wildcards or slashes have {size:,} characters; {MAX_WILDCARD_CHARS:,} are allowed"
    return None


def _shown(line: str) -> str:
    return repr(line if len(line) <= _SHOWN_CHARS else f"{line[:_SHOWN_CHARS]}…")


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
