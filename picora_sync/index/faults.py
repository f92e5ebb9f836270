"""Which failures are the disk's, and what people are told of them."""

from __future__ import annotations

import errno
import sqlite3

from picora_sync.errors import IndexUnwritable

_CODES = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY})
_PRIMARY = 0xFF  # an extended result code carries its primary one in its low byte
_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS})


def unwritable(error: sqlite3.Error | OSError) -> IndexUnwritable | None:
    """The error for people if the disk takes no more; None if something else is wrong."""
    if isinstance(error, OSError):
        of_the_disk = error.errno in _ERRNOS
    else:
        of_the_disk = getattr(error, "sqlite_errorcode", 0) & _PRIMARY in _CODES
    if not of_the_disk:
        return None
    return IndexUnwritable(
        f"the index cannot be written: {error}",
        hint="make room on the disk of the state directory, and start again: nothing is lost",
    )
