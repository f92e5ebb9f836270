"""What commands do to a mirror, beside a running loop or without one; the caller's thread owns the index."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from math import inf

from picora_sync.control.forgetting import Forgetting
from picora_sync.control.messages import (
    Approve,
    Approved,
    FolderPause,
    Forget,
    Held,
    HeldRow,
    OpenRow,
    Pause,
    Paused,
    RefusedRow,
    Repair,
    Reply,
    Request,
    Resend,
    Resending,
    Resume,
    ShowHeld,
    ShowKnown,
)
from picora_sync.control.passes import Rescanning
from picora_sync.control.repairing import Repairing
from picora_sync.core.model import FileRef, Fingerprint, RemoteObject
from picora_sync.core.plan import Reason
from picora_sync.errors import CommandRefused
from picora_sync.index.rows import FileRow, Seen
from picora_sync.reconciler import Reconciler

_USAGE = 2
LONGEST_PAUSE_S = 10 * 366 * 86400.0


class Orders:
    """Carries out one request after another."""

    def __init__(self, reconciler: Reconciler) -> None:
        self._reconciler = reconciler
        self._context = reconciler.context
        self._index = reconciler.context.index
        self._forgetting = Forgetting(reconciler.context)

    def carry_out(self, request: Request) -> Reply:  # noqa: PLR0911  (one case and return per request: a table)
        """Raises CommandRefused if it cannot be done; then nothing was changed."""
        match request:
            case ShowHeld(folder=folder):
                return self._show_held(self._known(folder))
            case Approve():
                return self._approve(request)
            case Pause(folder=folder, for_s=for_s):
                return self._pause(self._chosen(folder), for_s)
            case Resume(folder=folder):
                return self._resume(self._chosen(folder))
            case Resend(folder=folder):
                return self._resend(self._known(folder))
            case ShowKnown(folder=folder):
                return self._forgetting.show(folder)
            case Repair():
                return Repairing(self._reconciler).repair(request)
            case Forget():
                return self._forgetting.forget(request)
            case _:
                raise CommandRefused("NO_DAEMON", "no daemon runs", hint="start it with `picora-sync run`")

    def look_through(self, folder: str | None) -> Rescanning:
        """Begin to look through a folder, or all of them. Raises as :meth:`carry_out`."""
        return Rescanning(self._reconciler, self._chosen(folder))

    # --- held removals ----------------------------------------------------------------------------------------------

    def _show_held(self, folder: str) -> Held:
        rows = []
        for ref, why, approved in self._index.holds.held(folder):
            if not approved:
                item = self._object_of(self._index.files.get(ref))
                what = {} if item is None else {"object": item.id, "url": item.url}
                rows.append(HeldRow(path=ref.path, why=why, **what))
        waiting = self._reconciler.writers.left_open(folder)
        left_open = (OpenRow(path=ref.path, why=why, version=_version(look)) for ref, why, look in waiting)
        return Held(folder=folder, rows=tuple(rows), open=tuple(left_open))

    def _approve(self, request: Approve) -> Approved:
        folder = self._known(request.folder)
        shown = self._show_held(folder)
        held = {row.path: row for row in shown.rows}
        agreed: list[FileRef] = []
        refused: list[RefusedRow] = []
        for row in request.rows:
            now = held.get(row.path)
            ref = FileRef(folder, row.path)
            if now is None:
                refused.append(RefusedRow(path=row.path, why="it is not held any more"))
            elif now.object != row.object:
                refused.append(RefusedRow(path=row.path, why="it holds something else than was shown"))
            elif request.keep and self._is_exposed(ref):
                refused.append(RefusedRow(path=row.path, why="Picora has not confirmed yet that it is private"))
            else:
                agreed.append(ref)
        left_open = {row.path: row.version for row in shown.open}
        sent = [FileRef(folder, row.path) for row in request.open if left_open.get(row.path) == row.version]
        changed = [row.path for row in request.open if left_open.get(row.path) != row.version]
        refused += (RefusedRow(path=path, why="it was closed, or has changed since") for path in changed)
        with self._index.transaction():
            self._reconciler.writers.approve(folder, sent)
            if request.keep:
                self._keep(agreed)
            else:
                self._index.holds.approve(agreed)
        self._reconciler.removals.reconsider_held([folder])
        done = {"approved": 0, "kept": len(agreed)} if request.keep else {"approved": len(agreed), "kept": 0}
        paused = folder in self._index.paused()
        return Approved(folder=folder, refused=tuple(refused), paused=paused, sent=len(sent), **done)

    def _keep(self, refs: Iterable[FileRef]) -> None:
        """Let these files go, but leave their objects alone from now on; one that other files share stays theirs."""
        for ref in refs:
            row = self._index.files.get(ref)
            self._reconciler.removals.withdraw(ref)
            if row is not None and row.bound is not None:
                self._context.todo |= self._reconciler.backlog.withdraw([ref], [row.bound])
                self._index.objects.unbind(ref, self._context.clocks.wall(), Reason.REMOVED)
                if not self._index.files.bound_to([row.bound]):
                    self._context.leave(row.bound)
            if row is None or row.seen is Seen.MISSING:
                self._index.files.forget(ref)
                self._context.queue.touch(ref)  # it may be there again
            else:
                self._context.todo.add(ref)  # it was held for what it turned into, which is new to Picora now

    def _is_exposed(self, ref: FileRef) -> bool:
        """Whether its object may be public although the file wants private, and would be left like that."""
        row = self._index.files.get(ref)
        item = self._object_of(row)
        return item is not None and item.public is not False and _wants_private(row)

    def _object_of(self, row: FileRow | None) -> RemoteObject | None:
        return None if row is None or row.bound is None else self._index.objects.get(row.bound)

    # --- whole folders ----------------------------------------------------------------------------------------------

    def _pause(self, folders: Collection[str], for_s: float | None) -> Paused:
        if for_s is not None and not 0 < for_s <= LONGEST_PAUSE_S:
            raise CommandRefused(
                "BAD_TIME",
                "a pause lasts for more than 0 s, and for 10 years at most",
                hint="write --for 30m, 2h or 1d; without --for it lasts until `picora-sync resume`",
                exit_code=_USAGE,
            )
        until = inf if for_s is None else self._context.clocks.wall() + for_s
        with self._index.transaction():
            for name in folders:
                self._index.pause(name, until)
        return self._heed_pauses()

    def _resume(self, folders: Collection[str]) -> Paused:
        with self._index.transaction():
            for name in folders:
                self._index.resume(name)
        return self._heed_pauses()

    def _heed_pauses(self) -> Paused:
        self._reconciler.heed_pauses()
        ends = {name: at for name, at in self._index.paused_until().items() if name in self._context.units}
        return Paused(
            folders=tuple(
                FolderPause(name=name, paused=name in ends, until=at if (at := ends.get(name, inf)) < inf else None)
                for name in self._context.units
            )
        )

    def _resend(self, folder: str) -> Resending:
        with self._index.transaction():
            self._index.files.rederive_all(folder)
        self._context.queue.rescan(folder, "resend")
        return Resending(folder=folder, files=sum(1 for row in self._index.files.all(folder) if row.fingerprint))

    # --- names ------------------------------------------------------------------------------------------------------

    def _chosen(self, folder: str | None) -> list[str]:
        return list(self._context.units) if folder is None else [self._known(folder)]

    def _known(self, folder: str) -> str:
        if folder not in self._context.units:
            raise unknown_folder(folder, self._context.units)
        return folder


def unknown_folder(name: str, known: Collection[str]) -> CommandRefused:
    """The error for a name that stands for nothing, with the nearest one that does."""
    names = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(name.casefold(), names, n=1, cutoff=0.6)
    hint = f"did you mean {names[close[0]]}?" if close else f"one of: {', '.join(known)}" if known else ""
    return CommandRefused("UNKNOWN_FOLDER", f"there is no folder {name}", hint=hint, exit_code=_USAGE)


def _version(fingerprint: Fingerprint) -> str:
    return f"{fingerprint.size_bytes} bytes at {fingerprint.mtime_ns}"


def _wants_private(row: FileRow | None) -> bool:
    return row is not None and row.wanted is not None and not row.wanted.public
