"""What came of a job goes into the index, in one transaction, and says which files are planned again."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from picora_sync.core.backlog import Backlog, lane_of
from picora_sync.core.consequence import (
    HOUR_S,
    AskWhetherReachable,
    Block,
    CloseLane,
    Consequence,
    Full,
    LookAgain,
    Retry,
    StopCalls,
    Vanished,
    judge,
)
from picora_sync.core.model import Kind, Problem, Rank, RemoteObject
from picora_sync.core.plan import Delete, Reason, Upload
from picora_sync.errors import FileChanged, FileUnreadable, NotPicora, OutcomeUnknown, RemoteError, ServerFault
from picora_sync.executor import (
    Alter,
    Altered,
    Failed,
    Job,
    Listed,
    Look,
    NotListed,
    Outcome,
    Probe,
    Probed,
    Remove,
    Removed,
    Send,
    Stored,
)
from picora_sync.index.rows import FileRow, Seen
from picora_sync.reconciler.connection import Connection
from picora_sync.reconciler.context import Context
from picora_sync.reconciler.doubts import ASK_AGAIN_S, Doubts
from picora_sync.reconciler.jobs import again_s, job_ref, work_of
from picora_sync.reconciler.tally import Tally
from picora_sync.reconciler.twins import Twins, collect_twin

log = logging.getLogger(__name__)

STUBBORN_S = 600.0
"""What Picora did not delete is tried again after this long."""


class Outcomes:
    """Applies outcomes to the index, the backlog and the connection."""

    def __init__(
        self,
        context: Context,
        backlog: Backlog,
        connection: Connection,
        doubts: Doubts,
        twins: Twins,
        tally: Tally,
    ) -> None:
        self._context = context
        self._doubts = doubts
        self._twins = twins
        self._backlog = backlog
        self._connection = connection
        self._tally = tally

    def apply(self, outcome: Outcome) -> None:
        """Record one outcome."""
        match outcome:
            case Stored():
                self._stored(outcome)
            case NotListed(job):
                now = self._context.clocks.mono()
                if job not in self._doubts:  # from an earlier process
                    self._doubts.begin(job, now)
                self._doubts.ask_at(job, now + ASK_AGAIN_S)
            case Listed(job, objects):
                self._twins.listed(job, objects, self._context.server_time())
                self._connection.success(work_of(job))
            case Altered(job):
                self._altered(job)
            case Removed():
                self._removed(outcome)
            case Probed():
                self._connection.probed(self._context.clocks.mono(), healthy=outcome.healthy)
            case Failed(job, error):
                broken = isinstance(error, ServerFault | OutcomeUnknown | NotPicora)
                faults, others_succeed = self._connection.fault(work_of(job)) if broken else (0, False)
                consequence = judge(error, faults, others_succeed=others_succeed)
                self._remember_doubt(job, error)
                self._failed(job, consequence, Problem(type(error).code, error.message, error.hint))
                if isinstance(job, Alter):
                    self._plan_if_superseded(job)
            case _:
                assert_never(outcome)

    # --- success ----------------------------------------------------------------------------------------------------

    def _stored(self, outcome: Stored) -> None:
        upload, item = outcome.job.upload, outcome.object
        index, wall = self._context.index, self._context.clocks.wall()
        refs = (upload.ref, *upload.also)
        self._count(upload, item)
        if upload.delete_first is not None:
            self._context.todo.update(index.objects.forget(upload.delete_first))
        index.objects.store(item)
        for twin in outcome.twins:
            collect_twin(self._context, twin, upload.ref)
        if outcome.perhaps_more:
            self._twins.watch(upload, self._context.server_time())
        index.objects.close_intent(upload.wanted.kind, upload.wanted.sha256)
        self._doubts.settled(outcome.job)
        for row in index.files.get_many(refs):
            if _may_bind(row, upload):
                index.objects.bind(row.ref, item, wall)
        index.objects.orphan(item.id, upload.ref, wall, Reason.REPLACED)  # if the files have moved on meanwhile
        index.files.replace_answers(upload.ref, outcome.remarks)
        self._connection.success(work_of(outcome.job))
        self._tally.uploaded(upload, item.url)
        self._context.interactive.difference_update(refs)
        self._context.todo.update(refs)
        self._context.todo.update(row.ref for row in index.files.wanting([upload.wanted.sha256]))
        log.info("uploaded %s → %s", upload.ref.path, item.url)

    def _count(self, upload: Upload, item: RemoteObject) -> None:
        """What an upload took of the account's room: nothing if the server held this before."""
        objects, room = self._context.index.objects, self._connection.room
        old = None if upload.delete_first is None else objects.get(upload.delete_first)
        if old is not None:
            room.replaced(item.kind, old.size_bytes, item.size_bytes)
        elif item.ours and objects.get(item.id) is None:
            room.stored(item.kind, item.size_bytes)

    def _altered(self, job: Alter) -> None:
        patch = job.patch
        self._context.superseded.discard(patch.object_id)
        self._context.index.objects.patched(patch.object_id, patch.change)
        self._connection.success(work_of(job))
        self._tally.patched += 1
        self._replan_object(patch.object_id)
        log.info("changed %s: %s", patch.ref.path, patch.why)

    def _removed(self, outcome: Removed) -> None:
        index, gone = self._context.index, set(outcome.gone)
        for delete in outcome.job.deletes:
            if delete.object_id in gone:
                self._plan_users(delete.object_id)
                if (item := index.objects.get(delete.object_id)) is not None:
                    self._connection.room.freed(item.kind, item.size_bytes)
                index.objects.forget(delete.object_id)
                if index.files.get(delete.ref) is None:
                    index.files.forget(delete.ref)  # what was remarked on it while it could not be deleted
                self._context.stubborn.pop(delete.object_id, None)
                self._tally.deleted += 1
                log.info("deleted what was %s: %s", delete.ref.path, delete.why)
        spared = [delete.object_id for delete in outcome.job.deletes if delete.object_id not in gone]
        again_at = self._context.clocks.mono() + STUBBORN_S
        self._context.stubborn.update((object_id, again_at) for object_id in spared)
        self._spare(spared)
        self._connection.success(work_of(outcome.job))

    # --- failure ----------------------------------------------------------------------------------------------------

    def _remember_doubt(self, job: Job, error: Exception) -> None:
        """What may have been carried out stays marked as such; what certainly was not is unmarked."""
        unknown = isinstance(error, OutcomeUnknown | ServerFault | NotPicora) or (
            isinstance(error, RemoteError) and error.perhaps_done
        )
        match job:
            case Send(upload):
                # After a look, only the POST itself can find out that the file is another one now.
                looked_in_vain = isinstance(error, FileChanged | FileUnreadable)
                if looked_in_vain or not (unknown or job.posted_before):
                    if job.posted_before and upload.wanted.kind is Kind.AUDIO:
                        self._twins.watch(upload, self._context.server_time())
                    self._context.index.objects.close_intent(upload.wanted.kind, upload.wanted.sha256)
                    self._doubts.settled(job)
                    self._delete_what_was_first(upload)
                elif unknown or job not in self._doubts:
                    posts = job.posted_before + job.may_post
                    self._doubts.begin(replace(job, posted_before=posts), self._context.clocks.mono())
            case Remove(_, deletes) if not unknown:
                self._spare([delete.object_id for delete in deletes])
            case _:
                pass

    def _delete_what_was_first(self, upload: Upload) -> None:
        """Nobody knows whether the first half was carried out; when it is, the files are planned again."""
        if upload.delete_first is not None:
            self._backlog.put(Delete(upload.delete_first, upload.wanted.kind, upload.ref, upload.why))

    def _failed(  # noqa: C901  (one case per consequence: a table)
        self, job: Job, consequence: Consequence, problem: Problem
    ) -> None:
        now = self._context.clocks.mono()
        match consequence:
            case LookAgain():
                self._touch(job)
            case AskWhetherReachable(after_s):
                self._connection.doubt(now, problem)
                self._put_back(job, now + after_s)
            case StopCalls():
                self._connection.refused = True
                self._connection.trouble = consequence.problem
                self._put_back(job, now)
                log.error("%s %s", consequence.problem.message, consequence.problem.hint)
            case Retry(after_s):
                self._put_back(job, now + after_s)
            case Full() if isinstance(job, Send):
                self._did_not_fit(job, consequence.problem, now)
            case Block() | Full():
                self._block(job, consequence.problem)
                if (pause_s := again_s(job, consequence.retry_s)) is not None:
                    self._try_again(job, now + pause_s)
                elif isinstance(job, Send):
                    self._doubts.settled(job)
            case CloseLane():
                self._close(job, consequence, now)
            case Vanished():
                self._vanished(job, problem)
            case _:
                assert_never(consequence)

    def _touch(self, job: Job) -> None:
        if isinstance(job, Send):
            self._context.look_again(job.upload.ref)
            self._plan_waiting(job)

    def _put_back(self, job: Job, until: float) -> None:
        match job:
            case Send() if job in self._doubts:
                self._doubts.ask_at(job, until)
            case Send(upload):
                if upload.delete_first is None:
                    self._backlog.park(upload, until, Rank.INTERACTIVE)
            case Alter(patch):
                if patch.object_id not in self._context.superseded:
                    self._backlog.park(patch, until)
            case Remove(_, deletes):
                for delete in deletes:
                    self._backlog.park(delete, until)
            case Probe() | Look():  # asked again in their own time
                pass
            case _:
                assert_never(job)

    def _block(self, job: Job, problem: Problem) -> None:
        index = self._context.index
        match job:
            case Send(upload):
                self._delete_what_was_first(upload)
                self._context.interactive.difference_update((upload.ref, *upload.also))
                for ref in (upload.ref, *upload.also):
                    index.files.refuse(ref, problem)
                self._plan_waiting(job)
            case Alter(patch):
                index.files.refuse(patch.ref, problem)
            case Remove(_, deletes):
                self._connection.deletes_closed_until = self._context.clocks.mono() + HOUR_S
                for delete in deletes:
                    self._backlog.put(delete)
                    index.files.remark(delete.ref, problem)
            case _:
                pass
        log.warning("%s: %s %s", job_ref(job).path, problem.message, problem.hint)

    def _close(self, job: Job, closing: CloseLane, now: float) -> None:
        self._block(job, closing.problem)
        if isinstance(job, Send) and job.upload.delete_first is None:
            self._connection.close(lane_of(job.upload), now + closing.retry_s, closing.problem)
            self._ask_again(job, now + closing.retry_s)
        else:
            self._try_again(job, now + (again_s(job, closing.retry_s) or closing.retry_s))

    def _did_not_fit(self, job: Send, problem: Problem, now: float) -> None:
        """It waits as all that waits for room; one that may be half done is asked for again when there is some."""
        upload = job.upload
        self._connection.room.refused(upload.wanted.kind, upload.wanted.size_bytes, now)
        if job in self._doubts or upload.delete_first is not None:
            self._block(job, problem)
            self._ask_again(job, now + HOUR_S)
        else:
            self._backlog.put(upload, Rank.INTERACTIVE)

    def _try_again(self, job: Job, at: float) -> None:
        match job:
            case Send(upload):
                self._context.retries.update((ref, at) for ref in (upload.ref, *upload.also))
                self._ask_again(job, at)
            case Alter(patch):
                self._context.retries[patch.ref] = at
            case _:
                pass

    def _ask_again(self, job: Send, at: float) -> None:
        if job in self._doubts:
            self._doubts.ask_at(job, at)

    def _vanished(self, job: Job, problem: Problem) -> None:
        if isinstance(job, Send):
            self._block(job, problem)  # the server does not know this call at all
            self._doubts.settled(job)
        elif isinstance(job, Alter):
            self._context.todo.update(self._context.index.objects.forget(job.patch.object_id))
        elif isinstance(job, Remove):
            self._removed(Removed(job, tuple(delete.object_id for delete in job.deletes)))

    # --- again ------------------------------------------------------------------------------------------------------

    def _replan_object(self, object_id: str) -> None:
        self._context.todo.update(row.ref for row in self._context.index.files.bound_to([object_id]))

    def _plan_if_superseded(self, job: Alter) -> None:
        if job.patch.object_id in self._context.superseded:
            self._context.superseded.discard(job.patch.object_id)
            self._replan_object(job.patch.object_id)

    def _spare(self, object_ids: Iterable[str]) -> None:
        """These live on: files that waited for their end may be bound to them again."""
        for object_id in object_ids:
            self._context.index.objects.spare([object_id])
            self._plan_users(object_id)

    def _plan_waiting(self, job: Send) -> None:
        """Plan the files that waited for this upload, which came to nothing."""
        wanting = self._context.index.files.wanting([job.upload.wanted.sha256])
        self._context.todo.update(row.ref for row in wanting)

    def _plan_users(self, object_id: str) -> None:
        """Plan the files that are bound to the object, and those that want what it holds."""
        files, item = self._context.index.files, self._context.index.objects.get(object_id)
        self._context.todo.update(row.ref for row in files.bound_to([object_id]))
        if item is not None and item.sha256 is not None:
            self._context.todo.update(row.ref for row in files.wanting([item.sha256]))


def _may_bind(row: FileRow, upload: Upload) -> bool:
    """Not a file that was taken away meanwhile, nor one that has come to another object."""
    if row.seen in (Seen.MISSING, Seen.IGNORED) or row.wanted is None or not row.wanted.selected:
        return False
    return row.wanted.sha256 == upload.wanted.sha256 or row.bound == upload.replaces
