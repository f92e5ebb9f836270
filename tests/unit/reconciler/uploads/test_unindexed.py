"""Audio that the account holds is not uploaded again, though the index knows nothing of it (promise 3)."""

from __future__ import annotations

import pytest

from picora_sync.core.model import FileState, Kind
from picora_sync.errors import NotFound, OutcomeUnknown, PicoraSyncError, Rejected, ServerFault, Unreachable
from picora_sync.index import Index
from tests.fakes.mirror import Mirror


def with_episode(*, tells_hashes: bool = True) -> Mirror:
    """An episode was uploaded long ago."""
    mirror = Mirror()
    mirror.picora.tells_hashes = tells_hashes
    mirror.write("e.mp3", b"sound")
    mirror.quiet()
    mirror.mono_s += 3600
    return mirror


def lose_the_index(mirror: Mirror) -> None:
    mirror.index = Index.in_memory()
    mirror.restart()


def posted(mirror: Mirror) -> int:
    return mirror.picora.count("post_audio")


@pytest.mark.parametrize("tells_hashes", [True, False], ids=["by its hash", "by its bytes"])
def test_a_lost_index_finds_its_audio_again(tells_hashes: bool) -> None:
    mirror = with_episode(tells_hashes=tells_hashes)
    lose_the_index(mirror)
    mirror.quiet()
    assert posted(mirror) == 1
    assert mirror.states() == {"e.mp3": FileState.SYNCED}


def test_an_older_copy_of_the_index_finds_what_was_uploaded_since() -> None:
    mirror = with_episode()
    copy = mirror.index.copy_in_memory()
    mirror.write("new.mp3", b"another sound")
    mirror.quiet()
    mirror.index = copy
    mirror.restart()
    mirror.quiet()
    assert posted(mirror) == 2
    assert set(mirror.states().values()) == {FileState.SYNCED}


def test_a_content_that_comes_back_is_found_although_the_lost_index_alone_knew_of_it() -> None:
    mirror = with_episode()
    mirror.write("e.mp3", b"other")
    lose_the_index(mirror)
    mirror.quiet()
    mirror.write("e.mp3", b"sound")
    mirror.quiet()
    assert posted(mirror) == 2


def test_what_was_found_is_never_deleted() -> None:
    mirror = with_episode()
    mirror.write("keep.md", "one")
    lose_the_index(mirror)
    mirror.quiet()
    mirror.remove("e.mp3")
    mirror.quiet()
    assert "audio-1" in mirror.picora.objects


def test_the_metadata_of_what_was_found_is_put_right() -> None:
    mirror = Mirror()
    theirs = mirror.picora.plant(Kind.AUDIO, "sound", title="by hand")
    mirror.write("e.mp3", b"sound")
    mirror.quiet()
    assert (mirror.picora.objects[theirs.id].title, mirror.picora.objects[theirs.id].public) == ("e", True)
    assert posted(mirror) == 0


def test_the_oldest_of_several_is_taken() -> None:
    mirror = Mirror()
    first = mirror.picora.plant(Kind.AUDIO, "sound")
    mirror.mono_s += 60
    mirror.picora.plant(Kind.AUDIO, "sound")
    mirror.write("e.mp3", b"sound")
    mirror.quiet()
    row = mirror.index.files.get(mirror.ref("e.mp3"))
    assert row is not None
    assert row.bound == first.id


def test_two_files_of_one_content_are_bound_to_what_was_found() -> None:
    mirror = with_episode()
    mirror.write("copy.mp3", b"sound")
    mirror.quiet()
    lose_the_index(mirror)
    mirror.quiet()
    assert mirror.states() == {"e.mp3": FileState.SYNCED, "copy.mp3": FileState.SYNCED}
    assert len(mirror.picora.objects) == 1


# --- what it costs ----------------------------------------------------------------------------------------------------


def test_the_account_is_listed_once_in_a_process() -> None:
    mirror = Mirror()
    for number in range(5):
        mirror.write(f"{number}.mp3", f"sound {number}")
        mirror.quiet()
    assert mirror.picora.count("audio_held") == 1


def test_notes_ask_for_no_list() -> None:
    mirror = Mirror()
    mirror.write("a.md", "alpha")
    mirror.quiet()
    assert mirror.picora.count("audio_held") == 0


def test_a_process_with_nothing_to_upload_asks_for_no_list() -> None:
    mirror = with_episode()
    before = len(mirror.picora.calls)
    mirror.restart()
    mirror.quiet()
    assert mirror.picora.calls[before:] == []


