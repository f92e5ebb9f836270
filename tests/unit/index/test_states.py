"""What the triggers write down of each file is what its rows say, whatever was changed and in which order."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.core.model import FileRef, FileState, Fingerprint, Kind, Problem, RemoteObject, Wanted
from picora_sync.core.plan import Reason
from picora_sync.core.ports import Change, Derived
from picora_sync.index import Index
from picora_sync.index.listing import Moving, Subtree, count_states, entries, settling
from picora_sync.index.rows import FileRow, Seen
from picora_sync.index.schema import MIGRATIONS, migrate
from picora_sync.index.states_schema import STATES

FOLDERS = ("notes", "site")
REFS = tuple(FileRef(folder, path) for folder in FOLDERS for path in ("a.md", "d/b.md", "d/c.mp3"))
PRINT = Fingerprint(1, 1, 1, 1, 1)
OBJECTS = ("x", "y", "z")
PROBLEMS = (Problem("BAD", "is bad"), Problem("WORSE", "is worse"))


def recounted(index: Index) -> dict[FileRef, tuple[FileState, str | None]]:
    """State and object of each file, from its rows, as a person would tell them."""
    objects = {item.id: item for item in index.objects.all()}
    bindings = index.objects.count_bindings()
    told = {}
    for row in index.files.all():
        item = objects.get(row.bound) if row.bound else None
        told[row.ref] = (_state(row, item, shared=item is not None and bindings[item.id] > 1), row.bound)
    return told


def _state(row: FileRow, item: RemoteObject | None, *, shared: bool) -> FileState:
    if row.held:
        return FileState.HELD
    if row.blocked is not None:
        return FileState.BLOCKED
    if row.seen is Seen.MISSING:
        return FileState.SETTLING
    if row.seen is Seen.IGNORED or (row.wanted is not None and not row.wanted.selected):
        return FileState.IGNORED
    return FileState.SYNCED if _matches(row, item, shared=shared) else FileState.QUEUED


def _matches(row: FileRow, item: RemoteObject | None, *, shared: bool) -> bool:
    wanted = row.wanted
    if item is None or wanted is None or item.public is None or item.sha256 != wanted.sha256:
        return False
    if shared:
        return wanted.public or not item.public
    tags_match = item.kind is Kind.AUDIO or item.tags == wanted.tags
    return item.public == wanted.public and item.title == wanted.title and tags_match


def written(index: Index) -> dict[FileRef, tuple[FileState, str | None]]:
    return {
        entry.ref: (entry.state, entry.object and entry.object.id) for entry in entries(index) if entry.left is None
    }


# --- what may be done to an index -------------------------------------------------------------------------------------

refs = st.sampled_from(REFS)
ids = st.sampled_from(OBJECTS)
wishes = st.builds(
    Wanted,
    st.sampled_from(Kind),
    st.sampled_from(("A", "B")),
    st.just(1),
    st.just("f"),
    st.sampled_from(("T", "U")),
    tags=st.sampled_from(((), ("t",))),
    public=st.booleans(),
    selected=st.sampled_from((True, True, True, False)),
)
items = st.builds(
    RemoteObject,
    ids,
    st.sampled_from(Kind),
    st.just("u"),
    st.sampled_from(("T", "U", None)),
    st.sampled_from(((), ("t",), None)),
    public=st.sampled_from((True, False, None)),
    sha256=st.sampled_from(("A", "B", None)),
)
changes = st.sampled_from((Change(title="U"), Change(tags=("t",)), Change(public=True), Change(public=False)))
Act = Callable[[Index], object]


def bind(index: Index, ref: FileRef, item: RemoteObject) -> None:
    index.objects.store(item)
    index.objects.bind(ref, item, 1.0)


def forget_folder(index: Index, name: str) -> None:
    for ref in REFS:
        if ref.folder == name:
            index.objects.unbind(ref, 2.0, Reason.FORGOTTEN)
    index.forget_folder(name)


def rename_folder(index: Index) -> None:
    if not next(index.files.all("site"), None) and not index.objects.history("site"):
        index.rename_folder("notes", "site")


acts: st.SearchStrategy[Act] = st.one_of(
    st.builds(lambda r, w: lambda i: i.files.present(r, Derived(w, "f", PRINT), 1.0), refs, wishes),
    st.builds(lambda r, item: lambda i: bind(i, r, item), refs, items),
    st.builds(lambda item: lambda i: i.objects.store(item), items),
    st.builds(lambda r, s: lambda i: i.files.see(r, s), refs, st.sampled_from(Seen)),
    st.builds(lambda r: lambda i: i.files.ignore(r, "rule", None, 1.0), refs),
    st.builds(
        lambda r, p, f: lambda i: i.files.block(r, p, f, 1.0),
        refs,
        st.sampled_from(PROBLEMS),
        st.sampled_from((None, PRINT)),
    ),
    st.builds(lambda r, p: lambda i: i.files.refuse(r, p), refs, st.sampled_from(PROBLEMS)),
    st.builds(lambda r, p: lambda i: i.files.remark(r, p), refs, st.sampled_from(PROBLEMS)),
    st.builds(lambda r: lambda i: i.files.unblock(r), refs),
    st.builds(lambda r: lambda i: i.files.try_again(r), refs),
    st.builds(lambda r: lambda i: i.files.wants_private(r), refs),
    st.builds(lambda r: lambda i: i.files.replace_answers(r, PROBLEMS[:1]), refs),
    st.builds(lambda r: lambda i: i.files.forget(r), refs),
    st.builds(lambda r: lambda i: i.holds.hold([r], "many", 1.0), refs),
    st.builds(lambda r: lambda i: i.holds.permit([r], "few", 1.0, 1.0), refs),
    st.builds(lambda r: lambda i: i.holds.approve([r]), refs),
    st.builds(lambda r: lambda i: i.holds.release(r), refs),
    st.builds(lambda r: lambda i: i.objects.unbind(r, 2.0, Reason.REMOVED), refs),
    st.builds(lambda o, c: lambda i: i.objects.patched(o, c), ids, changes),
    st.builds(lambda o, c: lambda i: i.objects.in_doubt(o, c), ids, changes),
    st.builds(lambda o: lambda i: i.objects.forget(o), ids),
    st.builds(lambda f: lambda i: forget_folder(i, f), st.sampled_from(FOLDERS)),
    st.just(rename_folder),
)


@given(st.lists(acts, max_size=30))
def test_states_and_counts_are_those_of_a_recount_after_whatever_was_done(done: list[Act]) -> None:
    index = Index.in_memory()
    for number, act in enumerate(done):
        before = written(index), index.states.last_change()
        if number % 7 == 3:
            with suppress(RuntimeError), index.transaction():  # what is rolled back was never counted
                act(index)
                raise RuntimeError
            assert written(index) == before[0]
            continue
        with index.transaction():
            act(index)
        now = recounted(index)
        assert written(index) == now
        changed = {ref for ref, each in now.items() if before[0].get(ref) != each}
        assert changed <= set(index.states.changed(before[1], index.states.last_change()))
    for folder in FOLDERS:
        listed = list(entries(index, Subtree(folder)))
        assert +count_states(index, folder) == Counter(entry.state for entry in listed)


@given(st.lists(acts, max_size=20), st.sets(refs), st.sets(refs), st.sampled_from(FOLDERS))
def test_what_moves_is_counted_as_it_is_listed(
    done: list[Act], settle: set[FileRef], upload: set[FileRef], folder: str
) -> None:
    index, moving = Index.in_memory(), Moving(settle, upload)
    for act in done:
        act(index)
    listed = list(entries(index, Subtree(folder), moving))
    assert +count_states(index, folder, moving) == Counter(entry.state for entry in listed)
    shown = {entry.ref for entry in listed if entry.state is FileState.SETTLING}
    assert sorted(settling(index, folder, moving)) == sorted(shown)


def test_what_an_older_index_holds_is_counted_when_it_is_opened() -> None:
    older = sqlite3.connect(":memory:", isolation_level=None)
    migrate(older, MIGRATIONS[: MIGRATIONS.index(STATES)])
    index = Index(older)
    for ref, act in zip(REFS, _each(), strict=False):
        act(index, ref)
    migrate(older)
    assert written(index) == recounted(index)
    assert {state for state, _ in written(index).values()} >= {FileState.SYNCED, FileState.BLOCKED, FileState.QUEUED}
    assert +count_states(index, "notes") == Counter(entry.state for entry in entries(index, Subtree("notes")))


def _each() -> Iterator[Callable[[Index, FileRef], None]]:
    wanted = Wanted(Kind.DOC, "A", 1, "f", "T")

    def queue(index: Index, ref: FileRef) -> None:
        index.files.present(ref, Derived(wanted, "f", PRINT), 1.0)

    def sync(index: Index, ref: FileRef) -> None:
        queue(index, ref)
        bind(index, ref, RemoteObject("x", Kind.DOC, "u", "T", public=False, sha256="A"))

    yield sync
    yield queue
    yield lambda index, ref: index.files.block(ref, PROBLEMS[0], PRINT, 1.0)


def test_as_many_files_as_there_are_may_share_an_object_and_each_costs_the_same() -> None:
    index = Index.in_memory()
    item = RemoteObject("x", Kind.DOC, "u", "T", public=False, sha256="A")
    index.objects.store(item)
    connection, steps = index._connection, []  # noqa: SLF001  (it counts what triggers write, too)
    for number in range(300):
        ref = FileRef("notes", f"{number:04}.md")
        index.files.present(ref, Derived(Wanted(Kind.DOC, "A", 1, "f", str(number)), "f", PRINT), 1.0)
        before = connection.total_changes
        index.objects.bind(ref, item, 1.0)
        steps.append(connection.total_changes - before)
    assert max(steps[2:]) == min(steps[2:])
    index.objects.store(replace(item, public=True))
    assert +count_states(index, "notes") == {FileState.QUEUED: 300}


@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        ("", ["a.md", "d/", "d-e.md", "\udcff/"]),
        ("d", ["d/", "d-e.md"]),
        ("d/", ["d/b.md", "d/deep/"]),
        ("d/deep/", ["d/deep/x.md"]),
        ("x", []),
    ],
)
def test_how_a_path_goes_on(prefix: str, names: list[str]) -> None:
    index = Index.in_memory()
    for path in ("a.md", "d/b.md", "d/deep/x.md", "d-e.md", "\udcff/y.md"):
        index.files.see(FileRef("notes", path), Seen.PRESENT)
    assert sorted(index.files.names("notes", prefix)) == sorted(names)
