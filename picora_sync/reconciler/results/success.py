"""What came of a job goes into the index, in one transaction, and says which files are planned again."""

from __future__ import annotations

import logging
from typing import assert_never

from picora_sync.core.model import Problem, RemoteObject
from picora_sync.core.plan import Patch, Reason, Upload
from picora_sync.errors import NotFound
from picora_sync.index import Index
from picora_sync.index.rows import FileRow, Seen
from picora_sync.jobs import (
    Alter,
    Altered,
    Failed,
    Listed,
    NotListed,
    Outcome,
    Probed,
    Remove,
    Removed,
    Sought,
    Stored,
    Surveyed,
    work_of,
)
from picora_sync.reconciler.context import Context
from picora_sync.reconciler.dispatch.gates import Connection
from picora_sync.reconciler.results.failure import BROKEN_CODES, Setbacks
from picora_sync.reconciler.results.stats import Tally
from picora_sync.reconciler.uploads import OpenUploads
from picora_sync.reconciler.uploads.late import collect_twin
from picora_sync.reconciler.uploads.unconfirmed import ASK_AGAIN_S

log = logging.getLogger(__name__)

STUBBORN_S = 600.0
"""What Picora did not delete is tried again after this long."""


NOT_DELETED = Problem(
    "NOT_DELETED", "Picora was asked to delete it, and still gives it out", "it is tried again by itself"
)


class Outcomes:
    """Applies outcomes to the index and the connection; what came to nothing is for the :class:`Setbacks`."""

    def __init__(
        self,
        context: Context,
        connection: Connection,
        open_uploads: OpenUploads,
        setbacks: Setbacks,
        tally: Tally,
    ) -> None:
        self._context = context
        self._doubts, self._twins, self._strangers = open_uploads.doubts, open_uploads.twins, open_uploads.strangers
        self._setbacks = setbacks
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
            case Failed(Remove() as job, NotFound()):
                self._removed(Removed(job, tuple(delete.object_id for delete in job.deletes)))
            case Failed():
                self._setbacks.heed(outcome)
            case _:
                self._learn(outcome)

    def _learn(self, answer: NotListed | Listed | Surveyed | Sought | Probed) -> None:
        """Nothing was changed on Picora."""
        now = self._context.clocks.mono()
        match answer:
            case NotListed(job):
                if job not in self._doubts:  # from an earlier process
                    self._doubts.begin(job, now)
                self._doubts.ask_at(job, now + ASK_AGAIN_S)
                return
            case Probed():
                self._connection.probed(now, healthy=answer.healthy)
                return
            case Listed(job, objects):
                self._twins.listed(job, objects, self._context.server_time())
            case Surveyed(_, audio):
                self._strangers.listed(audio)
            case Sought(job, found):
                self._strangers.sought(job.upload, found)
            case _:
                assert_never(answer)
        self._connection.success(work_of(answer.job))

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
        self._context.interactive.difference_update(refs)
        self._context.todo.update(refs)
        self._context.plan_wanting(upload.wanted.sha256)
        if item.ours:
            self._tally.uploaded(upload, item.url)
            log.info("uploaded %s → %s (%s)", upload.ref.path, item.url, "public" if item.public else "private")
        else:
            self._tally.found(upload, item.url)
            log.info("%s is on Picora already → %s", upload.ref.path, item.url)

    def _count(self, upload: Upload, item: RemoteObject) -> None:
        """What an upload took of the account's room: nothing if the server held this before."""
        objects, quota = self._context.index.objects, self._connection.quota
        old = None if upload.delete_first is None else objects.get(upload.delete_first)
        if old is not None:
            quota.replaced(item.kind, old.size_bytes, item.size_bytes)
        elif item.ours and objects.get(item.id) is None:
            quota.stored(item.kind, item.size_bytes)

    def _altered(self, job: Alter) -> None:
        patch = job.patch
        self._context.superseded.discard(patch.object_id)
        self._context.index.objects.patched(patch.object_id, patch.change)
        self._context.index.files.withdraw(patch.ref, BROKEN_CODES)
        self._connection.success(work_of(job))
        if patch.makes_private:
            self._connection.private_succeeded()
        self._tally.patched += 1
        self._context.plan_bound(patch.object_id)
        log.info("changed %s: %s%s", patch.ref.path, patch.why, _now_seen(self._context.index, patch))

    def _removed(self, outcome: Removed) -> None:
        index, gone = self._context.index, set(outcome.gone)
        for delete in outcome.job.deletes:
            index.files.withdraw(delete.ref, BROKEN_CODES)
            if delete.object_id in gone:
                self._context.plan_users(delete.object_id)
                if (item := index.objects.get(delete.object_id)) is not None:
                    self._connection.quota.freed(item.kind, item.size_bytes)
                index.objects.deleted(delete.object_id, delete.ref, self._context.clocks.wall())
                self._context.stubborn.pop(delete.object_id, None)
                self._context.alone.discard(delete.object_id)
                self._tally.deleted += 1
                log.info("deleted what was %s: %s", delete.ref.path, delete.why)
        spared = [delete for delete in outcome.job.deletes if delete.object_id not in gone]
        self._setbacks.spare(delete.object_id for delete in spared)
        self._setbacks.undeleted(spared, NOT_DELETED, STUBBORN_S)
        self._connection.success(work_of(outcome.job))


def _now_seen(index: Index, patch: Patch) -> str:
    """What a log line says of a changed visibility."""
    if patch.change.public is None:
        return ""
    item = index.objects.get(patch.object_id)
    return f"; {'public' if patch.change.public else 'private'} now" + (f": {item.url}" if item is not None else "")


def _may_bind(row: FileRow, upload: Upload) -> bool:
    """Not a file that was taken away meanwhile, nor one that has come to another object."""
    if row.seen in (Seen.MISSING, Seen.IGNORED) or row.wanted is None or not row.wanted.selected:
        return False
    return row.wanted.sha256 == upload.wanted.sha256 or row.bound == upload.replaces
