"""Which failures are the disk's, which say that the index is damaged, and what people are told of them."""

from __future__ import annotations

import errno
import sqlite3

from picora_sync.errors import IndexDamaged, IndexUnwritable

_CODES = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY = 0xFF  # an extended result code carries its primary one in its low byte
_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS})


def unwritable(error: sqlite3.Error | OSError) -> IndexUnwritable | None:
    """The error for people if the disk takes no more; None if something else is wrong."""
    if not (error.errno in _ERRNOS if isinstance(error, OSError) else _primary(error) in _CODES):
        return None
    return IndexUnwritable(
        f"the index cannot be written: {error}",
        hint="make room on the disk of the state directory: nothing is lost",
    )


def damaged(error: BaseException) -> bool:
    """Whether SQLite says that this is no database, or a broken one."""
    return isinstance(error, sqlite3.Error) and _primary(error) in _DAMAGED


def told(error: BaseException) -> IndexDamaged | IndexUnwritable | None:
    """The error for people if the index failed while it was in use; None if something else is wrong."""
    if damaged(error):
        return IndexDamaged(
            f"the index is damaged: {error}",
            hint="stop picora-sync, then run `picora-sync sync`: it puts the index aside, and says how to go on",
        )
    return unwritable(error) if isinstance(error, sqlite3.Error) else None


def words(error: sqlite3.Error | UnicodeDecodeError) -> str:
    """What SQLite said. Of broken table definitions it quotes bytes that are no text."""
    return error.object.decode(errors="backslashreplace") if isinstance(error, UnicodeDecodeError) else str(error)


def _primary(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY
