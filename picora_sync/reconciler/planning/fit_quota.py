"""Which uploads of a plan the account has no room for, by the rules of :class:`Admission` (design §8)."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

from picora_sync.core.backlog import Backlog, Lane
from picora_sync.core.model import FileRef, Kind, Quota
from picora_sync.core.plan import Action, Delete, Upload
from picora_sync.errors import QuotaExceeded
from picora_sync.reconciler.context import Context
from picora_sync.reconciler.dispatch.gates import Connection
from picora_sync.reconciler.dispatch.quota import Admission
from picora_sync.reconciler.planning.apply import rank_of
from picora_sync.reconciler.uploads.unconfirmed import Doubts


def let_wait_for_room(context: Context, quotas: Mapping[Kind, Quota]) -> None:
    """Judge anew what was refused for want of room before."""
    for ref, _ in context.index.files.refused(QuotaExceeded.code) if quotas else ():
        context.index.files.try_again(ref)
        context.todo.add(ref)


def fitting(context: Context, actions: Iterable[Action], quotas: Mapping[Kind, Quota]) -> list[Action]:
    """The actions without the uploads that would not fit; those are blocked in the index, which is a copy. Deletes come
    first, and what replaces something makes room again.
    """
    planned = list(actions)
    if not quotas:
        return planned
    connection = Connection(random.Random())  # noqa: S311  (nothing is sent)
    ledger, objects = connection.quota, context.index.objects
    ledger.learn(quotas, 0.0)
    for kind, quota in quotas.items():
        if quota.used >= quota.limit:
            ledger.refused(kind, 1, 0.0)
    backlog = Backlog(ready=len(planned) + 1)
    for action in planned:
        if isinstance(action, Upload):
            backlog.put(action, rank_of(context, action))
        elif isinstance(action, Delete) and (gone := objects.get(action.object_id)) is not None:
            ledger.freed(gone.kind, gone.size_bytes)
    admission = Admission(context, backlog, connection, lambda: (), Doubts(), tell=lambda _: None)
    admitted: dict[FileRef, Upload] = {}
    for lane in (Lane.DOC, Lane.AUDIO):
        while admission.ready(lane, frozenset):
            upload = backlog.take(lane)
            assert isinstance(upload, Upload)  # noqa: S101  (the lane holds nothing else)
            upload = admitted[upload.ref] = admission.as_it_fits(upload, frozenset)
            ledger.stored(upload.wanted.kind, upload.wanted.size_bytes)
            old = objects.get(upload.replaces or upload.delete_first or "")
            if old is not None and old.ours:
                ledger.freed(old.kind, old.size_bytes)
    fits = (admitted.get(each.ref) if isinstance(each, Upload) else each for each in planned)
    return [each for each in fits if each is not None]
