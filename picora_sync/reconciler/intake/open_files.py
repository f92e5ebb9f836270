"""Audio that a program has open for writing waits: a recorder that pauses is not done (docs/decisions/0225)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from picora_sync.core.model import FileRef, Fingerprint, Problem
from picora_sync.index.rows import FileRow
from picora_sync.reconciler.context import Context, Unit

STILL_OPEN = "STILL_OPEN"
"""The code of audio that has not changed for long, and that a program has open for writing all the while."""

LONGEST_S = 6 * 3600.0
"""After so long without a change it is said that an open file waits; until then it settles."""


HoldOpen = Callable[[Unit, FileRef, Fingerprint, float], bool]
"""Whether audio that has been quiet for so many seconds must wait for a program that writes to it."""


class Writers:
    """Asks the system (a read lease) who writes, and the watcher's events where the system does not tell.

    Where neither knows, quiet time alone decides. What a person approved is kept in the index by folder: the file, and
    how it looked.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def hold(self, unit: Unit, ref: FileRef, fingerprint: Fingerprint, quiet_s: float) -> bool:
        """Whether audio that has been quiet for so long must wait for the program that has it open; it is then looked
        at again, or blocked.
        """
        row = self._context.index.files.get(ref)
        if row is not None and self._is_sent(row, fingerprint):
            return False
        if not self._is_written(unit, ref):
            self._disapprove(ref)
            return False
        if self._approved(ref.folder).get(ref.path) == fingerprint:
            return False
        if quiet_s < LONGEST_S:
            if row is not None and _is_left_open(row):
                self._context.index.files.unblock(ref)
            self._context.outdated.add(ref)
            self._context.queue.hold_open(ref)
        else:
            self._block(ref, fingerprint)
        return True

    def still_held(self, unit: Unit, ref: FileRef, fingerprint: Fingerprint, _quiet_s: float) -> bool:
        """As :meth:`hold`, where everything counts as settled: only what waits for a person waits."""
        row = self._context.index.files.get(ref)
        return row is not None and _is_left_open(row) and self.forbid(unit, ref, fingerprint)

    def forbid(self, unit: Unit, ref: FileRef, fingerprint: Fingerprint) -> bool:
        """Whether a program opened the file for writing after it was read, and nobody approved of sending it so."""
        return self._is_written(unit, ref) and self._approved(ref.folder).get(ref.path) != fingerprint

    def left_open(self, folder: str) -> list[tuple[FileRef, str, Fingerprint]]:
        """The files that wait to be closed or approved, why, and how they look."""
        index = self._context.index
        refs = [
            ref for ref, problem, _ in index.files.problems() if problem.code == STILL_OPEN and ref.folder == folder
        ]
        return [
            (row.ref, row.blocked.message, row.fingerprint)
            for row in index.files.get_many(refs)
            if row.blocked is not None and row.fingerprint is not None and _is_left_open(row)
        ]

    def approve(self, folder: str, refs: Iterable[FileRef]) -> None:
        """Send these as they are now, though a program has them open."""
        index, approved = self._context.index, self._approved(folder)
        for row in index.files.get_many(refs):
            if row.fingerprint is not None:
                approved[row.ref.path] = row.fingerprint
                index.files.unblock(row.ref)
                index.files.rederive(row.ref)
                self._context.queue.touch(row.ref, changed_s_ago=LONGEST_S)
        self._keep(folder, approved)

    def _is_written(self, unit: Unit, ref: FileRef) -> bool:
        by_lease = unit.disk.is_written(ref.path)
        if by_lease is False:
            self._context.queue.closed(ref)  # the event of that may have been lost
        return self._context.queue.is_written(ref) if by_lease is None else by_lease

    def _is_sent(self, row: FileRow, fingerprint: Fingerprint) -> bool:
        """Whether Picora holds it as it is: nothing of it will be sent."""
        if row.bound is None or row.file_sha256 is None or row.fingerprint != fingerprint:
            return False
        item = self._context.index.objects.get(row.bound)
        return item is not None and item.sha256 == row.file_sha256

    def _block(self, ref: FileRef, fingerprint: Fingerprint) -> None:
        problem = Problem(
            STILL_OPEN,
            f"it has not changed for {LONGEST_S / 3600:.0f} hours, but another program still has it open for writing",
            f"Close it there, or send it as it is: picora-sync approve {ref.folder}",
        )
        index = self._context.index
        index.files.block(ref, problem, fingerprint, self._context.clocks.wall())
        index.files.rederive(ref)  # each scan looks whether it was closed
        self._context.not_read(ref, fingerprint)

    def _approved(self, folder: str) -> dict[str, Fingerprint]:
        kept = self._context.index.meta(_key(folder))
        return {} if kept is None else {path: Fingerprint(*numbers) for path, numbers in json.loads(kept).items()}

    def _disapprove(self, ref: FileRef) -> None:
        approved = self._approved(ref.folder)
        if approved.pop(ref.path, None) is not None:
            self._keep(ref.folder, approved)

    def _keep(self, folder: str, approved: dict[str, Fingerprint]) -> None:
        self._context.index.set_meta(_key(folder), json.dumps(approved))


def _is_left_open(row: FileRow) -> bool:
    return row.blocked is not None and row.blocked.code == STILL_OPEN


def _key(folder: str) -> str:
    return f"sent while open:{folder}"
