"""What the index knows of files: it gives back what was put in, and names those that something is to be done about."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.core.model import Dependency, FileRef, Fingerprint, Kind, Problem, RemoteObject, Wanted
from picora_sync.core.plan import Reason
from picora_sync.core.ports import Derived
from picora_sync.index import Index
from picora_sync.index.files import Origin
from picora_sync.index.rows import Seen
from tests.unit.index.support import BAD, PRINT, A, B, X, derived, upload


def test_a_file_comes_back_as_it_was_put_in(index: Index) -> None:
    depends = (Dependency("chart.png", "/v/chart.png", (3, 4)), Dependency("miss"))
    problems = (BAD,)
    made = derived(tags=("t", "u"), public=True, embeds=True, rewrite_images=True, depends=depends, problems=problems)
    index.files.present(A, made, 50.0)
    row = index.files.get(A)
    assert row is not None
    assert (row.seen, row.fingerprint, row.hashed_at, row.file_sha256) == (Seen.PRESENT, PRINT, 50.0, "file A")
    assert row.wanted is not None
    assert (row.wanted.title, row.wanted.tags, row.wanted.public) == ("T", ("t", "u"), True)
    assert (row.wanted.embeds, row.wanted.rewrite_images, row.wanted.selected) == (True, True, True)
    assert sorted(index.files.dependencies("notes")["a.md"], key=lambda d: d.name) == list(depends)
    assert index.files.problems() == [(A, BAD, False)]


def test_any_fingerprint_of_a_file_comes_back(index: Index, tmp_path: Path) -> None:
    note = tmp_path / "a.md"
    note.touch()
    os.utime(note, ns=(0, 2**63 + 10**9))  # the year 2262, which file systems know and 64 bits of nanoseconds do not
    made = Fingerprint.of(note.stat())
    index.files.present(A, derived(fingerprint=made), 1.0)
    assert [(row.fingerprint, row.ref) for row in index.files.with_inode_of(made)] == [(made, A)]


NAMES = ["ü/😀.md", "\udcff\udc80.md", "new\nline.md", "a'b\"c;--.md", " .md", "x" * 200 + ".md", "%s?*[.md"]


@pytest.mark.parametrize("path", NAMES, ids=ascii)
def test_any_name_is_a_key(index: Index, path: str) -> None:
    ref = FileRef("notes", path)
    index.files.present(ref, derived(depends=(Dependency(path, path),)), 1.0)
    index.objects.store(X)
    index.objects.bind(ref, X, 1.0)
    index.objects.open_intent(upload(ref), "text", 1.0)
    index.holds.hold([ref], "why", 1.0)
    assert [row.ref for row in index.files.all()] == [ref]
    assert index.files.dependents(path) == [ref]
    assert index.files.dependencies("notes")[path] == [Dependency(path, path)]
    assert [intent.ref for intent in index.objects.intents()] == [ref]
    assert [held[0] for held in index.holds.held()] == [ref]
    index.objects.unbind(ref, 2.0, Reason.REMOVED)
    assert [orphan.ref for orphan in index.objects.orphans()] == [ref]
    index.files.forget(ref)
    assert list(index.files.all()) == []
    assert index.holds.held() == []


@given(st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=40))
def test_any_text_is_stored(value: str) -> None:
    index = Index.in_memory()
    ref = FileRef("notes", value.encode("utf-8", "ignore").decode() or "a")
    wanted = Wanted(Kind.DOC, "A", 1, value, value, (value,))
    index.files.present(ref, Derived(wanted, "f", PRINT), 1.0)
    index.files.refuse(ref, Problem("P", value, value))
    index.objects.store(RemoteObject("x", Kind.DOC, "u", value, (value,)))
    index.holds.hold([A], value, 1.0)
    index.holds.permit([B], value, 1.0, None)
    row = index.files.get(ref)
    assert row is not None
    assert row.wanted is not None
    assert row.wanted.tags == (value,)
    assert index.objects.get("x") is not None


def test_reading_a_file_again_clears_what_was_wrong_with_it_but_not_picoras_remarks(index: Index) -> None:
    remark = Problem("REMARK", "by Picora")
    index.files.block(A, BAD, PRINT, 1.0)
    index.files.remark(A, remark)
    index.files.present(A, derived(), 2.0)
    assert index.files.problems() == [(A, remark, False)]


def test_a_blocked_file_that_could_not_be_read_is_unknown(index: Index) -> None:
    index.files.present(A, derived(), 1.0)
    index.files.block(A, BAD, None, 2.0)
    row = index.files.get(A)
    assert row is not None
    assert (row.seen, row.blocked, row.fingerprint) == (Seen.UNKNOWN, BAD, PRINT)


def test_only_one_block_at_a_time(index: Index) -> None:
    index.files.refuse(A, BAD)
    index.files.refuse(A, Problem("WORSE", "is worse"))
    assert [problem.code for _, problem, _ in index.files.problems()] == ["WORSE"]


def test_what_picora_refused_does_not_hide_that_the_file_itself_is_bad(index: Index) -> None:
    index.files.block(A, BAD, PRINT, 1.0)
    index.files.refuse(A, Problem("FULL", "no room"))
    assert [problem.code for _, problem, _ in index.files.problems()] == ["BAD"]
    assert len(list(index.files.all())) == 1


def test_a_remark_of_the_same_code_lifts_no_block(index: Index) -> None:
    index.files.present(A, derived(), 1.0)
    index.files.refuse(A, BAD)
    index.files.remark(A, Problem("BAD", "again"))
    assert index.files.problems() == [(A, BAD, True)]


def test_what_picora_refused_can_be_tried_again_and_what_the_file_lacks_cannot(index: Index) -> None:
    index.files.present(A, derived(), 1.0)
    index.files.refuse(A, BAD)
    index.files.block(B, BAD, PRINT, 1.0, Origin.FILE)
    assert index.files.refused() == index.files.refused("BAD") == [(A, False)]
    assert index.files.refused("OTHER") == []
    index.files.try_again(A)
    index.files.try_again(B)
    assert [ref for ref, _, _ in index.files.problems()] == [B]


def test_remarks_of_a_scan_replace_those_of_the_last(index: Index) -> None:
    index.files.replace_scan_remarks("notes", {A.path: BAD}, {"gap": BAD})
    index.files.replace_scan_remarks("other", {}, {"c.md": BAD})
    index.files.replace_scan_remarks("notes", {B.path: BAD}, {})
    assert [ref for ref, _, _ in index.files.problems()] == [B, FileRef("other", "c.md")]


def test_a_file_left_out_for_its_place_loses_its_fingerprint_and_keeps_its_wishes(index: Index) -> None:
    index.files.present(A, derived(), 1.0)
    index.files.ignore(A, "drafts/**", None, 2.0)
    row = index.files.get(A)
    assert row is not None
    assert (row.seen, row.fingerprint) == (Seen.IGNORED, None)
    assert row.wanted is not None


def test_a_file_left_out_for_its_content_keeps_its_fingerprint(index: Index) -> None:
    index.files.ignore(A, "empty", PRINT, 2.0)
    row = index.files.get(A)
    assert row is not None
    assert (row.seen, row.fingerprint, row.hashed_at) == (Seen.IGNORED, PRINT, 2.0)


@pytest.mark.parametrize(("hashed_at", "settled"), [(4.1, True), (3.9, False), (0.0, False)])
def test_a_file_touched_shortly_before_it_was_hashed_is_not_settled(
    index: Index, hashed_at: float, settled: bool
) -> None:
    index.files.present(A, derived(), hashed_at)
    assert list(index.files.fingerprints("notes")) == [("present", b"a.md", PRINT, settled)]


def test_files_are_found_by_what_they_want_and_are_bound_to(index: Index) -> None:
    index.objects.store(X)
    many = [FileRef("notes", f"{n}.md") for n in range(900)]
    for ref in many:
        index.files.present(ref, derived(f"hash {ref.path}"), 1.0)
    index.objects.bind(many[3], X, 5.0)
    assert [row.ref for row in index.files.bound_to(["x", "none"])] == [many[3]]
    found = index.files.wanting([f"hash {ref.path}" for ref in many])
    assert {row.ref for row in found} == set(many)
    assert index.files.count_bound("notes") == 1


@pytest.mark.parametrize(
    ("directory", "bound"),
    [("d", True), ("", False), ("d/b.md", False), ("D", False), ("d/", False), ("e", False)],
)
def test_whether_anything_below_a_directory_is_bound(directory: str, bound: bool) -> None:
    index = Index.in_memory()
    with index.transaction():
        index.objects.store(X)
        index.objects.bind(B, X, 1.0)
    assert index.files.any_bound_below("notes", directory) is bound
    assert not index.files.any_bound_below("other", directory)


def test_landmarks_are_spread_over_the_files_that_are_there(index: Index) -> None:
    for n in range(200):
        index.files.see(FileRef("notes", f"{n:03}.md"), Seen.PRESENT if n % 2 else Seen.MISSING)
    found = index.files.landmarks("notes", 20)
    assert 10 <= len(found) <= 20
    assert all(int(path[:3]) % 2 for path in found)
    assert min(found) < "020.md"
    assert max(found) > "180.md"


def test_a_few_files_are_all_landmarks(index: Index) -> None:
    index.files.see(FileRef("notes", "a.md"), Seen.PRESENT)
    assert index.files.landmarks("notes", 20) == ["a.md"]


def test_rederive_unsettles(index: Index) -> None:
    index.files.present(A, derived(), 99.0)
    index.files.rederive(A)
    assert [row[3] for row in index.files.fingerprints("notes")] == [False]


def test_notes_that_were_made_without_a_file_they_name_can_be_read_again(index: Index) -> None:
    index.files.present(FileRef("notes", "a.md"), _derived(Dependency("x.png", "/notes/x.png", (-1, 7))), 50.0)
    index.files.present(FileRef("notes", "b.md"), _derived(Dependency("x.png", "/notes/x.png", (9, 7))), 50.0)
    index.files.rederive_refused("notes")
    assert [row.hashed_at for row in index.files.all("notes")] == [0.0, 50.0]


@pytest.mark.parametrize(
    ("code", "again"),
    [("DOC_TOO_LARGE", True), ("AUDIO_TOO_LONG", True), ("DOC_TOO_MANY_IMAGES", True), ("NOT_UTF8", False)],
)
def test_what_the_limits_of_a_plan_blocked_can_be_judged_again(index: Index, code: str, again: bool) -> None:
    ref = FileRef("notes", "a.md")
    index.files.block(ref, Problem(code, "it cannot be sent"), Fingerprint(1, 2, 3, 4, 5), 50.0)
    index.files.rederive_limited()
    row = index.files.get(ref)
    assert row is not None
    assert (row.hashed_at == 0.0) is again


def _derived(*depends: Dependency) -> Derived:
    wanted = Wanted(Kind.DOC, "ab", 1, "a.md", "a", depends=depends)
    return Derived(wanted, "ab", Fingerprint(1, 2, 3, 4, 5), "x")


PUBLIC = {"public": True}


UNFINISHED: dict[str, tuple[dict[str, object], RemoteObject | None, bool]] = {
    "in sync": ({"tags": ("t",)}, X, False),
    "never uploaded": ({}, None, True),
    "other title": ({"tags": ("t",)}, RemoteObject("x", Kind.DOC, "u", "Z", ("t",), public=False, sha256="A"), True),
    "other tags": ({}, X, True),
    "other visibility": ({"tags": ("t",), **PUBLIC}, X, True),
    "other content": ({}, RemoteObject("x", Kind.DOC, "u", "T", public=False, sha256="B"), True),
    "visibility unknown": ({}, RemoteObject("x", Kind.DOC, "u", "T", sha256="A"), True),
    "not selected, private": ({"selected": False}, X, False),
    "not selected, public": ({"selected": False}, RemoteObject("x", Kind.DOC, "u", "T", public=True, sha256="A"), True),
    "not selected, never uploaded": ({"selected": False}, None, False),
}


@pytest.mark.parametrize(("wish", "item", "unfinished"), UNFINISHED.values(), ids=UNFINISHED.keys())
def test_unfinished(index: Index, wish: dict[str, object], item: RemoteObject | None, unfinished: bool) -> None:
    made = derived(**wish)
    if item is X:
        made = Derived(Wanted(Kind.DOC, "A", 10, "a.md", "X", **wish), "f", PRINT)  # type: ignore[arg-type]  # its fields
    index.files.present(A, made, 1.0)
    if item is not None:
        index.objects.store(item)
        index.objects.bind(A, item, 1.0)
    assert index.files.unfinished() == ([A] if unfinished else [])


def test_a_note_that_wants_private_is_unfinished_even_if_it_cannot_be_read_now(index: Index) -> None:
    index.files.present(A, derived(public=True), 1.0)
    index.objects.store(RemoteObject("x", Kind.DOC, "u", "T", public=True, sha256="A"))
    index.objects.bind(A, X, 1.0)
    index.files.wants_private(A)
    index.files.block(A, BAD, None, 2.0)
    assert index.files.unfinished() == [A]


def test_leaving_names_bound_files_that_are_gone_ignored_or_unselected(index: Index) -> None:
    refs = [FileRef("notes", f"{n}.md") for n in range(5)]
    index.objects.store(X)
    for ref in refs:
        index.files.present(ref, derived(selected=ref != refs[2]), 1.0)
        if ref != refs[4]:
            index.objects.bind(ref, X, 1.0)
    index.files.see(refs[0], Seen.MISSING)
    index.files.ignore(refs[1], "rule", None, 1.0)
    index.files.see(refs[4], Seen.MISSING)
    assert index.files.leaving("notes") == refs[:3]
