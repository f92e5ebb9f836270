"""The rules that hold in each directory of a folder, read from its `.picoraignore` files as they are now."""

from __future__ import annotations

import os

from picora_sync.core.ignore import IGNORE_FILE, BadPattern, IgnoreRules, PatternList, parents_of
from picora_sync.core.model import Fingerprint, Problem
from picora_sync.disk.faults import GONE, problem_of
from picora_sync.disk.reading import StableReader
from picora_sync.errors import FileChanged, FileUnreadable

_LIMIT_BYTES = 1 << 18
_HINT = "Until it can be used, nothing in that directory is sent or deleted."


class RuleBook:
    """Finds the rules for any place below ``root``. A changed file counts from the next question on.

    A `.picoraignore` that cannot be read or understood is a Problem, never "no rules": what it used to leave out
    must not be published because of it.
    """

    def __init__(self, root: str, base: IgnoreRules) -> None:
        self._root = root
        self._base = base
        self._reader = StableReader()
        self._known: dict[str, tuple[Fingerprint, PatternList | Problem]] = {}

    def at_root(self) -> IgnoreRules | Problem:
        """The rules for the entries of the root itself."""
        return self.below("", self._base)

    def below(self, directory: str, above: IgnoreRules) -> IgnoreRules | Problem:
        """The rules for the entries of a directory, given those for the directory itself."""
        patterns = self._patterns(directory)
        return patterns if isinstance(patterns, Problem) else above.within(patterns) if patterns else above

    def why_ignored(self, path: str, *, is_dir: bool) -> str | Problem | None:
        """Why a path, or a directory above it, is left out; a Problem if that cannot be known."""
        rules = self.at_root()
        for parent in parents_of(path):
            if isinstance(rules, Problem):
                return rules
            reason = rules.why_entry_ignored(parent, is_dir=True)
            if reason is not None:
                return reason
            rules = self.below(parent, rules)
        return rules if isinstance(rules, Problem) else rules.why_entry_ignored(path, is_dir=is_dir)

    def _patterns(self, directory: str) -> PatternList | Problem | None:
        name = f"{directory}/{IGNORE_FILE}" if directory else IGNORE_FILE
        path = f"{self._root}/{name}"
        try:
            fingerprint = Fingerprint.of(os.lstat(path))
        except OSError as error:
            if error.errno in GONE:
                self._known.pop(directory, None)
                return None
            return problem_of(error, name)
        known = self._known.get(directory)
        if known is None or known[0] != fingerprint:
            try:
                data, fingerprint = self._reader.read(path, _LIMIT_BYTES)
            except (FileUnreadable, FileChanged) as error:  # not remembered: the next question may find it readable
                return Problem("IGNORE_FILE_UNREADABLE", error.message, f"{error.hint} {_HINT}".strip())
            known = self._known[directory] = (fingerprint, _parsed(data, directory, name))
        return known[1]


def _parsed(data: bytes, directory: str, name: str) -> PatternList | Problem:
    lines = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape").splitlines()
    try:
        return PatternList(lines, directory=directory, source=name)
    except BadPattern as error:
        return Problem("IGNORE_FILE_INVALID", str(error), f"Correct the line. {_HINT}")
