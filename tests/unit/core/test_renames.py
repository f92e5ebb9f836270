"""Which vanished file became which new one."""

from __future__ import annotations

import pytest

from picora_sync.core.model import FileRef, Fingerprint, Kind, Wanted
from picora_sync.core.renames import distance, match
from picora_sync.core.view import FileNow, Standing


def ref(path: str) -> FileRef:
    folder, _, name = path.rpartition(":")
    return FileRef(folder or "notes", name)


def one(path: str, standing: Standing, content: str | None = "A", bound: str | None = None, inode: int = 0) -> FileNow:
    wanted = None if content is None else Wanted(Kind.DOC, content, 1, path, path)
    return FileNow(ref(path), standing, wanted, bound, fingerprint=Fingerprint(1, 1, 1, inode, 1) if inode else None)


def gone(path: str, content: str | None = "A", bound: str | None = "x", inode: int = 0) -> FileNow:
    return one(path, Standing.MISSING, content, bound, inode)


def new(path: str, content: str | None = "A", bound: str | None = None, inode: int = 0) -> FileNow:
    return one(path, Standing.PRESENT, content, bound, inode)


CASES: dict[str, tuple[list[FileNow], dict[str, str]]] = {
    "nothing": ([], {}),
    "same content": ([gone("a.md"), new("b.md")], {"b.md": "a.md"}),
    "other content": ([gone("a.md"), new("b.md", "B")], {}),
    "same inode, other content": ([gone("a.md", inode=7), new("b.md", "B", inode=7)], {}),
    "inode before nearness": (
        [gone("d/a.md", inode=7), gone("b.md", inode=8), new("c.md", inode=7)],
        {"c.md": "d/a.md"},
    ),
    "the nearest path": ([gone("x/a.md"), gone("y/a.md", bound="y"), new("y/b.md")], {"y/b.md": "y/a.md"}),
    "the same name before another": ([gone("d/a.md"), gone("d/b.md"), new("e/b.md")], {"e/b.md": "d/b.md"}),
    "the same folder before another": ([gone("site:a.md"), gone("d/a.md"), new("b.md")], {"b.md": "d/a.md"}),
    "each source is claimed once": ([gone("a.md"), new("b.md"), new("c.md")], {"b.md": "a.md"}),
    "two pairs": (
        [gone("d/a.md"), gone("e/a.md"), new("d/b.md"), new("e/b.md")],
        {"d/b.md": "d/a.md", "e/b.md": "e/a.md"},
    ),
    "a bound file takes over": ([gone("a.md"), new("b.md", bound="y")], {"b.md": "a.md"}),
    "a file bound to the same object did not move": ([gone("a.md"), new("b.md", bound="x")], {}),
    "what was never bound is no source": ([gone("a.md", bound=None), new("b.md")], {}),
    "a file that is kept is no target": ([gone("a.md"), one("b.md", Standing.KEPT)], {}),
    "a file that leaves is no source": ([one("a.md", Standing.LEAVING, bound="x"), new("b.md")], {}),
    "unknown content": ([gone("a.md", None, inode=7), new("b.md", inode=7)], {}),
    "only the case of the name changed": ([gone("a.md", inode=7), new("A.md", inode=7)], {"A.md": "a.md"}),
}


@pytest.mark.parametrize(("files", "moves"), CASES.values(), ids=CASES.keys())
def test_match(files: list[FileNow], moves: dict[str, str]) -> None:
    assert match(files) == {ref(target): ref(source) for target, source in moves.items()}
    assert match(reversed(files)) == match(files)


def test_distance_counts_the_directories_that_differ() -> None:
    far = [distance(ref("a/b/c.md"), ref(path))[1] for path in ("a/b/d.md", "a/d.md", "d.md", "x/y/d.md")]
    assert far == [0, 1, 2, 4]
