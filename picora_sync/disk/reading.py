"""Stable reading (design §7): one descriptor and the same stat before and after, so that what was hashed is sent."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence

from picora_sync.core.model import Fingerprint
from picora_sync.core.ports import Digest
from picora_sync.disk.faults import GONE, printable, type_name, unreadable
from picora_sync.errors import FileChanged, FileUnreadable

BLOCK_BYTES = 1 << 20

# O_NONBLOCK: opening a named pipe must not wait for a writer. O_CLOEXEC: a child must not keep it open.
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class StableReader:
    """Implements :class:`picora_sync.core.ports.Reader` for absolute paths.

    ``inside`` tells the directories that nothing may lead out of, be it a link in the last or in any other part of a
    path; it is asked when the first file is read. Without it nothing is checked. Links in the last part are refused
    unless ``follow_symlinks``. ``on_block`` is called after each MiB that is hashed, however long that takes; what it
    raises ends the reading.
    """

    def __init__(
        self,
        follow_symlinks: bool = False,
        *,
        inside: Callable[[], Sequence[str]] | None = None,
        on_block: Callable[[], None] = lambda: None,
    ) -> None:
        self._flags = _FLAGS if follow_symlinks else _FLAGS | os.O_NOFOLLOW
        self._inside = inside
        self._real: tuple[str, ...] | None = None
        self._on_block = on_block

    def read(self, path: str, limit_bytes: int | None = None) -> tuple[bytes, Fingerprint]:
        """All bytes. Raises FileChanged, or FileUnreadable (FILE_TOO_LARGE beyond the limit)."""
        fd, before = self._open(path)
        try:
            size_bytes = before.size_bytes
            if limit_bytes is not None and size_bytes > limit_bytes:
                raise FileUnreadable(
                    f"{printable(path)} has {size_bytes:,} bytes, more than the {limit_bytes:,} allowed",
                    hint="Make it smaller, or split it.",
                    code="FILE_TOO_LARGE",
                )
            data = b"".join(_blocks(fd, path, size_bytes))
            _require_same(fd, path, before)
            return data, before
        finally:
            os.close(fd)

    def head(self, path: str, size_bytes: int) -> bytes:
        """The first bytes of a file of any size, all of a smaller one. Raises FileChanged, FileUnreadable."""
        fd, before = self._open(path)
        try:
            data = b"".join(_blocks(fd, path, min(size_bytes, before.size_bytes)))
            _require_same(fd, path, before)
            return data
        finally:
            os.close(fd)

    def digest(self, path: str) -> Digest:
        """The SHA-256 of the file, read block by block. Raises FileChanged, FileUnreadable."""
        fd, before = self._open(path)
        try:
            sha256 = hashlib.sha256()
            for block in _blocks(fd, path, before.size_bytes):
                sha256.update(block)
                self._on_block()
            _require_same(fd, path, before)
            return Digest(sha256.hexdigest(), before)
        finally:
            os.close(fd)

    def open(self, path: str, expected: Digest) -> OpenFile:
        """The file that was hashed, to be sent. Raises FileChanged if its fingerprint differs, FileUnreadable."""
        fd, before = self._open(path)
        if before != expected.fingerprint:
            os.close(fd)
            raise _changed(path)
        return OpenFile(fd, path, expected)

    def _open(self, path: str) -> tuple[int, Fingerprint]:
        try:
            fd = os.open(path, self._flags)
        except OSError as error:
            raise _translated(error, path) from error
        try:
            status = os.fstat(fd)
            _require_regular(status.st_mode, path)
            if self._inside is not None:
                self._require_inside(fd, path, self._inside)
        except OSError as error:
            os.close(fd)
            raise unreadable(error, path) from error
        except BaseException:
            os.close(fd)
            raise
        return fd, Fingerprint.of(status)

    def _require_inside(self, fd: int, path: str, inside: Callable[[], Sequence[str]]) -> None:
        real = _path_of(fd, path)
        if self._real is None:
            self._real = tuple(os.path.realpath(root) for root in inside())
        if not any(is_inside(real, root) for root in self._real):
            raise FileUnreadable(
                f"{printable(path)} leads out of the folder, to {printable(real)}",
                hint="Put the file itself into the folder; links out of it are never followed.",
                code="LINK_OUTSIDE",
            )


class OpenFile:
    """Implements :class:`picora_sync.core.ports.StableFile`; made by :meth:`StableReader.open`, which checked it."""

    def __init__(self, fd: int, path: str, expected: Digest) -> None:
        self._fd = fd
        self._path = path
        self._expected = expected
        self._sha256 = hashlib.sha256()

    @property
    def size_bytes(self) -> int:
        """How many bytes ``blocks`` gives."""
        return self._expected.fingerprint.size_bytes

    def blocks(self) -> Iterator[bytes]:
        """The bytes in blocks of 1 MiB, from the start each time. Raises FileChanged if there are fewer of them."""
        self._sha256 = hashlib.sha256()
        for block in _blocks(self._fd, self._path, self.size_bytes):
            self._sha256.update(block)
            yield block

    def confirm(self) -> None:
        """Raises FileChanged unless what ``blocks`` gave, and the file now, are what was hashed."""
        if self._sha256.hexdigest() != self._expected.sha256:
            raise _changed(self._path)
        _require_same(self._fd, self._path, self._expected.fingerprint)

    def close(self) -> None:
        """Give the descriptor back; a second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def is_inside(real_path: str, real_root: str) -> bool:
    """Whether a path without links is this directory or lies below it."""
    return real_path == real_root or real_path.startswith(real_root.rstrip("/") + "/")


def _blocks(fd: int, path: str, size_bytes: int) -> Iterator[bytes]:
    """Exactly ``size_bytes`` bytes, or FileChanged. Positioned reads: nothing depends on where the descriptor is."""
    offset = 0
    while offset < size_bytes:
        try:
            block = os.pread(fd, min(BLOCK_BYTES, size_bytes - offset), offset)
        except OSError as error:
            raise unreadable(error, path) from error
        if not block:
            raise _changed(path)
        offset += len(block)
        yield block


def _require_regular(mode: int, path: str) -> None:
    kind = type_name(mode)
    if kind is not None:
        raise FileUnreadable(
            f"{printable(path)} is {kind}, no regular file", hint="Move it out of the folder.", code="NOT_A_FILE"
        )


def _require_same(fd: int, path: str, before: Fingerprint) -> None:
    """A file that was renamed over or unlinked changes too: that moves its ctime."""
    try:
        after = os.fstat(fd)
    except OSError as error:
        raise unreadable(error, path) from error
    if Fingerprint.of(after) != before:
        raise _changed(path)


def _path_of(fd: int, path: str) -> str:
    """Where an open descriptor really is. Asking the descriptor leaves no moment for a link to be put in between."""
    try:
        return os.readlink(f"/proc/self/fd/{fd}")  # noqa: PTH115  # a string is what is compared
    except OSError:
        get_path = getattr(fcntl, "F_GETPATH", None)  # macOS
        if get_path is None:
            return os.path.realpath(path)
        return os.fsdecode(fcntl.fcntl(fd, get_path, bytes(1024)).rstrip(b"\0"))


def _changed(path: str) -> FileChanged:
    return FileChanged(
        f"{printable(path)} changed while it was read", hint="Nothing to do: it is looked at again once it is quiet."
    )


def _translated(error: OSError, path: str) -> FileChanged | FileUnreadable:
    return _changed(path) if error.errno in GONE else unreadable(error, path)
