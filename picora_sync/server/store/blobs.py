"""Bytes: an object store by obstore, a directory by default.

Bytes are put before the row that names them is committed, and removed after the row is gone: a crash leaves bytes
without a row, which ``library.upkeep`` removes at the next start, but never a row without bytes.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import obstore
from obstore.exceptions import BaseError, GenericError, NotFoundError
from obstore.store import LocalStore, ObjectStore

from picora_sync.server.errors import CommitUnknown, StorageUnavailable
from picora_sync.server.store.object_stores import open_store, reason

if TYPE_CHECKING:  # obstore declares it for type checkers alone
    from obstore import GetResult

CHUNK_BYTES = 64 * 1024
_INCOMING = "incoming"
_NOT_PARTIAL = "non-partial response"
_PARTS_AT_ONCE = 2  # of 5 MB each: what an upload to a remote store may hold in memory


@dataclass(frozen=True)
class Incoming:
    """A temporary file: its path, and the handle that writes it."""

    path: Path
    file: BinaryIO


class Blobs:
    """The object store and the directory for bytes that are still arriving."""

    def __init__(self, data: Path, url: str | None = None) -> None:
        place = open_store(url) if url is not None else data / "blobs"
        self._root = place if isinstance(place, Path) else None
        self._own = url is None
        # Inside the store's own directory, so that a file that has arrived is renamed, not copied.
        self._incoming = (self._root or data) / _INCOMING
        self._incoming.mkdir(parents=True, exist_ok=True)
        self._store: ObjectStore = LocalStore(place) if isinstance(place, Path) else place

    @property
    def shared(self) -> bool:
        """Whether other processes may store here too."""
        return not self._own

    @contextmanager
    def incoming(self) -> Iterator[Incoming]:
        """A temporary file that is gone when the block ends; who writes it flushes it.

        Raises:
            StorageUnavailable: there is no room or no right to write.
        """
        try:
            descriptor, name = tempfile.mkstemp(dir=self._incoming)
        except OSError as error:
            raise StorageUnavailable(reason(error)) from error
        file = os.fdopen(descriptor, "wb")
        try:
            yield Incoming(Path(name), file)
        finally:
            with suppress(OSError):  # what a full disk did not take was told when it was written
                file.close()
            Path(name).unlink(missing_ok=True)

    @contextmanager
    def for_new_row(self, *keys: str) -> Iterator[None]:
        """A block that puts these objects and commits the row that names them; if it fails, they are removed.

        They stay if nobody knows whether the row was committed: the next start finds out.
        """
        try:
            yield
        except CommitUnknown:
            raise
        except BaseException:
            for key in keys:
                self.discard(key)
            raise

    def put(self, key: str, content: bytes | Path) -> None:
        """Store bytes, or a file's bytes, whole and durably; a file of :meth:`incoming` may be moved away by it.

        Raises:
            StorageUnavailable: they could not be stored; nothing is left behind.
        """
        try:
            if self._root is None:
                obstore.put(self._store, key, content, max_concurrency=_PARTS_AT_ONCE)
                return
            if isinstance(content, Path):
                _sync(content)
                obstore.rename(self._store, f"{_INCOMING}/{content.name}", key)
            else:
                obstore.put(self._store, key, content, max_concurrency=_PARTS_AT_ONCE)
                _sync(self._root / key)
            _sync((self._root / key).parent)
        except (BaseError, OSError) as error:
            self.discard(key)
            raise StorageUnavailable(reason(error)) from error

    def read(self, key: str) -> bytes:
        """All bytes of a small object.

        Raises:
            StorageUnavailable: the store does not answer or lost it.
        """
        try:
            return bytes(obstore.get(self._store, key).bytes())
        except (BaseError, OSError) as error:
            raise StorageUnavailable(reason(error)) from error

    def stream(self, key: str, part: tuple[int, int] | None = None) -> Iterator[bytes]:
        """The bytes of an object in blocks: all, or those from the first up to, not including, the second offset.

        Raises:
            StorageUnavailable: the store does not answer or lost it, before the first block is asked for.
        """
        try:
            found, answered = self._get(key, part)
        except (BaseError, OSError) as error:
            raise StorageUnavailable(reason(error)) from error
        blocks = (bytes(block) for block in found.stream(min_chunk_size=CHUNK_BYTES))
        return blocks if answered == part else _cut(blocks, *(part or (0, 0)))

    def _get(self, key: str, part: tuple[int, int] | None) -> tuple[GetResult, tuple[int, int] | None]:
        """What the store gives, and which part of the object that is."""
        if part is None:
            return obstore.get(self._store, key), None
        try:
            return obstore.get(self._store, key, options={"range": part}), part
        except GenericError as error:
            # `rclone serve s3` sends the part, but with status 200, and obstore refuses that.
            if _NOT_PARTIAL not in str(error):
                raise
            return obstore.get(self._store, key), None

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is fine.

        Raises:
            StorageUnavailable: it may still be there.
        """
        try:
            obstore.delete(self._store, key)
        except (NotFoundError, FileNotFoundError):
            return
        except (BaseError, OSError) as error:
            raise StorageUnavailable(reason(error)) from error

    def discard(self, key: str) -> None:
        """Remove an object no row names any more; what cannot be removed now is swept at the next start."""
        with suppress(StorageUnavailable):
            self.delete(key)

    def stored(self) -> Iterator[tuple[str, float]]:
        """Every object's key and the time it was stored, in seconds since the epoch.

        Raises:
            StorageUnavailable: the store does not answer.
        """
        try:
            for batch in obstore.list(self._store):
                for found in batch:
                    if not found["path"].startswith(f"{_INCOMING}/"):
                        yield found["path"], found["last_modified"].timestamp()
        except (BaseError, OSError) as error:
            raise StorageUnavailable(reason(error)) from error

    def clear_incoming(self, before_s: float) -> None:
        """Remove what killed processes left half-written, before a time in seconds since the epoch."""
        for path in self._incoming.iterdir():
            with suppress(FileNotFoundError):  # another process ended with it
                if path.stat().st_mtime < before_s:
                    path.unlink()


def _cut(blocks: Iterator[bytes], start: int, end: int) -> Iterator[bytes]:
    """The bytes from ``start`` up to ``end`` of a stream of blocks."""
    at = 0
    for block in blocks:
        wanted = block[max(0, start - at) : max(0, end - at)]
        at += len(block)
        if wanted:
            yield wanted
        if at >= end:
            return


def _sync(path: Path) -> None:
    """Force a file, or the names in a directory, to the disk: the row that follows is forced too."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
