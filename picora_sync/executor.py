"""Plan → Picora: how each request is carried out.

A :class:`picora_sync.jobs.Job` holds all a worker needs. Workers touch neither index nor queue.
"""

from __future__ import annotations

import queue
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import assert_never

from picora_sync.core.backlog import Lane
from picora_sync.core.model import Problem, Rank, RemoteObject, Tier
from picora_sync.core.ownership import is_made_since, is_ours
from picora_sync.core.plan import Upload
from picora_sync.core.ports import AudioUpload, Budget, Change, DocUpload, Picora
from picora_sync.errors import OutcomeUnknown, PicoraSyncError, Rejected, Stopped
from picora_sync.jobs import (
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
    Seek,
    Send,
    Sought,
    Stored,
    Survey,
    Surveyed,
)
from picora_sync.workers import Pool


def perform(picora: Picora, job: Job) -> Outcome:  # noqa: PLR0911  (a return per kind of job: a table)
    """Carry out one job; every expected failure is a :class:`Failed`. Raises Stopped when the program is ending."""
    try:
        match job:
            case Send():
                return _send(picora, job)
            case Alter(patch):
                picora.patch(patch.kind, patch.object_id, patch.change)
                return Altered(job)
            case Remove(kind, deletes):
                return Removed(job, picora.delete(kind, [delete.object_id for delete in deletes]))
            case Probe():
                return Probed(job, picora.healthy())
            case Look(sha256, size_bytes):
                return Listed(job, picora.find_audio(sha256, size_bytes))
            case Survey():
                return Surveyed(job, picora.audio_held())
            case Seek(upload, among):
                found = picora.find_audio_among(among, upload.wanted.sha256, upload.wanted.size_bytes)
                return Sought(job, tuple(replace(audio, ours=False) for audio in found))
            case _:
                assert_never(job)
    except PicoraSyncError as error:
        return Failed(job, error)


def _send(picora: Picora, job: Send) -> Outcome:
    if isinstance(job.body, DocUpload):
        return _send_doc(picora, job, job.body)
    return _send_audio(picora, job, job.body)


def _send_doc(picora: Picora, job: Send, body: DocUpload) -> Stored:
    _make_place(picora, job.upload)
    posted = picora.post_doc(body)
    ours = is_ours(posted, job.intent_at, posted_before=job.posted_before > 0)
    item = replace(posted.object, ours=ours, rewritten=body.rewrite_images)
    stored = _stored(picora, job, item, posted.remarks)
    return replace(stored, perhaps_more=job.posted_before + posted.repeated > posted.duplicate)


def _send_audio(picora: Picora, job: Send, body: AudioUpload) -> Outcome:
    """Two POSTs are two objects: what an earlier one may have made is looked for, and only what certainly did not come
    from it, or nothing, leads to another.
    """
    wanted = job.upload.wanted
    found = picora.find_audio(wanted.sha256, wanted.size_bytes) if job.posted_before else ()
    mine = [audio for audio in found if is_made_since(audio, job.intent_at)]
    if not mine and not job.may_post:
        return NotListed(job)
    if mine:
        stored = _stored(picora, job, replace(mine[0], ours=True), ())
    elif found:
        stored = _stored(picora, job, replace(found[0], ours=False), ())  # others hold the same bytes
    else:
        if job.upload.delete_first is not None:
            body.open().close()  # nothing is deleted for a file that is something else by now
        _make_place(picora, job.upload)
        posted = picora.post_audio(body)
        stored = _stored(picora, job, replace(posted.object, ours=True), posted.remarks)
    twins = tuple(replace(audio, ours=True) for audio in mine[1:])
    return replace(stored, twins=twins, perhaps_more=job.posted_before > len(mine))


def _stored(picora: Picora, job: Send, item: RemoteObject, remarks: tuple[Problem, ...]) -> Stored:
    item = replace(item, sha256=job.upload.wanted.sha256)
    if item.public != job.upload.metadata.public:
        item = _correct_visibility(picora, item, public=job.upload.metadata.public)
    return Stored(job, item, remarks)


def _make_place(picora: Picora, upload: Upload) -> None:
    object_id = upload.delete_first
    if object_id is not None and object_id not in picora.delete(upload.wanted.kind, [object_id]):
        raise Rejected(
            f"Picora keeps {object_id}, which must be gone before the new version is sent",
            hint="delete it by hand, or change the file",
        )


def _correct_visibility(picora: Picora, item: RemoteObject, *, public: bool) -> RemoteObject:
    """The reply shows another visibility than was asked for: PATCH at once, then believe only a GET (design §4)."""
    try:
        picora.patch(item.kind, item.id, Change(public=public))
        now = picora.get(item.kind, item.id)
    except PicoraSyncError:
        return replace(item, public=None)  # the object exists: the planner goes on from "unknown"
    return item if now is None else replace(item, public=now.public)


def tier_of(job: Job) -> Tier | None:
    """The rate class of a job's main request; None: it has none."""
    match job:
        case Send():
            return Tier.UPLOAD
        case Alter() | Remove():
            return Tier.MUTATION
        case Probe() | Look() | Survey() | Seek():
            return None
        case _:
            assert_never(job)


class Executor:
    """Hands jobs to the workers, and collects what came of them. The request of each must have been taken from the
    ``budget`` before.
    """

    def __init__(self, picora: Picora, pool: Pool, budget: Budget) -> None:
        self.budget = budget
        self._picora = picora
        self._pool = pool
        self._outcomes: queue.SimpleQueue[Outcome | BaseException] = queue.SimpleQueue()
        self._staged: list[tuple[Lane, Job]] = []
        self.in_flight: list[Job] = []

    def server_time(self) -> float | None:
        """The server's clock as its last answer told, None if none did."""
        return self._picora.server_time()

    def has_worker(self, lane: Lane, rank: Rank) -> bool:
        """Whether another job of this lane may be started now."""
        return self._pool.has_worker(lane, rank)

    def stage(self, lane: Lane, job: Job) -> None:
        """Take a job; it goes to a worker with :meth:`flush`, when what is written about it in the index is safe."""
        self._pool.reserve(lane)
        self.in_flight.append(job)
        self._staged.append((lane, job))

    def flush(self) -> None:
        """Hand the staged jobs to the workers."""
        staged, self._staged = self._staged, []
        for lane, job in staged:
            self._pool.start(lane, partial(self._work, job))

    def finished(self) -> list[Outcome]:
        """What came of the jobs that ended since the last call; re-raises what no job may raise."""
        outcomes: list[Outcome] = []
        while not self._outcomes.empty():
            outcome = self._outcomes.get()
            if isinstance(outcome, BaseException):
                raise outcome
            self.in_flight.remove(outcome.job)
            outcomes.append(outcome)
        return outcomes

    def _work(self, job: Job) -> None:
        try:
            tier = tier_of(job)
            with nullcontext() if tier is None else self.budget.lend(tier):
                outcome = perform(self._picora, job)
            self._outcomes.put(outcome)
        except Stopped:
            self._outcomes.put(Failed(job, OutcomeUnknown("picora-sync is stopping")))
        except BaseException as error:  # noqa: BLE001  (a dead worker must end the process, not its own thread only)
            self._outcomes.put(error)
