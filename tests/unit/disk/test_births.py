"""When a file was made, as far as its file system tells that."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from picora_sync.core.policy import Folder
from picora_sync.core.ports import Present
from picora_sync.disk.births import born_ns
from picora_sync.disk.folder import FolderDisk

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="other systems tell it by os.stat")


def born(path: Path) -> int:
    found = born_ns(str(path), path.lstat())
    if found is None:
        pytest.skip("this file system does not tell when a file was made")
    return found


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "a.md"
    path.write_text("one")
    return path


def test_it_is_the_time_at_which_the_file_was_made(note: Path) -> None:
    assert abs(born(note) / 1e9 - time.time()) < 60


def test_editing_and_moving_it_change_nothing(note: Path, tmp_path: Path) -> None:
    before = born(note)
    note.write_text("two")
    os.utime(note, (1, 1))
    assert born(note.rename(tmp_path / "b.md")) == before


def test_a_file_renamed_over_it_has_its_own(note: Path, tmp_path: Path) -> None:
    before = born(note)
    new = tmp_path / "new"
    new.write_text("two")
    later = born(new)
    new.replace(note)
    assert later > before
    assert born(note) == later


def test_of_a_link_that_is_followed_it_is_the_targets(note: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.md"
    link.symlink_to(note)
    assert born_ns(str(link), link.stat(), follow=True) == born(note)
    assert born_ns(str(link), link.lstat()) != born(note)


def test_where_another_file_stands_by_now_nothing_is_told(note: Path, tmp_path: Path) -> None:
    born(note)
    seen = note.lstat()
    (tmp_path / "new").write_text("two")
    (tmp_path / "new").replace(note)
    assert born_ns(str(note), seen) is None
    note.unlink()
    assert born_ns(str(note), seen) is None


def test_where_the_system_tells_it_by_itself_that_is_taken() -> None:
    status: Any = SimpleNamespace(st_birthtime=12.5, st_ino=7)
    assert born_ns("anywhere", status) == 12_500_000_000


@ON_LINUX
@pytest.mark.parametrize(("mask", "seconds"), [(0x100, 5), (0x900, 0), (0x900, -5), (0x900, 1 << 40)])
def test_a_file_system_that_does_not_tell_it_or_tells_nonsense(note: Path, mask: int, seconds: int) -> None:
    inode = note.lstat().st_ino

    def statx(*args: object) -> int:
        answer: Any = args[-1]
        data = (ctypes.c_uint8 * 256).from_address(ctypes.addressof(answer._obj))  # noqa: SLF001  (what byref refers to)
        data[0:4] = list(mask.to_bytes(4, sys.byteorder))
        data[32:40] = list(inode.to_bytes(8, sys.byteorder))
        data[80:88] = list(seconds.to_bytes(8, sys.byteorder, signed=True))
        return 0

    assert born_ns(str(note), note.lstat(), statx=statx) is None


@ON_LINUX
def test_a_system_without_the_call_and_one_that_refuses_it(note: Path) -> None:
    assert born_ns(str(note), note.lstat(), statx=None) is None
    assert born_ns(str(note), note.lstat(), statx=lambda *_: -1) is None


def test_a_look_tells_it_and_it_is_no_part_of_being_unchanged(note: Path) -> None:
    there = FolderDisk(Folder("notes", str(note.parent))).look("a.md")
    assert isinstance(there, Present)
    assert there.born_ns == born(note)
    assert there == Present(there.fingerprint)
