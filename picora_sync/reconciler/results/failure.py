"""What follows from a job that came to nothing, or of which nobody knows what it came to (design §8 "Failures")."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import assert_never

from picora_sync.core.backlog import Backlog, Lane, lane_of
from picora_sync.core.failure_policy import (
    HOUR_S,
    AskWhetherReachable,
    AskWhetherRefused,
    BlockFile,
    CloseLane,
    Consequence,
    Full,
    LookAgain,
    Retry,
    Vanished,
    judge,
)
from picora_sync.core.guard import WINDOW_S
from picora_sync.core.model import FileRef, Kind, Problem, Rank, RemoteObject
from picora_sync.core.plan import Delete, Upload
from picora_sync.errors import (
    FileChanged,
    FileUnreadable,
    KeyRefused,
    NotPicora,
    OutcomeUnknown,
    PicoraSyncError,
    RateLimited,
    Rejected,
    RemoteError,
    ServerFault,
    Unreachable,
    UploadCut,
)
from picora_sync.jobs import (
    PRIVATE_AGAIN_S,
    Alter,
    Failed,
    Job,
    Look,
    Probe,
    Remove,
    Seek,
    Send,
    Survey,
    again_s,
    job_ref,
    work_of,
)
from picora_sync.reconciler.audit import repair
from picora_sync.reconciler.context import Context
from picora_sync.reconciler.dispatch.gates import Connection
from picora_sync.reconciler.uploads import OpenUploads
from picora_sync.reconciler.uploads.unconfirmed import is_too_old

log = logging.getLogger(__name__)

DUPLICATE = "DOC_HASH_DUPLICATE"
"""The code of a document whose content Picora holds already (contract §8.1)."""
FAULTS_TOLD = 3
"""So many failures in a row are listed with the problems."""
BROKEN_CODES = tuple(kind.code for kind in (ServerFault, OutcomeUnknown, UploadCut, NotPicora, RateLimited))
"""The codes of those remarks."""


class Setbacks:
    """Puts work back, blocks files, or closes the gates, as the error says."""

    def __init__(
        self,
        context: Context,
        backlog: Backlog,
        connection: Connection,
        open_uploads: OpenUploads,
    ) -> None:
        self._context = context
        self._backlog = backlog
        self._connection = connection
        self._doubts, self._twins, self._strangers = open_uploads.doubts, open_uploads.twins, open_uploads.strangers

    def heed(self, failed: Failed) -> None:
        """Do what this failure asks for."""
        job, error = failed.job, failed.error
        broken = isinstance(error, ServerFault | OutcomeUnknown | UploadCut | NotPicora | KeyRefused | Unreachable) or (
            isinstance(error, RateLimited) and not error.retry_after_s
        )
        faults, others_succeed = self._connection.fault(work_of(job)) if broken else (0, False)
        if faults >= FAULTS_TOLD and not isinstance(error, KeyRefused | Unreachable):  # these are told of the account
            self._tell_repetition(job, error, faults)
        consequence = judge(error, faults, others_succeed=others_succeed)
        if isinstance(error, UploadCut):
            log.warning("%s: sent again soon: %s", job_ref(job).path, error.message)
        self._remember_doubt(job, error)
        problem = Problem(type(error).code, error.message, error.hint)
        if isinstance(error, RemoteError):
            self._connection.failed(self._context.clocks.mono(), problem)
        self._follow(job, consequence, problem)
        if isinstance(job, Alter) and job.patch.object_id in self._context.superseded:
            self._context.superseded.discard(job.patch.object_id)
            self._context.plan_bound(job.patch.object_id)

    def _tell_repetition(self, job: Job, error: PicoraSyncError, faults: int) -> None:
        """What fails again and again is no secret, although it is still tried."""
        problem = Problem(error.code, f"{error.message}; {faults} times in a row", error.hint)
        if isinstance(job, Remove):
            refs = [delete.ref for delete in job.deletes]
        else:
            refs = [ref] if (ref := job_ref(job)).path else []
        for ref in refs:
            self._context.index.files.remark(ref, problem)

    def spare(self, object_ids: Iterable[str]) -> None:
        """These live on: files that waited for their end may be bound to them again."""
        for object_id in object_ids:
            self._context.index.objects.spare([object_id])
            self._context.plan_users(object_id)

    def undeleted(self, deletes: Sequence[Delete], problem: Problem, pause_s: float) -> None:
        """Picora did not delete these: that stands where people look until it did, and is tried again after a while."""
        again_at = self._context.clocks.mono() + pause_s
        self._context.stubborn.update((delete.object_id, again_at) for delete in deletes)
        wall = self._context.clocks.wall()
        fresh = self._context.index.leftovers.refuse((delete.object_id for delete in deletes), problem, wall)
        for delete in deletes:
            if delete.object_id in fresh:
                log.warning("%s: still on Picora: %s", delete.ref.path, problem.in_full)

    # --- doubts -----------------------------------------------------------------------------------------------------

    def _remember_doubt(self, job: Job, error: Exception) -> None:
        """What may have been carried out stays marked as such; what certainly was not is unmarked."""
        unknown = isinstance(error, OutcomeUnknown | ServerFault | NotPicora) or (
            isinstance(error, RemoteError) and error.perhaps_done
        )
        match job:
            case Send():
                # After a look, only the POST itself can find out that the file is another one now.
                looked_in_vain = isinstance(error, FileChanged | FileUnreadable)
                if looked_in_vain or _is_held_dead(error) or not (unknown or job.posted_before):
                    self._end(job)
                elif unknown or job not in self._doubts:
                    if job not in self._doubts and job.upload.wanted.kind is Kind.AUDIO:
                        log.warning("%s: looked for on Picora before it is sent again: %s", job.upload.ref.path, error)
                    posts = job.posted_before + job.may_post
                    self._doubts.begin(replace(job, posted_before=posts), self._context.clocks.mono())
            case Remove(_, deletes) if not unknown:
                self.spare(delete.object_id for delete in deletes)
            case _:
                pass

    def _end(self, job: Send) -> None:
        """Nothing more can be found out by this intent; what earlier POSTs of audio may still make is looked for."""
        wanted = job.upload.wanted
        if job.posted_before and wanted.kind is Kind.AUDIO:
            self._twins.watch(job.upload, self._context.server_time())
        self._context.index.objects.close_intent(wanted.kind, wanted.sha256)
        self._doubts.settled(job)
        self._delete_what_was_first(job.upload)

    def _ask_later(self, job: Send, pause_s: float | None) -> None:
        """What is in doubt, and was refused, is asked about again; for a day, then it is as if nothing had been sent.

        Audio is not sent after that before the account was listed anew: what nobody heard of may be there.
        """
        if job not in self._doubts:
            return
        if is_too_old(job, self._context.server_time()):
            self._end(job)
            self._strangers.ask_anew()
            log.warning("%s: upload outcome still unknown after 24 h: giving up", job.upload.ref.path)
        elif pause_s is not None:
            self._doubts.ask_at(job, self._context.clocks.mono() + pause_s)
        else:
            self._doubts.rest(job, self._context.clocks.mono() + HOUR_S)

    def _delete_what_was_first(self, upload: Upload) -> None:
        """Nobody knows whether the first half was carried out; when it is, the files are planned again."""
        if upload.delete_first is not None:
            self._backlog.put(Delete(upload.delete_first, upload.wanted.kind, upload.ref, upload.why))

    # --- consequences -----------------------------------------------------------------------------------------------

    def _follow(self, job: Job, consequence: Consequence, problem: Problem) -> None:
        now = self._context.clocks.mono()
        match consequence:
            case LookAgain():
                self._touch(job)
            case AskWhetherReachable(after_s):
                self._connection.doubt(now, problem)
                self._put_back(job, now + self._soon(job, after_s))
            case AskWhetherRefused(_, after_s):
                self._connection.doubt_key(now, problem)
                self._put_back(job, now + self._soon(job, after_s))
            case Retry(after_s):
                self._put_back(job, now + after_s)
            case Full() if isinstance(job, Send):
                self._did_not_fit(job, consequence.problem)
            case BlockFile() | Full():
                self._block(job, consequence.problem, consequence.retry_s)
            case CloseLane():
                self._close(job, consequence)
            case Vanished():
                self._vanished(job, problem)
            case _:
                assert_never(consequence)

    def _soon(self, job: Job, after_s: float) -> float:
        """After how long it is tried again. What makes something private waits for no other call's answer."""
        if not (isinstance(job, Alter) and job.patch.makes_private):
            return after_s
        self._connection.private_failed(self._context.clocks.mono())
        return 0.0

    def _touch(self, job: Job) -> None:
        if isinstance(job, Send):
            self._context.look_again(job.upload.ref)
            self._context.plan_wanting(job.upload.wanted.sha256)

    def _put_back(self, job: Job, until: float) -> None:
        match job:
            case Send() if job in self._doubts:
                self._doubts.ask_at(job, until)
            case Send(upload) | Seek(upload):
                if upload.delete_first is None:
                    self._backlog.park(upload, until, Rank.INTERACTIVE)
            case Alter(patch):
                if patch.object_id not in self._context.superseded:
                    self._backlog.park(patch, until)
            case Remove(_, deletes):
                for delete in deletes:
                    self._backlog.park(delete, until)
            case Survey():
                self._strangers.ask_at(until)
            case Probe() | Look():  # asked again in their own time
                pass
            case _:
                assert_never(job)

    def _block(self, job: Job, problem: Problem, retry_s: float | None = None) -> None:
        """Its files wait: for ``retry_s``, or until something changes."""
        index, pause_s = self._context.index, again_s(job, retry_s)
        match job:
            case Send(upload) | Seek(upload):
                self._refuse(upload, problem)
                self._try_again((upload.ref, *upload.also), pause_s)
                if isinstance(job, Send):
                    self._delete_what_was_first(upload)
                    self._ask_later(job, pause_s)
            case Alter(patch) if patch.object_id in self._context.hidden:  # of no file any more
                self._context.hide_again[patch.object_id] = self._context.clocks.mono() + PRIVATE_AGAIN_S
                index.leftovers.refuse([patch.object_id], problem, self._context.clocks.wall())
            case Alter(patch):
                index.files.refuse(patch.ref, problem)
                self._try_again([patch.ref], pause_s)
            case Remove():
                self._not_deleted(job, problem)
                return
            case Survey():
                now = self._context.clocks.mono()
                self._connection.close(Lane.AUDIO, now + HOUR_S, problem)
                self._strangers.ask_at(now)
            case Probe() | Look():
                pass
            case _:
                assert_never(job)
        log.warning("%s: %s", job_ref(job).path, problem.in_full)

    def _not_deleted(self, job: Remove, problem: Problem) -> None:
        """A batch that was refused is deleted one by one: one of them must keep no other."""
        deletes = job.deletes
        if len(deletes) == 1:
            self.undeleted(deletes, problem, HOUR_S)
            return
        self._context.alone.update(delete.object_id for delete in deletes)
        for delete in deletes:
            self._backlog.put(delete)

    def _refuse(self, upload: Upload, problem: Problem) -> None:
        refs = (upload.ref, *upload.also)
        self._context.interactive.difference_update(refs)
        for ref in refs:
            self._context.index.files.refuse(ref, problem)
        self._context.plan_wanting(upload.wanted.sha256)

    def _try_again(self, refs: Iterable[FileRef], pause_s: float | None) -> None:
        if pause_s is not None:
            self._context.retries.update(dict.fromkeys(refs, self._context.clocks.mono() + pause_s))

    def _close(self, job: Job, closing: CloseLane) -> None:
        if isinstance(job, Send | Seek) and job.upload.delete_first is None:
            until = self._context.clocks.mono() + closing.retry_s
            self._connection.close(lane_of(job.upload), until, closing.problem)
            self._block(job, closing.problem)
        elif isinstance(job, Remove):
            now = self._context.clocks.mono()
            self._connection.close_deletes(now + closing.retry_s, closing.problem)
            self.undeleted(job.deletes, closing.problem, closing.retry_s)
        else:
            self._block(job, closing.problem, closing.retry_s)

    def _did_not_fit(self, job: Send, problem: Problem) -> None:
        """It waits as all that waits for room; one that may be half done is asked for again when there is some."""
        upload = job.upload
        self._connection.quota.refused(upload.wanted.kind, upload.wanted.size_bytes, self._context.clocks.mono())
        if job in self._doubts or upload.delete_first is not None:
            self._block(job, problem)
        else:
            self._backlog.put(upload, Rank.INTERACTIVE)

    def _vanished(self, job: Job, problem: Problem) -> None:
        item = self._context.index.objects.get(job.patch.object_id) if isinstance(job, Alter) else None
        if item is not None:
            self._make_again(item)
        elif not isinstance(job, Alter):
            self._block(job, problem)  # the server does not know this call at all

    def _make_again(self, item: RemoteObject) -> None:
        """Somebody deleted it: its files are uploaded again, under the budget of removals (design §8 "Drift"). Audio is
        not before the account was listed anew: one answer is no proof, and it would be there twice (promise 3).
        """
        if item.kind is Kind.AUDIO:
            self._strangers.ask_anew()
        index, now = self._context.index, self._context.removal_time()
        held = repair.beyond_budget(index, [item], now)
        if not held:
            self._context.todo.update(repair.make_again(index, item, self._context.clocks.wall(), now))
        for ref, why in held.items():
            index.files.refuse(ref, repair.vanished_problem(why))
            log.error("%s: %s: it is not uploaded again before `picora-sync verify --repair`", ref.path, why)
        self._try_again(held, WINDOW_S)


def _is_held_dead(error: Exception) -> bool:
    """Whether Picora holds the document's content in its trash: then no earlier POST of it made one, nor will."""
    return isinstance(error, Rejected) and error.api_code == DUPLICATE
