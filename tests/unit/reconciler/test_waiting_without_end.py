"""What waits for a person, or for what may never come, keeps nobody waiting: a pass ends (design §9 ``sync``)."""

from __future__ import annotations

import pytest

from picora_sync.core.model import FileRef
from picora_sync.core.policy import Folder, OnDelete
from picora_sync.errors import ScopeMissing
from tests.fakes.mirror import Mirror
from tests.fakes.picora import Fault


def two_folders() -> Mirror:
    """The second is paused."""
    mirror = Mirror(Folder("one", "/one"), Folder("two", "/two"))
    mirror.write("a.md", "alpha")
    mirror.write("b.md", "beta")
    mirror.quiet()
    mirror.index.pause("two")
    mirror.reconciler.heed_pauses()
    return mirror


def move_to_the_paused_folder(mirror: Mirror, edit: str) -> None:
    mirror.disks["two"].files["a.md"] = mirror.disks["one"].files.pop("a.md")
    mirror.disks["two"].write("a.md", f"alpha{edit}".encode())
    mirror.queue.touch(FileRef("one", "a.md"))
    mirror.queue.touch(FileRef("two", "a.md"))


@pytest.mark.parametrize("edit", ["", ", edited"], ids=["as it was", "edited"])
def test_a_file_that_moved_to_a_paused_folder(edit: str) -> None:
    mirror = two_folders()
    move_to_the_paused_folder(mirror, edit)
    mirror.quiet(300)
    assert mirror.titles() == ["a", "b"]
    mirror.index.resume("two")
    mirror.reconciler.heed_pauses()
    mirror.run(120)
    assert mirror.titles() == ["a", "b"]
    assert mirror.index.files.get(FileRef("one", "a.md")) is None


def test_an_object_that_stays_and_cannot_be_made_private() -> None:
    mirror = Mirror(Folder("notes", "/notes", public=True, on_delete=OnDelete.KEEP))
    mirror.write("a.md", "alpha")
    mirror.write("b.md", "beta")
    mirror.quiet()
    mirror.picora.chaos = lambda method: Fault("patch", ScopeMissing("read only")) if method == "patch" else None
    mirror.write("a.md", "public: false")
    mirror.run(3)
    mirror.remove("a.md")
    mirror.quiet(300)
    mirror.picora.chaos = lambda _: None
    mirror.run(300)
    assert [item.public for item in mirror.picora.objects.values()] == [False, True]
    assert mirror.index.files.get(mirror.ref("a.md")) is None
