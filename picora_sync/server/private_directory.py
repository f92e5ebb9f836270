"""The data directory is its owner's alone: private notes, the key and every upload are in it.

It is closed as the state directory of the client is (decision 0100), and refused where that cannot be, or where it
is not ours to close: a directory of somebody else, or one that others use for something else.
"""

from __future__ import annotations

import logging
import os
import stat
from contextlib import suppress
from pathlib import Path

from picora_sync.server.errors import ServerError

_LOG = logging.getLogger(__name__)
_OTHERS = 0o077
# What a server leaves in a directory: one of them says that the directory is a library, and closing it hurts nobody.
_OURS = frozenset({"lock", "key", "picora.db", "blobs", "incoming"})
UMASK = 0o077
"""What a process that serves should set: its files are for it alone, whatever it was started with."""


def keep_private(data: Path) -> None:
    """Make the directory if it is missing; nobody else may look into it, or into the files at its top.

    Raises:
        ServerError: others own it or something in it, or can read it, and that cannot be changed.
        OSError: it cannot be made or read.
    """
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.name != "posix":
        return
    found = data.stat()
    if found.st_uid != os.geteuid():
        raise _refusal(data, "it belongs to another user")
    open_to = stat.S_IMODE(found.st_mode)
    with os.scandir(data) as entries:
        inside = {entry.name: entry.stat(follow_symlinks=False) for entry in entries}
    # root reads everything anyway, and makes lost+found.
    if strangers := sorted(name for name, entry in inside.items() if entry.st_uid not in (os.geteuid(), 0)):
        raise _refusal(data, f"{strangers[0]} in it belongs to another user")
    if open_to & _OTHERS:
        if inside and not _OURS & inside.keys():
            raise _refusal(data, f"others can read it (mode {open_to:04o}), and it holds other things")
        _close(data, 0o700)
        _LOG.warning("%s was accessible to other users (mode %04o); changed to 0700", data, open_to)
    for name, entry in inside.items():
        if stat.S_ISLNK(entry.st_mode) and name not in _OURS:
            continue  # what it leads to is not ours to close
        with suppress(FileNotFoundError):  # a link that leads nowhere, or another process of ours removed it
            mode = stat.S_IMODE((data / name).stat().st_mode)
            if mode & _OTHERS:
                _close(data / name, mode & ~_OTHERS)


def open_own(path: Path, flags: int) -> int:
    """A descriptor of a file that we made in it, or make now: never of what a symbolic link leads to.

    Raises:
        ServerError: it is a symbolic link.
        OSError: as ``os.open``.
    """
    try:
        return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if path.is_symlink():
            raise ServerError(f"{path} is a symbolic link", hint="Remove it: the server makes its own file.") from error
        raise


def _close(path: Path, mode: int) -> None:
    try:
        path.chmod(mode)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _refusal(path, f"others can read it, and that cannot be changed: {error.strerror or error}") from error
    if stat.S_IMODE(path.stat().st_mode) & _OTHERS:
        raise _refusal(path, "others can read it, and its file system keeps no permissions")


def _refusal(path: Path, reason: str) -> ServerError:
    return ServerError(
        f"{path} cannot hold the library: {reason}",
        hint="Choose a directory of your own with --data, on a disk that keeps permissions.",
    )
