"""Which names a file had before."""

from __future__ import annotations

import pytest

from picora_sync.core.model import FileRef
from picora_sync.core.moves import REMEMBERED, Moves


def ref(path: str, folder: str = "notes") -> FileRef:
    return FileRef(folder, path)


CASES: dict[str, tuple[list[tuple[str, str]], str, set[str]]] = {
    "never moved": ([], "a.md", set()),
    "moved": ([("a.md", "b.md")], "b.md", {"a.md"}),
    "another file moved": ([("a.md", "b.md")], "c.md", set()),
    "moved away": ([("a.md", "b.md")], "a.md", set()),
    "with its directory": ([("d", "e")], "e/x/a.md", {"d/x/a.md"}),
    "a directory with the same beginning": ([("d", "e")], "ee/a.md", set()),
    "twice": ([("a.md", "b.md"), ("b.md", "c.md")], "c.md", {"a.md", "b.md"}),
    "itself, then its directory": ([("d/a.md", "d/b.md"), ("d", "e")], "e/b.md", {"d/b.md", "d/a.md"}),
    "before it was there": ([("b.md", "c.md"), ("a.md", "b.md")], "c.md", {"b.md"}),
    "there and back": ([("a.md", "b.md"), ("b.md", "a.md")], "a.md", {"b.md"}),
}


@pytest.mark.parametrize(("seen", "path", "names"), CASES.values(), ids=CASES.keys())
def test_former_names(seen: list[tuple[str, str]], path: str, names: set[str]) -> None:
    moves = Moves()
    for old, new in seen:
        moves.saw(ref(old), ref(new))
    assert moves.former(ref(path)) == {ref(name) for name in names}


def test_folders_have_names_of_their_own() -> None:
    moves = Moves()
    moves.saw(ref("a.md"), ref("b.md"))
    assert moves.former(ref("b.md", "other")) == frozenset()


def test_old_moves_are_forgotten() -> None:
    moves = Moves()
    for number in range(REMEMBERED + 1):
        moves.saw(ref(f"{number}.md"), ref(f"new/{number}.md"))
    assert moves.former(ref("new/0.md")) == frozenset()
    assert moves.former(ref("new/1.md")) == {ref("1.md")}
