"""Each job comes to one outcome; nothing a worker meets gets lost."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace

import pytest

from picora_sync.core.backlog import Lane
from picora_sync.core.model import FileRef, Kind, Metadata, Problem, Rank, RemoteObject, Wanted
from picora_sync.core.plan import Delete, Patch, Upload
from picora_sync.core.ports import AudioUpload, Change, Digest, DocUpload, Posted
from picora_sync.errors import (
    FileChanged,
    OutcomeUnknown,
    PicoraSyncError,
    RateLimited,
    Rejected,
    ServerFault,
    Stopped,
    Unreachable,
)
from picora_sync.executor import Executor, perform
from picora_sync.jobs import (
    Alter,
    Altered,
    Failed,
    Job,
    Listed,
    Look,
    NotListed,
    Probe,
    Probed,
    Remove,
    Removed,
    Send,
    Stored,
)
from picora_sync.workers import AUDIO_UPLOADS, CHANGES, UPLOADS, Threads, is_room
from tests.fakes.budget import FreeBudget
from tests.fakes.disk import FakeDisk
from tests.fakes.picora import FakePicora
from tests.fakes.pool import InlinePool

NOW = 1_700_000_000.0
TEXT = "hello"
SHA256 = hashlib.sha256(TEXT.encode()).hexdigest()
A = FileRef("notes", "a.md")
WAIT_S = 60.0


@pytest.fixture
def picora() -> FakePicora:
    return FakePicora(lambda: NOW)


def note(
    *, public: bool = False, delete_first: str | None = None, posted_before: int = 0, images: bool = False
) -> Send:
    wanted = Wanted(Kind.DOC, SHA256, len(TEXT), "a.md", "T", rewrite_images=images)
    upload = Upload(A, wanted, Metadata("T", (), public), "new", delete_first=delete_first)
    return Send(upload, DocUpload("a.md", TEXT, "T", (), public, images), NOW, posted_before)


def song(*, public: bool = True, posted_before: int = 0, may_post: bool = True) -> Send:
    disk = FakeDisk(lambda: NOW)
    disk.write("e.mp3", TEXT.encode())
    digest = Digest(SHA256, disk.files["e.mp3"].fingerprint)
    wanted = Wanted(Kind.AUDIO, SHA256, len(TEXT), "e.mp3", "T")
    upload = Upload(FileRef("notes", "e.mp3"), wanted, Metadata("T", (), public), "new")
    body = AudioUpload(lambda: disk.open("e.mp3", digest), len(TEXT), "e.mp3", "T", public)
    return Send(upload, body, NOW, posted_before, may_post)


def patch() -> Alter:
    return Alter(Patch("doc-1", Kind.DOC, Change(title="N"), A, "title changed"))


def removal(*ids: str) -> Remove:
    return Remove(Kind.DOC, tuple(Delete(object_id, Kind.DOC, A, "removed") for object_id in ids))


def names(picora: FakePicora) -> list[str]:
    return [name for name, _ in picora.calls]


# --- notes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("public", [True, False])
@pytest.mark.parametrize("images", [True, False])
def test_a_note_is_stored_as_asked(picora: FakePicora, public: bool, images: bool) -> None:
    outcome = perform(picora, note(public=public, images=images))
    assert isinstance(outcome, Stored)
    item = outcome.object
    assert (item.sha256, item.public, item.rewritten, item.ours) == (SHA256, public, images, True)
    assert names(picora) == ["post_doc"]


DUPLICATES = {
    "the first try": (0, False, False),
    "a try after one in doubt": (1, False, True),
    "a call whose own first try is in doubt": (0, True, True),
}


@pytest.mark.parametrize(("posted_before", "repeated", "ours"), DUPLICATES.values(), ids=DUPLICATES.keys())
def test_a_duplicate_is_ours_only_if_an_earlier_try_can_have_made_it(
    posted_before: int, repeated: bool, ours: bool
) -> None:
    class Repeating(FakePicora):
        def post_doc(self, upload: DocUpload) -> Posted:
            return replace(super().post_doc(upload), repeated=repeated)

    picora = Repeating(lambda: NOW)
    picora.plant(Kind.DOC, TEXT)
    outcome = perform(picora, note(posted_before=posted_before))
    assert isinstance(outcome, Stored)
    assert outcome.object.ours is ours


def test_what_is_stored_differently_is_deleted_first(picora: FakePicora) -> None:
    old = picora.plant(Kind.DOC, TEXT)
    outcome = perform(picora, note(public=True, images=True, delete_first=old.id))
    assert isinstance(outcome, Stored)
    assert outcome.object.id != old.id
    assert names(picora) == ["delete", "post_doc"]


def test_nothing_is_posted_if_what_is_stored_differently_stays(picora: FakePicora) -> None:
    old = picora.plant(Kind.DOC, TEXT)
    picora.stubborn.add(old.id)
    outcome = perform(picora, note(delete_first=old.id))
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, Rejected)
    assert names(picora) == ["delete"]


def test_remarks_of_the_server_are_handed_on() -> None:
    class Remarking(FakePicora):
        def post_doc(self, upload: DocUpload) -> Posted:
            return replace(super().post_doc(upload), remarks=(Problem("IMAGES", "one was skipped"),))

    outcome = perform(Remarking(lambda: NOW), note())
    assert isinstance(outcome, Stored)
    assert outcome.remarks == (Problem("IMAGES", "one was skipped"),)


# --- audio ------------------------------------------------------------------------------------------------------------


def test_audio_is_sent_without_a_look_the_first_time(picora: FakePicora) -> None:
    outcome = perform(picora, song())
    assert isinstance(outcome, Stored)
    assert (outcome.object.sha256, outcome.object.ours, outcome.object.rewritten) == (SHA256, True, False)
    assert names(picora) == ["post_audio"]


def test_audio_that_may_have_arrived_is_found(picora: FakePicora) -> None:
    before = picora.plant(Kind.AUDIO, TEXT, public=True)
    outcome = perform(picora, song(posted_before=1))
    assert isinstance(outcome, Stored)
    assert (outcome.object.id, outcome.object.ours) == (before.id, True)
    assert names(picora) == ["find_audio"]


def test_every_audio_that_earlier_posts_made_is_told(picora: FakePicora) -> None:
    first, second = picora.plant(Kind.AUDIO, TEXT), picora.plant(Kind.AUDIO, TEXT)
    outcome = perform(picora, song(posted_before=3, public=False))
    assert isinstance(outcome, Stored)
    assert (outcome.object.id, [twin.id for twin in outcome.twins]) == (first.id, [second.id])
    assert outcome.perhaps_more  # three were sent


def test_audio_of_others_is_taken_only_when_ours_would_be_listed(picora: FakePicora) -> None:
    theirs = picora.plant(Kind.AUDIO, TEXT)
    picora.objects[theirs.id] = replace(theirs, created_at="2020-01-01T00:00:00.000Z")
    waiting = song(posted_before=1, may_post=False)
    assert perform(picora, waiting) == NotListed(waiting)
    outcome = perform(picora, song(posted_before=1))
    assert isinstance(outcome, Stored)
    assert (outcome.object.id, outcome.object.ours, outcome.perhaps_more) == (theirs.id, False, True)
    assert "post_audio" not in names(picora)


def test_ours_is_taken_before_an_older_one_of_others(picora: FakePicora) -> None:
    theirs, mine = picora.plant(Kind.AUDIO, TEXT), picora.plant(Kind.AUDIO, TEXT)
    picora.objects[theirs.id] = replace(theirs, created_at="2020-01-01T00:00:00.000Z")
    outcome = perform(picora, song(posted_before=1, public=False))
    assert isinstance(outcome, Stored)
    assert (outcome.object.id, outcome.object.ours, outcome.perhaps_more) == (mine.id, True, False)


def test_a_look_lists_what_holds_a_content(picora: FakePicora) -> None:
    held = picora.plant(Kind.AUDIO, TEXT)
    assert perform(picora, Look(SHA256, len(TEXT))) == Listed(Look(SHA256, len(TEXT)), (held,))


def test_audio_that_did_not_arrive_is_sent_again_when_the_lists_can_be_trusted(picora: FakePicora) -> None:
    job = song(posted_before=1, may_post=False)
    assert perform(picora, job) == NotListed(job)
    assert isinstance(perform(picora, song(posted_before=1)), Stored)
    assert names(picora) == ["find_audio", "find_audio", "post_audio"]


def test_audio_that_changed_is_not_sent(picora: FakePicora) -> None:
    disk = FakeDisk(lambda: NOW)
    disk.write("e.mp3", b"before")
    digest = Digest(SHA256, disk.files["e.mp3"].fingerprint)
    disk.write("e.mp3", b"after it was hashed")
    job = song()
    assert isinstance(job.body, AudioUpload)
    outcome = perform(picora, replace(job, body=replace(job.body, open=lambda: disk.open("e.mp3", digest))))
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, FileChanged)
    assert picora.objects == {}


# --- visibility -------------------------------------------------------------------------------------------------------


def test_a_reply_with_the_wrong_visibility_is_corrected_and_checked(picora: FakePicora) -> None:
    picora.force_public = True
    outcome = perform(picora, song(public=False))
    assert isinstance(outcome, Stored)
    assert outcome.object.public is False
    assert names(picora) == ["post_audio", "patch", "get"]


@pytest.mark.parametrize("method", ["patch", "get"])
@pytest.mark.parametrize("error", [OutcomeUnknown("m"), Unreachable("m"), Rejected("m")])
def test_a_failed_correction_leaves_the_visibility_unknown(
    picora: FakePicora, method: str, error: PicoraSyncError
) -> None:
    picora.force_public = True
    picora.fail(method, error)
    outcome = perform(picora, song(public=False))
    assert isinstance(outcome, Stored)
    assert outcome.object.public is None


def test_a_correction_that_has_no_effect_shows() -> None:
    class Deaf(FakePicora):
        def patch(self, kind: Kind, object_id: str, change: Change) -> None:
            """It says yes, and does nothing."""

    deaf = Deaf(lambda: NOW, force_public=True)
    outcome = perform(deaf, song(public=False))
    assert isinstance(outcome, Stored)
    assert outcome.object.public is True


def test_an_object_gone_during_the_correction_is_given_as_it_was() -> None:
    class Forgetful(FakePicora):
        def get(self, *_: object) -> RemoteObject | None:
            return None

    outcome = perform(Forgetful(lambda: NOW, force_public=True), song(public=False))
    assert isinstance(outcome, Stored)
    assert outcome.object.public is True


# --- the other jobs ---------------------------------------------------------------------------------------------------


def test_a_patch_is_made(picora: FakePicora) -> None:
    picora.plant(Kind.DOC, TEXT)
    assert perform(picora, patch()) == Altered(patch())
    assert picora.objects["doc-1"].title == "N"


def test_a_removal_tells_what_is_certainly_gone(picora: FakePicora) -> None:
    for text in ("one", "two"):
        picora.plant(Kind.DOC, text)
    picora.stubborn.add("doc-2")
    job = removal("doc-1", "doc-2", "doc-3")
    assert perform(picora, job) == Removed(job, ("doc-1", "doc-3"))


@pytest.mark.parametrize("up", [True, False])
def test_a_probe_asks_for_health(picora: FakePicora, up: bool) -> None:
    picora.up = up
    assert perform(picora, Probe()) == Probed(Probe(), up)


JOBS: dict[str, tuple[str, Job]] = {
    "note": ("post_doc", note()),
    "audio": ("post_audio", song()),
    "look": ("find_audio", song(posted_before=1)),
    "delete first": ("delete", note(delete_first="doc-1")),
    "patch": ("patch", patch()),
    "delete": ("delete", removal("doc-1")),
}
ERRORS = [
    Unreachable("m"),
    OutcomeUnknown("m"),
    ServerFault("m"),
    Rejected("m"),
    RateLimited("m", retry_after_s=1.0),
    FileChanged("m"),
]


@pytest.mark.parametrize("error", ERRORS, ids=[type(error).__name__ for error in ERRORS])
@pytest.mark.parametrize(("method", "job"), JOBS.values(), ids=JOBS.keys())
def test_an_expected_failure_is_an_outcome(picora: FakePicora, method: str, job: Job, error: PicoraSyncError) -> None:
    picora.plant(Kind.DOC, "other")
    picora.fail(method, error)
    assert perform(picora, job) == Failed(job, error)


# --- the workers ------------------------------------------------------------------------------------------------------


def test_a_job_is_in_flight_until_its_outcome_is_collected(picora: FakePicora) -> None:
    pool = InlinePool()
    executor, job = Executor(picora, pool, FreeBudget()), note()
    executor.stage(Lane.DOC, job)
    executor.flush()
    assert (executor.in_flight, executor.finished()) == ([job], [])
    pool.run()
    assert executor.in_flight == [job]
    (outcome,) = executor.finished()
    assert outcome.job == job
    assert (executor.in_flight, executor.finished()) == ([], [])


def test_a_staged_job_keeps_its_worker_and_starts_when_it_is_flushed(picora: FakePicora) -> None:
    pool = InlinePool()
    executor = Executor(picora, pool, FreeBudget())
    while executor.has_worker(Lane.AUDIO, Rank.MAKE_PRIVATE):
        executor.stage(Lane.AUDIO, song())
    assert executor.in_flight
    pool.run()
    assert picora.calls == []
    executor.flush()
    pool.run()
    assert picora.count("post_audio") == len(executor.finished())
    assert executor.has_worker(Lane.AUDIO, Rank.MAKE_PRIVATE)


def test_a_job_cut_off_by_the_end_of_the_program_has_an_unknown_outcome(picora: FakePicora) -> None:
    pool = InlinePool()
    executor = Executor(picora, pool, FreeBudget())
    picora.fail("post_doc", Stopped())
    executor.stage(Lane.DOC, note())
    executor.flush()
    pool.run()
    (outcome,) = executor.finished()
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, OutcomeUnknown)


@pytest.mark.parametrize("error", [ZeroDivisionError(), KeyboardInterrupt()], ids=["a bug", "an interrupt"])
def test_what_no_job_may_raise_is_raised_in_the_loop(error: BaseException) -> None:
    class Broken(FakePicora):
        def post_doc(self, _: DocUpload) -> Posted:
            raise error

    pool = InlinePool()
    executor = Executor(Broken(lambda: NOW), pool, FreeBudget())
    executor.stage(Lane.DOC, note())
    executor.flush()
    pool.run()
    with pytest.raises(type(error)):
        executor.finished()


class Gate:
    """Work that waits for a sign, and tells when it began."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Semaphore(0), threading.Event()
        self.names: set[str] = set()

    def __call__(self) -> None:
        self.names.add(threading.current_thread().name)
        self.begun.release()
        assert self.go.wait(WAIT_S)


