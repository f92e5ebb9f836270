"""The content stage of one folder: :class:`FolderContent` implements ``core.ports.Content``."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from picora_sync.content.audio import derive_audio
from picora_sync.content.lookups import any_stale
from picora_sync.content.materials import BOM, CEILING_BYTES, Surroundings
from picora_sync.content.note import HEAD_BYTES, derive_note, document_limit, is_private, too_large
from picora_sync.content.vault import Vault, version_of
from picora_sync.core.ignore import IgnoreRules
from picora_sync.core.model import Dependency, Kind, PlanLimits, Problem, kind_of
from picora_sync.core.policy import Folder
from picora_sync.core.ports import Derived, Reader
from picora_sync.errors import FileChanged, FileUnreadable

_COMMENT_MARK = b"%%"


class FolderContent:
    """Makes the sent form of the files of one folder.

    ``limits`` gives the account's limits at the time of asking. ``mirrored`` tells of a path of the folder whether that
    note is itself mirrored; ``ignored`` whether a rule leaves an image out, by default the folder's own patterns.
    """

    def __init__(
        self,
        folder: Folder,
        reader: Reader,
        limits: Callable[[], PlanLimits],
        mirrored: Callable[[str], bool],
        ignored: Callable[[str], bool] | None = None,
    ) -> None:
        self._folder = folder
        self._reader = reader
        self._limits = limits
        self._vault = Vault(folder)
        rules = IgnoreRules.of(folder.ignore)
        by_rules = ignored or (lambda path: rules.why_ignored(path) is not None)
        self._around = Surroundings(folder, self._vault, reader, mirrored, by_rules)

    @property
    def vault(self) -> str:
        """The absolute root of name resolution: images below it may be sent, even from outside of the folder."""
        return self._vault.root

    def derive(self, path: str) -> Derived | Problem:
        """What this file wants to be on Picora, or why it never can. Raises FileChanged, FileUnreadable."""
        match kind_of(path):
            case Kind.DOC:
                return self._note(path)
            case Kind.AUDIO:
                return derive_audio(path, self._folder, self._reader, self._limits())
            case None:
                return Problem("UNKNOWN_KIND", "the file is neither a note nor audio", "rename it to mirror it")

    def wants_private(self, path: str) -> bool:
        """Whether this note says of itself that it is private; False if it cannot be read."""
        if kind_of(path) is not Kind.DOC:
            return False
        try:
            head = self._reader.head(f"{self._folder.root}/{path}", HEAD_BYTES)
        except (FileUnreadable, FileChanged):
            return False
        return is_private(head, self._folder)

    def holds_comment(self, path: str) -> bool:
        """Whether the note holds the mark of a comment, and is not sent as it is; True if it cannot be read."""
        if not self._folder.obsidian:
            return False
        try:
            data, _ = self._reader.read(f"{self._folder.root}/{path}", CEILING_BYTES)
        except (FileUnreadable, FileChanged):
            return True
        return _COMMENT_MARK in data or _COMMENT_MARK.decode() in path

    def stale(self, path: str, depends: Sequence[Dependency]) -> bool:
        """Whether a look-up of this note would lead elsewhere now; an unreadable vault is no reason to think so."""
        try:
            left_out = any(self._is_left_out(dependency) for dependency in depends)
            return kind_of(path) is Kind.DOC and (left_out or any_stale(self._vault, depends))
        except FileUnreadable:
            return False

    def _is_left_out(self, dependency: Dependency) -> bool:
        """Whether what was read for a note is ignored by now."""
        target, version = dependency.target, dependency.version
        if target is None or version is None or version[0] < 0:
            return False
        inside = os.path.relpath(target, self._folder.root)
        return not inside.startswith("../") and self._around.ignored(inside)

    def refresh(self) -> None:
        """Forget the vault's names."""
        self._vault.refresh()

    def _note(self, path: str) -> Derived | Problem:
        limits = self._limits()
        absolute = f"{self._folder.root}/{path}"
        limit_bytes = document_limit(limits)
        try:
            data, fingerprint = self._reader.read(absolute, limit_bytes + len(BOM.encode()))
        except FileUnreadable as error:
            if error.problem_code != "FILE_TOO_LARGE":
                raise
            size_bytes, _ = version_of(absolute) or (limit_bytes + 1, 0)
            return too_large(size_bytes, limit_bytes)
        return derive_note(path, data, fingerprint, self._around, limits)
