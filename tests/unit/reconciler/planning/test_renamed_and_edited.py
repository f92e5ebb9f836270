"""Renamed and edited before it settled: as changed, and the old object stays until the new one is there (design §4)."""

from __future__ import annotations

import pytest

from picora_sync.core.model import FileState
from picora_sync.errors import Rejected, ServerFault
from tests.fakes.mirror import Mirror
from tests.fakes.picora import Fault


def renamed_and_edited(mirror: Mirror) -> None:
    mirror.move("a.md", "b.md")
    mirror.write("b.md", "text a, edited")


@pytest.fixture
def mirror() -> Mirror:
    made = Mirror()
    for name in "axyz":
        made.write(f"{name}.md", f"text {name}")
    made.quiet()
    return made


def test_it_costs_an_upload_and_a_delete_in_this_order(mirror: Mirror) -> None:
    renamed_and_edited(mirror)
    mirror.quiet()
    assert [name for name, _ in mirror.picora.mutations()[4:]] == ["post_doc", "delete"]
    assert set(mirror.states().values()) == {FileState.SYNCED}


def test_the_old_object_stays_as_long_as_the_new_one_is_not_confirmed(mirror: Mirror) -> None:
    mirror.picora.chaos = lambda method: Fault("post_doc", ServerFault("500")) if method == "post_doc" else None
    renamed_and_edited(mirror)
    mirror.run(300)
    assert "a" in mirror.titles()
    mirror.picora.chaos = lambda _: None
    mirror.quiet()
    assert mirror.titles() == ["b", "x", "y", "z"]


def test_it_counts_as_no_removal(mirror: Mirror) -> None:
    renamed_and_edited(mirror)
    mirror.quiet()
    assert mirror.index.holds.removed_within("notes", 1e12, now=None) == 0


def test_a_file_that_was_only_deleted_does_not_wait_for_other_uploads(mirror: Mirror) -> None:
    mirror.picora.chaos = lambda method: Fault("post_doc", ServerFault("500")) if method == "post_doc" else None
    mirror.remove("a.md")
    mirror.write("other.md", "text other")
    mirror.run(300)
    assert "a" not in mirror.titles()


def test_its_removal_waits_while_a_large_file_is_hashed_before_anybody_looked_at_its_new_name(mirror: Mirror) -> None:
    mirror.disk.write("large.mp3", b"sound")
    mirror.disk.age("large.mp3", 1e6)
    mirror.content.slow["large.mp3"] = lambda: setattr(mirror, "mono_s", mirror.mono_s + 40)
    mirror.disk.move("a.md", "b.md")
    mirror.disk.write("b.md", b"text a, edited")
    mirror.mono_s += 3600
    mirror.picora.fail("post_doc", Rejected("a title that Picora does not take"))
    mirror.restart()
    mirror.quiet()
    assert mirror.states()["b.md"] is FileState.BLOCKED
    assert "a" in mirror.titles()
