"""From the index to the planner's view, and from the plan to index and backlog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from picora_sync.core.backlog import Backlog
from picora_sync.core.model import FileRef, Rank
from picora_sync.core.plan import Action, Bind, Delete, Patch, Reason, Unbind, Upload
from picora_sync.core.planner import collect
from picora_sync.core.policy import OnDelete
from picora_sync.core.ports import Change
from picora_sync.core.view import Content, FileNow, Standing, Traces, Unbound, View
from picora_sync.index.objects import Orphan
from picora_sync.index.rows import FileRow, Seen
from picora_sync.reconciler.context import Context
from picora_sync.reconciler.places import still_unsettled
from picora_sync.reconciler.removals import Leaving
from picora_sync.reconciler.traces import is_gone, is_new, relatives, traces_of
from picora_sync.reconciler.twins import may_be_made_anew

NOTHING: Mapping[FileRef, Leaving] = {}


def load_view(
    context: Context,
    refs: Iterable[FileRef],
    leaving: Mapping[FileRef, Leaving] = NOTHING,
    waiting: frozenset[FileRef] = frozenset(),
    busy: frozenset[Content] = frozenset(),
) -> View:
    """The slice of the index around these files, closed as the planner needs it; files of folders that are not
    configured any more have no say in it.

    ``waiting`` are files whose upload is under way: they are planned again when it ended. Files of paused folders
    are kept as they are; only their wish to be private is heard.
    """
    index = context.index
    rows = {row.ref: row for row in index.files.get_many(refs)}
    rows |= {row.ref: row for row in relatives(context, rows.values())}
    fresh = list(rows.values())
    objects = {}
    while fresh:
        wanted = {row.wanted.sha256 for row in fresh if row.wanted is not None}
        bound = {row.bound for row in fresh if row.bound is not None}
        found = {o.id: o for o in (*index.objects.live(bound), *index.objects.holding(wanted)) if o.id not in objects}
        objects.update(found)
        neighbours = [*index.files.bound_to(found), *index.files.wanting(wanted)]
        fresh = [row for row in neighbours if row.ref not in rows]
        rows.update((row.ref, row) for row in neighbours)

    def idle(ref: FileRef) -> bool:
        return ref in waiting or ref.folder in context.paused

    known = [row for row in rows.values() if context.unit(row.ref)]
    left = traces_of(context, (row for row in known if is_gone(row) or is_new(row))) if any(map(is_gone, known)) else {}
    files = tuple(_file_now(row, leaving.get(row.ref), idle(row.ref), left.get(row.ref)) for row in known)
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


def collect_orphans(
    context: Context, backlog: Backlog, busy: frozenset[Content], unsettled: frozenset[FileRef] = frozenset()
) -> None:
    """Queue the deletion of what nothing is bound to any more, unless it may have gone to an ``unsettled`` path."""
    wall, mono = context.clocks.wall(), context.clocks.mono()
    put_off = {object_id for object_id, at in context.stubborn.items() if at > mono} | backlog.parked_deletes()
    orphans = []
    left = context.index.objects.orphans()
    context.places = still_unsettled(context, left, unsettled)
    context.hidden &= context.places.keys()
    for orphan in left:
        if orphan.object.id in put_off:
            continue
        if orphan.at > wall:  # the clock was set back: the time it is kept for begins anew
            context.index.objects.orphan(orphan.object.id, orphan.ref, wall, orphan.reason)
        unit = context.unit(orphan.ref)
        row = context.index.files.get(orphan.ref) if orphan.reason is Reason.REPLACED else None
        exposed = _wants_private(row) and orphan.object.public is not False
        may_stay = row is not None and row.wanted is not None and not exposed  # for those who pinned its URL
        keep_s = unit.policy.keep_replaced_s if unit is not None and may_stay else 0.0
        deletable = orphan.object.ours or (unit is not None and unit.policy.delete_adopted)
        if deletable and (unit is not None or orphan.reason is Reason.FORGOTTEN):
            again = may_be_made_anew(context, orphan.object)
            needed = bool(context.places[orphan.object.id]) or _is_wanted(context, orphan)
            if exposed and (needed or again) and orphan.object.id not in context.hidden:
                context.hidden.add(orphan.object.id)  # tried once; if that fails, it is deleted as soon as it may be
                backlog.put(_hide(orphan))
                continue
            waits = needed or orphan.ref.folder in context.paused
            due = not again and (exposed or (min(orphan.at, wall) + keep_s <= wall and not waits))
            orphans.append(Unbound(orphan.object, orphan.ref, orphan.reason, due, exposed))
    for action in collect(orphans, busy):
        backlog.put(action)


def _is_wanted(context: Context, orphan: Orphan) -> bool:
    """Whether a file will be bound to it that only waits for its turn: one whose upload is under way, to begin with."""
    if not orphan.wanted or orphan.object.sha256 is None:
        return False
    wanting = context.index.files.wanting([orphan.object.sha256])
    return any(context.unit(row.ref) is not None for row in wanting)


def _hide(orphan: Orphan) -> Patch:
    """What may be wanted elsewhere in a moment is made private instead of being deleted."""
    why = "its file wants to be private"
    return Patch(orphan.object.id, orphan.object.kind, Change(public=False), orphan.ref, why)


def _wants_private(row: FileRow | None) -> bool:
    return row is not None and row.wanted is not None and not row.wanted.public
