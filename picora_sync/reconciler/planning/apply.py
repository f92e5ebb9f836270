"""From the index to the planner's view, and from the plan to index and backlog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from picora_sync.core.backlog import Backlog
from picora_sync.core.model import FileRef, Rank
from picora_sync.core.plan import Action, Bind, Delete, Patch, Reason, Unbind, Upload
from picora_sync.core.policy import OnDelete
from picora_sync.core.ports import Present
from picora_sync.core.view import ContentKey, FileNow, Standing, Traces, View
from picora_sync.index.rows import FileRow, Seen
from picora_sync.reconciler.context import Context
from picora_sync.reconciler.deletion.grace import Leaving
from picora_sync.reconciler.deletion.rename_traces import is_gone, is_new, relatives, traces_of

NOTHING: Mapping[FileRef, Leaving] = {}
MOST_SHARERS = 100
"""So many files that share an object are looked at: one that was swapped shares it with hardly any."""


def load_view(
    context: Context,
    refs: Iterable[FileRef],
    leaving: Mapping[FileRef, Leaving] = NOTHING,
    waiting: frozenset[FileRef] = frozenset(),
    busy: frozenset[ContentKey] = frozenset(),
) -> View:
    """The slice of the index around these files, closed as the planner needs it; files of folders that are not
    configured any more have no say in it.

    ``waiting`` are files whose upload is under way: they are planned again when it ended. Files of paused folders
    are kept as they are; only their wish to be private is heard. The same files make the same view, in the same order.
    """
    index = context.index
    rows = {row.ref: row for row in index.files.get_many(sorted(refs))}
    rows |= {row.ref: row for row in relatives(context, rows.values())}
    fresh = list(rows.values())
    objects = {}
    while fresh:
        wanted = sorted({row.wanted.sha256 for row in fresh if row.wanted is not None})
        bound = sorted({row.bound for row in fresh if row.bound is not None})
        found = {o.id: o for o in (*index.objects.live(bound), *index.objects.holding(wanted)) if o.id not in objects}
        objects.update(found)
        neighbours = [*index.files.bound_to(found), *index.files.wanting(wanted)]
        fresh = [row for row in neighbours if row.ref not in rows]
        rows.update((row.ref, row) for row in neighbours)

    def idle(ref: FileRef) -> bool:
        return ref in waiting or ref.folder in context.paused

    known = [row for row in rows.values() if context.unit(row.ref)]
    left = traces_of(context, (row for row in known if is_gone(row) or is_new(row))) if any(map(is_gone, known)) else {}
    now = (_file_now(row, leaving.get(row.ref), idle(row.ref), left.get(row.ref)) for row in known)
    files = tuple(replace(file, hidden=file.ref in context.showed) for file in now)
    return View(files, objects, busy)


def _file_now(row: FileRow, leaving: Leaving | None, idle: bool, traces: Traces | None) -> FileNow:
    if leaving is not None:
        standing = Standing.LEAVING
    elif row.seen is Seen.MISSING:
        standing = Standing.MISSING
    elif _is_usable(row) and not idle:
        standing = Standing.PRESENT
    else:
        standing = Standing.KEPT
    return FileNow(
        row.ref,
        standing,
        row.wanted,
        row.bound,
        row.bound_at,
        row.fingerprint,
        leaving.reason if leaving else Reason.REMOVED,
        leaving.why if leaving else "",
        guarded=row.held or row.approved,
        traces=traces,
    )


def _is_usable(row: FileRow) -> bool:
    return row.seen is Seen.PRESENT and row.blocked is None and row.wanted is not None and row.wanted.selected


def apply(context: Context, actions: Iterable[Action], backlog: Backlog) -> None:
    """Bindings change at once, since they need no request; everything else waits in the backlog."""
    index, wall = context.index, context.clocks.wall()
    for action in actions:
        match action:
            case Bind(ref, object_id, _, origin):
                item = index.objects.get(object_id)
                if item is not None:
                    _look_at_sharers(context, ref, object_id)
                    index.objects.bind(ref, item, wall)
                    context.todo.add(ref)
                if origin is not None:
                    index.objects.unbind(origin, wall, Reason.RENAMED)
                    index.files.forget(origin)
                    index.holds.release(origin)
            case Unbind():
                _let_go(context, action, wall)
            case Upload() | Patch():
                backlog.put(action, rank_of(context, action))
            case Delete():
                backlog.put(action)


def _look_at_sharers(context: Context, ref: FileRef, object_id: str) -> None:
    """The index says that others hold what this file holds now: it may have been swapped with one of them, whose event
    may be lost. One that changed counts as unsettled before anything is deleted.
    """
    for row in context.index.files.bound_to([object_id])[:MOST_SHARERS]:
        unit = context.unit(row.ref)
        if row.ref == ref or unit is None or row.seen is not Seen.PRESENT:
            continue
        match unit.disk.look(row.ref.path):
            case Present(fingerprint) if fingerprint == row.fingerprint:
                pass
            case _:
                context.queue.touch(row.ref)


def _let_go(context: Context, action: Unbind, wall: float) -> None:
    index = context.index
    index.objects.unbind(action.ref, wall, action.reason)
    if action.reason in (Reason.REMOVED, Reason.RENAMED):
        index.files.forget(action.ref)
    unit = context.unit(action.ref)
    keep = unit is not None and unit.policy.on_delete is OnDelete.KEEP and action.reason is not Reason.RENAMED
    if keep and not index.files.bound_to([action.object_id]):
        context.leave(action.object_id)


def rank_of(context: Context, action: Upload | Patch) -> Rank:
    """What a person works on goes before the rest."""
    return Rank.INTERACTIVE if action.ref in context.interactive else Rank.BACKFILL
