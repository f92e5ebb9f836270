"""What one note looked up, and whether that would still lead to the same (design §4 "Sent form").

A note has one :class:`Dependency` per name. The version of a name that led to the only file of that name is the
file's size and mtime. Where there are several, or one that was refused, it is ``(-count, checksum)`` of all of them:
whatever happens to one of them may change what the name means.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from posixpath import basename, dirname

from picora_sync.content.vault import Vault, normal, version_of
from picora_sync.core.model import Dependency

Version = tuple[int, int]

_CHECKSUM_BYTES = 7  # fits the index's signed 64-bit column
_NOTE_SUFFIXES = (".md", ".markdown")


class Lookups:
    """Resolves names for one note and remembers them, misses included."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._targets: dict[str, str | None] = {}
        self._versions: dict[str, Version] = {}
        self._found: dict[tuple[str, str], str | None] = {}

    def file(self, target: str, from_note: str) -> str | None:
        """The vault path that a name with an extension leads to from a note, None for a miss."""
        key = (target, dirname(from_note))
        if key not in self._found:
            self._found[key] = self._look_up(target, key[1])
        return self._found[key]

    def _look_up(self, target: str, directory: str) -> str | None:
        name = normal(basename(target))
        is_known = _is_name(target) and bool(self._vault.candidates(name))
        found = self._vault.resolve(target, directory) if is_known else None
        if name:
            self._targets[name] = self._targets.get(name) or found
        return found

    def note(self, target: str, from_note: str) -> str | None:
        """The note that a wikilink's target leads to: with its extension, else as ``.md``, else as ``.markdown``."""
        if normal(target).endswith(_NOTE_SUFFIXES):
            return self.file(target, from_note)
        found = (self.file(target + suffix, from_note) for suffix in _NOTE_SUFFIXES)
        return next((path for path in found if path is not None), None)

    def was_read(self, path: str, version: Version) -> None:
        """This vault path was read in this version."""
        self._versions[path] = version

    def dependencies(self) -> tuple[Dependency, ...]:
        """All names that were looked up, in order of name."""
        return tuple(self._dependency(name, target) for name, target in sorted(self._targets.items()))

    def _dependency(self, name: str, target: str | None) -> Dependency:
        candidates = self._vault.candidates(name)
        absolute = None if target is None else self._vault.absolute(target)
        if candidates == [target] and target in self._versions:
            return Dependency(name, absolute, self._versions[target])
        return Dependency(name, absolute, _census(self._vault, candidates, self._versions) if candidates else None)


def is_stale(vault: Vault, dependency: Dependency) -> bool:
    """Whether the name would now lead elsewhere, or to another version."""
    candidates = vault.candidates(dependency.name)
    if dependency.version is None:
        return bool(candidates)
    if dependency.version[0] < 0:
        return _census(vault, candidates, {}) != dependency.version
    target = dependency.target
    return [vault.absolute(path) for path in candidates] != [target] or version_of(target or "") != dependency.version


def any_stale(vault: Vault, depends: Sequence[Dependency]) -> bool:
    """Whether any of the look-ups of a note is stale."""
    return any(is_stale(vault, dependency) for dependency in depends)


def _census(vault: Vault, candidates: Sequence[str], known: dict[str, Version]) -> Version:
    """Files of one name with their versions: those that were ``known`` when they were read, else as they are."""
    digest = hashlib.sha256()
    for path in sorted(candidates):
        digest.update(os.fsencode(path) + b"\0" + repr(known.get(path) or vault.version(path)).encode())
    return -len(candidates), int.from_bytes(digest.digest()[:_CHECKSUM_BYTES], "big")


def _is_name(target: str) -> bool:
    return bool(basename(target)) and "\0" not in target
