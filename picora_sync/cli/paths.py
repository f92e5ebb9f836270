"""What a PATH or FOLDER on the command line means."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from picora_sync.cli.failures import USAGE, CommandFailed
from picora_sync.core.policy import Folder
from picora_sync.index.listing import Subtree
from picora_sync.workers import in_time

Roots = Sequence[tuple[str, str]]
"""Names of folders, and where they are."""


def roots_of(folders: Iterable[Folder]) -> Roots:
    """Those of configured folders."""
    return [(folder.name, folder.root) for folder in folders]


def absolute(argument: str, cwd: str) -> str:
    """Where a path leads from the working directory; ``~`` is mostly the shell's, but not behind an ``=``."""
    return os.path.normpath(os.path.join(cwd, os.path.expanduser(argument)))  # noqa: PTH111, PTH118  # bytes that are no UTF-8 must survive


def on_disk(argument: str, roots: Roots, cwd: str) -> Iterator[Subtree]:
    """The places of folders at which a path on disk is."""
    path = absolute(argument, cwd)
    for name, configured in roots:
        for seen in {path: None, _real(path): None, os.path.realpath(path): None}:
            for root in {configured: None, in_time(configured, os.path.realpath, configured): None}:
                if seen == root:
                    yield Subtree(name, "")
                elif seen.startswith(f"{root.rstrip('/')}/"):
                    yield Subtree(name, seen[len(root.rstrip("/")) + 1 :])


def places(argument: str, roots: Roots, cwd: str) -> Iterator[Subtree]:
    """What the argument may mean, the likeliest first: a path on disk, FOLDER or FOLDER/PATH, a path in any folder."""
    yield from on_disk(argument, roots, cwd)
    name, _, rest = argument.partition("/")
    for folder, _ in roots:
        if folder == name:
            yield Subtree(folder, rest.strip("/"))
    if not argument.startswith(("/", "..", "~")):
        for folder, _ in roots:
            yield Subtree(folder, os.path.normpath(argument))


def choose(argument: str, roots: Roots, knows: Callable[[Subtree], bool], cwd: str) -> Subtree | None:
    """The first meaning of which anything is known; None if there is none."""
    return next(filter(knows, places(argument, roots, cwd)), None)


def folder_of(argument: str, roots: Roots, cwd: str) -> str:
    """The name of the folder that is meant by its name, or by the path of its root; another argument as it is.

    Raises CommandFailed for a path inside of a folder.
    """
    if any(name == argument for name, _ in roots):
        return argument
    found = list(on_disk(argument, roots, cwd))
    whole = next((place.folder for place in found if not place.path), None)
    if whole is not None:
        return whole
    if found and ("/" in argument or os.path.exists(absolute(argument, cwd))):  # noqa: PTH110  # as above
        raise CommandFailed(
            f"{argument} is inside the folder {found[0].folder}",
            hint=f"this command is about whole folders: name {found[0].folder}",
            exit_code=USAGE,
        )
    return argument


def _real(path: str) -> str:
    """The path with links above its last component followed: the file itself may be a link, or be gone."""
    parent, name = os.path.split(path)
    return os.path.join(os.path.realpath(parent), name)  # noqa: PTH118  # as above
