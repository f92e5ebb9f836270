"""The state directory while a process works with it: nobody else may look into it, or work with it."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EACCES, ENOTDIR
from pathlib import Path
from types import TracebackType
from typing import Self

from picora_sync.errors import ConfigError
from picora_sync.index import Index
from picora_sync.index.lock import InstanceLock
from picora_sync.report import INDEX_NAME, LIVE_NAME

log = logging.getLogger(__name__)

_OTHERS = 0o077
# One of them says that the directory is ours, and closing it hurts nobody.
_OURS = frozenset({INDEX_NAME, LIVE_NAME, "lock", "server", "config.yaml", "key"})
_NOBODYS = frozenset({"lost+found", ".DS_Store"})


class Home:
    """Holds the lock, and the index that one thread uses. Use it as a context manager."""

    def __init__(self, path: Path, index: Index, lock: InstanceLock) -> None:
        self.path = path
        self.index = index
        self._lock = lock

    @classmethod
    def open(cls, path: Path) -> Home:
        """Take the directory, which is made if need be.

        Raises AnotherInstance, IndexDamaged, IndexUnwritable, or ConfigError if it cannot be kept from others.
        """
        return cls._open(path, Index.open)

    @classmethod
    def open_successor(cls, path: Path) -> Home:
        """The same, with the index that is to take the place of the present one."""
        return cls._open(path, Index.open_successor)

    @classmethod
    def _open(cls, path: Path, open_index: Callable[[Path], Index]) -> Home:
        with _in_words(path):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _keep_private(path)
            lock = InstanceLock(path)
            lock.acquire()
        try:
            return cls(path, open_index(path / INDEX_NAME), lock)
        except BaseException:
            lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the next one in."""
        self.index.close()
        self._lock.release()


def expect_usable(path: Path) -> None:
    """Look whether :meth:`Home.open` would take the directory, and change nothing. Raises ConfigError."""
    with _in_words(path):
        if path.exists():
            _open_to(path)
            return
        above = next(each for each in path.parents if each.exists())
        if not above.is_dir():
            raise NotADirectoryError(ENOTDIR, f"{above} is no directory")
        if not os.access(above, os.W_OK | os.X_OK):
            raise PermissionError(EACCES, f"nothing can be made in {above}")


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the state directory {path} cannot be used: {getattr(error, 'strerror', None) or error}",
            hint="choose another state_dir, on a disk that can be written, in a directory of your own",
        ) from error


def _open_to(path: Path) -> int:
    """The mode if others can look into the directory, else 0. Raises ConfigError if it is not ours to close."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name != "posix" or not mode & _OTHERS:
        return 0
    inside = set(os.listdir(path)) - _NOBODYS  # noqa: PTH208  # names alone are needed
    if inside and not inside & _OURS:
        raise ConfigError(
            f"the state directory {path} holds other things, and others can look into it (mode {mode:04o})",
            hint="choose another state_dir, in a directory of your own: this one would be closed to others",
        )
    return mode


def _keep_private(path: Path) -> None:
    """What is sent of private notes lies in the index: mode 0700, as design §10 says."""
    if not (open_to := _open_to(path)):
        return
    try:
        path.chmod(0o700)
        refused = "its file system keeps no permissions" if path.stat().st_mode & _OTHERS else ""
    except OSError as error:
        refused = error.strerror or str(error)
    if refused:
        raise ConfigError(
            f"others can look into {path} (mode {open_to:04o}), and that cannot be changed: {refused}",
            hint="choose another state_dir, on a disk that keeps permissions, in a directory of your own",
        )
    log.warning("%s was accessible to other users (mode %04o): changed to 0700", path, open_to)
