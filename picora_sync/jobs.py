"""The jobs of the executor, one kind for each request, and what each came to."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import assert_never

from picora_sync.core.backlog import Lane, key_of
from picora_sync.core.model import FileRef, Kind, Problem, RemoteObject
from picora_sync.core.plan import Delete, Patch, Upload
from picora_sync.core.ports import AudioUpload, DocUpload
from picora_sync.errors import PicoraSyncError


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


@dataclass(frozen=True, slots=True)
class Survey:
    """List all audio of the account."""


@dataclass(frozen=True, slots=True)
class Seek:
    """Look whether any of these audio objects holds what this upload would store, before anything is sent."""

    upload: Upload
    among: tuple[RemoteObject, ...]


Job = Send | Alter | Remove | Probe | Look | Survey | Seek


@dataclass(frozen=True, slots=True)
class Stored:
    """The content is on Picora as this object. ``twins`` are other objects that earlier POSTs of it made;
    ``perhaps_more`` tells that one of those POSTs made none that is known, and may still be carried out.
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
class Surveyed:
    """All audio of the account."""

    job: Survey
    audio: tuple[RemoteObject, ...]


@dataclass(frozen=True, slots=True)
class Sought:
    """What holds the content already, oldest first; nobody can prove that any of it is ours."""

    job: Seek
    found: tuple[RemoteObject, ...]


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


Outcome = Stored | NotListed | Listed | Surveyed | Sought | Altered | Removed | Probed | Failed


PRIVATE_AGAIN_S = 120.0
"""Making private is tried again after this long, whatever kept it from being done (promise 4)."""


def work_of(job: Job) -> Hashable:
    """The piece of work whose failures in a row are counted."""
    match job:
        case Send(upload) | Seek(upload, _):
            return key_of(upload)
        case Alter(patch):
            return key_of(patch)
        case Remove(kind, _):
            return ("delete", kind)
        case Probe():
            return "probe"
        case Look(sha256, _):
            return ("look", sha256)
        case Survey():
            return "survey"
        case _:
            assert_never(job)


def job_ref(job: Job) -> FileRef:
    """The file a job is about, for messages."""
    match job:
        case Send(upload) | Seek(upload, _):
            return upload.ref
        case Alter(patch):
            return patch.ref
        case Remove(_, deletes):
            return deletes[0].ref
        case Probe() | Look() | Survey():
            return FileRef("", "")
        case _:
            assert_never(job)


def upload_lane(kind: Kind) -> Lane:
    """Where uploads of a kind wait."""
    return Lane.DOC if kind is Kind.DOC else Lane.AUDIO


def again_s(job: Job, retry_s: float | None) -> float | None:
    """After how long a blocked job is tried again, None: not before something changes."""
    if isinstance(job, Alter) and job.patch.makes_private:
        return min(retry_s or PRIVATE_AGAIN_S, PRIVATE_AGAIN_S)
    return retry_s
