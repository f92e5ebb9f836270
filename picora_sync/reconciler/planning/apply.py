"""From the index to the planner's view, and from the plan to index and backlog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from picora_sync.core.backlog import Backlog
from picora_sync.core.model import FileRef, Problem, Rank
from picora_sync.core.plan import Action, Bind, Delete, Patch, Reason, Unbind, Upload
from picora_sync.core.planner import collect
from picora_sync.core.policy import OnDelete
from picora_sync.core.ports import Change, Present
from picora_sync.core.view import Content, FileNow, Standing, Traces, Unbound, View
from picora_sync.index.objects import Orphan
from picora_sync.index.rows import FileRow, Seen
from picora_sync.reconciler.context import Context
from picora_sync.reconciler.deletion.grace import Leaving
from picora_sync.reconciler.deletion.relocation import still_unsettled
from picora_sync.reconciler.deletion.rename_traces import is_gone, is_new, relatives, traces_of
from picora_sync.reconciler.uploads.late import may_be_made_anew

NOTHING: Mapping[FileRef, Leaving] = {}
MOST_SHARERS = 100
"""So many files that share an object are looked at: one that was swapped shares it with hardly any."""


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


def collect_orphans(
    context: Context,
    backlog: Backlog,
    busy: frozenset[Content],
    unsettled: frozenset[FileRef] = frozenset(),
    refusal: Problem | None = None,
) -> None:
    """Queue the deletion of what nothing is bound to any more, unless it may have gone to an ``unsettled`` path.

    While Picora takes no deletion at all, that ``refusal`` is noted instead. What its file wants private is made so in
    the meantime, whatever keeps it from being deleted.
    """
    wall, mono = context.clocks.wall(), context.clocks.mono()
    put_off = {object_id for object_id, at in context.stubborn.items() if at > mono} | backlog.parked_deletes()
    _take_up_doomed(context, backlog, mono)
    orphans = []
    left = context.index.objects.orphans()
    context.places = still_unsettled(context, left, unsettled)
    exposed_and_doomed = [each for each in context.index.objects.exposed_and_doomed() if each.object.id in put_off]
    context.hidden &= context.places.keys() | {each.object.id for each in exposed_and_doomed}
    context.hidden -= {i for i, at in context.hide_again.items() if at <= mono}
    context.hide_again = {i: at for i, at in context.hide_again.items() if i in context.hidden}
    for orphan in exposed_and_doomed:
        _hide(context, backlog, orphan)
    for orphan in left:
        stays = orphan.object.id in put_off or (refusal is not None and orphan.refused)
        exposed = orphan.private and orphan.reason is Reason.REPLACED and orphan.object.public is not False
        if stays and (not exposed or orphan.object.id in context.hidden):
            continue
        if orphan.at > wall:  # the clock was set back: the time it is kept for begins anew
            context.index.objects.orphan(orphan.object.id, orphan.ref, wall, orphan.reason)
        unit = context.unit(orphan.ref)
        deletable = orphan.object.ours or (unit is not None and unit.policy.delete_adopted)
        if deletable and (unit is not None or orphan.reason is Reason.FORGOTTEN):
            again = may_be_made_anew(context, orphan.object)
            needed = bool(context.places[orphan.object.id]) or _is_wanted(context, orphan)
            if exposed and (needed or again or stays or refusal) and _hide(context, backlog, orphan):
                continue
            waits = needed or orphan.ref.folder in context.paused
            keep_s = _keep_s(context, orphan, exposed=exposed)
            due = not again and (exposed or (min(orphan.at, wall) + keep_s <= wall and not waits))
            orphans.append(Unbound(orphan.object, orphan.ref, orphan.reason, due, exposed))
    for action in collect(orphans, busy):
        if refusal is None:
            backlog.put(action)
        else:
            context.index.leftovers.refuse([action.object_id], refusal, wall)


def _take_up_doomed(context: Context, backlog: Backlog, mono: float) -> None:
    """What was to be deleted, and may have been, is asked for again when its time has come."""
    due = {object_id for object_id, at in context.stubborn.items() if at <= mono}
    for item, ref in context.index.objects.doomed_refs() if due else ():
        if item.id in due:
            backlog.put(Delete(item.id, item.kind, ref, "its deletion was not confirmed"))
    for object_id in due:
        del context.stubborn[object_id]


def _keep_s(context: Context, orphan: Orphan, *, exposed: bool) -> float:
    """How long an old version stays for those who pinned its URL."""
    unit = context.unit(orphan.ref)
    if unit is None or exposed or orphan.reason is not Reason.REPLACED:
        return 0.0
    row = context.index.files.get(orphan.ref) if unit.policy.keep_replaced_s else None
    return unit.policy.keep_replaced_s if row is not None and row.wanted is not None else 0.0


def _is_wanted(context: Context, orphan: Orphan) -> bool:
    """Whether a file will be bound to it that only waits for its turn: one whose upload is under way, to begin with."""
    if not orphan.wanted or orphan.object.sha256 is None:
        return False
    wanting = context.index.files.wanting([orphan.object.sha256])
    return any(context.unit(row.ref) is not None for row in wanting)


def _hide(context: Context, backlog: Backlog, orphan: Orphan) -> bool:
    """What may be wanted elsewhere in a moment, or cannot be deleted, is made private instead: tried once, then after a
    while. False if that is under way, or was tried.
    """
    if orphan.object.id in context.hidden:
        return False
    context.hidden.add(orphan.object.id)
    why = "its file wants to be private"
    backlog.put(Patch(orphan.object.id, orphan.object.kind, Change(public=False), orphan.ref, why))
    return True
