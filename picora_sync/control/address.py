"""Where the socket of a state directory is. Its name has little room: 103 bytes on macOS, 107 on Linux.

Where ``<state_dir>/control.sock`` is too long, the socket lies in a short directory of its own, and a link of that name
leads to it.
"""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from picora_sync.errors import DaemonSilent

NAME = "control.sock"
LONGEST_BYTES = 103
_PREFIX = "picora-sync-"


def choose(state_dir: Path, environ: Mapping[str, str]) -> str:
    """Where to listen; what an ended daemon left there is removed. The caller holds the lock of the directory.

    Raises OSError if something else lies there, or nothing can be made.
    """
    place = state_dir / NAME
    _clear(place)
    if len(os.fsencode(place)) <= LONGEST_BYTES:
        return str(place)
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    for parent in (runtime, tempfile.gettempdir()):
        short = os.path.join(parent, f"{_PREFIX}12345678", NAME)  # noqa: PTH118  (as text: it is measured)
        if parent and os.access(parent, os.W_OK) and len(os.fsencode(short)) <= LONGEST_BYTES:
            directory = tempfile.mkdtemp(prefix=_PREFIX, dir=parent)  # 0700
            place.symlink_to(Path(directory, NAME))
            return str(Path(directory, NAME))
    raise OSError(f"{place} is too long for the name of a socket, and there is no shorter place")


def find(state_dir: Path) -> str | None:
    """Where the daemon of this directory listens, or did; None if there is no socket.

    Raises DaemonSilent if the socket is not ours: who is behind it could say anything.
    """
    place = os.path.realpath(state_dir / NAME)
    try:
        found = os.lstat(place)
    except OSError:
        return None
    if not stat.S_ISSOCK(found.st_mode) or (found.st_uid not in (os.geteuid(), 0) and os.geteuid() != 0):
        raise DaemonSilent(f"{place} is no socket of yours", hint="remove it, then restart the daemon")
    return place


def remove(state_dir: Path) -> None:
    """Take the socket away, and the directory that was made for it."""
    _clear(state_dir / NAME)


def _clear(place: Path) -> None:
    if place.is_symlink():
        directory = place.readlink().parent
        place.unlink()
        if directory.name.startswith(_PREFIX) and _is_ours(directory):
            with suppress(OSError):  # gone already, or something else lies in it
                (directory / NAME).unlink(missing_ok=True)
                directory.rmdir()
    elif place.is_socket():
        place.unlink()


def _is_ours(directory: Path) -> bool:
    try:
        found = directory.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def answers(place: str) -> bool:
    """Whether somebody listens there: the socket of a daemon that was killed stays behind."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(5.0)
        try:
            probe.connect(place)
        except OSError:
            return False
    return True
