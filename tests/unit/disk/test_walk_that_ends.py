"""A scan of a large folder shows signs of life, and ends when the program does."""

from __future__ import annotations

from pathlib import Path

import pytest

from picora_sync.core.policy import Folder
from picora_sync.disk.folder import FolderDisk
from picora_sync.errors import Stopped


def test_each_entry_is_a_sign_of_life(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for n in range(5):
        (tmp_path / "sub" / f"{n}.md").write_text("x")
    signs: list[int] = []
    scan = FolderDisk(Folder("notes", str(tmp_path)), on_entry=lambda: signs.append(1)).scan()
    assert len(scan.files) == 5
    assert len(signs) == 6


def test_a_walk_ends_at_once_when_the_program_does(tmp_path: Path) -> None:
    for n in range(5):
        (tmp_path / f"{n}.md").write_text("x")
    seen: list[int] = []

    def stop_at_the_second() -> None:
        seen.append(1)
        if len(seen) == 2:
            raise Stopped

    with pytest.raises(Stopped):
        FolderDisk(Folder("notes", str(tmp_path)), on_entry=stop_at_the_second).scan()
    assert len(seen) == 2
