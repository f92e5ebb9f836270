"""Backlog → executor: makes each action ready to be sent, and writes its intent down before it goes.

Jobs are only staged here: they start when the turn's transaction, and with it their intents, is committed.
"""

from __future__ import annotations

from functools import partial

from picora_sync.core.backlog import BATCH, Backlog, Lane
from picora_sync.core.model import FileRef, Fingerprint, Kind, Rank, Tier
from picora_sync.core.plan import Delete, Patch, Upload
from picora_sync.core.ports import AudioUpload, Digest, DocUpload, Present
from picora_sync.core.view import ContentKey
from picora_sync.executor import Executor
from picora_sync.jobs import Alter, Probe, Remove, Seek, Send
from picora_sync.reconciler.context import Context, Unit, Unsettled
from picora_sync.reconciler.dispatch.gates import Connection
from picora_sync.reconciler.dispatch.quota import Admission
from picora_sync.reconciler.intake.open_files import Writers
from picora_sync.reconciler.intake.rederive import Fetching
from picora_sync.reconciler.uploads import OpenUploads
from picora_sync.reconciler.uploads.unconfirmed import as_wanted_now

PATIENCE_S = 60.0
"""Deletes wait so long for company while more may follow: uploads to be done, files that settle or may be gone."""


class Dispatcher:
    """Starts as many jobs as there are workers and open gates."""

    def __init__(
        self,
        context: Context,
        backlog: Backlog,
        executor: Executor,
        connection: Connection,
        admission: Admission,
        open_uploads: OpenUploads,
        texts: Fetching,
        writers: Writers,
    ) -> None:
        self._context = context
        self._admission = admission
        self._doubts, self._twins, self._strangers = open_uploads.doubts, open_uploads.twins, open_uploads.strangers
        self._backlog = backlog
        self._executor = executor
        self._connection = connection
        self._texts = texts
        self._writers = writers
        self._deletes_since: float | None = None
        self._budget_at: float | None = None

    def pump(self, unsettled: Unsettled, *, more_to_come: bool) -> None:
        """Stage what can be started now; ``more_to_come`` tells that deletes may soon have company. What an object
        holds may have gone to an ``unsettled`` path.
        """
        self.pump_patches()
        now = self._context.clocks.mono()
        for lane in (Lane.DOC, Lane.AUDIO):
            self._uploads(lane, unsettled, now)
        self._looks(now)
        self._deletes(now, more_to_come)

    def pump_patches(self) -> None:
        """Stage only what changes metadata."""
        now = self._context.clocks.mono()
        self._budget_at = None
        if self._connection.probe_due(now):
            self._connection.probe_started()
            self._executor.stage(Lane.PATCH, Probe())
        self._backlog.release(now)
        self._patches(now)

    def makes_private(self) -> bool:
        """Whether anything waits for its turn, or is on its way, that makes something private."""
        patches = [job.patch for job in self._executor.in_flight if isinstance(job, Alter)]
        first = self._backlog.peek(Lane.PATCH)
        return any(patch.makes_private for patch in (*patches, first) if isinstance(patch, Patch))

    def busy(self) -> frozenset[ContentKey]:
        """The contents now being uploaded, looked for or deleted, or perhaps uploaded already."""
        contents: set[ContentKey] = set(self._doubts.contents())
        for job in self._executor.in_flight:
            if isinstance(job, Send | Seek):
                contents.add((job.upload.wanted.kind, job.upload.wanted.sha256))
        for item in self._context.index.objects.doomed():
            if item.sha256 is not None:
                contents.add((item.kind, item.sha256))
        return frozenset(contents)

    def uploading(self) -> frozenset[FileRef]:
        """The files whose upload is under way."""
        sends = (job.upload for job in self._executor.in_flight if isinstance(job, Send))
        return frozenset(ref for upload in sends for ref in (upload.ref, *upload.also))

    def next_due(self) -> float | None:
        """When deletes will have waited long enough for company, a doubt is to be settled, a twin looked for,
        the survey tried again, or the budget allows more.

        What is overdue waits for a worker or for the connection, and either wakes the loop.
        """
        times = [self._doubts.next_due(), self._twins.next_due(), self._strangers.next_due(), self._budget_at]
        if self._deletes_since is not None:
            times.append(max(self._deletes_since + PATIENCE_S, self._connection.deletes_closed_until))
        now = self._context.clocks.mono()
        return min((at for at in times if at is not None and at > now), default=None)

    def altering(self) -> frozenset[str]:
        """The objects that have a call in flight: one at a time."""
        ids: set[str] = set()
        for job in self._executor.in_flight:
            if isinstance(job, Alter):
                ids.add(job.patch.object_id)
            elif isinstance(job, Remove):
                ids.update(delete.object_id for delete in job.deletes)
        return frozenset(ids)

    def _patches(self, now: float) -> None:
        while (rank := self._backlog.rank(Lane.PATCH)) is not None and self._may_start(Lane.PATCH, rank, now):
            patch = self._backlog.take(Lane.PATCH)
            assert isinstance(patch, Patch)  # noqa: S101  (the lane holds nothing else)
            if patch.object_id in self.altering() or (self._is_paused(patch) and not patch.makes_private):
                self._executor.budget.give_back(Tier.MUTATION)
                self._context.todo.add(patch.ref)  # planned again: when the call in flight has ended, or to nothing
                continue
            self._context.index.objects.in_doubt(patch.object_id, patch.change)
            self._executor.stage(Lane.PATCH, Alter(patch))

    def _is_paused(self, action: Upload | Patch | Delete) -> bool:
        return action.ref.folder in self._context.paused

    def _is_kept_back(self, delete: Delete) -> bool:
        """Whether it waits for its folder to be resumed; what was asked of Picora before is asked to the end."""
        if not self._is_paused(delete) or delete.makes_private:
            return False
        return all(item.id != delete.object_id for item in self._context.index.objects.doomed())

    def _uploads(self, lane: Lane, unsettled: Unsettled, now: float) -> None:
        while self._connection.open(lane, now):
            if self._doubts.any_due(lane, now):
                rank: Rank | None = Rank.INTERACTIVE
            else:
                rank = self._rank(lane, unsettled, now)
            if rank is None or not self._may_start(lane, rank, now):
                return
            doubt = self._doubts.take(lane, now)
            job = self._next_upload(lane, unsettled) if doubt is None else self._again(doubt)
            if job is not None:
                self._executor.stage(lane, job)
            if not isinstance(job, Send):
                self._executor.budget.give_back(Tier.UPLOAD)

    def _rank(self, lane: Lane, unsettled: Unsettled, now: float) -> Rank | None:
        """How urgent the first new upload of a lane is; None if none may be sent now. No audio is sent before the
        account's audio was listed.
        """
        rank = self._backlog.rank(lane)
        if lane is not Lane.AUDIO or rank is None or self._strangers.known:
            ready = self._admission.ready(lane, unsettled)
            first = self._backlog.peek(lane) if ready else None
            return self._backlog.rank(lane) if isinstance(first, Upload) and self._texts.can_send(first) else None
        survey = self._strangers.take(now) if self._executor.has_worker(lane, rank) else None
        if survey is not None:
            self._executor.stage(lane, survey)
        return None

    def _may_start(self, lane: Lane, rank: Rank, now: float) -> bool:
        """Whether a job of this lane may start; its request is then taken from the budget."""
        if not self._connection.open(lane, now, rank) or not self._executor.has_worker(lane, rank):
            return False
        wait_s = self._executor.budget.take(Tier.MUTATION if lane is Lane.PATCH else Tier.UPLOAD, rank)
        if wait_s:
            self._budget_at = min(now + wait_s, self._budget_at or float("inf"))
        return not wait_s

    def _next_upload(self, lane: Lane, unsettled: Unsettled) -> Send | Seek | None:
        upload = self._backlog.take(lane)
        assert isinstance(upload, Upload)  # noqa: S101  (the lane holds nothing else)
        if self._is_paused(upload):
            self._context.todo.update((upload.ref, *upload.also))
            return None
        if lane is Lane.AUDIO and (like := self._strangers.like(upload)):
            return Seek(upload, like)
        return self._prepare(self._admission.as_it_fits(upload, unsettled))

    def _again(self, doubt: Send) -> Send:
        job = as_wanted_now(self._context, doubt)
        if job.may_post:
            self._context.index.objects.send_again(job.upload.wanted.kind, job.upload.wanted.sha256)
        return job

    def _looks(self, now: float) -> None:
        self._twins.end_those_of_documents()
        while self._connection.open(Lane.AUDIO, now) and self._executor.has_worker(Lane.AUDIO, Rank.BACKFILL):
            look = self._twins.take()
            if look is None:
                return
            self._executor.stage(Lane.AUDIO, look)

    def _prepare(self, upload: Upload) -> Send | None:
        """The job with its intent written down; None if the file is not what was planned any more, or its text is made
        again first.
        """
        unit = self._context.unit(upload.ref)
        body = None if unit is None else self._body(unit, upload)
        if body is None:
            self._context.look_again(upload.ref)
            self._context.todo.update(upload.also)
            return None
        if isinstance(body, Fingerprint):
            assert unit is not None  # noqa: S101  (else there were no body)
            self._texts.fetch(unit, upload, body)
            return None
        text = body.content if isinstance(body, DocUpload) else None
        now = self._context.server_time()
        before = self._context.index.objects.open_intent(upload, text, now)
        if upload.delete_first is not None:
            self._context.index.objects.doom([upload.delete_first])
        if before is None:
            return Send(upload, body, intent_at=now)
        self._doubts.under_way((upload.wanted.kind, upload.wanted.sha256))
        idempotent = upload.wanted.kind is Kind.DOC
        return Send(upload, body, intent_at=before.opened_at, posted_before=before.sends, may_post=idempotent)

    def _body(self, unit: Unit, upload: Upload) -> DocUpload | AudioUpload | Fingerprint | None:
        """None if the file is another one by now; its fingerprint if its text must be made again."""
        wanted, meta = upload.wanted, upload.metadata
        row = self._context.index.files.get(upload.ref)
        if row is None or row.fingerprint is None or row.file_sha256 is None:
            return None
        if wanted.kind is Kind.AUDIO:
            if self._writers.forbid(unit, upload.ref, row.fingerprint):
                return None
            digest = Digest(row.file_sha256, row.fingerprint)
            opener = partial(unit.open_audio, upload.ref.path, digest)
            return AudioUpload(opener, wanted.size_bytes, wanted.filename, meta.title, meta.public)
        if unit.disk.look(upload.ref.path) != Present(row.fingerprint):
            return None
        text = self._texts.take(upload.ref, wanted.sha256, row.fingerprint)
        if text is None:
            return row.fingerprint
        return DocUpload(wanted.filename, text, meta.title, meta.tags, meta.public, wanted.rewrite_images)

    def _deletes(self, now: float, more_to_come: bool) -> None:
        """Last and batched: while more may come, a batch must be full or have waited long, unless room is needed."""
        waiting = sum(self._backlog.deletes(kind) for kind in Kind)
        if not waiting:
            self._deletes_since = None
            return
        if self._deletes_since is None:
            self._deletes_since = now
        uploads = self.uploading() or self._backlog.peek(Lane.DOC) or self._backlog.peek(Lane.AUDIO)
        rank = Rank.MAKE_PRIVATE if self._backlog.any_delete_makes_private() else Rank.BACKFILL
        patient = now - self._deletes_since < PATIENCE_S and rank is Rank.BACKFILL
        gather = (uploads or more_to_come) and patient
        for kind in Kind:
            while self._backlog.deletes(kind) and self._connection.deletes_closed_until <= now:
                is_needed = kind in self._connection.quota.short
                if gather and not is_needed and self._backlog.deletes(kind) < BATCH[kind]:
                    break
                if not self._may_start(Lane.PATCH, rank, now):
                    break
                self._start_delete(kind)

    def _start_delete(self, kind: Kind) -> None:
        altering = self.altering()
        taken = self._backlog.take_deletes(kind)
        lonely = next((delete for delete in taken if delete.object_id in self._context.alone), None)
        if lonely is not None:
            for delete in taken:
                if delete is not lonely:
                    self._backlog.put(delete)
            taken = [lonely]
        batch = [delete for delete in taken if delete.object_id not in altering]
        deletable = self._context.index.objects.deletable()
        batch = [delete for delete in batch if delete.object_id in deletable and not self._is_kept_back(delete)]
        if batch:
            self._context.index.objects.doom([delete.object_id for delete in batch])
            self._executor.stage(Lane.PATCH, Remove(kind, tuple(batch)))
        else:
            self._executor.budget.give_back(Tier.MUTATION)
        self._deletes_since = None
