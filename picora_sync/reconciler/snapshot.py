"""A snapshot of the running mirror, for the live view and for ``status``."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from picora_sync.core.model import Tier
from picora_sync.jobs import Send
from picora_sync.reconciler.dispatch.bandwidth import Meter
from picora_sync.reconciler.loop import Reconciler
from picora_sync.report import SHOWN, FolderLive, Live, Transfer


def describe(
    reconciler: Reconciler,
    meter: Meter,
    eta: Callable[[Mapping[Tier, int]], float],
    requests: int,
    accepted_s_ago: float | None,
    folders: Sequence[FolderLive],
) -> Live:
    """Everything that is not in the index: what is under way, what waits, and how long it will take."""
    connection, tally = reconciler.connection, reconciler.tally
    under_way = [job.upload for job in reconciler.executor.in_flight if isinstance(job, Send)]
    waiting = reconciler.backlog.counts()
    settling = tuple(islice(reconciler.context.queue.settling(), SHOWN))
    trouble = connection.wrong
    at = reconciler.context.clocks.wall()
    return Live(
        pid=os.getpid(),
        at=at,
        account=connection.state.value,
        trouble=trouble.in_full if trouble else "",
        folders=folders,
        settling=settling,
        transfers=[Transfer(u.ref, u.wanted.size_bytes, meter.sent_bytes(u.ref)) for u in under_way],
        waiting_uploads=waiting.uploads,
        waiting_bytes=waiting.upload_bytes,
        uploads=tally.uploads,
        uploaded_bytes=tally.uploaded_bytes,
        patched=tally.patched,
        deleted=tally.deleted,
        requests=requests,
        eta_s=eta(waiting.requests),
        recent=tuple(tally.recent),
        vanished=len(reconciler.removals),
        wait_s=_wait_s(reconciler),
        accepted_at=None if accepted_s_ago is None else at - accepted_s_ago,
    )


def _wait_s(reconciler: Reconciler) -> float:
    """How long until what settles has settled, and what vanished may go, if nothing changes any more."""
    ends = (reconciler.context.queue.settled_by(), reconciler.removals.over_by())
    last = max((at for at in ends if at is not None), default=0.0)
    return max(0.0, last - reconciler.context.clocks.mono())
