"""What came of a job goes into the index, in one transaction, and says which files are planned again."""

from __future__ import annotations

import logging
from collections.abc import Hashable
from typing import assert_never

from picora_sync.core.backlog import Backlog, Lane, Rank, key_of, lane_of
from picora_sync.core.consequence import (
    AskWhetherReachable,
    Block,
    CloseLane,
    Consequence,
    LookAgain,
    Retry,
    StopCalls,
    Vanished,
    judge,
)
from picora_sync.core.model import FileRef, Kind, Problem
from picora_sync.core.plan import Delete, Upload
from picora_sync.errors import OutcomeUnknown, ServerFault
from picora_sync.executor import Alter, Altered, Failed, Job, Outcome, Probe, Probed, Remove, Removed, Send, Stored
from picora_sync.reconciler.connection import Connection
from picora_sync.reconciler.context import Context
from picora_sync.reconciler.tally import Tally

log = logging.getLogger(__name__)


class Outcomes:
    """Applies outcomes to the index, the backlog and the connection."""

    def __init__(self, context: Context, backlog: Backlog, connection: Connection, tally: Tally) -> None:
        self._context = context
        self._backlog = backlog
        self._connection = connection
        self._tally = tally

    def apply(self, outcome: Outcome) -> None:
        """Record one outcome."""
        match outcome:
            case Stored():
                self._stored(outcome)
            case Altered(job):
                self._altered(job)
            case Removed():
                self._removed(outcome)
            case Probed():
                self._connection.probed(self._context.clocks.mono(), healthy=outcome.healthy)
            case Failed(job, error):
                faults = self._connection.fault(_work(job)) if isinstance(error, ServerFault) else 0
                consequence = judge(error, faults)
                self._remember_doubt(job, error)
                self._failed(job, consequence, Problem(type(error).code, error.message, error.hint))
            case _:
                assert_never(outcome)

    # --- success ----------------------------------------------------------------------------------------------------

    def _stored(self, outcome: Stored) -> None:
        upload, item = outcome.job.upload, outcome.object
        index, wall = self._context.index, self._context.clocks.wall()
        refs = (upload.ref, *upload.also)
        if upload.delete_first is not None:
            self._context.todo.update(index.objects.forget(upload.delete_first))
        index.objects.store(item)
        index.objects.close_intent(upload.wanted.kind, upload.wanted.sha256)
        bound = False
        for row in index.files.get_many(refs):
            index.objects.bind(row.ref, item, wall)
            bound = True
        if not bound:
            index.objects.orphan(item.id, upload.ref, wall)
        index.files.replace_answers(upload.ref, outcome.remarks)
        self._connection.success(_work(outcome.job))
        self._tally.uploaded(upload, item.url)
        self._context.interactive.difference_update(refs)
        self._context.todo.update(refs)
        self._context.todo.update(row.ref for row in index.files.wanting([upload.wanted.sha256]))
        log.info("uploaded %s → %s", upload.ref.path, item.url)

    def _altered(self, job: Alter) -> None:
        patch = job.patch
        self._context.index.objects.patched(patch.object_id, patch.change)
        self._connection.success(_work(job))
        self._tally.patched += 1
        self._replan_object(patch.object_id)
        log.info("changed %s: %s", patch.ref.path, patch.why)

    def _removed(self, outcome: Removed) -> None:
        index, gone = self._context.index, set(outcome.gone)
        for delete in outcome.job.deletes:
            if delete.object_id in gone:
                item = index.objects.get(delete.object_id)
                self._context.todo.update(index.objects.forget(delete.object_id))
                if item is not None and item.sha256 is not None:
                    self._context.todo.update(row.ref for row in index.files.wanting([item.sha256]))
                self._tally.deleted += 1
                log.info("deleted what was %s: %s", delete.ref.path, delete.why)
        index.objects.spare([delete.object_id for delete in outcome.job.deletes if delete.object_id not in gone])
        if gone and self._connection.closed(lane := _upload_lane(outcome.job.kind)) is not None:
            self.reopen(lane)

    # --- failure ----------------------------------------------------------------------------------------------------

    def _remember_doubt(self, job: Job, error: Exception) -> None:
        """What may have been carried out stays marked as such; what certainly was not is unmarked."""
        index = self._context.index
        unknown = isinstance(error, OutcomeUnknown | ServerFault)
        match job:
            case Send(upload):
                if not unknown:
                    index.objects.close_intent(upload.wanted.kind, upload.wanted.sha256)
                if upload.delete_first is not None:
                    again = Delete(upload.delete_first, upload.wanted.kind, upload.ref, upload.why)
                    self._backlog.put(again)  # when it is certainly gone, its files are planned again
            case Remove(_, deletes) if not unknown:
                index.objects.spare([delete.object_id for delete in deletes])
            case _:
                pass

    def _failed(self, job: Job, consequence: Consequence, problem: Problem) -> None:
        now = self._context.clocks.mono()
        match consequence:
            case LookAgain():
                self._touch(job)
            case AskWhetherReachable():
                self._connection.doubt(now, problem)
                self._put_back(job, now)
            case StopCalls():
                self._connection.refused = True
                self._connection.trouble = consequence.problem
                self._put_back(job, now)
                log.error("%s %s", consequence.problem.message, consequence.problem.hint)
            case Retry(after_s):
                self._put_back(job, now + after_s)
            case Block():
                self._block(job, consequence.problem)
                if consequence.retry_s is not None:
                    self._context.retries[job_ref(job)] = now + consequence.retry_s
            case CloseLane():
                self._close(job, consequence, now)
            case Vanished():
                self._vanished(job, problem)
            case _:
                assert_never(consequence)

    def _touch(self, job: Job) -> None:
        if isinstance(job, Send):
            self._context.queue.touch(job.upload.ref)
            self._context.todo.update(job.upload.also)

    def _put_back(self, job: Job, until: float) -> None:
        match job:
            case Send(upload):
                if upload.delete_first is None:
                    self._backlog.park(upload, until, Rank.INTERACTIVE)
            case Alter(patch):
                self._backlog.park(patch, until)
            case Remove(_, deletes):
                for delete in deletes:
                    self._backlog.park(delete, until)
            case Probe():
                pass
            case _:
                assert_never(job)

    def _block(self, job: Job, problem: Problem) -> None:
        index = self._context.index
        match job:
            case Send(upload):
                for ref in (upload.ref, *upload.also):
                    index.files.refuse(ref, problem)
            case Alter(patch):
                index.files.refuse(patch.ref, problem)
            case Remove(_, deletes):
                index.objects.spare([delete.object_id for delete in deletes])
                self._connection.deletes_closed_until = self._context.clocks.mono() + 3600.0
                for delete in deletes:
                    index.files.remark(delete.ref, problem)
            case _:
                pass
        log.warning("%s: %s %s", job_ref(job).path, problem.message, problem.hint)

    def _close(self, job: Job, closing: CloseLane, now: float) -> None:
        self._block(job, closing.problem)
        if isinstance(job, Send):
            lane = lane_of(job.upload)
            self._connection.close(lane, now + closing.retry_s, closing.problem)
            while (waiting := self._backlog.take(lane)) is not None:
                if isinstance(waiting, Upload):
                    for ref in (waiting.ref, *waiting.also):
                        self._context.index.files.refuse(ref, closing.problem)

    def _vanished(self, job: Job, problem: Problem) -> None:
        if isinstance(job, Send):
            self._block(job, problem)  # the server does not know this call at all
        elif isinstance(job, Alter):
            self._context.todo.update(self._context.index.objects.forget(job.patch.object_id))
        elif isinstance(job, Remove):
            self._removed(Removed(job, tuple(delete.object_id for delete in job.deletes)))

    # --- again ------------------------------------------------------------------------------------------------------

    def reopen(self, lane: Lane) -> None:
        """Try again what was refused for the reason that closed this lane."""
        problem = self._connection.closed(lane)
        self._connection.reopen(lane)
        if problem is not None:
            for ref, code in self._context.index.files.refused():
                if code == problem.code:
                    self._context.index.files.unblock(ref)
                    self._context.todo.add(ref)

    def _replan_object(self, object_id: str) -> None:
        self._context.todo.update(row.ref for row in self._context.index.files.bound_to([object_id]))


def _work(job: Job) -> Hashable:
    match job:
        case Send(upload):
            return key_of(upload)
        case Alter(patch):
            return key_of(patch)
        case Remove(kind, _):
            return ("delete", kind)
        case Probe():
            return "probe"
        case _:
            assert_never(job)


def job_ref(job: Job) -> FileRef:
    """The file a job is about, for messages."""
    match job:
        case Send(upload):
            return upload.ref
        case Alter(patch):
            return patch.ref
        case Remove(_, deletes):
            return deletes[0].ref
        case Probe():
            return FileRef("", "")
        case _:
            assert_never(job)


def _upload_lane(kind: Kind) -> Lane:
    return Lane.DOC if kind is Kind.DOC else Lane.AUDIO
