"""What `problems` tells besides the problems of single files."""

from __future__ import annotations

import pytest

from picora_sync.core.attention import About, Concern, gathered
from picora_sync.core.model import FileRef, Fingerprint, Kind, Problem, RemoteObject, Wanted
from picora_sync.core.ports import Derived
from picora_sync.index import Index
from picora_sync.index.notices import HELD, SHARED, concerns
from picora_sync.index.rows import Seen

A, B, ELSEWHERE = FileRef("notes", "a.md"), FileRef("notes", "b.md"), FileRef("diary", "a.md")
FOLDERS = ("notes", "diary")
PRINT = Fingerprint(1, 1, 1, 1, 1)


@pytest.fixture
def index() -> Index:
    return Index.in_memory()


def want(index: Index, ref: FileRef, title: str = "T", *, public: bool = True, sha256: str = "H") -> None:
    index.files.present(ref, Derived(Wanted(Kind.DOC, sha256, 1, "f", title, public=public), "f", PRINT), 1.0)


def share(index: Index, *refs: FileRef, title: str = "T", public: bool = True) -> None:
    """One object for these files, bound in this order."""
    item = RemoteObject("x", Kind.DOC, "u", title, public=public, sha256="H")
    index.objects.store(item)
    for number, ref in enumerate(refs):
        index.objects.bind(ref, item, float(number))


def told(index: Index) -> dict[FileRef, str]:
    return {each.ref: f"{each.problem.code}: {each.problem.message}" for each in concerns(index, FOLDERS)}


def test_held_removals_are_counted_per_folder_and_say_how_to_approve_them(index: Index) -> None:
    index.holds.hold([A, B, ELSEWHERE], "many", 1.0)
    assert told(index) == {
        FileRef("diary", ""): f"{HELD}: 1 removal is held until somebody approves",
        FileRef("notes", ""): f"{HELD}: 2 removals are held until somebody approves",
    }
    assert {each.problem.hint for each in concerns(index, FOLDERS)} == {
        "`picora-sync approve diary` shows them, and why",
        "`picora-sync approve notes` shows them, and why",
    }


def test_approved_removals_are_not_told(index: Index) -> None:
    index.holds.hold([A], "many", 1.0)
    index.holds.approve([A])
    assert told(index) == {}


def test_what_blocks_a_file_comes_first(index: Index) -> None:
    index.holds.hold([A], "many", 1.0)
    index.files.block(B, Problem("BAD", "is bad"), PRINT, 1.0)
    assert [each.problem.code for each in concerns(index, FOLDERS)] == ["BAD", HELD]


def test_files_that_want_the_same_of_their_object_are_not_told_of(index: Index) -> None:
    want(index, A)
    want(index, B)
    share(index, A, B)
    assert told(index) == {}


def test_a_public_file_is_told_which_private_one_has_its_content(index: Index) -> None:
    want(index, A)
    want(index, ELSEWHERE, public=False)
    share(index, A, ELSEWHERE, public=False)
    assert told(index) == {
        A: f"{SHARED}: it has the same content as diary/a.md, which is private; so is this one",
    }


def test_a_file_is_told_that_its_object_is_called_as_the_oldest_one(index: Index) -> None:
    want(index, A, "Second")
    want(index, B, "First")
    share(index, B, A, title="First")
    assert told(index) == {A: f"{SHARED}: it has the same content as b.md, and is called First on Picora, as that is"}


def test_a_file_that_became_another_one_is_not_told(index: Index) -> None:
    want(index, A, sha256="OTHER")
    want(index, B, public=False)
    share(index, A, B, public=False)
    assert told(index) == {}


def test_a_file_that_vanished_is_not_told(index: Index) -> None:
    want(index, A)
    want(index, B, public=False)
    share(index, A, B, public=False)
    index.files.see(A, Seen.MISSING)
    assert told(index) == {}


def test_what_is_the_same_for_many_notes_is_one_remark_of_their_folder() -> None:
    """A vault full of canvases is one line of ``problems``."""
    canvas, other = Problem("EMBED_CANVAS", "canvases", "export"), Problem("IMAGE_NOT_FOUND", "image not found: a.png")
    notes = [Concern(About.FILE, FileRef("n", f"{number}.md"), canvas) for number in range(3)]
    alone = Concern(About.FILE, FileRef("m", "x.md"), canvas)
    kept = Concern(About.FILE, FileRef("n", "1.md"), other)
    assert list(gathered([notes[0], kept, *notes[1:], alone])) == [
        kept,
        Concern(
            About.FOLDER, FileRef("n", ""), Problem("EMBED_CANVAS", "canvases (in 3 notes, 0.md the first)", "export")
        ),
        Concern(About.FOLDER, FileRef("m", ""), Problem("EMBED_CANVAS", "canvases (in x.md)", "export")),
    ]
