"""A note that is renamed and made private at once is private at once, too: its old name says so no more (promise 4)."""

from __future__ import annotations

import pytest

from picora_sync.core.model import Dependency, FileState
from picora_sync.core.policy import Folder, Select
from tests.fakes.mirror import Mirror

MANY = 30


@pytest.fixture
def mirror() -> Mirror:
    """Public notes, one of them to be renamed."""
    made = Mirror()
    for name in ("a", "x", "y"):
        made.write(f"{name}.md", f"public: true\ntext {name}")
    made.quiet()
    return made


def visibility(mirror: Mirror) -> dict[str, bool | None]:
    return {item.title: item.public for item in mirror.picora.objects.values()}


def move_and_hide(mirror: Mirror, old: str, new: str) -> None:
    mirror.move(old, new)
    mirror.write(new, "text, and what is private")


def test_it_is_private_after_two_seconds(mirror: Mirror) -> None:
    move_and_hide(mirror, "a.md", "b.md")
    mirror.run(3)
    assert visibility(mirror) == {"a": False, "x": True, "y": True}


def test_it_is_private_when_it_was_hidden_while_nothing_ran(mirror: Mirror) -> None:
    mirror.disk.move("a.md", "b.md")
    mirror.disk.write("b.md", b"text, and what is private")
    mirror.mono_s += 1000.0
    mirror.restart()
    mirror.run(1)
    assert visibility(mirror)["a"] is False


def test_it_is_private_when_another_file_had_the_name(mirror: Mirror) -> None:
    move_and_hide(mirror, "a.md", "x.md")
    mirror.run(3)
    assert visibility(mirror) == {"a": False, "x": False, "y": True}


def test_it_is_private_when_it_cannot_be_sent(mirror: Mirror) -> None:
    mirror.move("a.md", "b.md")
    mirror.write("b.md", b"public: false\n\xff")
    mirror.run(60)
    assert visibility(mirror)["a"] is False


def test_it_is_private_when_it_is_no_longer_published() -> None:
    mirror = Mirror(Folder("notes", "/notes", select=Select.PUBLISHED))
    for name in ("a", "x"):
        mirror.write(f"{name}.md", f"public: true\ntext {name}")
    mirror.quiet()
    move_and_hide(mirror, "a.md", "b.md")
    mirror.run(3)
    assert visibility(mirror) == {"a": False, "x": True}


def test_what_may_show_its_text_is_private_until_it_was_looked_at() -> None:
    mirror = Mirror()
    mirror.content.depends["x.md"] = (Dependency("a.md"),)
    mirror.write("x.md", "public: true\nx with text a")
    mirror.write("a.md", "public: true\ntext a")
    mirror.quiet()
    move_and_hide(mirror, "a.md", "b.md")
    mirror.run(3)
    assert visibility(mirror) == {"a": False, "x": False}


def test_none_of_many_stays_public_because_the_guard_holds_them() -> None:
    mirror = Mirror()
    for number in range(MANY):
        mirror.write(f"{number}.md", f"public: true\ntext {number}")
    mirror.quiet()
    for number in range(MANY):
        mirror.move(f"{number}.md", f"private/{number}.md")
        mirror.write(f"private/{number}.md", f"text {number}, and what is private")
    mirror.quiet()
    assert list(mirror.states().values()).count(FileState.HELD) == MANY
    assert not [item for item in mirror.picora.objects.values() if item.public]


def test_it_is_public_again_when_it_comes_back_as_it_was(mirror: Mirror) -> None:
    before = mirror.disk.files["a.md"]
    move_and_hide(mirror, "a.md", "b.md")
    mirror.run(3)
    mirror.remove("b.md")
    mirror.disk.files["a.md"] = before
    mirror.touch("a.md")
    mirror.quiet()
    assert visibility(mirror) == {"a": True, "x": True, "y": True}
