"""Objects that lost their last file are deleted, unless something speaks against it for now (design §6.5)."""

from __future__ import annotations

from picora_sync.core.backlog import Backlog
from picora_sync.core.model import Problem
from picora_sync.core.plan import Delete, Patch, Reason
from picora_sync.core.planner import collect
from picora_sync.core.ports import Change
from picora_sync.core.view import ContentKey, Unbound
from picora_sync.index.objects import Orphan
from picora_sync.reconciler.context import Context, Unsettled
from picora_sync.reconciler.deletion.relocation import still_unsettled
from picora_sync.reconciler.uploads.late import may_be_made_anew


def collect_orphans(
    context: Context,
    backlog: Backlog,
    busy: frozenset[ContentKey],
    unsettled: Unsettled = frozenset,
    refusal: Problem | None = None,
    *,
    is_in_the_midst: bool = False,
) -> None:
    """Queue the deletion of what nothing is bound to any more, unless it may have gone to an ``unsettled`` path, or
    anywhere, as long as the mirror ``is_in_the_midst`` of looking.

    While Picora takes no deletion at all, that ``refusal`` is noted instead. What its file wants private is made so in
    the meantime, whatever keeps it from being deleted.
    """
    wall, mono = context.clocks.wall(), context.clocks.mono()
    put_off = {object_id for object_id, at in context.stubborn.items() if at > mono} | backlog.parked_deletes()
    _take_up_doomed(context, backlog, mono)
    orphans = []
    left = context.index.objects.orphans()
    # Of what lost its last file in the midst, it is not known yet what was unsettled then.
    known = [orphan for orphan in left if not is_in_the_midst or orphan.object.id in context.places]
    context.places = still_unsettled(context, known, unsettled)
    exposed_and_doomed = [each for each in context.index.objects.exposed_and_doomed() if each.object.id in put_off]
    context.hidden &= {each.object.id for each in left} | {each.object.id for each in exposed_and_doomed}
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
            needed = is_in_the_midst or bool(context.places[orphan.object.id]) or _is_wanted(context, orphan)
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
