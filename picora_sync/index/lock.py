"""One instance per state directory."""

from __future__ import annotations

import errno
import fcntl
from pathlib import Path

from picora_sync.errors import AnotherInstance, ConfigError

NAME = "lock"
PATIENCE_S = 2.0
"""Commands that ask whether somebody holds the lock, or write something down, hold it for a moment: a start waits."""
POLL_S = 0.01
_NO_FILE = frozenset({errno.ELOOP, errno.EISDIR, errno.ENXIO})


class InstanceLock:
    """Held as long as a process works on a state directory; the system frees it when the process dies."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        from filelock import FileLock  # noqa: PLC0415  # who only asks needs none of it

        self._lock = FileLock(state_dir / NAME, mode=0o600)

    def acquire(self, patience_s: float = PATIENCE_S) -> None:
        """Take it, or raise AnotherInstance if somebody keeps it for longer than this, ConfigError if it is no file."""
        from filelock import Timeout  # noqa: PLC0415  # as above

        try:
            self._lock.acquire(timeout=patience_s, poll_interval=POLL_S)
        except Timeout as error:
            raise AnotherInstance(
                f"another picora-sync works with {self._state_dir}",
                hint="stop it first (`picora-sync status` shows it), or give this one its own state_dir",
            ) from error
        except OSError as error:
            if error.errno not in _NO_FILE:
                raise
            raise ConfigError(
                f"{self._state_dir / NAME} is no regular file: {error.strerror}",
                hint="picora-sync keeps its lock there, and opens it through no link: move it away",
            ) from error

    def release(self) -> None:
        """Let the next one in."""
        self._lock.release()


def is_held(state_dir: Path) -> bool:
    """Whether a process works on this state directory now. Those who ask share the lock: they never see each other."""
    try:
        file = (state_dir / NAME).open("rb")
    except FileNotFoundError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
