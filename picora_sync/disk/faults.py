"""What the operating system's errors mean to a person: a code, a sentence, and what to do."""

from __future__ import annotations

import errno
import os
import stat

from picora_sync.core.model import Problem
from picora_sync.errors import FileUnreadable

# ENOENT, or a parent that is no directory any more: nothing else makes a file absent (design §6).
GONE = frozenset({errno.ENOENT, errno.ENOTDIR})

_FAULTS: dict[int, tuple[str, str, str]] = {
    errno.EACCES: (
        "PERMISSION_DENIED",
        "may not be read",
        "Give the user that runs picora-sync permission to read it.",
    ),
    errno.EPERM: (
        "PERMISSION_DENIED",
        "may not be read: the system refuses it",
        "On macOS, allow access to this folder under Privacy & Security, Files and Folders.",
    ),
    errno.EIO: ("IO_ERROR", "cannot be read: the disk reports an error", "Check the disk, or the network share."),
    errno.ESTALE: ("IO_ERROR", "cannot be read: its network share went away", "Mount the share again."),
    errno.ETIMEDOUT: ("IO_ERROR", "cannot be read: its disk does not answer", "Check the network share."),
    errno.ENOTCONN: ("IO_ERROR", "cannot be read: its disk is not connected", "Mount it again."),
    errno.ELOOP: (
        "SYMLINK",
        "is a symbolic link, or its links lead in a circle",
        "Put the file itself there, or set follow_symlinks: true.",
    ),
    errno.EISDIR: ("NOT_A_FILE", "is a directory", "Rename it if it should hold notes."),
    errno.ENXIO: ("NOT_A_FILE", "is no regular file", "Move it out of the folder."),
    errno.ENAMETOOLONG: ("NAME_TOO_LONG", "has too long a name", "Shorten its name, or that of a folder above it."),
    errno.EMFILE: ("TOO_MANY_FILES", "cannot be opened: too many files are open", "Raise the limit: ulimit -n 4096."),
    errno.ENFILE: ("TOO_MANY_FILES", "cannot be opened: the system has too many open files", "Close some programs."),
    errno.EAGAIN: ("FILE_LOCKED", "is locked by another program", "Close the program that holds it."),
    errno.EBUSY: ("FILE_LOCKED", "is in use by another program", "Close the program that holds it."),
}

_TYPES = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)


def problem_of(error: OSError, path: str) -> Problem:
    """The error as something to show for this path."""
    code, what, hint = _FAULTS.get(
        error.errno or 0,
        ("FILE_UNREADABLE", f"cannot be read: {error.strerror or error}", "Check the disk it is on."),
    )
    return Problem(code, f"{printable(path)} {what}", hint)


def unreadable(error: OSError, path: str) -> FileUnreadable:
    """The error as the one that a reader raises."""
    problem = problem_of(error, path)
    return FileUnreadable(problem.message, hint=problem.hint, code=problem.code)


def type_name(mode: int) -> str | None:
    """What a thing that is no regular file is, None for a regular file."""
    if stat.S_ISREG(mode):
        return None
    return next((name for matches, name in _TYPES if matches(mode)), "a special file")


def printable(path: str) -> str:
    """The path for a message: surrogate escapes, which no terminal can print, become question marks."""
    return os.fsencode(path).decode("utf-8", "replace")
