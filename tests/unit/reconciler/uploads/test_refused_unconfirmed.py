"""What was refused although it may be on Picora is asked about again while the process runs, and not for ever."""

from __future__ import annotations

import pytest

from picora_sync.core.model import FileState, Kind
from picora_sync.core.policy import Folder
from picora_sync.errors import (
    OutcomeUnknown,
    PlanRequired,
    QuotaExceeded,
    Rejected,
    RemoteError,
    ServerFault,
    Unreachable,
)
from tests.fakes.mirror import Mirror

HOUR_S = 3600.0


def refusal(error: RemoteError | None = None) -> RemoteError:
    """An answer that says no, to a request of which an earlier attempt may have been carried out."""
    error = error or Rejected("no", status=422)
    error.perhaps_done = True
    return error


def let_pass(mirror: Mirror, hours: int) -> None:
    """A turn each quarter of an hour, and whenever something is due."""
    for _ in range(4 * hours):
        mirror.run(1)
        mirror.mono_s += HOUR_S / 4
    mirror.run(1)


def refused(path: str = "a.md", *, carried_out: bool = True, times: int = 1) -> Mirror:
    """The first upload got through, and its repetition in the same call was refused."""
    mirror = Mirror(Folder("notes", "/notes", public=True))
    call = "post_doc" if path.endswith(".md") else "post_audio"
    mirror.picora.fail(call, refusal(), after=carried_out)
    mirror.picora.fail(call, Rejected("no", status=422), times=times - 1)
    mirror.write(path, "alpha")
    mirror.run(30)
    assert mirror.states() == {path: FileState.BLOCKED}
    return mirror


@pytest.mark.parametrize("path", ["a.md", "e.mp3"])
def test_an_object_whose_file_has_gone_meanwhile_is_found_within_two_hours(path: str) -> None:
    mirror = refused(path)
    mirror.remove(path)
    let_pass(mirror, 2)
    assert mirror.picora.objects == {}
    assert mirror.index.objects.intents() == []


@pytest.mark.parametrize("path", ["a.md", "e.mp3"])
def test_a_file_that_was_stored_after_all_is_bound(path: str) -> None:
    mirror = refused(path)
    let_pass(mirror, 2)
    assert len(mirror.picora.objects) == 1
    mirror.restart()
    mirror.quiet()
    assert mirror.states() == {path: FileState.SYNCED}
    mirror.write("other.md", "other")
    mirror.quiet()
    mirror.remove(path)
    mirror.quiet()
    assert [item.title for item in mirror.picora.objects.values()] == ["other"]


@pytest.mark.parametrize("path", ["a.md", "e.mp3"])
def test_a_file_that_is_written_again_need_not_wait_for_that(path: str) -> None:
    mirror = refused(path)
    mirror.write(path, "alpha")
    mirror.run(60)
    assert mirror.states() == {path: FileState.SYNCED}
    assert len(mirror.picora.objects) == 1


def test_it_is_asked_about_once_an_hour() -> None:
    mirror = refused(times=100)
    before = mirror.picora.count("post_doc")
    let_pass(mirror, 10)
    assert 9 <= mirror.picora.count("post_doc") - before <= 11


# --- after a day ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [Rejected("no", status=422), QuotaExceeded("full"), PlanRequired("not in this plan"), ServerFault("x", status=500)],
    ids=lambda error: type(error).__name__,
)
def test_a_note_that_is_refused_each_time_is_no_doubt_after_a_day(error: RemoteError) -> None:
    mirror = refused()
    mirror.picora.fail("post_doc", error, times=10**5)
    let_pass(mirror, 23)
    (first,) = mirror.index.objects.intents()
    let_pass(mirror, 4)
    assert first.opened_at not in [intent.opened_at for intent in mirror.index.objects.intents()]
    assert mirror.states() == {"a.md": FileState.BLOCKED}
    mirror.picora.faults.clear()
    mirror.write("a.md", "alpha")
    let_pass(mirror, 2)
    assert mirror.states() == {"a.md": FileState.SYNCED}
    assert len(mirror.picora.objects) == 1


def in_doubt(*, tells_hashes: bool) -> Mirror:
    """Audio that was stored, of which nobody can find that out."""
    mirror = Mirror()
    mirror.picora.tells_hashes = tells_hashes
    mirror.picora.fail("post_audio", OutcomeUnknown("reset"), after=True)
    for call in ("find_audio", "find_audio_among"):
        mirror.picora.fail(call, OutcomeUnknown("it cannot be read"), times=10**5)
    mirror.write("e.mp3", b"sound")
    let_pass(mirror, 27)
    return mirror


@pytest.mark.parametrize("tells_hashes", [True, False])
def test_audio_that_cannot_be_compared_is_no_doubt_after_a_day_and_not_sent_either(tells_hashes: bool) -> None:
    mirror = in_doubt(tells_hashes=tells_hashes)
    assert mirror.index.objects.intents() == []
    assert mirror.picora.count("post_audio") == 1
    assert mirror.states() == {"e.mp3": FileState.BLOCKED}
    assert "cannot be read" in mirror.problems()["e.mp3"].message


@pytest.mark.parametrize("tells_hashes", [True, False])
def test_audio_that_can_be_compared_after_a_day_is_bound(tells_hashes: bool) -> None:
    mirror = in_doubt(tells_hashes=tells_hashes)
    mirror.picora.faults.clear()
    let_pass(mirror, 7)
    assert mirror.states() == {"e.mp3": FileState.SYNCED}
    assert len(mirror.picora.of_kind(Kind.AUDIO)) == 1


def test_being_offline_for_days_ends_no_doubt() -> None:
    mirror = Mirror()
    mirror.write("other.md", "other")
    mirror.quiet()
    mirror.picora.fail("post_audio", OutcomeUnknown("reset"), after=True)
    mirror.picora.fail("find_audio", Unreachable("no route"), times=5)
    mirror.write("e.mp3", b"sound")
    mirror.run(20)
    mirror.picora.up = mirror.picora.well = False
    let_pass(mirror, 48)
    mirror.picora.up = mirror.picora.well = True
    mirror.quiet()
    mirror.remove("e.mp3")
    mirror.quiet()
    assert mirror.picora.of_kind(Kind.AUDIO) == []