@pytest.mark.parametrize("tells_hashes", [True, False], ids=["another hash", "another size"])
def test_what_cannot_be_it_is_not_looked_at(tells_hashes: bool) -> None:
    mirror = Mirror()
    mirror.picora.tells_hashes = tells_hashes
    mirror.picora.plant(Kind.AUDIO, "noise" if tells_hashes else "longer than that")
    mirror.write("e.mp3", b"sound")
    mirror.quiet()
    assert mirror.picora.count("find_audio_among") == 0
    assert posted(mirror) == 1


def test_another_of_equal_size_is_looked_at_once_and_the_file_uploaded() -> None:
    mirror = Mirror()
    mirror.picora.tells_hashes = False
    mirror.picora.plant(Kind.AUDIO, "noise")
    mirror.write("e.mp3", b"sound")
    mirror.quiet()
    assert (mirror.picora.count("find_audio_among"), posted(mirror)) == (1, 1)


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["audio_held", "find_audio_among"])
@pytest.mark.parametrize(
    "error",
    [Unreachable("no route"), OutcomeUnknown("reset"), ServerFault("broken", status=500)],
    ids=lambda error: type(error).__name__,
)
def test_a_look_that_failed_is_repeated_before_anything_is_sent(call: str, error: PicoraSyncError) -> None:
    mirror = with_episode()
    mirror.picora.fail(call, error, times=3)
    lose_the_index(mirror)
    mirror.quiet()
    assert posted(mirror) == 1
    assert mirror.states() == {"e.mp3": FileState.SYNCED}


@pytest.mark.parametrize("call", ["audio_held", "find_audio_among"])
@pytest.mark.parametrize(
    "error", [Rejected("no list", status=400), NotFound("no such call", status=404)], ids=["400", "404"]
)
def test_where_nothing_can_be_listed_audio_waits_and_says_why(call: str, error: PicoraSyncError) -> None:
    mirror = with_episode()
    mirror.picora.fail(call, error)
    lose_the_index(mirror)
    mirror.write("a.md", "alpha")
    mirror.run(600)
    assert mirror.states() == {"e.mp3": FileState.BLOCKED, "a.md": FileState.SYNCED}
    assert error.message in mirror.problems()["e.mp3"].message
    assert posted(mirror) == 1


def test_a_list_that_was_refused_is_asked_for_again_after_an_hour() -> None:
    mirror = with_episode()
    mirror.picora.fail("audio_held", Rejected("no list", status=400))
    lose_the_index(mirror)
    mirror.run(3700)
    assert mirror.states() == {"e.mp3": FileState.SYNCED}
    assert posted(mirror) == 1


def test_audio_that_cannot_be_compared_is_not_sent() -> None:
    mirror = with_episode(tells_hashes=False)
    mirror.picora.fail("find_audio_among", OutcomeUnknown("it cannot be read"), times=10**6)
    lose_the_index(mirror)
    mirror.run(2 * 3600)
    assert posted(mirror) == 1
    assert mirror.states() == {"e.mp3": FileState.BLOCKED}
    assert mirror.picora.count("find_audio_among") < 100
    mirror.picora.faults.clear()
    mirror.run(3700)
    assert mirror.states() == {"e.mp3": FileState.SYNCED}


def test_nothing_is_looked_for_in_a_paused_folder() -> None:
    mirror = with_episode()
    lose_the_index(mirror)
    with mirror.index.transaction():
        mirror.index.pause("notes")
    mirror.reconciler.heed_pauses()
    mirror.run(120)
    assert mirror.picora.count("find_audio_among") == 0


def test_one_answer_that_an_episode_is_not_there_is_no_proof() -> None:
    mirror = with_episode()
    mirror.write("f.mp3", b"another sound")
    mirror.quiet()
    mirror.picora.fail("patch", NotFound("a replica that lags"))
    mirror.move("e.mp3", "talk.mp3")
    mirror.quiet()
    assert mirror.titles() == ["f", "talk"]
    assert posted(mirror) == 2


def test_an_episode_that_is_not_there_is_uploaded_again() -> None:
    mirror = with_episode()
    mirror.write("f.mp3", b"another sound")
    mirror.quiet()
    del mirror.picora.objects["audio-1"]
    mirror.move("e.mp3", "talk.mp3")
    mirror.quiet()
    assert mirror.titles() == ["f", "talk"]
    assert posted(mirror) == 3
