"""From the index to what tells of a file that it was another before: renamed, and edited (design §4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from picora_sync.core.model import FileRef, Fingerprint, kind_of
from picora_sync.core.view import Traces
from picora_sync.index.rows import FileRow, Seen
from picora_sync.reconciler.context import Context


def traces_of(context: Context, rows: Iterable[FileRow]) -> dict[FileRef, Traces]:
    """What is known of each of these files."""
    listed = list(rows)
    sketches = context.index.files.sketches(row.ref for row in listed)
    return {
        row.ref: Traces(
            row.fingerprint, row.born_ns, row.hashed_at, sketches.get(row.ref, b""), context.former(row.ref)
        )
        for row in listed
    }


def relatives(context: Context, rows: Collection[FileRow]) -> list[FileRow]:
    """The vanished files that a new one of these may have been, and the new files that a vanished one may be now."""
    files = context.index.files
    found: dict[FileRef, FileRow] = {}
    if new := [row for row in rows if is_new(row)]:
        inodes = {_inode_of(row.fingerprint) for row in new}
        names = {_name(row.ref) for row in new}
        near = [ref for ref, inode in files.missing() if inode in inodes or _name(ref) in names]
        found |= {row.ref: row for row in files.get_many(near) if is_gone(row)}
    for row in rows:
        if is_gone(row) and row.fingerprint is not None:
            found |= {each.ref: each for each in files.with_inode_of(row.fingerprint) if is_new(each)}
    return [row for ref, row in found.items() if kind_of(ref.path) is not None]


def is_gone(row: FileRow) -> bool:
    """Whether it vanished, and Picora holds it still."""
    return row.seen is Seen.MISSING and row.bound is not None


def is_new(row: FileRow) -> bool:
    """Whether it is there, and nothing on Picora belongs to it yet."""
    return row.seen is Seen.PRESENT and row.bound is None and row.wanted is not None


def _inode_of(fingerprint: Fingerprint | None) -> tuple[int, int] | None:
    return None if fingerprint is None else (fingerprint.inode, fingerprint.device)


def _name(ref: FileRef) -> str:
    return ref.path.rpartition("/")[2]
