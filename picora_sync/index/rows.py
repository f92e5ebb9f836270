"""Between rows and the nouns of the core."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from picora_sync.core.model import Dependency, FileRef, Fingerprint, Kind, Problem, RemoteObject, Wanted


class Seen(StrEnum):
    """How a file was last seen."""

    PRESENT = "present"
    MISSING = "missing"
    UNKNOWN = "unknown"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file as last seen, with what it wants and what it is bound to."""

    ref: FileRef
    seen: Seen
    fingerprint: Fingerprint | None
    hashed_at: float
    file_sha256: str | None
    wanted: Wanted | None
    bound: str | None
    bound_at: float
    blocked: Problem | None
    held: bool
    approved: bool
    born_ns: int | None = None


Row = tuple[Any, ...]
Values = tuple[str | bytes | int | float | None, ...]

FILE_COLUMNS = """f.folder, f.path, f.standing, f.size_bytes, f.mtime_ns, f.ctime_ns, f.inode, f.device, f.hashed_at,
  f.file_sha256, f.kind, f.sha256, f.sent_bytes, f.filename, f.title, f.tags, f.public, f.rewrite_images, f.embeds,
  f.selected, b.object_id, b.bound_at, p.code, p.message, p.hint, h.approved,
  f.born_ns"""
FILE_JOIN = """file f
  LEFT JOIN binding b ON b.folder = f.folder AND b.path = f.path
  LEFT JOIN hold h ON h.folder = f.folder AND h.path = f.path
  LEFT JOIN problem p ON p.folder = f.folder AND p.path = f.path AND p.blocking = 1"""
UNKNOWN_TITLE = ""
UNKNOWN_TAGS = "null"
"""What these columns hold while nobody knows what became of a PATCH; no title is empty (design §4)."""

OBJECT_COLUMNS = """id, kind, url, title, tags, public, size_bytes, created_at, sha256, ours, rewritten,
  thumbnail_url, duration_s"""


def key(ref: FileRef) -> tuple[str, bytes]:
    """The primary key of a file."""
    return (ref.folder, os.fsencode(ref.path))


def ref_of(folder: str, path: bytes) -> FileRef:
    """The reverse of :func:`key`."""
    return FileRef(folder, os.fsdecode(path))


def within(folder: str | None, path: str, columns: tuple[str, str]) -> tuple[str, tuple[str | bytes, ...]]:
    """The condition that a file, named by these columns, is this one or below it, and its values. The root is above
    all of a folder; no folder stands for all of them.
    """
    of_folder, of_path = columns
    if folder is None:
        return "1", ()
    if not path:
        return f"{of_folder} = ?", (folder,)
    first = os.fsencode(path)
    bounds = f"{of_path} >= ? AND {of_path} < ? AND ({of_path} = ? OR {of_path} >= ?)"
    return f"{of_folder} = ? AND {bounds}", (folder, first, first + b"0", first, first + b"/")  # "0" follows "/"


def text(value: str) -> str:
    """A string SQLite can store: lone surrogates (from names that are no UTF-8) become backslash escapes."""
    return value.encode("utf-8", "backslashreplace").decode()


def file_of(row: Row) -> FileRow:
    """A row of FILE_COLUMNS."""
    fingerprint = None if row[3] is None else Fingerprint(*row[3:8])
    wanted = None
    if row[11] is not None:
        wanted = Wanted(
            kind=Kind(row[10]),
            sha256=row[11],
            size_bytes=row[12],
            filename=row[13],
            title=row[14],
            tags=tuple(json.loads(row[15])),
            public=bool(row[16]),
            rewrite_images=bool(row[17]),
            embeds=bool(row[18]),
            selected=bool(row[19]),
        )
    return FileRow(
        ref=ref_of(row[0], row[1]),
        seen=Seen(row[2]),
        fingerprint=fingerprint,
        hashed_at=row[8] or 0.0,
        file_sha256=row[9],
        wanted=wanted,
        bound=row[20],
        bound_at=row[21] if row[21] is not None else float("inf"),
        blocked=None if row[22] is None else Problem(row[22], row[23], row[24]),
        held=row[25] is not None and not row[25],
        approved=bool(row[25]),
        born_ns=row[26],
    )


def wanted_values(wanted: Wanted) -> Values:
    """The columns kind … selected of a file."""
    return (
        wanted.kind.value,
        wanted.sha256,
        wanted.size_bytes,
        text(wanted.filename),
        text(wanted.title),
        json.dumps(wanted.tags),
        wanted.public,
        wanted.rewrite_images,
        wanted.embeds,
        wanted.selected,
    )


def object_of(row: Row) -> RemoteObject:
    """A row of OBJECT_COLUMNS."""
    return RemoteObject(
        id=row[0],
        kind=Kind(row[1]),
        url=row[2],
        title=None if row[3] == UNKNOWN_TITLE else row[3],
        tags=None if row[4] == UNKNOWN_TAGS else tuple(json.loads(row[4])),
        public=None if row[5] is None else bool(row[5]),
        size_bytes=row[6],
        created_at=row[7],
        sha256=row[8],
        ours=bool(row[9]),
        rewritten=bool(row[10]),
        thumbnail_url=row[11],
        duration_s=row[12],
    )


def object_values(item: RemoteObject) -> Values:
    """The values of OBJECT_COLUMNS."""
    return (
        item.id,
        item.kind.value,
        item.url,
        UNKNOWN_TITLE if item.title is None else text(item.title),
        json.dumps(item.tags),
        item.public,
        item.size_bytes,
        item.created_at,
        item.sha256,
        item.ours,
        item.rewritten,
        item.thumbnail_url,
        item.duration_s,
    )


def dependency_values(ref: FileRef, item: Dependency) -> Values:
    """A row of ``dependency``."""
    size, mtime = item.version or (None, None)
    target = None if item.target is None else os.fsencode(item.target)
    return (*key(ref), item.name.encode("utf-8", "surrogateescape"), target, size, mtime)


def dependency_of(name: bytes, target: bytes | None, size: int | None, mtime: int | None) -> Dependency:
    """The reverse of :func:`dependency_values`, without the file."""
    version = None if size is None or mtime is None else (size, mtime)
    return Dependency(name.decode("utf-8", "surrogateescape"), None if target is None else os.fsdecode(target), version)
