"""The one state a file has, as `ls` and `status` show it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from picora_sync.core.model import FileRef, FileState, Fingerprint, Kind, Problem, RemoteObject, Wanted
from picora_sync.core.ports import Derived
from picora_sync.index import Index
from picora_sync.index.listing import Moving, Subtree, count_states, entries
from picora_sync.index.rows import Seen

A, B, SONG = FileRef("notes", "a.md"), FileRef("notes", "b.md"), FileRef("notes", "e.mp3")
PRINT = Fingerprint(1, 1, 1, 1, 1)
BAD = Problem("BAD", "is bad")


def put(index: Index, ref: FileRef = A, title: str = "T", **wish: object) -> None:
    kind = Kind.AUDIO if ref == SONG else Kind.DOC
    wanted = Wanted(kind, "H", 1, "f", title, **wish)  # type: ignore[arg-type]  # fields of Wanted
    index.files.present(ref, Derived(wanted, "f", PRINT), 1.0)


def tie(index: Index, *refs: FileRef, public: bool | None = False, title: str = "T", sha256: str = "H") -> None:
    kind = Kind.AUDIO if SONG in refs else Kind.DOC
    item = RemoteObject("x", kind, "u", title, public=public, sha256=sha256)
    index.objects.store(item)
    for ref in refs or (A,):
        index.objects.bind(ref, item, 1.0)


def both(*acts: Callable[[Index], None]) -> Callable[[Index], None]:
    def run(index: Index) -> None:
        for act in acts:
            act(index)

    return run


CASES: dict[str, tuple[Callable[[Index], None], FileState]] = {
    "new": (put, FileState.QUEUED),
    "bound": (both(put, tie), FileState.SYNCED),
    "bound to other content": (both(put, lambda i: tie(i, sha256="other")), FileState.QUEUED),
    "bound under another title": (both(put, lambda i: tie(i, title="other")), FileState.QUEUED),
    "visibility unknown": (both(put, lambda i: tie(i, public=None)), FileState.QUEUED),
    "wants private, is public": (both(put, lambda i: tie(i, public=True)), FileState.QUEUED),
    "wants public, is private": (both(lambda i: put(i, public=True), tie), FileState.QUEUED),
    "wants other tags": (both(lambda i: put(i, tags=("t",)), tie), FileState.QUEUED),
    "blocked": (both(put, tie, lambda i: i.files.refuse(A, BAD)), FileState.BLOCKED),
    "a remark": (both(put, tie, lambda i: i.files.remark(A, BAD)), FileState.SYNCED),
    "held": (both(put, tie, lambda i: i.holds.hold([A], "many", 1.0)), FileState.HELD),
    "approved": (
        both(
            put,
            tie,
            lambda i: i.files.see(A, Seen.MISSING),
            lambda i: i.holds.hold([A], "", 1.0),
            lambda i: i.holds.approve([A]),
        ),
        FileState.SETTLING,
    ),
    "missing": (both(put, tie, lambda i: i.files.see(A, Seen.MISSING)), FileState.SETTLING),
    "ignored": (both(put, lambda i: i.files.ignore(A, "rule", None, 1.0)), FileState.IGNORED),
    "not published": (lambda i: put(i, selected=False), FileState.IGNORED),
}


@pytest.mark.parametrize(("act", "state"), CASES.values(), ids=CASES.keys())
def test_state(act: Callable[[Index], None], state: FileState) -> None:
    index = Index.in_memory()
    act(index)
    assert [entry.state for entry in entries(index)] == [state]


def test_audio_has_no_tags_to_be_wrong() -> None:
    index = Index.in_memory()
    put(index, SONG, tags=("t",))
    tie(index, SONG)
    assert [entry.state for entry in entries(index)] == [FileState.SYNCED]


def test_a_shared_object_may_carry_another_files_title() -> None:
    index = Index.in_memory()
    put(index, A, title="T")
    put(index, B, title="other", public=True)
    tie(index, A, B)
    assert [entry.state for entry in entries(index)] == [FileState.SYNCED, FileState.SYNCED]


def test_a_shared_object_must_not_be_public_for_one_that_wants_private() -> None:
    index = Index.in_memory()
    put(index, A)
    put(index, B, public=True)
    tie(index, A, B, public=True)
    assert [entry.state for entry in entries(index)] == [FileState.QUEUED, FileState.SYNCED]


@pytest.mark.parametrize("bound", [True, False])
def test_what_is_under_way_shows(bound: bool) -> None:
    index = Index.in_memory()
    put(index)
    if bound:
        tie(index)
    assert [entry.state for entry in entries(index, moving=Moving(uploading={A}))] == [FileState.UPLOADING]
    assert [entry.state for entry in entries(index, moving=Moving({A}))] == [FileState.SETTLING]
    assert [entry.state for entry in entries(index, moving=Moving({A}, {A}))] == [FileState.UPLOADING]


def test_a_file_never_seen_before_shows_while_it_settles() -> None:
    index = Index.in_memory()
    settling = {A, FileRef("notes", "picture.png"), FileRef("site", "a.md")}
    listed = list(entries(index, moving=Moving(settling)))
    assert [(entry.ref, entry.state) for entry in listed] == [
        (A, FileState.SETTLING),
        (FileRef("site", "a.md"), FileState.SETTLING),
    ]
    assert [entry.ref for entry in entries(index, Subtree("notes"), Moving(settling))] == [A]


def test_states_are_counted() -> None:
    index = Index.in_memory()
    put(index, A)
    put(index, B)
    assert count_states(index, "notes") == {FileState.QUEUED: 2}
