"""What the index knows of objects, of the files that are bound to them, and of uploads that were begun."""

from __future__ import annotations

from dataclasses import replace

import pytest

from picora_sync.core.history import HistoryEntry
from picora_sync.core.model import Kind, RemoteObject
from picora_sync.core.plan import Reason
from picora_sync.core.ports import Change
from picora_sync.index import Index
from tests.unit.index.support import A, B, X, Y, derived, upload


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
    assert index.objects.history(A.folder, A.path) == [
        HistoryEntry(A, 1.0, "bound", "x", "u/x"),
        HistoryEntry(A, 2.0, "removed", "x", "u/x"),
    ]
    assert index.objects.history(B.folder, B.path) == []


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
