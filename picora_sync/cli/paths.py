"""Which file, or part of a folder, a PATH on the command line means."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from picora_sync.cli.failures import CommandFailed
from picora_sync.core.model import FileRef
from picora_sync.core.policy import Folder


@dataclass(frozen=True, slots=True)
class Place:
    """A file, or all below a directory, of one folder; ``""`` is its root."""

    folder: str
    path: str

    def holds(self, ref: FileRef) -> bool:
        """Whether the file is this one, or below it."""
        inside = not self.path or ref.path == self.path or ref.path.startswith(f"{self.path}/")
        return ref.folder == self.folder and inside


def places(argument: str, folders: Sequence[Folder], cwd: str) -> Iterator[Place]:
    """What the argument may mean, the likeliest first: a path on disk, FOLDER or FOLDER/PATH, a path in any folder."""
    absolute = os.path.normpath(os.path.join(cwd, argument))  # noqa: PTH118  # bytes that are no UTF-8 must survive
    for folder in folders:
        for path in {absolute: None, _real(absolute): None}:
            for root in {folder.root: None, os.path.realpath(folder.root): None}:
                if path == root:
                    yield Place(folder.name, "")
                elif path.startswith(f"{root.rstrip('/')}/"):
                    yield Place(folder.name, path[len(root.rstrip("/")) + 1 :])
    name, _, rest = argument.partition("/")
    for folder in folders:
        if folder.name == name:
            yield Place(folder.name, rest.strip("/"))
    if not argument.startswith(("/", "..")):
        for folder in folders:
            yield Place(folder.name, os.path.normpath(argument))


def choose(argument: str, folders: Sequence[Folder], known: Iterable[FileRef], cwd: str) -> Place:
    """The first meaning under which a file is known; raises CommandFailed if there is none."""
    refs = list(known)
    for place in places(argument, folders, cwd):
        if any(place.holds(ref) for ref in refs):
            return place
    raise CommandFailed(
        f"nothing is known of {argument}",
        hint="name a file or directory on disk, or FOLDER/PATH as `picora-sync ls` shows it",
    )


def _real(path: str) -> str:
    """The path with links above its last component followed: the file itself may be a link, or be gone."""
    parent, name = os.path.split(path)
    return os.path.join(os.path.realpath(parent), name)  # noqa: PTH118  # as above
