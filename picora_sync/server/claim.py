"""One server per data directory: a second one would take what the first is just storing for leftovers of a crash."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from picora_sync.server.errors import DataInUse
from picora_sync.server.private_directory import keep_private, open_own

NAME = "lock"


@contextmanager
def claimed(data: Path) -> Iterator[int]:
    """Hold a data directory, which is made if it is missing, as long as the block and no longer than the process.

    Yields the descriptor of the lock: a child that inherits it holds the directory too.

    Raises:
        DataInUse: another server holds it.
        ServerError: it cannot be kept from other users, or its lock is a symbolic link.
        OSError: the directory cannot be made or written.
    """
    keep_private(data)
    descriptor = open_own(data / NAME, os.O_RDWR | os.O_CREAT)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip()
            raise DataInUse(
                f"Another server{f' (process {holder})' if holder else ''} uses the data directory {data}",
                hint="Use that one, end it, or choose another directory with --data.",
            ) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield descriptor
        with suppress(OSError):
            os.truncate(descriptor, 0)
    finally:
        os.close(descriptor)
