"""Uploads of which nobody knows whether they were carried out (design §7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from picora_sync.core.backlog import Lane, lane_of
from picora_sync.core.model import Kind, Metadata, Wanted
from picora_sync.core.plan import Upload
from picora_sync.core.ports import AudioUpload, Digest, DocUpload, Present, StableFile
from picora_sync.core.view import ContentKey
from picora_sync.errors import FileChanged
from picora_sync.index.objects import Intent
from picora_sync.index.rows import FileRow
from picora_sync.jobs import Send
from picora_sync.reconciler.context import Context

LAG_S = 90.0
"""A list may lack an upload for this long after it was carried out; only then a second POST is safe."""
ASK_AGAIN_S = 15.0
"""Meanwhile the list is asked this often."""
INTENT_S = 24 * 3600.0
"""After so long, by the server's clock, an upload whose outcome nobody can tell is given up (design §7)."""


@dataclass
class _Doubt:
    job: Send
    since: float
    next_at: float
    resting: bool = False


class Doubts:
    """Settled before anything else is done about their content, even if the file moved on: what they made, if they
    made anything, would otherwise stay on Picora with nobody knowing of it. Times are monotonic.
    """

    def __init__(self) -> None:
        self._doubts: dict[ContentKey, _Doubt] = {}

    def __contains__(self, job: Send) -> bool:
        return _content(job) in self._doubts

    def begin(self, job: Send, now: float) -> None:
        """From now on the outcome of an earlier POST of this is unknown."""
        self._doubts[_content(job)] = _Doubt(job, now, float("inf"))

    def ask_at(self, job: Send, at: float) -> None:
        """Try to settle it then."""
        self._doubts[_content(job)].next_at = at

    def rest(self, job: Send, at: float) -> None:
        """It was refused: try then, unless its files are changed until then, and it is sent with them."""
        doubt = self._doubts[_content(job)]
        doubt.job = replace(job, posted_before=doubt.job.posted_before)
        doubt.next_at, doubt.resting = at, True

    def under_way(self, content: ContentKey) -> None:
        """An upload of this content is about to be sent, and will settle what is in doubt about it."""
        doubt = self._doubts.get(content)
        if doubt is not None:
            doubt.next_at, doubt.resting = float("inf"), False

    def settled(self, job: Send) -> None:
        """The outcome is known now."""
        self._doubts.pop(_content(job), None)

    def contents(self) -> Iterator[ContentKey]:
        """What is in doubt, and must be settled before anything else is done about it."""
        yield from (content for content, doubt in self._doubts.items() if not doubt.resting)

    def any_due(self, lane: Lane, now: float) -> bool:
        """Whether one is to be settled in this lane now."""
        return any(doubt.next_at <= now and lane_of(doubt.job.upload) is lane for doubt in self._doubts.values())

    def take(self, lane: Lane, now: float) -> Send | None:
        """The next to settle in this lane; it stays in doubt until :meth:`settled`."""
        for doubt in self._doubts.values():
            if doubt.next_at <= now and lane_of(doubt.job.upload) is lane:
                doubt.next_at, doubt.resting = float("inf"), False
                idempotent = doubt.job.upload.wanted.kind is Kind.DOC
                return replace(doubt.job, may_post=idempotent or now >= doubt.since + LAG_S)
        return None

    def hasten(self, lane: Lane, now: float) -> None:
        """What waits in this lane need not wait any longer."""
        for doubt in self._doubts.values():
            if doubt.next_at != float("inf") and lane_of(doubt.job.upload) is lane:
                doubt.next_at = min(doubt.next_at, now)

    def soon(self, now: float) -> bool:
        """Whether any will be settled soon; those of blocked files wait an hour."""
        return any(doubt.next_at <= now + LAG_S for doubt in self._doubts.values())

    def next_due(self) -> float | None:
        """When the next is to be settled; None also while all of them are under way."""
        times = (doubt.next_at for doubt in self._doubts.values() if doubt.next_at != float("inf"))
        return min(times, default=None)


def is_too_old(job: Send, server_s: float) -> bool:
    """Whether its intent has come to its end."""
    return server_s >= job.intent_at + INTENT_S


def as_wanted_now(context: Context, doubt: Send) -> Send:
    """The same upload; private unless every file that wants this content is as it was, and wants it public."""
    upload = doubt.upload
    rows = context.index.files.wanting([upload.wanted.sha256])
    if rows and all(_still_wants_public(context, row) for row in rows):
        return doubt
    private = replace(upload, metadata=replace(upload.metadata, public=False))
    return replace(doubt, upload=private, body=replace(doubt.body, public=False))


def _still_wants_public(context: Context, row: FileRow) -> bool:
    unit = context.unit(row.ref)
    if unit is None or row.fingerprint is None or row.wanted is None or not row.wanted.public:
        return False
    return unit.disk.look(row.ref.path) == Present(row.fingerprint)


def doubt_of(context: Context, intent: Intent) -> Send:
    """The upload that an earlier process wrote down.

    A note is sent again from the intent. Audio is looked for, and sent again only if a file still holds it.
    """
    rows = context.index.files.wanting([intent.sha256])
    row = next((row for row in rows if row.wanted is not None and row.wanted.kind is intent.kind), None)
    wanted = row.wanted if row is not None else None
    if wanted is None:
        wanted = Wanted(intent.kind, intent.sha256, intent.size_bytes, intent.filename, intent.title)
    wanted = replace(wanted, rewrite_images=intent.rewrite_images)
    meta = Metadata(wanted.title, wanted.tags if intent.kind is Kind.DOC else (), wanted.public and intent.public)
    body: DocUpload | AudioUpload
    if intent.body is not None:
        body = DocUpload(
            wanted.filename, intent.body, meta.title, meta.tags, meta.public, rewrite_images=intent.rewrite_images
        )
    else:
        opener = partial(_open_again, context, intent, row)
        body = AudioUpload(opener, wanted.size_bytes, wanted.filename, meta.title, meta.public)
    dead = (item.id for item in context.index.objects.doomed() if (item.kind, item.sha256) == (Kind.DOC, intent.sha256))
    ref = row.ref if row is not None else intent.ref
    why = "it may have been uploaded before"
    upload = Upload(ref, wanted, meta, why, replaces=intent.replaces, delete_first=next(dead, None))
    return Send(upload, body, intent_at=intent.opened_at, posted_before=intent.sends)


def _open_again(context: Context, intent: Intent, row: FileRow | None) -> StableFile:
    unit = context.unit(row.ref) if row is not None else None
    if unit is None or row is None or row.fingerprint is None:
        raise FileChanged(f"{intent.ref.path} is not what was to be sent any more")
    return unit.open_audio(row.ref.path, Digest(intent.sha256, row.fingerprint))


def _content(job: Send) -> ContentKey:
    return (job.upload.wanted.kind, job.upload.wanted.sha256)
