"""The index gives back what was put in, all of it or nothing."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.core.chronicle import Entry
from picora_sync.core.model import Dependency, FileRef, Fingerprint, Kind, Metadata, Problem, RemoteObject, Wanted
from picora_sync.core.plan import Reason, Upload
from picora_sync.core.ports import Change, Derived
from picora_sync.errors import IndexDamaged, IndexUnwritable
from picora_sync.index import Index
from picora_sync.index.faults import unwritable
from picora_sync.index.files import Files, Origin
from picora_sync.index.objects import Objects
from picora_sync.index.rows import Seen
from picora_sync.index.schema import migrate

A, B = FileRef("notes", "a.md"), FileRef("notes", "d/b.md")
PRINT = Fingerprint(10, 1_000_000_000, 2_000_000_000, 7, 1)
OTHER = Fingerprint(11, 3_000_000_000, 3_000_000_000, 7, 1)
BAD = Problem("BAD", "is bad", "mend it")
X = RemoteObject("x", Kind.DOC, "u/x", "X", ("t",), public=False, size_bytes=10, created_at="2026", sha256="A")
Y = RemoteObject("y", Kind.AUDIO, "u/y", "Y", sha256="B", ours=False, rewritten=True, thumbnail_url="t", duration_s=1.5)


@pytest.fixture
def index() -> Index:
    return Index.in_memory()


def derived(sha256: str = "A", fingerprint: Fingerprint = PRINT, **wish: object) -> Derived:
    wanted = Wanted(Kind.DOC, sha256, 10, "a.md", "T", **wish)  # type: ignore[arg-type]  # fields of Wanted
    return Derived(wanted, f"file {sha256}", fingerprint, "text")


def upload(ref: FileRef = A, sha256: str = "A", public: bool = False) -> Upload:
    return Upload(ref, derived(sha256).wanted, Metadata("T", (), public), "new")


# --- files ------------------------------------------------------------------------------------------------------------


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
    index.files.replace_scan_remarks("notes", [(A, BAD)])
    index.files.replace_scan_remarks("other", [(FileRef("other", "c.md"), BAD)])
    index.files.replace_scan_remarks("notes", [(B, BAD)])
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


def test_rederive_unsettles(index: Index) -> None:
    index.files.present(A, derived(), 99.0)
    index.files.rederive(A)
    assert [row[3] for row in index.files.fingerprints("notes")] == [False]


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


# --- unfinished work --------------------------------------------------------------------------------------------------

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


# --- objects and bindings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("item", [X, Y], ids=["doc", "audio"])
def test_an_object_comes_back_as_it_was_put_in(index: Index, item: RemoteObject) -> None:
    index.objects.store(item)
    assert index.objects.get(item.id) == item
    assert index.objects.all() == [item]


def test_binding_to_another_object_orphans_the_first(index: Index) -> None:
    for item in (X, Y):
        index.objects.store(item)
    index.files.present(A, derived(), 1.0)
    index.objects.bind(A, X, 1.0)
    index.objects.bind(A, Y, 2.0)
    (orphan,) = index.objects.orphans()
    assert (orphan.object, orphan.ref, orphan.reason, orphan.at) == (X, A, Reason.REPLACED, 2.0)
    assert index.objects.count_bindings() == {"y": 1}


def test_binding_again_to_the_same_object_changes_nothing(index: Index) -> None:
    index.objects.store(X)
    index.objects.bind(A, X, 1.0)
    index.objects.bind(A, X, 9.0)
    assert len(index.objects.history()) == 1
    assert index.objects.orphans() == []


def test_an_object_is_an_orphan_only_when_its_last_binding_is_gone(index: Index) -> None:
    index.objects.store(X)
    index.objects.bind(A, X, 1.0)
    index.objects.bind(B, X, 1.0)
    index.objects.unbind(A, 2.0, Reason.REMOVED)
    assert index.objects.orphans() == []
    assert index.objects.deletable() == set()
    index.objects.unbind(B, 3.0, Reason.RENAMED)
    assert [(o.ref, o.reason) for o in index.objects.orphans()] == [(B, Reason.RENAMED)]
    assert index.objects.deletable() == {"x"}


def test_an_orphan_that_is_bound_again_is_none_any_more(index: Index) -> None:
    index.objects.store(X)
    index.objects.bind(A, X, 1.0)
    index.objects.unbind(A, 2.0, Reason.REMOVED)
    index.objects.bind(B, X, 3.0)
    assert index.objects.orphans() == []


def test_unbinding_what_is_not_bound_does_nothing(index: Index) -> None:
    index.objects.unbind(A, 1.0, Reason.REMOVED)
    assert index.objects.history() == []


def test_a_bound_object_cannot_be_orphaned(index: Index) -> None:
    index.objects.store(X)
    index.objects.bind(A, X, 1.0)
    index.objects.orphan("x", A, 2.0)
    assert index.objects.orphans() == []


def test_a_doomed_object_is_neither_live_nor_an_orphan_until_it_is_spared(index: Index) -> None:
    index.objects.store(X)
    index.objects.orphan("x", A, 1.0)
    index.objects.doom(["x"])
    assert (index.objects.live(["x"]), index.objects.holding(["A"]), index.objects.orphans()) == ([], [], [])
    assert index.objects.doomed() == [X]
    index.objects.spare(["x"])
    assert (index.objects.live(["x"]), index.objects.holding(["A"])) == ([X], [X])
    assert [orphan.object for orphan in index.objects.orphans()] == [X]


def test_forgetting_an_object_names_the_files_that_lost_it(index: Index) -> None:
    index.objects.store(X)
    index.objects.bind(A, X, 1.0)
    index.objects.bind(B, X, 1.0)
    assert sorted(index.objects.forget("x")) == [A, B]
    assert index.objects.get("x") is None
    assert index.objects.count_bindings() == {}


def test_a_confirmed_object_keeps_its_bindings(index: Index) -> None:
    index.objects.store(X)
    index.objects.bind(A, X, 1.0)
    index.objects.store(RemoteObject("x", Kind.DOC, "u", "new title", sha256="A"))
    assert index.objects.count_bindings() == {"x": 1}
    item = index.objects.get("x")
    assert item is not None
    assert item.title == "new title"


@pytest.mark.parametrize(
    ("change", "title", "tags", "public"),
    [
        pytest.param(Change(title="N"), "N", ("t",), False, id="title"),
        pytest.param(Change(tags=()), "X", (), False, id="no tags"),
        pytest.param(Change(public=True), "X", ("t",), True, id="public"),
        pytest.param(Change(public=False), "X", ("t",), False, id="private"),
    ],
)
def test_a_patch_changes_what_it_names(
    index: Index, change: Change, title: str, tags: tuple[str, ...], public: bool
) -> None:
    index.objects.store(X)
    index.objects.patched("x", change)
    item = index.objects.get("x")
    assert item is not None
    assert (item.title, item.tags, item.public) == (title, tags, public)


@pytest.mark.parametrize(
    ("change", "unknown"),
    [(Change(title="T"), {"title"}), (Change(tags=("t",)), {"tags"}), (Change(public=True), {"public"})],
)
def test_what_a_patch_may_have_changed_is_unknown(index: Index, change: Change, unknown: set[str]) -> None:
    index.objects.store(X)
    index.objects.in_doubt("x", change)
    item = index.objects.get("x")
    assert item is not None
    assert {name for name in ("title", "tags", "public") if getattr(item, name) is None} == unknown


def test_what_is_unknown_of_an_object_stays_so_when_it_is_stored(index: Index) -> None:
    unknown = replace(X, title=None, tags=None, public=None)
    index.objects.store(unknown)
    assert index.objects.get("x") == unknown


def test_urls_move_with_the_account(index: Index) -> None:
    index.objects.store(RemoteObject("x", Kind.DOC, "http://old/x", "X", thumbnail_url="http://cdn/x"))
    index.objects.rebase("http://old", "http://new")
    item = index.objects.get("x")
    assert item is not None
    assert (item.url, item.thumbnail_url) == ("http://new/x", "http://cdn/x")


def test_history_tells_which_object_a_file_had_when(index: Index) -> None:
    index.objects.store(X)
    index.objects.bind(A, X, 1.0)
    index.objects.unbind(A, 2.0, Reason.REMOVED)
    assert index.objects.history(A) == [Entry(A, 1.0, "bound", "x", "u/x"), Entry(A, 2.0, "removed", "x", "u/x")]
    assert index.objects.history(B) == []


# --- intents ----------------------------------------------------------------------------------------------------------


def test_an_intent_is_open_once_per_content_and_remembers_its_beginning(index: Index) -> None:
    assert index.objects.open_intent(upload(A), "text", 1.0) is None
    before = index.objects.open_intent(upload(B), "text", 9.0)
    assert before is not None
    assert (before.ref, before.opened_at, before.sends, before.body) == (A, 1.0, 1, "text")
    now = index.objects.intent(Kind.DOC, "A")
    assert now is not None
    assert (now.opened_at, now.sends) == (1.0, 2)
    index.objects.close_intent(Kind.DOC, "A")
    assert index.objects.intent(Kind.DOC, "A") is None


def test_intents_that_want_private_come_first(index: Index) -> None:
    index.objects.open_intent(upload(A, "1", public=True), "text", 1.0)
    index.objects.open_intent(upload(A, "2", public=False), "text", 2.0)
    assert [intent.sha256 for intent in index.objects.intents()] == ["2", "1"]


def test_an_intent_once_private_stays_private(index: Index) -> None:
    index.objects.open_intent(upload(A, public=False), "text", 1.0)
    index.objects.open_intent(upload(A, public=True), "text", 2.0)
    assert [intent.public for intent in index.objects.intents()] == [False]


# --- holds ------------------------------------------------------------------------------------------------------------


def test_holds_are_approved_one_by_one_and_stay_approved(index: Index) -> None:
    index.files.present(A, derived(), 1.0)
    index.holds.hold([A, B], "many", 1.0)
    index.holds.approve([A])
    index.holds.hold([A, B], "still many", 2.0)
    assert index.holds.held("notes") == [(A, "still many", True), (B, "still many", False)]
    row = index.files.get(A)
    assert row is not None
    assert (row.held, row.approved) == (False, True)
    index.holds.release(A)
    assert [ref for ref, _, _ in index.holds.held()] == [B]
    assert index.holds.held("other") == []


def test_removals_are_counted_within_their_window(index: Index) -> None:
    for at in (1.0, 2.0, 3.0):
        index.holds.removed(A, at)
    index.holds.removed(FileRef("other", "c.md"), 3.0)
    assert index.holds.removed_within("notes", 2.0, now=4.0) == 2
    assert index.holds.removed_within("notes", 4.0, now=4.0) == 2  # the older one is forgotten


# --- the database -----------------------------------------------------------------------------------------------------


def test_a_transaction_is_all_or_nothing(index: Index) -> None:
    def half() -> None:
        with index.transaction():
            index.set_meta("a", "1")
            with index.transaction():
                index.set_meta("b", "2")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert (index.meta("a"), index.meta("b")) == (None, None)
    with index.transaction():
        index.set_meta("a", "1")
    assert index.meta("a") == "1"


def test_what_was_committed_is_there_when_the_index_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    index = Index.open(path)
    index.set_folder("notes", "/vault/\udcff", "id")
    index.folder_scanned("notes", 5.0)
    index.objects.store(X)
    index.close()
    again = Index.open(path)
    assert again.folder("notes") == ("/vault/\udcff", "id", 5.0)
    assert again.folders() == [("notes", "/vault/\udcff")]
    assert again.folder("other") is None
    assert again.objects.get("x") == X
    again.close()


def test_nobody_else_can_read_a_new_index(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    Index.open(path).close()
    assert path.stat().st_mode & 0o077 == 0


def test_setting_a_folder_again_keeps_when_it_was_scanned(index: Index) -> None:
    index.set_folder("notes", "/a", None)
    index.folder_scanned("notes", 5.0)
    index.set_folder("notes", "/b", "id")
    assert index.folder("notes") == ("/b", "id", 5.0)


def test_an_index_that_cannot_be_made_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(IndexDamaged):
        Index.open(tmp_path / "no such directory" / "index.sqlite")


def full(path: Path) -> Index:
    """An index that may not grow any more."""
    Index.open(path).close()
    index = Index.open(path)
    index._connection.execute("PRAGMA max_page_count = 1")  # noqa: SLF001  # SQLite's own way to a full disk
    return index


def remember_two(index: Index) -> None:
    with index.transaction():
        index.set_meta("small", "1")
        index.set_meta("large", "x" * 100_000)


def test_a_full_disk_is_told_in_a_sentence_and_takes_back_the_whole_transaction(tmp_path: Path) -> None:
    index = full(tmp_path / "index.sqlite")
    with pytest.raises(IndexUnwritable, match="full") as raised:
        remember_two(index)
    assert raised.value.hint
    assert index.meta("small") is None


def test_after_a_full_disk_the_next_transaction_is_as_good_as_any(tmp_path: Path) -> None:
    index = full(tmp_path / "index.sqlite")
    with pytest.raises(IndexUnwritable):
        remember_two(index)
    index._connection.execute("PRAGMA max_page_count = 10000")  # noqa: SLF001  # room was made
    remember_two(index)
    assert len(index.meta("large") or "") == 100_000


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "full"), OSError(errno.EROFS, "read-only")],
    ids=["no room", "read-only"],
)
def test_what_the_disk_refuses_is_no_damage(error: OSError) -> None:
    assert isinstance(unwritable(error), IndexUnwritable)


def test_what_is_no_fault_of_the_disk_is_not_called_so() -> None:
    assert unwritable(sqlite3.OperationalError("no such table")) is None
    assert unwritable(FileNotFoundError(errno.ENOENT, "none")) is None


@pytest.mark.parametrize("name", ["index.sqlite", "a b?c#d%20.sqlite", "ü.sqlite"])
def test_a_reader_beside_the_writer_sees_what_was_committed(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    writer = Index.open(path)
    writer.objects.store(X)
    reader = Index.open_for_reading(path)
    assert reader is not None
    with writer.transaction():
        writer.objects.store(Y)
        assert reader.objects.all() == [X]
    assert reader.objects.all() == [X, Y]
    with pytest.raises(sqlite3.OperationalError):
        reader.set_meta("a", "1")
    reader.close()
    writer.close()


def test_a_copy_in_memory_goes_its_own_way(tmp_path: Path) -> None:
    index = Index.open(tmp_path / "index.sqlite")
    index.objects.store(X)
    copy = index.copy_in_memory()
    copy.objects.forget("x")
    assert copy.objects.get("x") is None
    assert index.objects.get("x") == X
    copy.close()
    index.close()


# --- folders ----------------------------------------------------------------------------------------------------------


FEW: dict[str, Callable[[Files, Objects], object]] = {
    "a file": lambda files, _: files.get(A),
    "files bound to an object": lambda files, _: files.bound_to(["x"]),
    "files bound to several": lambda files, _: files.bound_to(["x", "y", "z"]),
    "files that want a content": lambda files, _: files.wanting(["A", "B", "C"]),
    "notes that depend on a name": lambda files, _: files.dependents("chart.png"),
    "files below a directory": lambda files, _: files.any_bound_below("notes", "d"),
    "objects by id": lambda _, objects: objects.live(["x", "y", "z"]),
    "objects by content": lambda _, objects: objects.holding(["A", "B", "C"]),
    "orphans": lambda _, objects: objects.orphans(),
    "objects whose deletion is not confirmed": lambda _, objects: objects.doomed(),
    "objects that may be deleted": lambda _, objects: objects.deletable(),
}


@pytest.mark.parametrize("ask", FEW.values(), ids=FEW.keys())
def test_what_each_turn_asks_for_is_found_without_reading_the_whole_index(
    ask: Callable[[Files, Objects], object],
) -> None:
    connection = sqlite3.connect(":memory:")
    migrate(connection)
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    ask(Files(connection), Objects(connection))
    connection.set_trace_callback(None)
    steps = [str(row[3]) for query in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {query}")]
    connection.close()
    assert steps
    assert [step for step in steps if step.startswith("SCAN")] == []


def test_a_renamed_folder_keeps_all_that_is_known_of_it(index: Index) -> None:
    new = FileRef("diary", A.path)
    index.set_folder("notes", "/n", "mark")
    index.files.present(A, derived(depends=(Dependency("miss"),), problems=(BAD,)), 50.0)
    index.objects.store(X)
    index.objects.bind(A, X, 60.0)
    index.holds.hold([A], "many", 80.0)
    index.holds.removed(A, 80.0)
    index.set_meta("settings:notes", "{}")
    index.rename_folder("notes", "diary")
    row = index.files.get(new)
    assert row is not None
    assert (row.bound, row.held, index.files.get(A)) == ("x", True, None)
    assert list(index.files.dependencies("diary")) == [A.path]
    assert index.files.problems() == [(new, BAD, False)]
    assert [entry.ref for entry in index.objects.history()] == [new]
    assert index.holds.removed_within("diary", 100.0, now=80.0) == 1
    assert index.folders() == [("diary", "/n")]
    assert (index.meta("settings:diary"), index.meta("settings:notes")) == ("{}", None)


@pytest.mark.parametrize(
    ("root", "mark", "configured", "found"),
    [
        ("/n", "other", ["new"], "notes"),
        ("/moved", "mark", ["new"], "notes"),
        ("/moved", "mark", ["new", "notes"], None),
        ("/elsewhere", "other", ["new"], None),
        ("/elsewhere", "", ["new"], None),
    ],
    ids=["same root", "same mark", "a copy of a configured folder", "another folder", "two unmarked folders"],
)
def test_a_folder_is_recognised_under_its_former_name(
    index: Index, root: str, mark: str, configured: list[str], found: str | None
) -> None:
    index.set_folder("notes", "/n", "mark")
    index.set_folder("read only", "/r", "")
    assert index.former_name(root, mark, configured) == found


def test_mount_points_are_remembered_per_folder_and_follow_its_name() -> None:
    index = Index.in_memory()
    assert index.mounts("notes") is None
    with index.transaction():
        index.set_mounts("notes", frozenset({"disk", "caf\udce9"}))
        index.rename_folder("notes", "vault")
    assert index.mounts("vault") == {"disk", "caf\udce9"}
    assert index.mounts("notes") is None


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
