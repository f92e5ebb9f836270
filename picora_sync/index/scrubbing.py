"""Credentials that an older picora-sync stored with what a server said, taken out of the index and its copies, once.

Whatever comes in today was redacted where it entered. Copies are changed byte by byte, and keep their length: they may
be damaged, and SQLite need not be able to read them.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from picora_sync.core.redaction import without_credentials

MARK = "credentials_scrubbed"
"""The meta key that says that it was done."""

_SAID = (
    ("problem", "message"),
    ("problem", "hint"),
    ("object", "url"),
    ("object", "title"),
    ("object", "tags"),
    ("object", "thumbnail_url"),
    ("history", "url"),
    ("meta", "value"),
)
"""Where words of a server, or of a library, are stored."""
_SECRET = re.compile(rb"sk_(?:live|test)_[A-Za-z0-9_-]{4,512}|(?i:bearer|basic) +[A-Za-z0-9._~+/=-]{16,512}")
_BLOCK_BYTES = 1 << 20
_OVERLAP_BYTES = 1024


def scrub_once(connection: sqlite3.Connection, path: Path) -> None:
    """Take them out, unless that was done. What is freed is overwritten, now and from now on.

    A disk that is full leaves it for the next start.
    """
    connection.execute("PRAGMA secure_delete = ON")
    if connection.execute("SELECT 1 FROM meta WHERE key = ?", (MARK,)).fetchone():
        return
    connection.create_function("without_credentials", 1, _cleaned, deterministic=True)
    for table, column in _SAID:
        connection.execute(
            f"UPDATE {table} SET {column} = without_credentials({column}) "  # names of ours
            f"WHERE {column} IS NOT without_credentials({column})"
        )
    with suppress(sqlite3.OperationalError, OSError):
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for copy in _copies(path):
            overwrite(copy)
        mark(connection)


def mark(connection: sqlite3.Connection) -> None:
    """Nothing is to be scrubbed in this one."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, '1')", (MARK,))


def overwrite(file: Path) -> None:
    """Replace what looks like a credential by as many ``x``. Raises OSError."""
    with file.open("r+b") as stream:
        at = 0
        while block := stream.read(_BLOCK_BYTES + _OVERLAP_BYTES):
            for found in _SECRET.finditer(block):
                stream.seek(at + found.start())
                stream.write(b"x" * len(found[0]))
            at += _BLOCK_BYTES
            stream.seek(at)


def _copies(path: Path) -> Iterator[Path]:
    """What was put aside, with its journals; not the index itself."""
    for file in sorted(path.parent.glob(f"{path.stem}.*")):
        if not file.name.startswith(path.name) and file.is_file() and not file.is_symlink():
            yield file


def _cleaned(value: str | bytes | float | None) -> str | bytes | float | None:
    return without_credentials(value) if isinstance(value, str) else value
