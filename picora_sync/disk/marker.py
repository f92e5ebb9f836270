"""The file that names a root, `.picora-sync/folder`: never read or written through a link (decision 0217)."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator

from picora_sync.core.model import Problem
from picora_sync.disk.faults import GONE, printable, problem_of, type_name

DIRECTORY = ".picora-sync"
MARKER = f"{DIRECTORY}/folder"

_NAME = "folder"
_LIMIT_BYTES = 4096
_OPEN = os.O_CLOEXEC | os.O_NOFOLLOW
# O_NONBLOCK: opening a named pipe must not wait for a writer.
_READ = _OPEN | os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY
_ELSEWHERE = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENXIO})
"""What opening says of a link, a pipe, or anything else of another type."""


def read_id(root: str) -> str | Problem | None:
    """The id in the marker; None if there is none. A Problem if it cannot be read, or is not where it should be."""
    try:
        with _directory(root) as directory:
            fd = os.open(_NAME, _READ, dir_fd=directory)
            try:
                data = os.read(fd, _LIMIT_BYTES) if stat.S_ISREG(os.fstat(fd).st_mode) else None
            finally:
                os.close(fd)
    except OSError as error:
        misplaced = _misplaced(root) if error.errno in _ELSEWHERE else None
        return misplaced or (None if error.errno in GONE else problem_of(error, f"{root}/{MARKER}"))
    if data is None:
        return _misplaced(root)
    return data.decode("utf-8", "replace").split("\n")[0].strip() or None


def write_id(root: str, new_id: str, note: str) -> Problem | None:
    """Make the marker, whole or not at all. Raises OSError; a Problem if something else is in its place."""
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(f"{root}/{DIRECTORY}")  # noqa: PTH102  # names that are no UTF-8 must survive
        with _directory(root) as directory:
            _replace(directory, f"{_NAME}.{new_id}.tmp", f"{new_id}\n{note}".encode())
    except OSError as error:
        misplaced = _misplaced(root) if error.errno in _ELSEWHERE else None
        if misplaced is None:
            raise
        return misplaced
    return None


def is_in_place(root: str) -> bool:
    """Whether the marker's directory is one, and no link to one."""
    try:
        return stat.S_ISDIR(os.lstat(f"{root}/{DIRECTORY}").st_mode)
    except OSError:
        return False


@contextlib.contextmanager
def _directory(root: str) -> Iterator[int]:
    fd = os.open(f"{root}/{DIRECTORY}", _OPEN | os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield fd
    finally:
        os.close(fd)


def _replace(directory: int, temporary: str, content: bytes) -> None:
    fd = os.open(temporary, _OPEN | os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=directory)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(fd)
        os.rename(temporary, _NAME, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=directory)
        raise


def _misplaced(root: str) -> Problem | None:
    """What stands where our directory or our file should be, if it is anything else."""
    for path, is_ours, kind in (
        (f"{root}/{DIRECTORY}", stat.S_ISDIR, "directory"),
        (f"{root}/{MARKER}", stat.S_ISREG, "regular file"),
    ):
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            return None
        if not is_ours(mode):
            return Problem(
                "ROOT_MARK_MISPLACED",
                f"{printable(path)} is {type_name(mode) or 'a file'}, no {kind}",
                "picora-sync keeps its mark there and writes through no link: move it away.",
            )
    return None
