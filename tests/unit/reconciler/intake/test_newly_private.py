"""A folder whose configuration says private from now on: also what cannot be read again becomes private (promise 4)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from picora_sync.core.policy import Folder
from tests.fakes.disk import UNREADABLE
from tests.fakes.mirror import Mirror


def shown() -> Mirror:
    mirror = Mirror(Folder("notes", "/notes", public=True))
    mirror.write("a.md", "alpha")
    mirror.write("e.mp3", "sound")
    mirror.quiet()
    return mirror


def visibility(mirror: Mirror) -> dict[str, bool | None]:
    return {item.title: item.public for item in mirror.picora.objects.values()}


def vanish(mirror: Mirror) -> None:
    mirror.remove("a.md", "e.mp3")
    mirror.quiet()
    assert len(mirror.index.holds.held()) == 2


def become_unreadable(mirror: Mirror) -> None:
    mirror.disk.broken.update(dict.fromkeys(mirror.disk.files, UNREADABLE))
    for path in mirror.disk.files:
        mirror.touch(path)
    mirror.quiet()


def become_unreadable_unnoticed(mirror: Mirror) -> None:
    mirror.disk.broken.update(dict.fromkeys(mirror.disk.files, UNREADABLE))


def be_unmounted(mirror: Mirror) -> None:
    mirror.disk.missing_root = True


def wait_for_a_person_to_resume(mirror: Mirror) -> None:
    mirror.index.pause("notes")


OBSTACLES = [vanish, become_unreadable, become_unreadable_unnoticed, be_unmounted, wait_for_a_person_to_resume]


@pytest.mark.parametrize("obstruct", OBSTACLES, ids=lambda obstacle: obstacle.__name__)
def test_files_become_private_whatever_keeps_them_from_being_read(obstruct: Callable[[Mirror], None]) -> None:
    mirror = shown()
    obstruct(mirror)
    mirror.configure(public=False)
    mirror.run(30)
    assert visibility(mirror) == {"a": False, "e": False}


def test_audio_becomes_private_before_it_is_read_again() -> None:
    mirror = shown()
    mirror.content.moving.add("e.mp3")
    mirror.configure(public=False)
    mirror.run(1)
    assert visibility(mirror) == {"a": False, "e": False}


def test_a_note_that_says_that_it_is_public_stays_so_without_a_call() -> None:
    mirror = Mirror(Folder("notes", "/notes", public=True))
    mirror.write("a.md", "public: true")
    mirror.quiet()
    mirror.configure(public=False)
    mirror.quiet()
    assert visibility(mirror) == {"a": True}
    assert mirror.picora.count("patch") == 0


def test_a_note_that_says_so_is_public_again_when_it_can_be_read() -> None:
    mirror = Mirror(Folder("notes", "/notes", public=True))
    mirror.write("a.md", "public: true")
    mirror.quiet()
    mirror.disk.missing_root = True
    mirror.configure(public=False)
    mirror.quiet()
    assert visibility(mirror) == {"a": False}
    mirror.disk.missing_root = False
    mirror.scan()
    mirror.quiet()
    assert visibility(mirror) == {"a": True}


def test_another_setting_makes_nothing_private_that_cannot_be_read() -> None:
    mirror = Mirror()
    mirror.write("a.md", "public: true")
    mirror.quiet()
    mirror.disk.missing_root = True
    mirror.configure(tags=("new",))
    mirror.quiet()
    assert visibility(mirror) == {"a": True}
