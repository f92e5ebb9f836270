"""What would be done, and why: the real scan, inspection, planner and guard on a private copy of the index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from picora_sync.change_queue import ChangeQueue
from picora_sync.core.backlog import BATCH, Backlog
from picora_sync.core.exposure import changed_by, exposure_of
from picora_sync.core.model import UNCLEAR_CODES, FileRef, Kind, Quota, Tier
from picora_sync.core.plan import Action, Bind, Delete, Patch, Unbind, Upload
from picora_sync.core.policy import Settle
from picora_sync.index import Index
from picora_sync.reconciler.context import Clocks, Context, Unit
from picora_sync.reconciler.deletion.grace import Leaving, Removals
from picora_sync.reconciler.deletion.orphans import collect_orphans
from picora_sync.reconciler.intake import scan
from picora_sync.reconciler.intake.derive import Derivations
from picora_sync.reconciler.intake.derived_cache import Texts
from picora_sync.reconciler.intake.inspect import Inspector
from picora_sync.reconciler.intake.open_files import Writers
from picora_sync.reconciler.intake.recall import Recall
from picora_sync.reconciler.planning.apply import apply, load_view
from picora_sync.reconciler.planning.fit_quota import fitting, let_wait_for_room
from picora_sync.report import Planned, PlanReport
from picora_sync.workers import AtOnce

AT_ONCE = Settle(quiet_s=0.0, at_most_s=0.0)
"""What nothing waits for."""


def forecast(
    copy: Index,
    units: Iterable[Unit],
    clocks: Clocks,
    eta: Callable[[Mapping[Tier, int]], float],
    quotas: Mapping[Kind, Quota] = MappingProxyType({}),
) -> PlanReport:
    """Plan everything as if it had settled and every grace were over; ``copy`` is changed, nothing else is. ``quotas``
    is what the account has room for, as far as that is known.
    """
    hasty = [without_waits(unit) for unit in units]
    queue = ChangeQueue(lambda _: AT_ONCE, clocks.mono)
    context = Context(copy, queue, {unit.policy.name: unit for unit in hasty}, clocks, clocks.wall)
    removals, backlog = Removals(context), Backlog()
    derivations = Derivations(AtOnce(), "plan")
    inspector = Inspector(context, removals, Texts(0), derivations, Writers(context).still_held)
    let_wait_for_room(context, quotas)
    context.todo.update(copy.files.unfinished())
    for ref in copy.files.rederive_limited():
        queue.touch(ref)
    recall = Recall(context, Derivations(AtOnce(), "recall"), inspector.privacy)
    recall.take_up()
    recall.run()
    for unit in hasty:
        scan.scan(context, unit)
    removals.reconsider_held(context.units)
    while due := queue.take_due(float("inf")):
        for ref in due:
            inspector.inspect_and_record(ref)
    actions = _plan(context, removals, backlog, context.todo, {})
    leaving = removals.judge()
    actions += _plan(context, removals, backlog, set(leaving), leaving)
    before = {delete.object_id for delete in backlog.requests() if isinstance(delete, Delete)}
    collect_orphans(context, backlog, frozenset())
    actions += [a for a in backlog.requests() if isinstance(a, Delete) and a.object_id not in before]
    actions = fitting(context, actions, quotas)
    requests = count_requests(actions)
    problems = copy.files.problems()
    lines = _lines(copy, actions)
    named = {FileRef(each.folder, each.path) for each in lines}
    return PlanReport(
        actions=lines,
        held=[_held(copy, ref, why) for ref, why, approved in copy.holds.held() if not approved],
        requests={tier.value: requests.get(tier, 0) for tier in (Tier.UPLOAD, Tier.MUTATION, Tier.READ)},
        eta_s=eta(requests),
        blocked=[(ref, problem) for ref, problem, blocks in problems if blocks and context.unit(ref)],
        away=[(ref.folder, problem) for ref, problem, _ in problems if not ref.path and context.unit(ref)],
        unclear=[(ref, problem) for ref, problem, _ in problems if problem.code in UNCLEAR_CODES and ref in named],
    )


def count_requests(actions: Iterable[Action]) -> dict[Tier, int]:
    """The least number of requests for these actions (design §4): deletes go in batches, replaced objects too."""
    uploads = patches = 0
    deletes = dict.fromkeys(Kind, 0)
    for action in actions:
        match action:
            case Upload():
                uploads += 1
                deletes[action.wanted.kind] += (action.replaces or action.delete_first) is not None
            case Patch():
                patches += 1
            case Delete():
                deletes[action.kind] += 1
            case Bind() | Unbind():
                pass
    batches = sum(-(-number // BATCH[kind]) for kind, number in deletes.items())
    return {Tier.UPLOAD: uploads, Tier.MUTATION: patches + batches}


def _plan(
    context: Context,
    removals: Removals,
    backlog: Backlog,
    refs: Iterable[FileRef],
    leaving: Mapping[FileRef, Leaving],
) -> list[Action]:
    """Move the bindings until they rest, then say which requests are left."""
    concerned, moved = set(refs), list[Action]()
    context.todo.clear()
    while True:
        made = removals.plan(load_view(context, concerned, leaving))
        moves = [action for action in made if isinstance(action, Bind | Unbind)]
        if not moves:
            return moved + made
        apply(context, moves, backlog)
        moved += moves
        concerned |= context.todo


def _lines(copy: Index, actions: Sequence[Action]) -> list[Planned]:
    """One for each file that something is done for, and for each that others can, or cannot, read by it."""
    changed, lines = changed_by(actions), list[Planned]()
    for action in actions:
        seen = exposure_of(action, copy.objects.get, changed)
        if (op := _op(action)) is not None:
            lines.append(Planned(op, action.ref.folder, action.ref.path, action.why, seen.before, seen.after))
        for op, ref in _along(copy, action):
            why = f"same content as {action.ref.path}"
            lines.append(Planned(op, ref.folder, ref.path, why, None if op == "rebind" else seen.before, seen.after))
    return lines


def _along(copy: Index, action: Action) -> list[tuple[str, FileRef]]:
    """The files that share what an action makes, or what it opens or closes."""
    match action:
        case Upload():
            return [("rebind", ref) for ref in action.also]
        case Patch(change=change) if change.public is not None:
            return [("patch", row.ref) for row in copy.files.bound_to([action.object_id]) if row.ref != action.ref]
        case _:
            return []


def _held(copy: Index, ref: FileRef, why: str) -> Planned:
    row = copy.files.get(ref)
    item = copy.objects.get(row.bound) if row is not None and row.bound is not None else None
    return Planned("delete", ref.folder, ref.path, why, item.public if item is not None else None)


def _op(action: Action) -> str | None:
    match action:
        case Upload():
            return "replace" if action.replaces or action.delete_first else "upload"
        case Patch():
            return "patch"
        case Bind():
            return "rebind"
        case Delete():
            return "delete"
        case Unbind():
            return None


def without_waits(unit: Unit) -> Unit:
    """The same folder, with nothing to wait for."""
    policy = replace(unit.policy, doc_settle=AT_ONCE, audio_settle=AT_ONCE, delete_after_s=0.0)
    return replace(unit, policy=policy)