def test_audio_never_takes_all_the_workers() -> None:
    free = threading.Semaphore(0)
    threads, gate = Threads(free.release), Gate()
    started = 0
    while threads.has_worker(Lane.AUDIO, Rank.MAKE_PRIVATE):
        threads.reserve(Lane.AUDIO)
        threads.start(Lane.AUDIO, gate)
        started += 1
    assert started == AUDIO_UPLOADS
    while threads.has_worker(Lane.DOC, Rank.MAKE_PRIVATE):
        threads.reserve(Lane.DOC)
        threads.start(Lane.DOC, gate)
        started += 1
    assert started == UPLOADS
    assert not threads.has_worker(Lane.AUDIO, Rank.MAKE_PRIVATE)
    while threads.has_worker(Lane.PATCH, Rank.MAKE_PRIVATE):
        threads.reserve(Lane.PATCH)
        threads.start(Lane.PATCH, gate)
        started += 1
    assert started == UPLOADS + CHANGES
    assert all(gate.begun.acquire(timeout=WAIT_S) for _ in range(started))
    assert len(gate.names) == started
    gate.go.set()
    assert all(free.acquire(timeout=WAIT_S) for _ in range(started))
    assert all(threads.has_worker(lane, Rank.BACKFILL) for lane in Lane)


