"""Name resolution as Obsidian does it: a map of the vault's notes and images, made once and forgotten on request."""

from __future__ import annotations

import errno
import os
import posixpath
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from picora_sync.core.model import ASSET_SUFFIXES, DOC_SUFFIXES, Fingerprint, suffix_of
from picora_sync.core.policy import Folder
from picora_sync.errors import FileUnreadable

_TARGETS = ASSET_SUFFIXES | DOC_SUFFIXES
_LASTING = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ELOOP})
_WAITING = "notes that refer to other files wait until it can be"


def normal(name: str) -> str:
    """How names are compared: NFC and without regard to case."""
    return unicodedata.normalize("NFC", name).casefold()


def vault_root(folder: Folder) -> str:
    """The configured vault if it holds the folder, else the nearest directory with ``.obsidian``, else the folder.

    Where nobody may look there is none: whether the folder itself can be read is for the scan to say.
    """
    if folder.vault:
        return folder.vault if _is_within(folder.root, folder.vault) else folder.root
    above = (folder.root, *map(str, Path(folder.root).parents))
    # Not Path.is_dir, which raises where permission is missing.
    return next((path for path in above if os.path.isdir(f"{path}/.obsidian")), folder.root)  # noqa: PTH112


@dataclass(frozen=True, slots=True)
class _Known:
    """What was found when the vault was looked through, as of ``generation``; versions are asked for one by one."""

    generation: object
    names: Mapping[str, Sequence[str]]
    versions: dict[str, tuple[int, int] | None] = field(default_factory=dict)
    places: dict[str, _Places] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Places:
    """The files of one name: by their whole path, and the shortest path for each of its endings, both normalised."""

    exact: dict[str, list[str]]
    shortest: dict[str, str]

    @classmethod
    def of(cls, candidates: Sequence[str]) -> _Places:
        exact: dict[str, list[str]] = {}
        shortest: dict[str, str] = {}
        for path in sorted(candidates, key=lambda path: (len(path), path)):
            ending = normal(path)
            exact.setdefault(ending, []).append(path)
            while "/" in ending:
                ending = ending.partition("/")[2]
                shortest.setdefault(ending, path)
        return cls(exact, shortest)


_NOWHERE = _Places({}, {})


class Vault:
    """The notes and images below the vault's root, by name. Paths are relative to the root, as the disk spells them.

    Dot-folders are no part of it; symbolic links are only if the folder follows them, and never out of the vault.
    Threads may use it at once, and none waits for another: who finds that nothing is known looks for itself.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._root: str | None = None
        self._follow = folder.follow_symlinks
        self._generation = object()
        self._known: _Known | None = None

    @property
    def root(self) -> str:
        """Found out when it is asked for: whoever makes this must not wait for the disk."""
        if self._root is None:
            self._root = vault_root(self._folder)
        return self._root

    @property
    def _prefix(self) -> str:
        prefix = os.path.relpath(self._folder.root, self.root)
        return "" if prefix == "." else f"{prefix}/"

    def path_of(self, folder_path: str) -> str:
        """The vault path of a file of the folder."""
        return self._prefix + folder_path

    def folder_path_of(self, path: str) -> str | None:
        """The path relative to the folder, None if the file is outside of it."""
        return path.removeprefix(self._prefix) if path.startswith(self._prefix) else None

    def absolute(self, path: str) -> str:
        """The absolute path of a vault path."""
        return f"{self.root}/{path}"

    def refresh(self) -> None:
        """Forget all names; the next question looks again."""
        self._generation = object()

    def candidates(self, name: str) -> Sequence[str]:
        """All files whose normalised name this is. Raises FileUnreadable if the vault cannot be looked through."""
        return self._now().names.get(name, [])

    def version(self, path: str) -> tuple[int, int] | None:
        """Size and mtime of a vault path as of the first question after a refresh; None if it is gone."""
        versions = self._now().versions
        if path not in versions:
            versions[path] = version_of(self.absolute(path))
        return versions[path]

    def resolve(self, target: str, directory: str) -> str | None:
        """The file that ``target`` (with its extension) means in a note of this vault directory, None if there is none.

        Exact vault path, then the note's own directory, then the shortest path; ``./`` and ``../`` are exact only.
        """
        raw = unicodedata.normalize("NFC", target)
        if raw.startswith(("./", "../")):
            exact = [posixpath.normpath(posixpath.join(directory, raw))]
        elif raw.startswith("/"):
            exact = [posixpath.normpath(raw.lstrip("/"))]
        else:
            exact = [posixpath.normpath(raw), posixpath.normpath(posixpath.join(directory, raw))]
        places = self._places(normal(posixpath.basename(exact[0])))
        for wanted in exact:
            hits = places.exact.get(normal(wanted))
            if hits:
                return min(hits, key=lambda path: (unicodedata.normalize("NFC", path) != wanted, path))
        return None if raw.startswith(("./", "../", "/")) else places.shortest.get(normal(exact[0]))

    def _places(self, name: str) -> _Places:
        """All files of one name by what may be written for them, made at the first question after a refresh."""
        known = self._now()
        if name not in known.names:
            return _NOWHERE
        if name not in known.places:
            known.places[name] = _Places.of(known.names[name])
        return known.places[name]

    def _now(self) -> _Known:
        """What is known since the last refresh; one that comes while it is looked up makes that old already."""
        generation, known = self._generation, self._known
        if known is None or known.generation is not generation:
            known = self._known = _Known(generation, self._look_through())
        return known

    def _look_through(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for path in self._walk():
            names.setdefault(normal(path.rpartition("/")[2]), []).append(path)
        return names

    def _walk(self) -> Iterator[str]:
        pending = [""]
        seen: set[str] = set()  # a link may lead back up
        while pending:
            directory = pending.pop()
            for entry in self._entries(directory):
                path = directory + entry.name
                if entry.name.startswith(".") or (entry.is_symlink() and not self._may_follow(entry.path)):
                    continue
                if _answer(entry.is_dir):
                    real = os.path.realpath(entry.path) if self._follow else path
                    if real not in seen:
                        seen.add(real)
                        pending.append(f"{path}/")
                elif suffix_of(entry.name) in _TARGETS and _answer(entry.is_file):
                    yield path

    def _entries(self, directory: str) -> list[os.DirEntry[str]]:
        """One directory. One that may not be read or just vanished holds nothing; any other failure is unknown."""
        try:
            with os.scandir(self.absolute(directory)) as entries:
                return list(entries)
        except OSError as error:
            if directory and error.errno in _LASTING:
                return []
            raise FileUnreadable(
                f"the vault's directory {directory or self.root!r} cannot be read: {error.strerror}",
                hint=_WAITING,
            ) from error

    def _may_follow(self, path: str) -> bool:
        return self._follow and _is_within(os.path.realpath(path), os.path.realpath(self.root))


def _answer(question: Callable[[], bool]) -> bool:
    """What a directory entry says of itself; a link in a circle is nothing at all. Raises FileUnreadable."""
    try:
        return question()
    except OSError as error:
        if error.errno in _LASTING:
            return False
        raise FileUnreadable(f"{error.filename!r} cannot be read: {error.strerror}", hint=_WAITING) from error


def version_of(path: str) -> tuple[int, int] | None:
    """Size and mtime (ns) of an absolute path, None if it cannot be had."""
    try:
        found = Fingerprint.of(Path(path).stat())
    except (OSError, ValueError):
        return None
    return found.size_bytes, found.mtime_ns


def _is_within(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")
