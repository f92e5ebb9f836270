"""A new index recognises what Picora holds, with as few reads as that takes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import replace

import pytest

from picora_sync.core.model import FileState, Kind, RemoteObject
from picora_sync.core.note_match import mould
from picora_sync.errors import OutcomeUnknown, ServerFault
from picora_sync.index import Index
from picora_sync.reconciler.audit.match_content import Recogniser
from picora_sync.reconciler.audit.rebuild import UNSURE, Rebuilding
from picora_sync.reconciler.context import Clocks, Unit
from picora_sync.report import RebuildReport
from tests.fakes.mirror import Mirror
from tests.fakes.picora import FakePicora

PICTURE = b"a picture"
URI = f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def picora() -> FakePicora:
    return FakePicora(lambda: 1_700_000_000.0)


def recogniser(library: FakePicora, known: Sequence[RemoteObject] = ()) -> tuple[Recogniser, list[RemoteObject]]:
    read: list[RemoteObject] = []
    made = Recogniser(library, {item.id: item for item in known}, read.append, lambda _: None, lambda _: 0.0)
    return made, read


# --- documents --------------------------------------------------------------------------------------------------------


def test_a_document_is_recognised_by_the_hash_of_its_text() -> None:
    library = picora()
    held = library.plant(Kind.DOC, "one")
    found = recogniser(library)[0].documents({sha("one"): 3}, [])
    assert found[sha("one")].id == held.id
    assert not found[sha("one")].rewritten


def test_only_documents_of_a_fitting_size_are_read_and_none_after_the_last_was_found() -> None:
    library = picora()
    for text in ("one", "four", "longer", "two", "six"):
        library.plant(Kind.DOC, text)
    recogniser(library)[0].documents({sha("two"): 3}, [])
    assert library.count("stored") == 2


def test_what_was_read_before_is_not_read_again() -> None:
    library = picora()
    held = library.plant(Kind.DOC, "one", title="renamed since")
    work, read = recogniser(library, [replace(held, title="old", rewritten=True)])
    found = work.documents({sha("one"): 3}, [])
    assert (found[sha("one")].title, found[sha("one")].rewritten) == ("renamed since", True)
    assert (library.count("stored"), read) == (0, [])


def test_a_document_with_rewritten_images_is_recognised_by_its_text_and_the_bytes_of_the_images() -> None:
    library, sent = picora(), f"before ![x]({URI}) after"
    image = library.plant(Kind.AUDIO, PICTURE.decode())  # what lies behind the URL; its kind does not matter
    library.plant(Kind.DOC, f"before ![x]({image.url}) after")
    found = recogniser(library)[0].documents({sha(sent): len(sent)}, [mould(sent)])
    assert found[sha(sent)].rewritten


def test_with_another_image_behind_the_url_it_is_another_document() -> None:
    library, sent = picora(), f"before ![x]({URI}) after"
    image = library.plant(Kind.AUDIO, "no picture")
    library.plant(Kind.DOC, f"before ![x]({image.url}) after")
    assert recogniser(library)[0].documents({sha(sent): len(sent)}, [mould(sent)]) == {}


def test_an_image_that_cannot_be_read_proves_nothing() -> None:
    library, sent = picora(), f"before ![x]({URI}) after"
    library.plant(Kind.DOC, "before ![x](https://elsewhere/x.png) after")
    library.fail("sha256_of", OutcomeUnknown("status 403"))
    assert recogniser(library)[0].documents({sha(sent): len(sent)}, [mould(sent)]) == {}


# --- audio ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tells", [True, False], ids=["by the server's hash", "by the bytes"])
def test_audio_is_recognised(tells: bool) -> None:
    library = picora()
    library.tells_hashes = tells
    held = library.plant(Kind.AUDIO, "one")
    library.plant(Kind.AUDIO, "longer")
    found = recogniser(library)[0].audio({sha("one"): 3})
    assert found[sha("one")].id == held.id
    assert library.count("sha256_of") == (0 if tells else 1)


def test_of_two_equal_ones_the_older_is_taken() -> None:
    library = picora()
    first, second = library.plant(Kind.AUDIO, "one"), library.plant(Kind.AUDIO, "one")
    library.objects[first.id] = replace(first, created_at="2026-02")
    library.objects[second.id] = replace(second, created_at="2026-01")
    assert recogniser(library)[0].audio({sha("one"): 3})[sha("one")].id == second.id


def test_audio_that_cannot_be_read_leaves_files_of_its_size_unsure() -> None:
    library = picora()
    library.tells_hashes = False
    library.plant(Kind.AUDIO, "one")
    library.fail("sha256_of", OutcomeUnknown("status 403"))
    work, _ = recogniser(library)
    assert work.audio({sha("one"): 3, sha("four"): 4}) == {}
    assert work.unsure == {3}


# --- the whole --------------------------------------------------------------------------------------------------------


class Rebuilt:
    """A mirror whose index was lost, after everything had been synced."""

    def __init__(self) -> None:
        self.mirror = Mirror()
        for number in range(5):
            self.mirror.write(f"{number}.md", f"note {number}")
        self.mirror.write("twin.md", "note 1")
        self.mirror.write("a.mp3", "sound")
        self.mirror.quiet()
        self.index = Index.in_memory()
        self.before = len(self.mirror.picora.mutations())

    def rebuild(self, *, claim: bool = False) -> RebuildReport:
        mirror = self.mirror
        units = [Unit(p, mirror.disks[n], mirror.contents[n], mirror.disks[n].open) for n, p in mirror.policies.items()]
        with self.index.transaction():
            self.index.set_folder("notes", "/notes", None)
        work = Rebuilding(self.index, units, Clocks(mirror.mono, mirror.wall), lambda _: None)
        work.expect_readable()
        work.look()
        work.recognise(mirror.picora, lambda _: 0.0, mirror.wall(), claim=claim)
        return work.report(0)

    def go_on(self) -> list[tuple[str, str]]:
        """The mutations of a process that starts on the new index."""
        self.mirror.index = self.index
        self.mirror.restart()
        self.mirror.quiet()
        return self.mirror.picora.mutations()[self.before :]


def test_after_a_rebuild_there_is_nothing_to_do() -> None:
    rebuilt = Rebuilt()
    report = rebuilt.rebuild()
    assert (report.files, report.recognised, report.objects, report.problems) == (7, 7, 6, [])
    assert rebuilt.go_on() == []


def test_a_rebuild_changes_nothing_on_picora() -> None:
    rebuilt = Rebuilt()
    rebuilt.rebuild()
    assert rebuilt.mirror.picora.mutations()[rebuilt.before :] == []


def test_what_nobody_here_wants_is_not_in_the_new_index() -> None:
    rebuilt = Rebuilt()
    foreign = rebuilt.mirror.picora.plant(Kind.DOC, "note 9")
    rebuilt.rebuild()
    assert rebuilt.index.objects.get(foreign.id) is None


def test_what_else_is_on_picora_is_named_the_public_first() -> None:
    rebuilt = Rebuilt()
    library = rebuilt.mirror.picora
    library.plant(Kind.DOC, "note 9", title="a theirs")
    library.plant(Kind.AUDIO, "song", title="b theirs", public=True)
    library.plant(Kind.AUDIO, "sound", title="a second copy")
    others = rebuilt.rebuild().others
    assert [item.title for item in others] == ["b theirs", "a second copy", "a theirs"]


@pytest.mark.parametrize("claim", [False, True])
def test_found_objects_are_ours_only_if_they_are_claimed(claim: bool) -> None:
    rebuilt = Rebuilt()
    rebuilt.rebuild(claim=claim)
    assert {item.ours for item in rebuilt.index.objects.all()} == {claim}


@pytest.mark.parametrize("path", ["new.md", "new.mp3"])
def test_a_file_that_is_still_being_copied_is_sent_whole_after_its_quiet_time(path: str) -> None:
    rebuilt = Rebuilt()
    mirror = rebuilt.mirror
    mirror.write(path, "half")
    rebuilt.rebuild()
    mirror.index = rebuilt.index
    mirror.restart()
    mirror.run(5)
    mirror.write(path, "half and half")
    mirror.quiet()
    assert mirror.states()[path] is FileState.SYNCED
    assert [kind for kind, _ in mirror.picora.mutations()[rebuilt.before :]] == [
        "post_doc" if path.endswith("md") else "post_audio"
    ]
    assert sha("half and half") in {item.sha256 for item in mirror.picora.objects.values()}


def test_a_new_file_that_stood_still_is_sent_at_once() -> None:
    rebuilt = Rebuilt()
    rebuilt.mirror.write("new.mp3", "new")
    rebuilt.mirror.mono_s += 60.0
    rebuilt.rebuild()
    rebuilt.mirror.index = rebuilt.index
    rebuilt.mirror.restart()
    rebuilt.mirror.turn()  # lists the account's audio
    rebuilt.mirror.turn()
    assert [kind for kind, _ in rebuilt.mirror.picora.mutations()[rebuilt.before :]] == ["post_audio"]


def test_metadata_that_changed_meanwhile_is_put_right_by_the_next_sync() -> None:
    rebuilt = Rebuilt()
    item = rebuilt.mirror.picora.of_kind(Kind.DOC)[0]
    rebuilt.mirror.picora.objects[item.id] = replace(item, public=True)
    rebuilt.rebuild()
    assert rebuilt.go_on() == [("patch", item.id)]
    assert rebuilt.mirror.picora.objects[item.id].public is False


def test_a_rebuild_that_failed_in_the_middle_goes_on_without_reading_again() -> None:
    rebuilt = Rebuilt()
    picora = rebuilt.mirror.picora
    picora.fail("audio_hashes", ServerFault("down", status=500))
    with pytest.raises(ServerFault):
        rebuilt.rebuild()
    read = picora.count("stored")
    assert read == 5
    assert rebuilt.rebuild().recognised == 7
    assert picora.count("stored") == read


def test_audio_nobody_can_compare_is_not_sent_as_long_as_it_may_be_there() -> None:
    rebuilt = Rebuilt()
    picora = rebuilt.mirror.picora
    picora.tells_hashes = False
    picora.fail("sha256_of", OutcomeUnknown("status 403"))
    report = rebuilt.rebuild()
    assert [(ref.path, problem) for ref, problem in report.problems] == [("a.mp3", UNSURE)]
    assert rebuilt.go_on() == []
    assert picora.count("find_audio") > 0
    assert len(picora.of_kind(Kind.AUDIO)) == 1
