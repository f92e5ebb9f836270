"""When a file was made: unlike its inode number, no other file on its device can have that and the number, too.

Python's ``os.stat`` tells it on macOS and the BSDs only, so that Linux is asked through the C library's ``statx``.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from typing import Final

_AT_FDCWD: Final = -100
_AT_SYMLINK_NOFOLLOW: Final = 0x100
_STATX_INO: Final = 0x100
_STATX_BTIME: Final = 0x800
_NS: Final = 1_000_000_000
_END: Final = 1 << 63

Statx = Callable[..., int]


class _Stamp(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_int64), ("nanoseconds", ctypes.c_uint32), ("_reserved", ctypes.c_int32))


class _Answer(ctypes.Structure):
    """``struct statx`` of Linux, whose layout is the same on every machine."""

    _fields_ = (
        ("mask", ctypes.c_uint32),
        ("_block_size", ctypes.c_uint32),
        ("_attributes", ctypes.c_uint64),
        ("_links", ctypes.c_uint32),
        ("_owners", ctypes.c_uint32 * 2),
        ("_mode", ctypes.c_uint16 * 2),
        ("inode", ctypes.c_uint64),
        ("_sizes", ctypes.c_uint64 * 3),
        ("_accessed", _Stamp),
        ("born", _Stamp),
        ("_rest", ctypes.c_uint8 * 160),
    )


def _load() -> Statx | None:
    """The C library's function; None where there is none (other systems, libraries before 2018)."""
    if sys.platform != "linux":
        return None
    try:
        return ctypes.CDLL(None, use_errno=True).statx
    except (OSError, AttributeError):
        return None


_statx = _load()


def born_ns(path: str, status: os.stat_result, *, follow: bool = False, statx: Statx | None = _statx) -> int | None:
    """When the file at this path was made, in ns since the epoch; None if its file system does not tell, or if another
    file stands there by now than the one ``status`` is of. Never raises.
    """
    told = getattr(status, "st_birthtime", None)
    if told is not None:
        return int(told * _NS)
    if statx is None:
        return None
    answer, flags = _Answer(), 0 if follow else _AT_SYMLINK_NOFOLLOW
    wanted = _STATX_INO | _STATX_BTIME
    if statx(_AT_FDCWD, os.fsencode(path), flags, wanted, ctypes.byref(answer)) != 0:
        return None
    if answer.mask & wanted != wanted or answer.inode != status.st_ino:
        return None
    born = answer.born.seconds * _NS + answer.born.nanoseconds
    return born if 0 < born < _END else None
