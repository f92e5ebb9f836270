"""What the index knows of folders follows their names."""

from __future__ import annotations

import pytest

from picora_sync.core.model import Dependency, FileRef
from picora_sync.index import Index
from tests.unit.index.support import BAD, A, X, derived


def test_a_renamed_folder_keeps_all_that_is_known_of_it(index: Index) -> None:
    new = FileRef("diary", A.path)
    index.set_folder("notes", "/n", "mark")
    index.files.present(A, derived(depends=(Dependency("miss"),), problems=(BAD,)), 50.0)
    index.objects.store(X)
    index.objects.bind(A, X, 60.0)
    index.holds.hold([A], "many", 80.0)
    index.holds.removed(A, 80.0)
    index.set_meta("settings:notes", "{}")
    index.set_meta("judgement:notes", "1")
    index.set_meta("judgement:diary", "2")  # while its root was away
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
    assert index.meta("judgement:diary") == "1"


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
