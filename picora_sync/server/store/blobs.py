"""Bytes: an object store by obstore, a directory by default.

Bytes are put before the row that names them is committed, and removed after the row is gone: a crash leaves bytes
without a row, which :func:`sweep` removes at the next start, but never a row without bytes.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from picora_sync.server.errors import StorageUnavailable

CHUNK_BYTES = 1024 * 1024


class Blobs:
    """The object store and the directory for bytes that are still arriving."""

    def __init__(self, data: Path, url: str | None = None) -> None:
        self._incoming = data / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)
        self._root: Path | None = None
        self._store: ObjectStore
        if url is None:
            self._root = data / "blobs"
            self._root.mkdir(parents=True, exist_ok=True)
            self._store = LocalStore(self._root)
        else:
            self._store = from_url(url)

    @contextmanager
    def incoming(self) -> Iterator[BinaryIO]:
        """A temporary file that is gone when the block ends.

        Raises:
            StorageUnavailable: there is no room or no right to write.
        """
        try:
            handle = tempfile.NamedTemporaryFile(dir=self._incoming)  # noqa: SIM115 - closed below
        except OSError as error:
            raise StorageUnavailable(str(error)) from error
        with handle as file:
            yield file  # type: ignore[misc]  # the wrapper is a BinaryIO in all but name

    def put(self, key: str, content: bytes | Path) -> None:
        """Store bytes, or a file's bytes, whole and durably.

        Raises:
            StorageUnavailable: they could not be stored; nothing is left behind.
        """
        try:
            obstore.put(self._store, key, content)
            if self._root is not None:
                _sync(self._root / key)
        except (BaseError, OSError) as error:
            self.discard(key)
            raise StorageUnavailable(str(error)) from error

    def read(self, key: str) -> bytes:
        """All bytes of a small object.

        Raises:
            StorageUnavailable: the store does not answer or lost it.
        """
        try:
            return bytes(obstore.get(self._store, key).bytes())
        except (BaseError, OSError) as error:
            raise StorageUnavailable(str(error)) from error

    def stream(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes from ``start`` up to, not including, ``end``, in blocks.

        Raises:
            StorageUnavailable: the store does not answer or lost it, before the first block is asked for.
        """
        if start >= end:
            return iter(())
        try:
            found = obstore.get(self._store, key, options={"range": (start, end)})
        except (BaseError, OSError) as error:
            raise StorageUnavailable(str(error)) from error
        return (bytes(block) for block in found.stream(min_chunk_size=CHUNK_BYTES))

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
            raise StorageUnavailable(str(error)) from error

    def discard(self, key: str) -> None:
        """Remove an object no row names any more; what cannot be removed now is swept at the next start."""
        with suppress(StorageUnavailable):
            self.delete(key)

    def keys(self) -> Iterator[tuple[str, float]]:
        """Every object's key and the time it was stored, in seconds since the epoch."""
        for batch in obstore.list(self._store):
            for found in batch:
                yield found["path"], found["last_modified"].timestamp()

    def clear_incoming(self) -> None:
        """Remove what a killed process left half-written."""
        for path in self._incoming.iterdir():
            path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Force a stored file and its name to the disk: the row that follows is forced too."""
    for target in (path, path.parent):
        descriptor = os.open(target, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
