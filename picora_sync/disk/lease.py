"""Whether another program has a file open for writing, as a read lease tells it (Linux; docs/decisions/0225).

The kernel grants a read lease only while nobody has the file open for writing, a shared mapping included. It is asked
for by the file's owner or with CAP_LEASE, and given back at once: who opens the file in between waits that long.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
from pathlib import Path

# Network file systems refuse leases for reasons of their own: without a delegation or an oplock of the server.
ELSEWHERE = frozenset({"9p", "afs", "ceph", "cifs", "gfs2", "lustre", "nfs", "nfs4", "ocfs2", "smb3", "smbfs"})
"""Types of file systems that other machines change, too."""

_MOUNTS = Path("/proc/self/mountinfo")
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


def is_written(path: str, *, follow_symlinks: bool = False) -> bool | None:
    """Whether some program has this file open for writing; None if this system, file system or owner cannot tell."""
    if not hasattr(fcntl, "F_SETLEASE"):
        return None
    try:
        fd = os.open(path, _FLAGS if follow_symlinks else _FLAGS | os.O_NOFOLLOW)
    except OSError:
        return None  # reading it will say why
    try:
        return _is_written(fd)
    finally:
        os.close(fd)


def _is_written(fd: int) -> bool | None:
    try:
        # Opening the file while the lease lasts sends us a signal: SIGIO by default, which ends a process; SIGURG is
        # ignored unless somebody handles it.
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        if error.errno != errno.EAGAIN or file_system_of(os.fstat(fd).st_dev) in ELSEWHERE:
            return None
        return True
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def file_system_of(device: int, mounts: Path = _MOUNTS) -> str:
    """The type of the file system on a device, as ``/proc/self/mountinfo`` has it; "" if it is not there."""
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return ""
    for line in lines:
        place, _, kind = line.partition(" - ")
        if place.split(" ")[2:3] == [number]:
            return kind.partition(" ")[0]
    return ""
