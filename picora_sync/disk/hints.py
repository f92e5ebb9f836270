"""What a watcher says: hints that a path may have changed, in the folder's own names (design §3)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Protocol

from picora_sync.core.ignore import IGNORE_FILE
from picora_sync.core.model import ASSET_SUFFIXES, AUDIO_SUFFIXES, DOC_SUFFIXES, FileRef, suffix_of
from picora_sync.core.ports import Changes
from picora_sync.disk.reading import is_inside

_SUFFIXES = DOC_SUFFIXES | AUDIO_SUFFIXES | ASSET_SUFFIXES


OnMoved = Callable[[FileRef, FileRef], None]
"""Is told that a file or a directory which had the first name has the second one now, from any thread."""


def unheard(old: FileRef, new: FileRef) -> None:
    """Nobody wants to know."""


class WhyIgnored(Protocol):
    """The rules of the folder (:meth:`picora_sync.disk.folder.FolderDisk.why_ignored`)."""

    def __call__(self, path: str, *, is_dir: bool = False) -> str | None:
        """Why a path is left out, None if it is not."""


class Hints:
    """Turns what was seen below one root into calls of :class:`picora_sync.core.ports.Changes`.

    ``aliases`` are symbolic links that are followed: what happens to a target is a hint for its link as well.
    """

    def __init__(
        self, folder: str, real_root: str, why_ignored: WhyIgnored, changes: Changes, on_moved: OnMoved = unheard
    ) -> None:
        self._folder = folder
        self._real_root = real_root
        self._why_ignored = why_ignored
        self._changes = changes
        self._on_moved = on_moved
        self._aliases: set[tuple[str, str]] = set()

    def file(self, path: str) -> None:
        """Something happened to a file, or to what may be one."""
        if path.rpartition("/")[2] == IGNORE_FILE or suffix_of(path) in _SUFFIXES:
            for ref in self._refs(path):
                self._changes.touch(ref)

    def written(self, path: str) -> None:
        """A program writes to a file, which it has still open."""
        if suffix_of(path) in AUDIO_SUFFIXES:
            for ref in self._refs(path):
                self._changes.written(ref)

    def closed(self, path: str) -> None:
        """A program that could write to a file closed it, or another file is at this path now, or none."""
        if suffix_of(path) in AUDIO_SUFFIXES:
            for ref in self._refs(path):
                self._changes.closed(ref)

    def moved(self, old: str, new: str) -> None:
        """A file or a directory was given another name."""
        self._on_moved(FileRef(self._folder, old), FileRef(self._folder, new))

    def lost(self, why: str) -> None:
        """Something happened that names no files: the folder must be looked through."""
        self._changes.rescan(self._folder, why)

    def missed(self, why: str) -> None:
        """Events did not arrive, those of closed files perhaps among them: the folder must be looked through."""
        self._changes.forget_written(self._folder)
        self.lost(why)

    def skips(self, directory: str) -> bool:
        """Whether a directory is ignored, so that nothing in it is of interest."""
        return self._why_ignored(directory, is_dir=True) is not None

    def link(self, path: str) -> None:
        """There is a link at this path that is followed."""
        target = os.path.realpath(f"{self._real_root}/{path}")
        if is_inside(target, self._real_root) and target != self._real_root:
            self._aliases.add((target[len(self._real_root.rstrip("/")) + 1 :], path))

    def _refs(self, path: str) -> Iterator[FileRef]:
        """The names of a file: its own, and those through links that are followed."""
        yield FileRef(self._folder, path)
        for target, link in self._aliases:
            if is_inside(path, target):
                yield FileRef(self._folder, link + path[len(target) :])

    def relative(self, full_path: str) -> str | None:
        """The path below the root, "" for the root, None for what lies outside."""
        if not is_inside(full_path, self._real_root):
            return None
        return full_path[len(self._real_root.rstrip("/")) + 1 :]
