"""A file that was renamed, and cannot be read or sent under its new name, keeps its object (design §5, §6.5)."""

from __future__ import annotations

from tests.fakes.content import BAD
from tests.fakes.mirror import Mirror


def _renamed_and_broken() -> Mirror:
    mirror = Mirror()
    mirror.write("a.md", "one")
    mirror.write("b.md", "two")
    mirror.quiet()
    mirror.disk.write("a.md", BAD)
    mirror.move("a.md", "c.md")
    mirror.run(7300)
    return mirror


def test_it_is_not_deleted() -> None:
    assert _renamed_and_broken().titles() == ["a", "b"]


def test_it_is_bound_again_once_it_is_as_before() -> None:
    mirror = _renamed_and_broken()
    mirror.write("c.md", "one")
    mirror.quiet()
    assert mirror.titles() == ["b", "c"]
    assert mirror.picora.count("post_doc") == 2


def test_it_is_deleted_once_that_file_is_gone_too() -> None:
    mirror = _renamed_and_broken()
    mirror.remove("c.md")
    mirror.run(60)
    mirror.scan()
    mirror.quiet()
    assert mirror.titles() == ["b"]
