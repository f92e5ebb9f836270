"""Files as last seen: what they are, what they want, and what is wrong with them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from picora_sync.core.model import UNCLEAR_CODES, Dependency, FileRef, FileState, Fingerprint, Problem, RemoteObject
from picora_sync.core.ports import Derived
from picora_sync.core.sketch import sketch
from picora_sync.index.rows import (
    FILE_COLUMNS,
    FILE_JOIN,
    OBJECT_COLUMNS,
    FileRow,
    Seen,
    dependency_of,
    dependency_values,
    file_of,
    key,
    object_of,
    ref_of,
    text,
    wanted_values,
    within,
)

OBJECT_COLUMNS_OF_O = ", ".join(f"o.{column.strip()}" for column in OBJECT_COLUMNS.split(","))
_STATE = FILE_COLUMNS.count(",") + 1
BLOCK = 400
"""So many keys are asked for in one statement."""


_NAME = "replace(f.path, rtrim(f.path, replace(f.path, '/', '')), '')"
"""The last part of a path, as it is indexed."""

_SCANNED = "origin IN ('scan', 'gap')"


class Origin(StrEnum):
    """Where a problem comes from, and so what makes it go away: reading the file, scanning, or an answer.

    A gap is what a scan found that keeps something from being mirrored.
    """

    FILE = "file"
    SCAN = "scan"
    GAP = "gap"
    REMOTE = "remote"


class Files:
    """Queries and changes of ``file``, ``dependency`` and ``problem``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    # --- asking -----------------------------------------------------------------------------------------------------

    def get(self, ref: FileRef) -> FileRow | None:
        """One file, None if it was never seen."""
        row = self._connection.execute(
            f"SELECT {FILE_COLUMNS} FROM {FILE_JOIN} WHERE f.folder = ? AND f.path = ?",
            key(ref),
        ).fetchone()
        return None if row is None else file_of(row)

    def get_many(self, refs: Iterable[FileRef]) -> list[FileRow]:
        """Those of these files that were ever seen."""
        return [row for row in map(self.get, refs) if row is not None]

    def all(self, folder: str | None = None) -> Iterator[FileRow]:
        """All files, in order of folder and path."""
        where, values = ("", ()) if folder is None else ("WHERE f.folder = ?", (folder,))
        query = f"SELECT {FILE_COLUMNS} FROM {FILE_JOIN} {where} ORDER BY f.folder, f.path"
        return map(file_of, self._connection.execute(query, values))

    def refs(self) -> Iterator[FileRef]:
        """All files ever seen and not forgotten."""
        return (ref_of(*row) for row in self._connection.execute("SELECT folder, path FROM file"))

    def listed(
        self, folder: str | None = None, path: str = ""
    ) -> Iterator[tuple[FileRow, RemoteObject | None, FileState]]:
        """A file, or all below a directory (no folder: all), in order, each with its object and how it stands."""
        where, values = within(folder, path, ("f.folder", "f.path"))
        rows = self._connection.execute(
            f"SELECT {FILE_COLUMNS}, s.state, {OBJECT_COLUMNS_OF_O} FROM {FILE_JOIN} LEFT JOIN object o "
            "ON o.id = b.object_id JOIN file_state s ON s.folder = f.folder AND s.path = f.path "
            f"WHERE {where} ORDER BY f.folder, f.path",
            values,
        )
        for row in rows:
            item = None if row[_STATE + 1] is None else object_of(row[_STATE + 1 :])
            yield file_of(row), item, FileState(row[_STATE])

    def names(self, folder: str, prefix: str) -> Iterator[str]:
        """How a path below a folder goes on that begins like this, up to its next ``/``: a seek for each, however many
        files there are.
        """
        first = begun = os.fsencode(prefix)
        query = "SELECT path FROM file WHERE folder = ? AND path >= ? ORDER BY path LIMIT 1"
        while (row := self._connection.execute(query, (folder, first)).fetchone()) and row[0].startswith(begun):
            head, slash, _ = row[0][len(begun) :].partition(b"/")
            yield os.fsdecode(begun + head + slash)
            first = begun + head + (b"0" if slash else b"\x00")  # "0" follows "/"

    def fingerprints(
        self, folder: str, after: bytes = b"", most: int = -1
    ) -> list[tuple[str, bytes, Fingerprint | None, bool]]:
        """``(standing, path, fingerprint, settled)`` of so many files in order of their paths, those behind ``after``;
        settled is False if it must be looked at anyway: it was touched within 2 s of its last hashing, or never read.
        """
        rows = self._connection.execute(
            "SELECT standing, path, size_bytes, mtime_ns, ctime_ns, inode, device, "
            "coalesce(hashed_at - max(mtime_ns, ctime_ns) / 1e9 > 2.0, 0) "
            "FROM file WHERE folder = ? AND path > ? ORDER BY path LIMIT ?",
            (folder, after, most),
        )
        return [
            (standing, path, None if stat[0] is None else Fingerprint(*stat), bool(settled))
            for standing, path, *stat, settled in rows
        ]

    def bound_to(self, object_ids: Collection[str]) -> list[FileRow]:
        """All files bound to any of these objects."""
        # A condition on b alone would have SQLite read every file, to look for its binding.
        bound = "SELECT folder, path FROM binding WHERE object_id IN ({})"
        return self._select(f"(f.folder, f.path) IN ({bound})", object_ids)

    def wanting(self, sha256s: Collection[str]) -> list[FileRow]:
        """All files that want to be sent with any of these hashes."""
        return self._select("f.sha256 IN ({})", sha256s)

    def with_inode_of(self, fingerprint: Fingerprint) -> list[FileRow]:
        """The files that had the inode of this one when they were last seen."""
        query = f"SELECT {FILE_COLUMNS} FROM {FILE_JOIN} WHERE f.inode = ? AND f.device = ?"
        return list(map(file_of, self._connection.execute(query, (fingerprint.inode, fingerprint.device))))

    def present_called(self, name: str, most: int) -> list[FileRow]:
        """Up to so many bound files of this name, in whatever directory, that were there when last seen."""
        query = f"SELECT {FILE_COLUMNS} FROM {FILE_JOIN} WHERE {_NAME} = '' || ? "
        query += "AND f.standing = 'present' AND b.object_id IS NOT NULL LIMIT ?"
        return list(map(file_of, self._connection.execute(query, (os.fsencode(name), most))))

    def missing(self) -> list[tuple[FileRef, tuple[int, int] | None]]:
        """The files that vanished, each with the inode and device that it had."""
        rows = self._connection.execute("SELECT folder, path, inode, device FROM file WHERE standing = 'missing'")
        return [(ref_of(r[0], r[1]), None if r[2] is None else (r[2], r[3])) for r in rows]

    def sketches(self, refs: Iterable[FileRef]) -> dict[FileRef, bytes]:
        """What tells how alike the texts of these files are (:mod:`picora_sync.core.sketch`), as far as it is known."""
        found = {}
        for ref in refs:
            row = self._connection.execute("SELECT sketch FROM file WHERE folder = ? AND path = ?", key(ref)).fetchone()
            if row is not None and row[0] is not None:
                found[ref] = bytes(row[0])
        return found

    def dependents(self, name: str) -> list[FileRef]:
        """The notes for which this name was looked up."""
        rows = self._connection.execute(
            "SELECT folder, path FROM dependency WHERE name = ?", (name.encode("utf-8", "surrogateescape"),)
        )
        return [ref_of(*row) for row in rows]

    def dependencies(self, folder: str) -> dict[str, list[Dependency]]:
        """All look-ups of a folder's notes, by path."""
        found: dict[str, list[Dependency]] = {}
        rows = self._connection.execute(
            "SELECT path, name, target, size_bytes, mtime_ns FROM dependency WHERE folder = ?", (folder,)
        )
        for path, *rest in rows:
            found.setdefault(ref_of(folder, path).path, []).append(dependency_of(*rest))
        return found

    def landmarks(self, folder: str, number: int) -> list[str]:
        """About so many files that were there when last seen, spread over the folder."""
        rows = self._connection.execute(
            "SELECT path FROM (SELECT path, row_number() OVER (ORDER BY path) AS place, count(*) OVER () AS total "
            "FROM file WHERE folder = ?1 AND standing IN ('present', 'unknown')) "
            "WHERE place % max(1, total / ?2) = 0 LIMIT ?2",
            (folder, number),
        )
        return [os.fsdecode(path) for (path,) in rows]

    def count_bound(self, folder: str) -> int:
        """How many files of a folder are bound."""
        row = self._connection.execute("SELECT count(*) FROM binding WHERE folder = ?", (folder,)).fetchone()
        return int(row[0])

    def any_bound_below(self, folder: str, directory: str) -> bool:
        """Whether any file below a directory is bound."""
        first, end = os.fsencode(f"{directory}/"), os.fsencode(f"{directory}0")  # "0" follows "/"
        row = self._connection.execute(
            "SELECT 1 FROM binding WHERE folder = ? AND path >= ? AND path < ? LIMIT 1", (folder, first, end)
        ).fetchone()
        return row is not None

    def problems(self) -> list[tuple[FileRef, Problem, bool]]:
        """All problems, the blocking ones first."""
        rows = self._connection.execute(
            "SELECT folder, path, code, message, hint, blocking FROM problem ORDER BY blocking DESC, folder, path, code"
        )
        return [(ref_of(r[0], r[1]), Problem(r[2], r[3], r[4]), bool(r[5])) for r in rows]

    def unclear(self) -> dict[FileRef, Problem]:
        """The notes that are private because what they say of their visibility cannot be read, each with why."""
        marks = ",".join("?" * len(UNCLEAR_CODES))
        query = f"SELECT folder, path, code, message, hint FROM problem WHERE code IN ({marks})"
        return {ref_of(r[0], r[1]): Problem(*r[2:]) for r in self._connection.execute(query, tuple(UNCLEAR_CODES))}

    def gaps(self, folders: Collection[str]) -> set[tuple[FileRef, str]]:
        """The places in these folders where something is not mirrored that should be, and the code of the reason."""
        rows = self._connection.execute("SELECT folder, path, code FROM problem WHERE origin = 'gap'")
        return {(ref_of(folder, path), code) for folder, path, code in rows if folder in folders}

    def scan_remarks(self, folder: str) -> set[str]:
        """The places that the last scan found something wrong with."""
        rows = self._connection.execute(f"SELECT path FROM problem WHERE folder = ? AND {_SCANNED}", (folder,))
        return {os.fsdecode(path) for (path,) in rows}

    def refused(self, code: str | None = None) -> list[tuple[FileRef, bool]]:
        """The files that Picora did not take (for this reason), in order of their names, and whether it holds another
        version of each.
        """
        rows = self._connection.execute(
            "SELECT p.folder, p.path, b.object_id IS NOT NULL FROM problem p "
            "LEFT JOIN binding b ON b.folder = p.folder AND b.path = p.path "
            "WHERE blocking = 1 AND origin = 'remote' AND (?1 IS NULL OR code = ?1) ORDER BY p.folder, p.path",
            (code,),
        )
        return [(ref_of(r[0], r[1]), bool(r[2])) for r in rows]

    def leaving(self, folder: str) -> list[FileRef]:
        """The bound files that are missing, ignored or no longer published."""
        rows = self._connection.execute(
            "SELECT f.folder, f.path FROM file f JOIN binding b ON b.folder = f.folder AND b.path = f.path "
            "WHERE f.folder = ? AND (f.standing IN ('missing', 'ignored') OR f.selected = 0)",
            (folder,),
        )
        return [ref_of(*row) for row in rows]

    def unconfirmed(self) -> list[FileRow]:
        """The files that Picora does not hold as they are: new, changed, unreadable, or not to be sent as they are."""
        rows = self._connection.execute(
            f"SELECT {FILE_COLUMNS} FROM {FILE_JOIN} LEFT JOIN object o ON o.id = b.object_id "
            "WHERE f.standing IN ('present', 'unknown') AND f.selected IS NOT 0 AND "
            "(p.origin = 'file' OR f.sha256 IS NULL OR o.doomed IS NOT 0 OR o.sha256 IS NOT f.sha256)"
        )
        return [file_of(row) for row in rows]

    def unfinished(self) -> list[FileRef]:
        """The files whose binding does not match what they want: work that a stopped process left."""
        rows = self._connection.execute(
            "SELECT f.folder, f.path FROM file f "
            "LEFT JOIN binding b ON b.folder = f.folder AND b.path = f.path "
            "LEFT JOIN object o ON o.id = b.object_id "
            "WHERE (f.standing = 'present' AND f.sha256 IS NOT NULL AND f.selected = 1 AND "
            "(o.id IS NULL OR o.sha256 IS NOT f.sha256 OR o.doomed = 1 OR o.public IS NULL "
            "OR o.title IS NOT f.title OR o.public IS NOT f.public OR o.tags IS NOT f.tags)) "
            "OR (f.public = 0 AND o.public IS NOT 0 AND o.id IS NOT NULL)"
        )
        return [ref_of(*row) for row in rows]

    def _select(self, condition: str, values: Collection[str]) -> list[FileRow]:
        found: list[FileRow] = []
        listed: Sequence[str] = list(values)
        for start in range(0, len(listed), BLOCK):
            block = listed[start : start + BLOCK]
            query = f"SELECT {FILE_COLUMNS} FROM {FILE_JOIN} WHERE {condition.format(','.join('?' * len(block)))}"
            found += map(file_of, self._connection.execute(query, block))
        return found

    # --- changing ---------------------------------------------------------------------------------------------------

    def present(self, ref: FileRef, derived: Derived, now: float, born_ns: int | None = None) -> None:
        """The file was read, and this is what it wants. Clears what blocked it."""
        wanted = derived.wanted
        made = None if derived.text is None else sketch(derived.text)
        self._connection.execute(
            "INSERT OR REPLACE INTO file VALUES (?,?,?, ?,?,?,?,?, ?,NULL,?, ?,?,?,?,?,?,?,?,?,?, ?,?)",
            (
                *(*key(ref), Seen.PRESENT, *derived.fingerprint, now, derived.file_sha256, *wanted_values(wanted)),
                *(born_ns, made),
            ),
        )
        self._connection.execute("DELETE FROM dependency WHERE folder = ? AND path = ?", key(ref))
        self._connection.executemany(
            "INSERT OR REPLACE INTO dependency VALUES (?,?,?,?,?,?)",
            [dependency_values(ref, item) for item in wanted.depends],
        )
        self._connection.execute(
            "DELETE FROM problem WHERE folder = ? AND path = ? AND (origin = 'file' OR blocking = 1)", key(ref)
        )
        for problem in wanted.problems:
            self._problem(ref, problem, Origin.FILE, blocking=False)

    def see(self, ref: FileRef, seen: Seen) -> None:
        """Note how a file stands, and nothing else about it."""
        self._connection.execute(
            "INSERT INTO file (folder, path, standing) VALUES (?1, ?2, ?3) "
            "ON CONFLICT (folder, path) DO UPDATE SET standing = ?3",
            (*key(ref), seen),
        )

    def ignore(self, ref: FileRef, why: str, fingerprint: Fingerprint | None, now: float) -> None:
        """A rule leaves this file out. What it wanted last stays, for the object it may still be bound to.

        With a fingerprint it is left out for what is in it, and not looked at again until that changes; without one
        for its place, and it is read again as soon as no rule leaves it out.
        """
        self.see(ref, Seen.IGNORED)
        self._connection.execute(
            "UPDATE file SET ignored_why = ?, size_bytes = NULL WHERE folder = ? AND path = ?", (text(why), *key(ref))
        )
        self._stamp(ref, fingerprint, now)
        self.unblock(ref)

    def block(
        self, ref: FileRef, problem: Problem, fingerprint: Fingerprint | None, now: float, origin: Origin = Origin.FILE
    ) -> None:
        """Nothing can be sent for this file, because of the problem; it keeps the object it is bound to.

        Without a fingerprint it could not even be read: it is unknown.
        """
        self.see(ref, Seen.UNKNOWN if fingerprint is None else Seen.PRESENT)
        self._stamp(ref, fingerprint, now)
        self.unblock(ref)
        self._problem(ref, problem, origin, blocking=True)

    def refuse(self, ref: FileRef, problem: Problem) -> None:
        """Picora did not take this file; what it wants stays known. A file that cannot be sent at all stays so."""
        self.try_again(ref)
        blocked = self._connection.execute(
            "SELECT 1 FROM problem WHERE folder = ? AND path = ? AND blocking = 1", key(ref)
        ).fetchone()
        if blocked is None:
            self._problem(ref, problem, Origin.REMOTE, blocking=True)

    def remark(self, ref: FileRef, problem: Problem) -> None:
        """An answer of Picora a person should know of; it blocks nothing."""
        self._problem(ref, problem, Origin.REMOTE, blocking=False)

    def withdraw(self, ref: FileRef, codes: Iterable[str]) -> None:
        """What was remarked on this file with these codes is over."""
        place = key(ref)
        self._connection.executemany(
            "DELETE FROM problem WHERE folder = ? AND path = ? AND code = ? AND origin = 'remote' AND blocking = 0",
            [(*place, code) for code in codes],
        )

    def retract(self, code: str) -> None:
        """What was remarked with this code does not hold any more, for any file."""
        self._connection.execute("DELETE FROM problem WHERE code = ? AND origin = 'remote' AND blocking = 0", (code,))

    def replace_answers(self, ref: FileRef, remarks: Iterable[Problem]) -> None:
        """What Picora said to the newest upload of this file, instead of what it said before.

        Where reading the file found something wrong already, the server's words for the same are left out.
        """
        self._connection.execute("DELETE FROM problem WHERE folder = ? AND path = ? AND origin = 'remote'", key(ref))
        known = self._connection.execute(
            "SELECT 1 FROM problem WHERE folder = ? AND path = ? AND origin = 'file'", key(ref)
        ).fetchone()
        for problem in () if known else remarks:
            self._problem(ref, problem, Origin.REMOTE, blocking=False)

    def replace_scan_remarks(self, folder: str, remarks: Mapping[str, Problem], gaps: Mapping[str, Problem]) -> None:
        """What the last scan found wrong with places, instead of what the one before found."""
        self._connection.execute(f"DELETE FROM problem WHERE folder = ? AND {_SCANNED}", (folder,))
        for problems, origin in ((remarks, Origin.SCAN), (gaps, Origin.GAP)):
            for path, problem in problems.items():
                self._problem(FileRef(folder, path), problem, origin, blocking=False)

    def unblock(self, ref: FileRef) -> None:
        """What blocked this file is over."""
        self._connection.execute("DELETE FROM problem WHERE folder = ? AND path = ? AND blocking = 1", key(ref))

    def try_again(self, ref: FileRef) -> None:
        """What Picora answered is not held against this file any more."""
        self._connection.execute(
            "DELETE FROM problem WHERE folder = ? AND path = ? AND blocking = 1 AND origin = 'remote'", key(ref)
        )

    def wants_private(self, ref: FileRef) -> None:
        """The file, not settled yet, wants to be private; the rest of what it wants is not known yet."""
        self._connection.execute("UPDATE file SET public = 0 WHERE folder = ? AND path = ?", key(ref))

    def rederive(self, ref: FileRef) -> None:
        """Let the next look read the file again although it did not change."""
        self._connection.execute("UPDATE file SET hashed_at = 0 WHERE folder = ? AND path = ?", key(ref))

    def reading(self, ref: FileRef) -> None:
        """The file is being read: from now on :meth:`is_asked_anew` tells whether that is to be done once more."""
        self._connection.execute(
            "UPDATE file SET hashed_at = NULL WHERE folder = ? AND path = ? AND hashed_at = 0", key(ref)
        )

    def is_asked_anew(self, ref: FileRef) -> bool:
        """Whether somebody asked, since the last reading began, for the file to be read again."""
        row = self._connection.execute("SELECT hashed_at = 0 FROM file WHERE folder = ? AND path = ?", key(ref))
        return bool(row.fetchone() == (1,))

    def rederive_refused(self, folder: str) -> None:
        """Let the next scan have the notes read again for which a file was looked up and not used."""
        self._connection.execute(
            "UPDATE file SET hashed_at = 0 WHERE folder = ?1 AND path IN "
            "(SELECT path FROM dependency WHERE folder = ?1 AND size_bytes < 0)",
            (folder,),
        )

    def rederive_limited(self) -> list[FileRef]:
        """Let the next look read the files again that the plan's limits kept from being sent; returns them."""
        rows = self._connection.execute(
            "UPDATE file SET hashed_at = 0 WHERE (folder, path) IN (SELECT folder, path FROM problem "
            "WHERE blocking = 1 AND origin = 'file' AND (code LIKE 'DOC_TOO_%' OR code LIKE 'AUDIO_TOO_%')) "
            "RETURNING folder, path"
        ).fetchall()
        return [ref_of(*row) for row in rows]

    def rederive_all(self, folder: str) -> None:
        """Let the next scan have every file of a folder read again."""
        self._connection.execute("UPDATE file SET hashed_at = 0 WHERE folder = ?", (folder,))

    def forget(self, ref: FileRef) -> None:
        """The file is gone, and so is its binding."""
        for table in ("file", "dependency", "problem", "hold"):
            self._connection.execute(
                f"DELETE FROM {table} WHERE folder = ? AND path = ?",
                key(ref),
            )

    def _stamp(self, ref: FileRef, fingerprint: Fingerprint | None, now: float) -> None:
        if fingerprint is not None:
            self._connection.execute(
                "UPDATE file SET born_ns = iif(inode IS ?4 AND device IS ?5, born_ns, NULL), "
                "size_bytes=?1, mtime_ns=?2, ctime_ns=?3, inode=?4, device=?5, hashed_at=?6 "
                "WHERE folder = ?7 AND path = ?8",
                (*fingerprint, now, *key(ref)),
            )

    def _problem(self, ref: FileRef, problem: Problem, origin: Origin, *, blocking: bool) -> None:
        self._connection.execute(
            "INSERT INTO problem VALUES (?,?,?,?,?,?,?) ON CONFLICT (folder, path, code) DO UPDATE SET "
            "message = excluded.message, hint = excluded.hint, blocking = excluded.blocking, origin = excluded.origin "
            "WHERE blocking <= excluded.blocking",  # a remark does not lift a block
            (*key(ref), problem.code, text(problem.message), text(problem.hint), blocking, origin),
        )
