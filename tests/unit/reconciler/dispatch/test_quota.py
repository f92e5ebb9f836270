"""A full account (design §8): deletes go first, one replacement always fits, and ``when_full`` does as it says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from picora_sync.core.model import FileState, Kind, Quota
from picora_sync.core.policy import Folder, WhenFull
from picora_sync.errors import OutcomeUnknown, QuotaExceeded
from picora_sync.reconciler.dispatch.gates import AccountState
from tests.fakes.mirror import NOTES, Mirror

FIRST = Folder("notes", "/notes", when_full=WhenFull.DELETE_FIRST)


def full(policy: Folder = NOTES, *paths: str) -> Mirror:
    """A mirror of these files, on an account that has room for nothing more, and says so."""
    mirror = Mirror(policy)
    for path in paths:
        mirror.write(path, f"content of {path}")
    mirror.quiet()
    mirror.picora.capacity = {kind: mirror.picora.used(kind) for kind in Kind}
    learn(mirror)
    return mirror


def learn(mirror: Mirror) -> None:
    mirror.reconciler.connection.quota.learn(mirror.picora.quotas(), mirror.mono())


def backfill(mirror: Mirror, *paths: str) -> None:
    """Files that nobody is working on."""
    for path in paths:
        mirror.disk.write(path, f"content of {path}".encode())
    mirror.run(120)
    mirror.scan()
    mirror.quiet()


def writes(mirror: Mirror, since: int) -> list[str]:
    return [name for name, _ in mirror.picora.mutations()[since:]]


def until_work_waits(mirror: Mirror) -> None:
    """Let time pass until a worker would begin."""
    for _ in range(100):
        mirror.mono_s += 1.0
        mirror.reconciler.turn()
        if mirror.pool.waiting:
            return
    raise AssertionError("nothing is done")


def texts(mirror: Mirror) -> set[str]:
    return {mirror.picora.texts[item.id] for item in mirror.picora.of_kind(Kind.DOC)}


# --- waiting ----------------------------------------------------------------------------------------------------------


def test_a_new_version_waits_and_the_old_one_stays() -> None:
    mirror = full(NOTES, "a.md", "b.md")
    mirror.write("a.md", "changed")
    mirror.quiet(300)
    assert mirror.states() == {"a.md": FileState.BLOCKED, "b.md": FileState.SYNCED}
    assert texts(mirror) == {"content of a.md", "content of b.md"}
    assert "delete_first" in mirror.problems()["a.md"].hint
    assert mirror.reconciler.connection.state is AccountState.LIMITED


def test_a_deletion_lets_it_through() -> None:
    mirror = full(NOTES, "a.md", "b.md", "c.md")
    mirror.write("a.md", "changed")
    mirror.quiet(300)
    mirror.remove("b.md")
    mirror.quiet(300)
    assert texts(mirror) == {"changed", "content of c.md"}
    assert set(mirror.states().values()) == {FileState.SYNCED}
    assert mirror.reconciler.connection.state is AccountState.OK


def test_eligible_deletes_go_first_and_wait_for_no_company() -> None:
    mirror = full(replace(NOTES, delete_after_s=0.0), "a.md", "b.md", "e.mp3")
    before = len(mirror.picora.mutations())
    mirror.remove("e.mp3")
    mirror.write("f.mp3", b"as long as that")
    mirror.run(20)
    mirror.write("busy.md", "something else settles meanwhile")
    mirror.run(5)
    assert writes(mirror, before) == ["delete", "post_audio"]


def test_all_changed_notes_go_one_after_the_other_when_there_is_room_for_one() -> None:
    mirror = full(NOTES, *(f"{n}.md" for n in range(8)))
    for number in range(7):
        mirror.write(f"{number}.md", f"changed {number}")
    mirror.quiet(300)
    assert list(mirror.states().values()).count(FileState.BLOCKED) == 7
    mirror.remove("7.md")
    mirror.quiet(600)
    assert texts(mirror) == {f"changed {number}" for number in range(7)}


def test_audio_that_would_not_fit_is_not_sent_to_find_that_out_and_smaller_audio_is() -> None:
    mirror = full(NOTES, "e.mp3")
    mirror.picora.capacity[Kind.AUDIO] += 10
    learn(mirror)
    before = len(mirror.picora.mutations())
    mirror.write("large.mp3", b"eleven bytes")
    mirror.write("small.mp3", b"ten bytes.")
    mirror.quiet(300)
    assert writes(mirror, before) == ["post_audio"]
    assert mirror.states()["small.mp3"] is FileState.SYNCED
    assert mirror.problems()["large.mp3"].code == "QUOTA_EXCEEDED"


def test_a_note_that_picora_holds_already_is_bound_on_a_full_account() -> None:
    mirror = Mirror()
    theirs = mirror.picora.plant(Kind.DOC, "content of a.md")
    mirror.picora.capacity[Kind.DOC] = 1
    learn(mirror)
    mirror.write("a.md", "content of a.md")
    mirror.quiet(300)
    row = mirror.index.files.get(mirror.ref("a.md"))
    assert row is not None
    assert row.bound == theirs.id


def test_a_larger_plan_lets_everything_through_by_itself() -> None:
    mirror = full(NOTES, "a.md")
    for number in range(5):
        mirror.write(f"new {number}.md", f"new {number}")
    mirror.quiet(300)
    assert list(mirror.states().values()).count(FileState.BLOCKED) == 5
    mirror.picora.capacity[Kind.DOC] = 100
    learn(mirror)
    mirror.quiet(300)
    assert set(mirror.states().values()) == {FileState.SYNCED}


# --- room for one replacement -----------------------------------------------------------------------------------------


def almost_full(limit: int) -> Mirror:
    mirror = full(NOTES, "a.md")
    mirror.picora.capacity[Kind.DOC] = limit
    learn(mirror)
    return mirror


def test_a_backfill_leaves_room_for_one_replacement() -> None:
    mirror = almost_full(limit=4)
    backfill(mirror, *(f"old {n}.md" for n in range(5)))
    assert mirror.picora.used(Kind.DOC) == 3
    assert list(mirror.states().values()).count(FileState.BLOCKED) == 3
    mirror.write("a.md", "edited")
    mirror.quiet(300)
    assert mirror.states()["a.md"] is FileState.SYNCED
    assert "edited" in texts(mirror)
    assert mirror.picora.used(Kind.DOC) == 3


def test_what_a_person_writes_takes_the_last_place() -> None:
    mirror = almost_full(limit=2)
    mirror.write("mine.md", "just written")
    mirror.quiet(300)
    assert texts(mirror) == {"content of a.md", "just written"}


def test_deleting_one_lets_one_more_of_the_backfill_in() -> None:
    mirror = almost_full(limit=4)
    backfill(mirror, *(f"old {n}.md" for n in range(5)))
    mirror.remove("a.md")
    mirror.quiet(600)
    assert mirror.picora.used(Kind.DOC) == 3
    assert list(mirror.states().values()).count(FileState.BLOCKED) == 2


# --- delete_first -----------------------------------------------------------------------------------------------------


def test_the_old_version_goes_before_the_new_one_is_sent() -> None:
    mirror = full(FIRST, "a.md", "b.md")
    before = len(mirror.picora.mutations())
    mirror.write("a.md", "changed")
    mirror.quiet(300)
    assert writes(mirror, before) == ["post_doc", "delete", "post_doc"]  # a note is refused before anything is deleted
    assert texts(mirror) == {"changed", "content of b.md"}
    assert set(mirror.states().values()) == {FileState.SYNCED}


def test_audio_is_not_sent_in_vain_before() -> None:
    mirror = full(FIRST, "e.mp3")
    before = len(mirror.picora.mutations())
    mirror.write("e.mp3", b"short")
    mirror.quiet(300)
    assert writes(mirror, before) == ["delete", "post_audio"]
    assert mirror.picora.used(Kind.AUDIO) == len(b"short")


def test_an_account_with_room_for_both_loses_the_old_version_last() -> None:
    mirror = full(FIRST, "a.md")
    mirror.picora.capacity[Kind.DOC] = 2
    learn(mirror)
    before = len(mirror.picora.mutations())
    mirror.write("a.md", "changed")
    mirror.quiet(300)
    assert writes(mirror, before) == ["post_doc", "delete"]


def test_nothing_goes_for_audio_that_would_not_fit_even_then() -> None:
    mirror = full(FIRST, "e.mp3")
    before = len(mirror.picora.mutations())
    mirror.write("e.mp3", b"much longer than it was before")
    mirror.quiet(300)
    assert writes(mirror, before) == []
    assert mirror.states() == {"e.mp3": FileState.BLOCKED}


def test_nothing_goes_that_another_file_is_bound_to() -> None:
    mirror = full(FIRST, "a.md")
    mirror.write("twin.md", "content of a.md")
    mirror.quiet(300)
    mirror.write("a.md", "changed")
    mirror.quiet(300)
    assert texts(mirror) == {"content of a.md"}
    assert mirror.states() == {"a.md": FileState.BLOCKED, "twin.md": FileState.SYNCED}


def test_nothing_goes_while_its_content_may_have_moved_to_a_file_that_settles() -> None:
    mirror = full(FIRST, "a.md", "other.md")
    mirror.write("a.md", "changed")
    mirror.run(7)
    mirror.write("copy.md", "content of a.md")
    mirror.run(6)
    assert "content of a.md" in texts(mirror)
    mirror.quiet(300)
    assert texts(mirror) == {"content of a.md", "content of other.md"}
    assert mirror.states()["copy.md"] is FileState.SYNCED


def test_nothing_goes_that_others_made_unless_that_is_allowed() -> None:
    mirror = Mirror(FIRST)
    mirror.picora.plant(Kind.DOC, "theirs")
    mirror.write("a.md", "theirs")
    mirror.quiet()
    mirror.picora.capacity[Kind.DOC] = 1
    learn(mirror)
    mirror.write("a.md", "ours")
    mirror.quiet(300)
    assert texts(mirror) == {"theirs"}
    mirror.configure(delete_adopted=True)
    learn(mirror)
    mirror.quiet(300)
    assert texts(mirror) == {"ours"}


@pytest.mark.parametrize("is_deleted", [True, False])
def test_a_death_between_the_two_leaves_nothing_undone(is_deleted: bool) -> None:
    mirror = full(FIRST, "a.md", "b.md")
    mirror.reconciler.connection.quota.refused(Kind.DOC, 9, mirror.mono())
    mirror.write("a.md", "changed")
    until_work_waits(mirror)
    if is_deleted:
        (old,) = mirror.index.objects.doomed()
        mirror.picora.delete(Kind.DOC, [old.id])
    mirror.restart()
    learn(mirror)
    mirror.quiet(600)
    assert texts(mirror) == {"changed", "content of b.md"}
    assert set(mirror.states().values()) == {FileState.SYNCED}


def test_room_that_somebody_else_took_meanwhile_makes_it_wait_and_is_told() -> None:
    mirror = full(FIRST, "e.mp3")
    mirror.picora.fail("post_audio", QuotaExceeded("no room", meta={"type": "media_storage"}))
    mirror.write("e.mp3", b"short")
    mirror.quiet(100)
    assert mirror.states() == {"e.mp3": FileState.SYNCED}  # room is there as soon as it is certain what was deleted
    assert mirror.picora.used(Kind.AUDIO) == len(b"short")


def test_a_lost_answer_to_either_half_is_settled() -> None:
    mirror = full(FIRST, "e.mp3")
    mirror.picora.fail("delete", OutcomeUnknown("reset"), after=True)
    mirror.picora.fail("post_audio", OutcomeUnknown("reset"), after=True)
    mirror.write("e.mp3", b"short")
    mirror.quiet(600)
    assert [item.size_bytes for item in mirror.picora.of_kind(Kind.AUDIO)] == [len(b"short")]


def test_nothing_is_deleted_for_audio_that_is_another_file_by_now() -> None:
    mirror = full(FIRST, "e.mp3")
    mirror.write("e.mp3", b"short")
    until_work_waits(mirror)
    mirror.write("e.mp3", b"other")
    mirror.pool.run()
    assert mirror.picora.used(Kind.AUDIO) == len(b"content of e.mp3")
    mirror.quiet(300)
    assert mirror.picora.used(Kind.AUDIO) == len(b"other")


def test_a_doubt_about_a_full_account_is_settled_as_soon_as_there_is_room() -> None:
    mirror = full(NOTES, "a.md", "b.md")
    mirror.picora.fail("post_doc", OutcomeUnknown("reset"))
    mirror.write("new.md", "new")
    mirror.quiet(100)
    assert mirror.states()["new.md"] is FileState.BLOCKED
    mirror.remove("a.md")
    mirror.quiet(300)
    assert texts(mirror) == {"new", "content of b.md"}


def test_a_server_that_does_not_tell_its_usage_is_believed_for_an_hour() -> None:
    mirror = Mirror()
    mirror.picora.capacity[Kind.DOC] = 1
    mirror.write("a.md", "alpha")
    mirror.quiet()
    mirror.write("b.md", "beta")
    mirror.quiet(100)
    before = mirror.picora.count("post_doc")
    mirror.run(3000)
    assert mirror.picora.count("post_doc") == before
    mirror.picora.capacity[Kind.DOC] = 2
    mirror.run(700)
    assert mirror.states() == {"a.md": FileState.SYNCED, "b.md": FileState.SYNCED}


def test_usage_that_contradicts_a_refusal_is_tried_once_each_time_it_is_told() -> None:
    mirror = full(NOTES, "a.md")
    mirror.picora.fail("post_doc", QuotaExceeded("no room", meta={"type": "doc_count"}), times=3)
    mirror.reconciler.connection.quota.learn({Kind.DOC: Quota(100, 1)}, mirror.mono())
    mirror.write("b.md", "beta")
    mirror.quiet(100)
    assert mirror.picora.count("post_doc") == 2
    mirror.reconciler.connection.quota.learn({Kind.DOC: Quota(100, 1)}, mirror.mono())
    mirror.quiet(100)
    assert mirror.picora.count("post_doc") == 3
