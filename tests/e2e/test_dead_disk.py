"""The file system of one folder stops to answer, as that of a server that went away: all else goes on.

A FUSE file system that nobody serves is such a one; to mount it takes root on Linux, and a device for it.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import Daemon, Server, picora, wait_until, write_config

PUBLIC, PRIVATE = "---\npublic: true\n---\n{}\n", "---\npublic: false\n---\n{}\n"
DETACH = 2


class Dead:
    """Mounted over a directory, it answers no call."""

    def __init__(self, place: Path) -> None:
        self._place = os.fsencode(place)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._device: int | None = None

    def mount(self) -> None:
        if sys.platform != "linux" or not os.access("/dev/fuse", os.R_OK | os.W_OK):
            pytest.skip("no FUSE here")
        self._device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={self._device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}".encode()
        if self._libc.mount(b"dead", self._place, b"fuse", 0, options):
            os.close(self._device)
            self._device = None
            pytest.skip(f"may not mount: {os.strerror(ctypes.get_errno())}")

    def unmount(self) -> None:
        """From then on every call that hangs in it fails."""
        if self._device is not None:
            self._libc.umount2(self._place, DETACH)
            os.close(self._device)
            self._device = None


@pytest.fixture
def dead(tmp_path: Path) -> Iterator[Dead]:
    for name in ("there", "away"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.md").write_text(PUBLIC.format(name))
    made = Dead(tmp_path / "away")
    yield made
    made.unmount()


def _public(server: Server) -> set[str]:
    return {doc["title"] for doc in server.docs() if doc["isPublic"]}


@pytest.mark.parametrize("before", ["the start", "the change"])
def test_the_other_folder_goes_on_and_the_daemon_ends_when_told(
    tmp_path: Path, server: Server, daemon: Daemon, dead: Dead, before: str
) -> None:
    there = tmp_path / "there"
    config = write_config(tmp_path, server, [{"path": str(there)}, {"path": str(tmp_path / "away")}])
    if before == "the start":
        dead.mount()
    daemon.start()
    wait_until(lambda: "there" in _public(server), 60, "the folder that answers is mirrored")
    if before == "the change":
        wait_until(lambda: "away" in _public(server), 60, "so is the other")
        dead.mount()
    (there / "there.md").write_text(PRIVATE.format("there"))
    wait_until(lambda: "there" not in _public(server), 20, "a note turns private")
    (there / "new.md").write_text(PUBLIC.format("new"))
    wait_until(lambda: "new" in _public(server), 40, "a new note is sent")
    told = picora("problems", config=config)
    assert "does not answer" in told.stdout
    assert picora("status", config=config).returncode == 1
    assert daemon.stop() == 0


def test_when_it_answers_again_it_is_looked_through_and_nothing_was_deleted(
    tmp_path: Path, server: Server, daemon: Daemon, dead: Dead
) -> None:
    config = write_config(tmp_path, server, [{"path": str(tmp_path / "there")}, {"path": str(tmp_path / "away")}])
    daemon.start()
    wait_until(lambda: len(server.docs()) == 2, 60, "both are mirrored")
    dead.mount()
    wait_until(lambda: picora("status", config=config).returncode == 1, 60, "it is noticed")
    dead.unmount()
    (tmp_path / "away" / "new.md").write_text(PUBLIC.format("new"))
    wait_until(lambda: len(server.docs()) == 3, 60, "what was made meanwhile is sent")
    wait_until(lambda: picora("status", config=config).returncode == 0, 60, "all is well")
    assert daemon.stop() == 0
