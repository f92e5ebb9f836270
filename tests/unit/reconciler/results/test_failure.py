"""What each failure of Picora leads to (design §8), in calls made and states shown."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from picora_sync.core.model import FileState, Kind, Problem
from picora_sync.core.policy import Folder
from picora_sync.errors import (
    KeyRefused,
    NotFound,
    NotPicora,
    OutcomeUnknown,
    PlanRequired,
    QuotaExceeded,
    RateLimited,
    Rejected,
    RemoteError,
    ScopeMissing,
    ServerFault,
    Unreachable,
    UploadCut,
)
from picora_sync.reconciler.dispatch.gates import AccountState
from picora_sync.workers import UPLOADS
from tests.fakes.mirror import Mirror

UNKNOWN = OutcomeUnknown("the connection was reset")
FAULT = ServerFault("broken", status=503)
FULL = QuotaExceeded("no room", meta={"type": "doc_count"})


def names(mirror: Mirror, since: int = 0) -> list[str]:
    return [name for name, _ in mirror.picora.calls[since:]]


def synced(*paths: str) -> Mirror:
    mirror = Mirror()
    for path in paths:
        mirror.write(path, f"content of {path}")
    mirror.quiet()
    return mirror


# --- what fails again and again ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [UNKNOWN, NotPicora("a proxy's page"), FAULT], ids=["unknown", "not picora", "5xx"])
@pytest.mark.parametrize("method", ["post_doc", "post_audio", "patch", "delete"])
def test_the_third_failure_in_a_row_is_a_problem_until_it_works(method: str, error: RemoteError) -> None:
    mirror = synced("a.md", "b.md", "e.mp3")
    mirror.picora.fail(method, error, times=4)
    match method:
        case "post_doc":
            mirror.write("n.md", "new")
        case "post_audio":
            mirror.write("n.mp3", b"new")
        case "patch":
            mirror.move("a.md", "z.md")
        case _:
            mirror.remove("b.md")
    for _ in range(3600):
        mirror.run(1)
        if [*mirror.index.files.problems()]:
            break
    (told,) = {problem.message for _ref, problem, _blocking in mirror.index.files.problems()}
    assert told.startswith(error.message)
    assert "3 times in a row" in told
    mirror.quiet()
    mirror.run(3700)
    assert not [*mirror.index.files.problems()]


# --- cut uploads ------------------------------------------------------------------------------------------------------

CUT = UploadCut("the connection was reset before the end of the file")


def test_an_upload_that_was_cut_is_sent_again_within_seconds_and_not_looked_for() -> None:
    mirror = Mirror()
    mirror.picora.fail("post_audio", CUT, times=2)
    mirror.write("e.mp3", b"sound")
    mirror.quiet()
    assert mirror.states() == {"e.mp3": FileState.SYNCED}
    assert mirror.picora.count("post_audio") == 3
    assert mirror.picora.count("find_audio") == 0
    assert mirror.index.objects.intents() == []


def test_a_cut_upload_after_one_whose_outcome_is_unknown_leaves_that_one_in_doubt() -> None:
    mirror = Mirror()
    mirror.picora.fail("post_audio", UNKNOWN)
    mirror.picora.fail("post_audio", CUT)
    mirror.write("e.mp3", b"sound")
    mirror.run(600)
    assert mirror.states() == {"e.mp3": FileState.SYNCED}
    assert len(mirror.picora.of_kind(Kind.AUDIO)) == 1
    assert mirror.picora.count("post_audio") == 3
    posts = [number for number, name in enumerate(names(mirror)) if name == "post_audio"]
    assert all("find_audio" in names(mirror)[before:after] for before, after in pairwise(posts))


# --- offline ----------------------------------------------------------------------------------------------------------


def test_offline_work_waits_until_health_answers_and_then_goes_on() -> None:
    mirror = Mirror()
    mirror.picora.up = False
    mirror.write("a.md", "alpha")
    mirror.run(300)
    assert mirror.reconciler.connection.state is AccountState.OFFLINE
    assert mirror.picora.count("post_doc") == 1
    assert mirror.reconciler.working()
    mirror.picora.up = True
    mirror.quiet()
    assert mirror.reconciler.connection.state is AccountState.OK
    assert mirror.states() == {"a.md": FileState.SYNCED}


def test_health_is_asked_with_growing_pauses() -> None:
    mirror = Mirror()
    mirror.picora.up = False
    mirror.write("a.md", "alpha")
    mirror.run(3600)
    assert 60 <= mirror.picora.count("healthy") <= 250


@pytest.mark.parametrize(
    "error", [UNKNOWN, NotPicora("a proxy's page"), FAULT, CUT], ids=["unknown", "not picora", "5xx", "cut"]
)
@pytest.mark.parametrize("method", ["post_doc", "post_audio", "patch", "delete"])
def test_a_call_that_keeps_failing_is_no_storm_and_comes_to_rest(method: str, error: RemoteError) -> None:
    mirror = synced("a.md", "b.md", "e.mp3")
    mirror.picora.fail(method, error, times=10_000)
    before = len(mirror.picora.calls)
    mirror.write("n.md", "new")
    mirror.write("n.mp3", b"new")
    mirror.move("a.md", "z.md")
    mirror.remove("b.md")
    mirror.run(7200)
    failing = [name for name in names(mirror, before) if name == method]
    assert 5 <= len(failing) <= 60


@pytest.mark.parametrize("error", [UNKNOWN, NotPicora("a proxy's page"), FAULT], ids=["unknown", "not picora", "5xx"])
def test_one_file_that_always_fails_is_blocked_when_others_succeed_and_tried_hourly(error: RemoteError) -> None:
    mirror = Mirror()
    mirror.picora.fail("post_audio", error, times=5)
    mirror.write("e.mp3", b"sound")
    mirror.write("a.md", "alpha")
    mirror.run(1)
    for minute in range(10):
        mirror.write(f"{minute}.md", f"text {minute}")
        mirror.run(60)
    assert mirror.states()["e.mp3"] is FileState.BLOCKED
    assert not mirror.reconciler.working()
    mirror.run(3700)
    assert mirror.states()["e.mp3"] is FileState.SYNCED
    assert len(mirror.picora.of_kind(Kind.AUDIO)) == 1


def test_an_outage_of_the_whole_server_blocks_no_file() -> None:
    mirror = Mirror()
    mirror.picora.fail("post_doc", FAULT, times=40)
    for number in range(5):
        mirror.write(f"{number}.md", f"text {number}")
    mirror.run(600)
    assert FileState.BLOCKED not in mirror.states().values()


# --- outcome unknown --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [UNKNOWN, FAULT], ids=["unknown", "5xx"])
def test_audio_whose_reply_was_lost_is_found_and_not_sent_again(error: RemoteError) -> None:
    mirror = Mirror()
    mirror.picora.fail("post_audio", error, after=True)
    mirror.write("e.mp3", b"sound")
    mirror.quiet()
    assert mirror.picora.count("post_audio") == 1
    assert mirror.states() == {"e.mp3": FileState.SYNCED}


@pytest.mark.parametrize("look", [Unreachable("no route"), RateLimited("slow", retry_after_s=5.0), UNKNOWN, FAULT])
def test_a_failing_look_for_lost_audio_does_not_end_the_doubt(look: RemoteError) -> None:
    mirror = Mirror()
    mirror.picora.fail("post_audio", UNKNOWN, after=True)
    mirror.picora.fail("find_audio", look, times=3)
    mirror.write("e.mp3", b"sound")
    mirror.quiet()
    assert mirror.picora.count("post_audio") == 1
    assert mirror.states() == {"e.mp3": FileState.SYNCED}


def test_lost_audio_that_is_listed_late_is_not_sent_again() -> None:
    mirror = Mirror()
    mirror.picora.fail("post_audio", UNKNOWN, after=True)
    mirror.write("e.mp3", b"sound")
    mirror.picora.lag_s = 60.0
    mirror.quiet()
    assert mirror.picora.count("post_audio") == 1
    assert len(mirror.picora.objects) == 1


def test_audio_that_never_arrived_is_sent_again_after_the_lists_had_time() -> None:
    mirror = Mirror()
    mirror.picora.fail("post_audio", UNKNOWN)
    mirror.write("e.mp3", b"sound")
    mirror.run(20)
    start = mirror.mono_s
    mirror.quiet()
    assert mirror.picora.count("post_audio") == 2
    assert 60 < mirror.mono_s - start < 130


def test_a_note_whose_reply_was_lost_is_ours() -> None:
    mirror = synced("b.md")
    mirror.picora.fail("post_doc", UNKNOWN, after=True)
    mirror.picora.fail("post_doc", Unreachable("no route"), times=2)
    mirror.write("a.md", "alpha")
    mirror.quiet()
    mirror.remove("a.md")
    mirror.quiet()
    assert mirror.titles() == ["b"]


@pytest.mark.parametrize("path", ["a.md", "e.mp3"])
@pytest.mark.parametrize("then", ["edited", "deleted", "ignored"])
def test_what_a_lost_reply_made_is_collected_when_the_file_moves_on(path: str, then: str) -> None:
    mirror = synced("b.md")
    mirror.picora.fail("post_doc", UNKNOWN, after=True)
    mirror.picora.fail("post_audio", UNKNOWN, after=True)
    mirror.picora.well = False
    mirror.write(path, "one")
    mirror.run(20)
    if then == "edited":
        mirror.write(path, "two")
    elif then == "deleted":
        mirror.remove(path)
    else:
        mirror.disk.rules[path] = "a rule"
        mirror.touch(path)
    mirror.run(60)
    mirror.picora.well = True
    mirror.quiet()
    own = [path[0]] if then == "edited" else []
    assert mirror.titles() == sorted(["b", *own])


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_after_a_401_nothing_more_is_sent_until_the_key_was_verified() -> None:
    mirror = Mirror()
    mirror.picora.fail("post_doc", KeyRefused("the key is wrong", status=401))
    mirror.write("a.md", "alpha")
    mirror.write("e.mp3", b"sound")
    mirror.run(12)
    before = len(mirror.picora.calls)
    mirror.run(3600)
    assert mirror.picora.calls[before:] == []
    assert mirror.reconciler.connection.state is AccountState.FAILING
    mirror.reconciler.connection.unverified(mirror.mono_s, KeyRefused("wrong"))
    mirror.run(3600)
    assert mirror.picora.calls[before:] == []
    assert mirror.reconciler.connection.state is AccountState.REFUSED
    mirror.reconciler.connection.accepted()
    mirror.quiet()
    assert set(mirror.states().values()) == {FileState.SYNCED}


def test_a_call_that_is_refused_with_401_though_the_key_is_good_is_tried_less_and_less_often() -> None:
    mirror = Mirror()
    mirror.picora.fail("post_doc", KeyRefused("not this one", status=401), times=1000)
    mirror.write("a.md", "alpha")
    for _ in range(3600):
        mirror.run(1)
        if mirror.reconciler.connection.doubted_since is not None:
            mirror.reconciler.connection.accepted()
    assert mirror.states()["a.md"] is FileState.BLOCKED
    assert "proxy" in mirror.problems()["a.md"].hint
    assert len([call for call in mirror.picora.calls if call[0] == "post_doc"]) < 30


def test_a_full_quota_blocks_what_waits_and_notes_written_later_and_ends_the_pass() -> None:
    mirror = Mirror()
    mirror.picora.fail("post_doc", FULL, times=UPLOADS)
    for number in range(8):
        mirror.write(f"{number}.md", f"text {number}")
    mirror.quiet(300)
    mirror.write("late.md", "late")
    mirror.quiet(300)
    assert set(mirror.states().values()) == {FileState.BLOCKED}
    assert mirror.reconciler.connection.state is AccountState.LIMITED
    assert mirror.problems()["late.md"].code == "QUOTA_EXCEEDED"


def test_a_full_quota_for_audio_keeps_no_note_waiting() -> None:
    mirror = Mirror()
    mirror.picora.fail("post_audio", FULL, times=100)
    mirror.write("e.mp3", b"sound")
    mirror.write("a.md", "alpha")
    mirror.quiet(300)
    assert mirror.states() == {"a.md": FileState.SYNCED, "e.mp3": FileState.BLOCKED}


def test_a_delete_makes_room_and_what_was_refused_is_tried_again() -> None:
    mirror = synced("a.md", "b.md")
    mirror.picora.fail("post_doc", FULL)
    mirror.write("n.md", "new")
    mirror.quiet(300)
    mirror.remove("a.md")
    mirror.quiet(300)
    assert mirror.states() == {"b.md": FileState.SYNCED, "n.md": FileState.SYNCED}


@pytest.mark.parametrize("error", [FULL, PlanRequired("no audio in this plan"), ScopeMissing("read only key")])
def test_what_was_refused_for_the_account_is_tried_hourly(error: RemoteError) -> None:
    mirror = Mirror()
    mirror.picora.fail("post_doc", error)
    mirror.write("a.md", "alpha")
    mirror.quiet(300)
    assert mirror.states() == {"a.md": FileState.BLOCKED}
    mirror.run(3700)
    assert mirror.states() == {"a.md": FileState.SYNCED}


def test_a_rejected_file_is_not_tried_again_until_it_changes() -> None:
    mirror = Mirror()
    mirror.picora.fail("post_doc", Rejected("title is too long", status=422, api_code="VALIDATION"))
    mirror.write("a.md", "alpha")
    mirror.run(7200)
    assert names(mirror) == ["post_doc"]
    assert mirror.problems()["a.md"].code == "VALIDATION"
    mirror.write("a.md", "beta")
    mirror.quiet()
    assert mirror.states() == {"a.md": FileState.SYNCED}


def test_a_refused_file_keeps_the_object_it_has() -> None:
    mirror = synced("a.md")
    mirror.picora.fail("post_doc", Rejected("no", status=422))
    mirror.write("a.md", "beta")
    mirror.run(7200)
    assert mirror.titles() == ["a"]


def test_files_that_shared_a_refused_upload_are_all_tried_again() -> None:
    mirror = Mirror()
    mirror.picora.fail("post_doc", FAULT, times=20)
    mirror.write("a.md", "same")
    mirror.write("b.md", "same")
    mirror.run(2000)
    assert set(mirror.states().values()) == {FileState.BLOCKED}
    mirror.run(3700)
    assert set(mirror.states().values()) == {FileState.SYNCED}


def test_rate_limits_are_waited_out() -> None:
    mirror = Mirror()
    mirror.picora.fail("post_doc", RateLimited("slow down", retry_after_s=30.0))
    mirror.write("a.md", "alpha")
    mirror.run(25)
    assert names(mirror) == ["post_doc"]
    mirror.quiet()
    assert names(mirror) == ["post_doc", "post_doc"]


def test_a_limited_delete_waits_as_long_as_it_was_told() -> None:
    mirror = synced("a.md", "b.md")
    mirror.picora.fail("delete", RateLimited("slow down", retry_after_s=30.0))
    mirror.remove("a.md")
    mirror.run(65)
    assert mirror.picora.count("delete") == 1
    mirror.quiet()
    assert mirror.picora.count("delete") == 2


# --- things that vanish or stay ---------------------------------------------------------------------------------------


def test_an_object_that_vanished_is_made_again() -> None:
    mirror = synced("a.md", "b.md")
    del mirror.picora.objects["doc-1"]
    mirror.move("a.md", "z.md")
    mirror.quiet()
    assert mirror.titles() == ["b", "z"]
    assert mirror.states() == {"b.md": FileState.SYNCED, "z.md": FileState.SYNCED}


def renamed_after_all_vanished(number: int) -> Mirror:
    """Somebody emptied the account, and then each note gets another name, which is to be a PATCH."""
    mirror = synced(*(f"{n}.md" for n in range(number)))
    mirror.picora.objects.clear()
    for n in range(number):
        mirror.move(f"{n}.md", f"renamed {n}.md")
        mirror.quiet()
    return mirror


def test_objects_that_vanish_one_by_one_are_made_again_under_the_budget_of_removals() -> None:
    mirror = renamed_after_all_vanished(20)
    assert len(mirror.picora.objects) == 10
    states = list(mirror.states().values())
    assert (states.count(FileState.SYNCED), states.count(FileState.BLOCKED)) == (10, 10)
    assert {problem.code for problem in mirror.problems().values()} == {"VANISHED"}


def test_what_vanished_beyond_the_budget_is_made_again_when_there_is_room() -> None:
    mirror = renamed_after_all_vanished(20)
    mirror.mono_s += 90_000
    mirror.quiet()
    assert len(mirror.picora.objects) == 20
    assert mirror.problems() == {}


def test_an_account_without_any_of_the_objects_is_not_filled_again() -> None:
    assert len(renamed_after_all_vanished(1).picora.objects) == 0


def test_a_file_that_changed_at_sending_goes_back_to_the_queue() -> None:
    mirror = Mirror()
    mirror.write("e.mp3", b"sound")
    mirror.run(14)
    mirror.mono_s += 2
    mirror.reconciler.turn()
    mirror.disk.write("e.mp3", b"other")
    mirror.pool.run()
    mirror.quiet()
    (item,) = mirror.picora.objects.values()
    assert item.size_bytes == 5
    assert mirror.states() == {"e.mp3": FileState.SYNCED}


def test_what_a_note_left_that_was_blocked_in_doubt_is_collected_when_it_moved_on() -> None:
    mirror = synced("b.md")
    mirror.picora.fail("post_doc", FAULT, after=True, times=5)
    mirror.write("a.md", "public: true")
    mirror.run(5)
    mirror.write("e.mp3", b"others succeed")
    mirror.run(600)
    mirror.write("a.md", "public: false")
    mirror.run(4000)
    assert mirror.titles() == ["a", "b", "e"]


def test_a_note_whose_content_lies_in_a_trash_is_not_asked_about_again() -> None:
    """A service that never purges names the dead document for ever: that settles an earlier upload, too."""
    mirror = Mirror()
    mirror.picora.fail("post_doc", FAULT)
    mirror.picora.fail("post_doc", Rejected("in the trash", api_code="DOC_HASH_DUPLICATE"), times=1000)
    mirror.write("a.md", "text")
    mirror.run(600)
    assert mirror.states() == {"a.md": FileState.BLOCKED}
    posts = mirror.picora.count("post_doc")
    mirror.run(3 * 3600)
    assert mirror.picora.count("post_doc") == posts


def test_a_note_that_became_unreadable_while_its_upload_was_in_doubt_stays_blocked_for_that() -> None:
    mirror = synced("b.md")
    mirror.picora.fail("post_doc", UNKNOWN)
    mirror.picora.fail("post_doc", FULL)
    mirror.picora.well = False
    mirror.write("a.md", "alpha")
    mirror.run(12)
    mirror.write("a.md", b"\xff")
    mirror.run(12)
    mirror.picora.well = True
    mirror.run(4000)
    assert mirror.problems()["a.md"].code == "NOT_UTF8"
    assert mirror.states()["a.md"] is FileState.BLOCKED
    assert not mirror.reconciler.settling()


def test_a_note_that_comes_out_differently_without_a_change_of_its_file_is_read_again() -> None:
    mirror = Mirror()
    mirror.write("a.md", "alpha")
    mirror.reconciler.connection.refused = True
    mirror.run(20)
    old = mirror.disk.files["a.md"]
    mirror.disk.files["a.md"] = replace(old, data=b"omega")  # nothing that stat shows
    mirror.reconciler._dispatcher._texts._texts._kept.clear()  # noqa: SLF001  (as when many notes were read since)
    mirror.reconciler.connection.accepted()
    mirror.quiet()
    assert list(mirror.picora.texts.values()) == ["omega"]


def test_audio_moved_while_its_upload_is_in_doubt_is_sent_from_its_new_place() -> None:
    mirror = synced("b.md")
    mirror.picora.fail("post_audio", UNKNOWN)
    mirror.write("e.mp3", b"sound")
    mirror.run(20)
    mirror.move("e.mp3", "d/e.mp3")
    mirror.quiet()
    assert mirror.states()["d/e.mp3"] is FileState.SYNCED


@pytest.mark.parametrize("suffix", [".md", ".mp3"])
def test_a_file_that_changed_at_sending_does_not_keep_the_loop_busy_nor_its_twin_waiting(suffix: str) -> None:
    mirror = Mirror()
    mirror.write(f"a{suffix}", "same")
    mirror.write(f"b{suffix}", "same")
    mirror.reconciler.connection.refused = True
    mirror.run(20)
    mirror.disk.write(f"a{suffix}", b"other")  # no event for it
    mirror.reconciler.connection.accepted()
    mirror.run(2)
    assert mirror.picora.count("post_doc") + mirror.picora.count("post_audio") <= 2
    assert len(mirror.picora.objects) == 1
    mirror.quiet()
    assert len(mirror.picora.objects) == 2


@pytest.mark.parametrize("path", ["a.md", "e.mp3"])
def test_an_object_that_picora_does_not_delete_is_no_storm(path: str) -> None:
    mirror = synced(path, "b.md")
    mirror.picora.stubborn.update(mirror.picora.objects)
    before = mirror.picora.count("delete")
    mirror.remove(path)
    mirror.run(3600)
    assert 2 <= mirror.picora.count("delete") - before <= 8
    mirror.picora.stubborn.clear()
    mirror.run(700)
    assert mirror.titles() == ["b"]


def test_a_file_made_again_is_bound_to_the_object_that_was_not_deleted() -> None:
    mirror = synced("a.md", "b.md")
    mirror.picora.fail("delete", UNKNOWN)
    mirror.picora.well = False
    mirror.remove("a.md")
    mirror.run(45)
    mirror.write("a.md", "content of a.md")
    mirror.run(60)
    mirror.picora.stubborn.update(mirror.picora.objects)
    mirror.picora.well = True
    mirror.quiet()
    assert mirror.picora.count("post_doc") == 2
    assert mirror.states()["a.md"] is FileState.SYNCED


def test_a_key_without_delete_scope_lets_uploads_go_on_and_shows_a_hint() -> None:
    mirror = synced("a.md", "b.md")
    mirror.picora.fail(
        "delete", ScopeMissing("the key may not delete", hint="make a key with the delete scope"), times=9
    )
    mirror.write("a.md", "new")
    mirror.quiet(300)
    mirror.write("n.md", "another")
    mirror.quiet(300)
    assert mirror.picora.count("delete") == 1
    assert "n" in mirror.titles()
    assert mirror.left() == {"a.md": "SCOPE_MISSING"}


def test_a_key_without_delete_scope_blocks_only_the_note_that_must_be_stored_differently() -> None:
    mirror = Mirror()
    mirror.write("a.md", "data: image")
    mirror.quiet()
    mirror.picora.fail("delete", ScopeMissing("the key may not delete"), times=99)
    mirror.configure(public=True)
    mirror.write("b.md", "beta")
    mirror.quiet(300)
    assert mirror.states() == {"a.md": FileState.BLOCKED, "b.md": FileState.SYNCED}
    assert mirror.picora.count("delete") <= 2


def test_a_private_version_that_stays_is_never_taken_for_the_public_one() -> None:
    mirror = Mirror()
    mirror.write("a.md", "data: image")
    mirror.quiet()
    mirror.picora.stubborn.update(mirror.picora.objects)
    mirror.configure(public=True)
    mirror.quiet(600)
    assert mirror.states() == {"a.md": FileState.BLOCKED}
    assert [item.public for item in mirror.picora.objects.values()] == [False]
    assert mirror.picora.count("delete") <= 3


# --- make-private against failures ------------------------------------------------------------------------------------


def test_a_note_that_wants_to_be_private_is_not_published_by_an_older_call_that_is_repeated() -> None:
    mirror = Mirror()
    mirror.write("a.md", "same")
    mirror.quiet()
    mirror.configure(public=True)
    mirror.picora.fail("patch", RateLimited("slow down", retry_after_s=60.0))
    mirror.reconciler.turn()
    mirror.mono_s += 30
    mirror.reconciler.turn()
    assert mirror.pool.waiting == 1
    mirror.index.files.wants_private(mirror.ref("a.md"))
    mirror.reconciler.context.todo.add(mirror.ref("a.md"))
    mirror.reconciler.turn()
    mirror.run(120)
    assert [item.public for item in mirror.picora.objects.values()] == [False]
    assert mirror.picora.count("patch") == 2


@pytest.mark.parametrize("error", [UNKNOWN, FAULT, Unreachable("no route"), RateLimited("slow", retry_after_s=2.0)])
@pytest.mark.parametrize("after", [False, True], ids=["lost", "carried out"])
def test_make_private_is_repeated_until_it_is_certain(error: RemoteError, after: bool) -> None:
    mirror = Mirror(Folder("notes", "/notes", public=True))
    mirror.write("a.md", "alpha")
    mirror.quiet()
    mirror.configure(public=False)
    mirror.picora.fail("patch", error, after=after, times=3)
    mirror.quiet()
    assert [item.public for item in mirror.picora.objects.values()] == [False]
    assert mirror.states() == {"a.md": FileState.SYNCED}


def test_an_object_gone_before_it_is_deleted_is_fine() -> None:
    mirror = synced("a.md", "b.md")
    mirror.picora.fail("delete", NotFound("gone", status=404))
    mirror.remove("a.md")
    mirror.quiet()
    assert mirror.picora.count("delete") == 1


@pytest.mark.parametrize(
    "error", [Unreachable("no"), RateLimited("no", retry_after_s=2.0), KeyRefused("no"), QuotaExceeded("no")]
)
@pytest.mark.parametrize("then", ["deleted", "edited"])
def test_what_an_earlier_attempt_made_is_found_though_the_last_one_was_refused(error: RemoteError, then: str) -> None:
    mirror = synced("other.md")
    error.perhaps_done = True
    mirror.picora.fail("post_doc", error, after=True)
    mirror.write("a.md", "alpha")
    for _ in range(100):
        if mirror.picora.count("post_doc") > 1:
            break
        mirror.mono_s += 0.5
        mirror.turn()
    if then == "edited":
        mirror.write("a.md", "newer")
    else:
        mirror.remove("a.md")
    mirror.run(60)
    mirror.reconciler.connection.accepted()  # the key was restored
    mirror.run(3 * 3600)
    assert mirror.titles() == sorted(["other", *(["a"] if then == "edited" else [])])


# --- whose account ----------------------------------------------------------------------------------------------------


def test_nothing_is_sent_before_it_is_known_whose_account_this_is() -> None:
    mirror = Mirror()
    mirror.reconciler.connection.unverified(mirror.mono(), ServerFault("broken"))
    mirror.write("a.md", "alpha")
    mirror.run(300)
    assert mirror.picora.calls == []
    mirror.reconciler.connection.accepted()
    mirror.quiet()
    assert mirror.states() == {"a.md": FileState.SYNCED}


def test_what_could_not_be_deleted_is_told_until_it_is_gone() -> None:
    mirror = Mirror()
    for name in "abc":
        mirror.write(f"{name}.md", f"text {name}")
    mirror.quiet()
    mirror.picora.fail("delete", ScopeMissing("the key may not delete"))
    mirror.remove("a.md")
    mirror.run(300)
    assert mirror.left() == {"a.md": "SCOPE_MISSING"}
    assert mirror.states()["a.md"] is FileState.BLOCKED
    mirror.run(3700)
    assert "a" not in mirror.titles()
    assert (mirror.left(), mirror.problems()) == ({}, {})


def test_an_account_that_was_not_asked_for_yet_is_not_said_to_be_well() -> None:
    mirror = Mirror()
    mirror.reconciler.connection.verified = False
    assert mirror.reconciler.connection.state is AccountState.NOT_ASKED


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (Unreachable("no connection"), AccountState.OFFLINE),
        (OutcomeUnknown("the connection broke"), AccountState.OFFLINE),
        (ScopeMissing("GET /v1/auth/verify: no (status 403)"), AccountState.FAILING),
        (ServerFault("GET /v1/auth/verify: broken (status 503)"), AccountState.FAILING),
        (NotPicora("GET /v1/auth/verify: the answer is not JSON"), AccountState.FAILING),
        (RateLimited("GET /v1/auth/verify: too often", retry_after_s=1.0), AccountState.FAILING),
        (KeyRefused("GET /v1/auth/verify: no (status 401)"), AccountState.REFUSED),
    ],
)
def test_what_answers_is_not_called_offline(error: RemoteError, state: AccountState) -> None:
    mirror = Mirror()
    connection = mirror.reconciler.connection
    connection.unverified(mirror.mono(), error)
    assert (connection.state, connection.wrong) == (state, Problem(error.code, error.message, error.hint))
    connection.accepted()
    assert (connection.state, connection.wrong) == (AccountState.OK, None)


def test_a_key_that_may_only_read_is_no_limit_of_the_account() -> None:
    mirror = Mirror()
    mirror.picora.fail("post_doc", ScopeMissing("POST /v1/docs: no (status 403)", hint="make one that may"), times=9)
    mirror.write("a.md", "alpha")
    mirror.quiet(300)
    connection = mirror.reconciler.connection
    assert connection.state is AccountState.RESTRICTED
    assert connection.wrong is not None
    assert connection.wrong.hint == "make one that may"