def test_a_worker_takes_one_job_after_another() -> None:
    free = threading.Semaphore(0)
    threads = Threads(free.release)
    executor = Executor(FakePicora(lambda: NOW), threads, FreeBudget())
    for _ in range(UPLOADS + 1):
        executor.stage(Lane.DOC, note())
        executor.flush()
        assert free.acquire(timeout=WAIT_S)
    assert len(executor.finished()) == UPLOADS + 1
    assert executor.has_worker(Lane.DOC, Rank.MAKE_PRIVATE)


def test_closing_ends_every_worker_after_what_it_is_doing() -> None:
    before = set(threading.enumerate())
    free = threading.Semaphore(0)
    threads, gate = Threads(free.release), Gate()
    workers = set(threading.enumerate()) - before
    threads.reserve(Lane.DOC)
    threads.start(Lane.DOC, gate)
    assert gate.begun.acquire(timeout=WAIT_S)
    threads.close()
    gate.go.set()
    for worker in workers:
        worker.join(WAIT_S)
    assert len(workers) == UPLOADS + CHANGES
    assert not any(worker.is_alive() for worker in workers)


IDLE = dict.fromkeys(Lane, 0)


@pytest.mark.parametrize(
    ("busy", "lane", "least"),
    [
        ({}, Lane.DOC, Rank.BACKFILL),
        ({Lane.DOC: UPLOADS - 1}, Lane.DOC, Rank.INTERACTIVE),
        ({Lane.DOC: UPLOADS}, Lane.DOC, None),
        ({Lane.DOC: UPLOADS - 2, Lane.AUDIO: 1}, Lane.AUDIO, Rank.INTERACTIVE),
        ({Lane.AUDIO: AUDIO_UPLOADS}, Lane.AUDIO, None),
        ({Lane.AUDIO: AUDIO_UPLOADS}, Lane.DOC, Rank.BACKFILL),
        ({Lane.PATCH: CHANGES - 1}, Lane.PATCH, Rank.MAKE_PRIVATE),
        ({Lane.PATCH: CHANGES}, Lane.PATCH, None),
    ],
)
def test_a_worker_is_kept_for_what_is_more_urgent(busy: dict[Lane, int], lane: Lane, least: Rank | None) -> None:
    may = [rank for rank in Rank if is_room(IDLE | busy, lane, rank)]
    assert (max(may) if may else None) == least
