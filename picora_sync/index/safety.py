"""Checking the index file, and putting it aside: nothing here ever deletes one (lesson 18).

index.sqlite                             the index
index.damaged-20260502-093000.sqlite     one that failed its check, by when it was last written (UTC)
index.replaced-20260502-093000.sqlite    one that a rebuilt index took the place of
index.version-1.sqlite                   a copy from before a migration
index.left-20260502-093000.sqlite-wal    a journal whose index was put aside, or taken away, without it
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from picora_sync.errors import IndexDamaged
from picora_sync.index.faults import damaged, words
from picora_sync.index.schema import migrate, version_of

DAMAGED = "damaged"
REPLACED = "replaced"
LEFT = "left"

_REBUILD = "run `picora-sync rebuild`: it makes a new index, and uploads nothing that Picora holds already"
_COMPANIONS = ("", "-wal", "-shm")


def fault_of(connection: sqlite3.Connection) -> str | None:
    """What ``PRAGMA quick_check`` finds wrong, or that nothing is in it (none is ever put in its place empty); None if
    the database is sound. Raises sqlite3.Error for the rest.
    """
    try:
        answers = [str(row[0]) for row in connection.execute("PRAGMA quick_check(1)")]
    except UnicodeDecodeError as error:
        return words(error)
    except sqlite3.DatabaseError as error:
        if damaged(error):
            return str(error)
        raise
    if answers == ["ok"]:
        return None if version_of(connection) else "it is empty"
    return " ".join(" ".join(answers).replace("*** in database main ***", "").split())


def make(path: Path, migrations: Sequence[str]) -> None:
    """A new, empty index. Under another name until its tables are there: one that is empty was emptied."""
    clear_place(path)
    scratch = path.with_name(f"{path.name}.new")
    for companion in (*_COMPANIONS, "-journal"):
        scratch.with_name(scratch.name + companion).unlink(missing_ok=True)
    scratch.touch(mode=0o600, exist_ok=False)  # never through a link
    with closing(sqlite3.connect(scratch, isolation_level=None)) as connection:
        migrate(connection, migrations)
    scratch.replace(path)


def put_aside(path: Path, why: str) -> Path:
    """Rename a database with its journal; returns its new name, which says why, and when it was last written."""
    aside = _free_name(path, path, why)
    # The database first: without its journal it may pass its check as what it was earlier. A journal that a crash
    # leaves behind is moved away before another database comes here (`clear_place`).
    for companion in _COMPANIONS:
        file = path.with_name(path.name + companion)
        if file.exists():
            file.rename(aside.with_name(aside.name + companion))
    return aside


def clear_place(path: Path) -> None:
    """Before a database comes to this place: SQLite would read the journal of another into it."""
    for companion in _COMPANIONS[1:]:
        file = path.with_name(path.name + companion)
        if file.exists():
            file.rename(_free_name(path, file, LEFT, companion))


def _free_name(path: Path, file: Path, why: str, companion: str = "") -> Path:
    stamp = datetime.fromtimestamp(file.stat().st_mtime, UTC).strftime("%Y%m%d-%H%M%S")
    names = (f"{path.stem}.{why}-{stamp}{f'-{n}' if n else ''}{path.suffix}{companion}" for n in count())
    return next(found for name in names if not (found := path.with_name(name)).exists())


def quarantine(path: Path, fault: str) -> IndexDamaged:
    """Put a damaged index aside; returns the error to raise."""
    aside = put_aside(path, DAMAGED)
    return IndexDamaged(f"the index is damaged ({fault}); it was renamed to {aside}", hint=_REBUILD)


def expect_none_in_quarantine(path: Path) -> None:
    """Raises IndexDamaged if the index was put aside, and no other has taken its place yet: going on without one would
    upload again what Picora holds (promise 3).
    """
    if path.exists():
        return
    aside = max(path.parent.glob(f"{path.stem}.{DAMAGED}-*{path.suffix}"), default=None)
    if aside is not None:
        raise IndexDamaged(f"the index was damaged, and renamed to {aside}", hint=_REBUILD)
    if rebuilding(path).exists():
        raise IndexDamaged("there is no index, and making a new one was interrupted", hint=_REBUILD)


def rebuilding(path: Path) -> Path:
    """Where the successor of this index is made."""
    return path.with_name(f"{path.stem}.rebuilding{path.suffix}")


def discard_unless_sound(path: Path) -> None:
    """Drop an unfinished index that a crash broke; a finished one is never dropped."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            sound = fault_of(connection) is None
    except sqlite3.DatabaseError:
        sound = False
    if not sound:
        for companion in _COMPANIONS:
            path.with_name(path.name + companion).unlink(missing_ok=True)


def take_place(path: Path) -> Path | None:
    """Put the finished successor in the place of the index; returns where the old one is kept, if there was one.

    Both are closed. A crash between the two renames leaves an unfinished rebuild, which is said at the next start.
    """
    kept = put_aside(path, REPLACED) if path.exists() else None
    clear_place(path)
    rebuilding(path).rename(path)
    return kept


def back_up(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Copy the whole database to a file beside it, before a migration changes it."""
    copy = path.with_name(f"{path.stem}.version-{version}{path.suffix}")
    scratch = copy.with_name(f"{copy.name}.new")
    scratch.unlink(missing_ok=True)
    scratch.touch(mode=0o600, exist_ok=False)
    with closing(sqlite3.connect(scratch)) as target:
        connection.backup(target)
    scratch.replace(copy)
