"""What a job is about."""

from __future__ import annotations

from collections.abc import Hashable
from typing import assert_never

from picora_sync.core.backlog import Lane, key_of
from picora_sync.core.model import FileRef, Kind
from picora_sync.executor import Alter, Job, Look, Probe, Remove, Seek, Send, Survey

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
