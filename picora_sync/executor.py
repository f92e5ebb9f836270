"""Plan → Picora: how each request is carried out, and the workers that do it.

A :class:`Job` holds all a worker needs; what came of it is an :class:`Outcome`. Workers touch neither index nor queue.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, assert_never

from picora_sync.core.backlog import Lane
from picora_sync.core.model import Kind, Problem, RemoteObject
from picora_sync.core.ownership import is_made_since, is_ours
from picora_sync.core.plan import Delete, Patch, Upload
from picora_sync.core.ports import AudioUpload, Change, DocUpload, Picora
from picora_sync.errors import OutcomeUnknown, PicoraSyncError, Rejected, Stopped


@dataclass(frozen=True, slots=True)
class Send:
    """Upload ``body``. ``intent_at`` is when the intent for this content was first written down (the server's clock).
    ``posted_before`` counts the POSTs for this intent that may have been carried out: if there are any, audio is looked
    for before it is sent again, and sent again only if it ``may_post``: lists may lag behind writes.
    """

    upload: Upload
    body: DocUpload | AudioUpload
    intent_at: float
    posted_before: int = 0
    may_post: bool = True


@dataclass(frozen=True, slots=True)
class Alter:
    """PATCH an object."""

    patch: Patch


@dataclass(frozen=True, slots=True)
class Remove:
    """DELETE a batch of objects of one kind."""

    kind: Kind
    deletes: tuple[Delete, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask whether Picora answers at all."""


@dataclass(frozen=True, slots=True)
class Look:
    """List the audio that holds a content."""

    sha256: str
    size_bytes: int


Job = Send | Alter | Remove | Probe | Look


@dataclass(frozen=True, slots=True)
class Stored:
    """The content is on Picora as this object. ``twins`` are other objects that earlier POSTs of it made;
    ``perhaps_more`` tells that one of those POSTs made none that is known.
    """

    job: Send
    object: RemoteObject
    remarks: tuple[Problem, ...]
    twins: tuple[RemoteObject, ...] = ()
    perhaps_more: bool = False


@dataclass(frozen=True, slots=True)
class NotListed:
    """The content of an earlier POST is not listed, but it is too early to believe that."""

    job: Send


@dataclass(frozen=True, slots=True)
class Listed:
    """What holds the content that was looked for."""

    job: Look
    objects: tuple[RemoteObject, ...]


@dataclass(frozen=True, slots=True)
class Altered:
    """The PATCH was confirmed."""

    job: Alter


@dataclass(frozen=True, slots=True)
class Removed:
    """These ids are certainly gone; the others of the job live on."""

    job: Remove
    gone: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Probed:
    """Whether ``/health`` answered."""

    job: Probe
    healthy: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """The job came to nothing, or nobody knows what it came to: the error tells."""

    job: Job
    error: PicoraSyncError


Outcome = Stored | NotListed | Listed | Altered | Removed | Probed | Failed


def perform(picora: Picora, job: Job) -> Outcome:
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
            case _:
                assert_never(job)
    except PicoraSyncError as error:
        return Failed(job, error)


def _send(picora: Picora, job: Send) -> Outcome:
    if isinstance(job.body, DocUpload):
        return _send_doc(picora, job, job.body)
    return _send_audio(picora, job, job.body)


def _send_doc(picora: Picora, job: Send, body: DocUpload) -> Stored:
    if job.upload.delete_first is not None:
        _delete_first(picora, job.upload.delete_first)
    posted = picora.post_doc(body)
    ours = is_ours(posted, job.intent_at, posted_before=job.posted_before > 0)
    return _stored(picora, job, replace(posted.object, ours=ours, rewritten=body.rewrite_images), posted.remarks)


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
        posted = picora.post_audio(body)
        stored = _stored(picora, job, replace(posted.object, ours=True), posted.remarks)
    twins = tuple(replace(audio, ours=True) for audio in mine[1:])
    return replace(stored, twins=twins, perhaps_more=job.posted_before > len(mine))


def _stored(picora: Picora, job: Send, item: RemoteObject, remarks: tuple[Problem, ...]) -> Stored:
    item = replace(item, sha256=job.upload.wanted.sha256)
    if item.public != job.upload.metadata.public:
        item = _correct_visibility(picora, item, public=job.upload.metadata.public)
    return Stored(job, item, remarks)


def _delete_first(picora: Picora, object_id: str) -> None:
    if object_id not in picora.delete(Kind.DOC, [object_id]):
        raise Rejected(
            f"Picora keeps {object_id}, which holds the same text with its images stored differently",
            hint="delete that document by hand, or change the note",
        )


def _correct_visibility(picora: Picora, item: RemoteObject, *, public: bool) -> RemoteObject:
    """The reply shows another visibility than was asked for: PATCH at once, then believe only a GET (design §4)."""
    try:
        picora.patch(item.kind, item.id, Change(public=public))
        now = picora.get(item.kind, item.id)
    except PicoraSyncError:
        return replace(item, public=None)  # the object exists: the planner goes on from "unknown"
    return item if now is None else replace(item, public=now.public)


class Pool(Protocol):
    """Where jobs run: threads in the daemon, at once in a simulation."""

    def room(self, lane: Lane) -> bool:
        """Whether a worker of this lane is free and not reserved."""

    def reserve(self, lane: Lane) -> None:
        """Keep a worker for a job that :meth:`start` will bring."""

    def start(self, lane: Lane, work: Callable[[], None]) -> None:
        """Run this soon, on the worker that was reserved for it."""


class Executor:
    """Hands jobs to the workers, and collects what came of them."""

    def __init__(self, picora: Picora, pool: Pool) -> None:
        self._picora = picora
        self._pool = pool
        self._outcomes: queue.SimpleQueue[Outcome | BaseException] = queue.SimpleQueue()
        self._staged: list[tuple[Lane, Job]] = []
        self.in_flight: list[Job] = []

    def server_time(self) -> float | None:
        """The server's clock as its last answer told, None if none did."""
        return self._picora.server_time()

    def room(self, lane: Lane) -> bool:
        """Whether another job of this lane may be started now."""
        return self._pool.room(lane)

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
            self._outcomes.put(perform(self._picora, job))
        except Stopped:
            self._outcomes.put(Failed(job, OutcomeUnknown("picora-sync is stopping")))
        except BaseException as error:  # noqa: BLE001  (a dead worker must end the process, not its own thread only)
            self._outcomes.put(error)


_Work = queue.SimpleQueue[tuple[Lane, Callable[[], None]] | None]

UPLOADS = 4
AUDIO_UPLOADS = 2
CHANGES = 2


class Threads:
    """Daemon threads: ``UPLOADS`` for documents and audio (audio never takes them all), ``CHANGES`` for the rest.

    They end with :meth:`close` or with the process: a connection that is cut leaves no half object behind (design §7).
    ``wake`` is called when a worker is free again.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._busy = dict.fromkeys(Lane, 0)
        self._uploads: _Work = queue.SimpleQueue()
        self._changes: _Work = queue.SimpleQueue()
        for number in range(UPLOADS):
            threading.Thread(target=self._run, args=(self._uploads,), name=f"upload-{number}", daemon=True).start()
        for number in range(CHANGES):
            threading.Thread(target=self._run, args=(self._changes,), name=f"change-{number}", daemon=True).start()

    def room(self, lane: Lane) -> bool:
        """Whether a worker of this lane is free."""
        with self._lock:
            if lane is Lane.PATCH:
                return self._busy[lane] < CHANGES
            if lane is Lane.AUDIO and self._busy[lane] >= AUDIO_UPLOADS:
                return False
            return self._busy[Lane.DOC] + self._busy[Lane.AUDIO] < UPLOADS

    def reserve(self, lane: Lane) -> None:
        """Keep a worker of this lane."""
        with self._lock:
            self._busy[lane] += 1

    def start(self, lane: Lane, work: Callable[[], None]) -> None:
        """Run this on the next free worker of the lane."""
        (self._changes if lane is Lane.PATCH else self._uploads).put((lane, work))

    def close(self) -> None:
        """Each thread ends after what it is doing now."""
        for jobs, number in ((self._uploads, UPLOADS), (self._changes, CHANGES)):
            for _ in range(number):
                jobs.put(None)

    def _run(self, jobs: _Work) -> None:
        while (job := jobs.get()) is not None:
            lane, work = job
            try:
                work()
            finally:
                with self._lock:
                    self._busy[lane] -= 1
                self._wake()
