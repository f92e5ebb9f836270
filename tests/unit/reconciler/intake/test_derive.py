"""While files are read beside the loop, all else goes on, and nothing is recorded that does not hold any more."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from picora_sync.core.model import Dependency, FileRef, FileState, Kind
from picora_sync.core.policy import Folder
from picora_sync.reconciler.intake.derive import UNDER_WAY, Derivations, Due
from tests.fakes.mirror import Mirror

NOTES = ("files", "notes", Kind.DOC)
AUDIO = ("files", "notes", Kind.AUDIO)
PUBLIC = "public: true\n"


@pytest.fixture
def mirror() -> Mirror:
    mirror = Mirror()
    mirror.write("a.md", f"{PUBLIC}a")
    mirror.write("b.md", f"{PUBLIC}b")
    mirror.quiet()
    mirror.background.slow = True
    return mirror


def _is_public(mirror: Mirror, title: str) -> bool:
    return next(item.public for item in mirror.picora.objects.values() if item.title == title) is True


def test_a_note_turns_private_while_another_is_read_without_end(mirror: Mirror) -> None:
    mirror.write("a.md", f"{PUBLIC}a, changed")
    mirror.run(20)
    assert mirror.reconciler.working()
    mirror.write("b.md", "b, private")
    mirror.run(3)
    assert not _is_public(mirror, "b")
    assert mirror.reconciler.working()
    mirror.background.finish()
    mirror.background.slow = False
    mirror.quiet()
    assert set(mirror.states().values()) == {FileState.SYNCED}


def test_notes_are_sent_while_audio_is_read_without_end(mirror: Mirror) -> None:
    mirror.write("talk.mp3", "sound")
    mirror.run(20)
    mirror.write("c.md", "c")
    mirror.run(15)
    mirror.background.read(NOTES)
    mirror.background.slow = False
    mirror.write("d.md", "d")
    mirror.run(15)
    assert "d" in mirror.titles()
    assert "talk" not in mirror.titles() or mirror.states()["talk.mp3"] is FileState.SYNCED


def test_what_was_read_before_a_note_turned_private_does_not_make_it_public_again(mirror: Mirror) -> None:
    mirror.write("a.md", f"{PUBLIC}a, changed")
    mirror.run(11)
    mirror.background.read(NOTES)
    mirror.write("a.md", "a, private")
    mirror.run(3)
    assert not _is_public(mirror, "a")
    calls = len(mirror.picora.calls)
    mirror.background.finish()
    mirror.run(60)
    mirror.background.finish()
    mirror.background.slow = False
    mirror.quiet()
    assert not _is_public(mirror, "a")
    assert not [call for call in mirror.picora.calls[calls:] if "public=True" in str(call)]


def test_what_was_read_of_a_file_that_changed_without_an_event_is_not_recorded(mirror: Mirror) -> None:
    mirror.write("a.md", f"{PUBLIC}a, changed")
    mirror.run(11)
    mirror.background.read(NOTES)
    mirror.mono_s += 1
    mirror.disk.write("a.md", b"a, private")
    before = mirror.index.files.get(mirror.ref("a.md"))
    mirror.background.finish()
    mirror.turn()
    assert mirror.index.files.get(mirror.ref("a.md")) == before
    mirror.run(3)
    row = mirror.index.files.get(mirror.ref("a.md"))
    assert row is not None
    assert row.wanted is not None
    assert not row.wanted.public
    mirror.run(15)
    mirror.background.finish()
    mirror.background.slow = False
    mirror.quiet()
    assert not _is_public(mirror, "a")


def test_a_note_is_read_again_if_what_it_shows_turned_private_meanwhile(mirror: Mirror) -> None:
    """The index does not know yet that it shows it."""
    mirror.content.depends["new.md"] = (Dependency("b.md", "/notes/b.md", (1, 1)),)
    mirror.write("new.md", f"{PUBLIC}shows b")
    mirror.run(11)
    mirror.background.read(NOTES)
    mirror.write("b.md", "b, private")
    mirror.run(3)
    mirror.background.finish()
    mirror.content.derived.clear()
    mirror.run(1)
    mirror.background.finish()
    assert mirror.content.derived == ["new.md"]
    mirror.background.slow = False
    mirror.quiet()
    assert set(mirror.states().values()) == {FileState.SYNCED}


def _ask_anew_one(mirror: Mirror) -> None:
    mirror.index.files.rederive(mirror.ref("a.md"))


def _ask_anew_all(mirror: Mirror) -> None:
    mirror.index.files.rederive_all("notes")


@pytest.mark.parametrize("ask_anew", [_ask_anew_one, _ask_anew_all])
def test_what_is_to_be_read_again_while_it_is_read_is_read_again(
    mirror: Mirror, ask_anew: Callable[[Mirror], None]
) -> None:
    mirror.write("a.md", f"{PUBLIC}a, changed")
    mirror.run(11)
    mirror.background.read(NOTES)
    ask_anew(mirror)
    mirror.background.slow = False
    mirror.content.derived.clear()
    mirror.background.finish()
    mirror.quiet()
    assert mirror.content.derived[:1] == ["a.md"]


def test_nothing_is_deleted_while_a_file_is_read_that_may_be_what_vanished(mirror: Mirror) -> None:
    mirror.disk.files["moved.md"] = mirror.disk.files["a.md"]
    mirror.write("moved.md", f"{PUBLIC}a")
    mirror.remove("a.md")
    mirror.run(3600)
    assert "a" in mirror.titles()
    mirror.background.finish()
    mirror.background.slow = False
    mirror.quiet()
    assert mirror.titles() == ["b", "moved"]
    assert not [call for call in mirror.picora.calls if call[0] == "delete"]


def test_a_file_that_vanishes_while_it_is_read_is_gone(mirror: Mirror) -> None:
    mirror.write("a.md", f"{PUBLIC}a, changed")
    mirror.run(11)
    mirror.remove("a.md")
    mirror.run(60)
    mirror.background.finish()
    mirror.background.slow = False
    mirror.quiet()
    assert mirror.titles() == ["b"]


def test_a_file_that_is_read_counts_as_unread(mirror: Mirror) -> None:
    mirror.write("a.md", f"{PUBLIC}a, changed")
    mirror.run(20)
    assert mirror.reconciler.unread() == (mirror.ref("a.md"),)


def test_texts_too_long_to_be_kept_are_made_again_before_they_are_sent() -> None:
    mirror = Mirror()
    for n in range(5):
        mirror.write(f"{n}.md", f"{n}" * (9 << 20))
    mirror.write("long.md", "x" * (20 << 20))
    mirror.quiet()
    assert mirror.titles() == ["0", "1", "2", "3", "4", "long"]
    assert mirror.content.derived.count("long.md") == 2


def test_a_text_that_turned_out_otherwise_when_it_was_made_again_is_not_sent() -> None:
    mirror = Mirror()
    mirror.write("long.md", "x" * (20 << 20))
    mirror.write("b.md", "b")
    mirror.content.slow["long.md"] = lambda: mirror.content.slow.update({"long.md": lambda: _become_short(mirror)})
    mirror.quiet()
    sent = [text for text in mirror.picora.texts.values() if len(text) > 9]
    assert mirror.states()["long.md"] is FileState.SYNCED
    assert sent == []


def _become_short(mirror: Mirror) -> None:
    mirror.content.slow.clear()
    mirror.mono_s += 1
    mirror.disk.write("long.md", b"short")


def test_there_is_room_for_notes_when_there_is_none_for_audio() -> None:
    due = Due()
    due.add([FileRef("notes", "a.mp3"), FileRef("notes", "b.md"), FileRef("notes", "c.mp3"), FileRef("notes", "d.png")])
    assert due.take(_no_audio) == FileRef("notes", "b.md")
    assert due.take(_no_audio) == FileRef("notes", "d.png")
    assert due.take(_no_audio) is None
    assert not due.may_take(_no_audio)
    assert len(due) == 2
    assert due.take(lambda *_: True) == FileRef("notes", "a.mp3")
    assert list(due) == [FileRef("notes", "c.mp3")]


def _no_audio(_: str, kind: Kind | None) -> bool:
    return kind is not Kind.AUDIO


def test_a_folder_whose_files_hang_takes_no_room_from_another() -> None:
    mirror = Mirror(Folder("notes", "/notes"), Folder("other", "/other"))
    mirror.quiet()
    mirror.background.slow = True
    for n in range(UNDER_WAY[Kind.AUDIO] + 1):
        mirror.write(f"{n}.mp3", f"{n}")
    mirror.run(40)
    mirror.write("there.mp3", "there", "other")
    mirror.run(40)
    mirror.background.carry_out(("files", "other", Kind.AUDIO))
    mirror.run(5)
    assert mirror.titles() == ["there"]


def test_not_more_are_read_at_once_than_there_is_room_for(mirror: Mirror) -> None:
    for n in range(UNDER_WAY[Kind.DOC] + 5):
        mirror.write(f"{n}.md", f"{n}")
    mirror.run(12)
    before = len(mirror.content.derived)
    mirror.background.read(NOTES)
    assert len(mirror.content.derived) - before == UNDER_WAY[Kind.DOC]
    mirror.background.finish()
    mirror.background.slow = False
    mirror.quiet()
    assert len(mirror.titles()) == UNDER_WAY[Kind.DOC] + 7


def test_a_bug_in_a_parser_ends_the_loop(mirror: Mirror) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    mirror.content.slow["a.md"] = fail
    mirror.background.slow = False
    mirror.write("a.md", f"{PUBLIC}a, changed")
    with pytest.raises(ZeroDivisionError):
        mirror.run(20)


def test_who_reads_what_nobody_wants_to_know_any_more_can_find_that_out() -> None:
    mirror = Mirror()
    told: list[bool] = []
    mirror.write("talk.mp3", "sound")
    mirror.content.slow["talk.mp3"] = lambda: told.append(mirror.reconciler.is_obsolete())
    mirror.quiet()
    assert told == [False]
    derivations = Derivations(mirror.background, "files")
    row = mirror.index.files.get(mirror.ref("talk.mp3"))
    assert row is not None
    assert row.fingerprint is not None

    def withdrawn() -> object:
        derivations.withdraw(mirror.ref("talk.mp3"))
        told.append(derivations.is_obsolete())
        return mirror.content.derive("talk.mp3")

    derivations.ask(mirror.ref("talk.mp3"), row.fingerprint, withdrawn)  # type: ignore[arg-type]  # as the content's
    assert told == [False, True, False]
    assert list(derivations.finished()) == []
