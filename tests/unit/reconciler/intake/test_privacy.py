"""A wish to be private is heard at once, whatever else keeps a note from being sent (design §4, promise 4)."""

from __future__ import annotations

import pytest

from picora_sync.core.model import Dependency, FileState
from picora_sync.core.policy import Folder
from picora_sync.errors import OutcomeUnknown, Rejected, RemoteError, ScopeMissing, ServerFault
from tests.fakes.mirror import Mirror
from tests.fakes.picora import Fault


def public_notes(**texts: str) -> Mirror:
    mirror = Mirror(Folder("notes", "/notes", public=True))
    for name, text in texts.items():
        mirror.write(f"{name}.md", text)
    mirror.quiet()
    return mirror


def visibility(mirror: Mirror) -> dict[str, bool | None]:
    return {item.title: item.public for item in mirror.picora.objects.values()}


@pytest.mark.parametrize("seconds", [3, 60], ids=["after two seconds", "after it settled"])
def test_a_note_that_cannot_be_sent_any_more_is_made_private_if_it_says_so(seconds: int) -> None:
    mirror = public_notes(a="alpha", b="beta")
    mirror.write("a.md", b"public: false\n\xff")
    mirror.run(seconds)
    assert visibility(mirror) == {"a": False, "b": True}


def test_a_note_that_cannot_be_sent_any_more_stays_public_if_it_does_not_say_otherwise() -> None:
    mirror = public_notes(a="alpha")
    mirror.write("a.md", b"\xff")
    mirror.quiet()
    assert visibility(mirror) == {"a": True}
    assert mirror.states() == {"a.md": FileState.BLOCKED}


def test_a_note_whose_images_never_rest_is_made_private_if_it_says_so() -> None:
    mirror = public_notes(a="alpha")
    mirror.content.moving.add("a.md")
    mirror.write("a.md", "public: false")
    mirror.run(3)
    assert visibility(mirror) == {"a": False}


def test_notes_that_may_show_the_text_of_a_note_that_turned_private_are_private_until_they_were_looked_at() -> None:
    mirror = Mirror(Folder("notes", "/notes", public=True))
    mirror.content.depends["a.md"] = (Dependency("b.md"),)
    mirror.write("a.md", "alpha with beta")
    mirror.write("b.md", "beta")
    mirror.quiet()
    mirror.write("b.md", "public: false\nbeta")
    mirror.run(3)
    assert visibility(mirror) == {"a": False, "b": False}
    mirror.quiet()
    assert visibility(mirror) == {"a": True, "b": False}


def test_they_stay_private_as_long_as_they_cannot_be_sent_without_it() -> None:
    mirror = Mirror(Folder("notes", "/notes", public=True))
    mirror.content.depends["a.md"] = (Dependency("b.md"),)
    mirror.write("a.md", "alpha with beta")
    mirror.write("b.md", "beta")
    mirror.quiet()
    mirror.disk.write("a.md", b"\xff")
    mirror.write("b.md", "public: false\nbeta")
    mirror.quiet()
    assert visibility(mirror) == {"a": False, "b": False}


def test_notes_that_may_show_a_note_are_read_again_when_it_is_left_out_and_when_it_no_longer_is() -> None:
    mirror = Mirror()
    mirror.content.depends["a.md"] = (Dependency("b.md"),)
    mirror.write("a.md", "alpha with beta")
    mirror.write("b.md", "beta")
    mirror.quiet()
    for rules in ({"b.md": "a pattern"}, {}):
        mirror.disk.rules = rules
        mirror.content.derived.clear()
        mirror.scan()
        mirror.quiet()
        assert "a.md" in mirror.content.derived


@pytest.mark.parametrize(
    "error",
    [ServerFault("500"), OutcomeUnknown("reset"), ScopeMissing("403"), Rejected("422")],
    ids=lambda error: type(error).__name__,
)
def test_making_private_is_tried_again_within_minutes_whatever_kept_it_from_being_done(error: RemoteError) -> None:
    mirror = Mirror()
    mirror.write("a.md", "public: true\ntext")
    mirror.quiet()
    mirror.picora.chaos = lambda method: Fault("patch", error) if method == "patch" else None
    mirror.write("a.md", "public: false\ntext")
    for n in range(40):
        mirror.write(f"{n}.md", f"others succeed {n}")
        mirror.run(60)
    calls = mirror.picora.count("patch")
    mirror.picora.chaos = lambda _: None
    mirror.run(150)
    assert not any(item.public for item in mirror.picora.objects.values())
    assert calls < 80


def test_notes_that_showed_the_text_stay_private_while_their_new_text_is_kept_back() -> None:
    """More of them than are made private at once, and a chain of which the outer ones turn private together."""
    mirror = Mirror(Folder("notes", "/notes", public=True))
    shows = {"b": "a", "c": "b"} | {f"d{number}": "ab"[number % 2] for number in range(40)}
    for name, shown in {"a": "", **shows}.items():
        mirror.content.depends[f"{name}.md"] = (Dependency(f"{shown}.md"),) if shown else ()
        mirror.write(f"{name}.md", f"{name} with {shown}")
    mirror.quiet()
    assert set(visibility(mirror).values()) == {True}
    mirror.index.pause("notes")
    mirror.reconciler.heed_pauses()
    for name in "ab":
        mirror.write(f"{name}.md", f"public: false\n{name}")
        mirror.run(3)
    for name in shows:  # as their new text is, without what they showed
        if name != "b":
            mirror.disk.write(f"{name}.md", f"{name} alone".encode())
    mirror.quiet()
    assert set(visibility(mirror).values()) == {False}
