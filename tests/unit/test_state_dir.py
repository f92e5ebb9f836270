"""The state directory belongs to one process, and to its owner's eyes."""

from __future__ import annotations

import logging
import os
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from picora_sync.errors import AnotherInstance, ConfigError, PicoraSyncError
from picora_sync.index.lock import InstanceLock
from picora_sync.report import LIVE_NAME, Live
from picora_sync.state_dir import Home


class Unchangeable(type(Path())):  # type: ignore[misc]  # the concrete Path of this system
    """A directory on a disk that takes no permissions."""

    def chmod(self, mode: int, *, follow_symlinks: bool = True) -> None:
        """Accepted, and without effect, as on FAT."""


class Foreign(type(Path())):  # type: ignore[misc]  # as above
    """Somebody else's directory."""

    def chmod(self, mode: int, *, follow_symlinks: bool = True) -> None:  # noqa: ARG002  # the signature of Path
        raise PermissionError(1, "Operation not permitted")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_directory_is_its_owners_alone_and_so_is_what_lies_in_it(tmp_path: Path) -> None:
    with Home.open(tmp_path / "state") as home:
        Live(pid=1, at=0.0, account="ok", trouble="").write(home.path / "live.json")
        assert mode_of(home.path) == 0o700
        assert {mode_of(file) for file in home.path.iterdir()} == {0o600}


def test_a_directory_others_can_look_into_is_closed_to_them_and_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    directory = tmp_path / "state"
    directory.mkdir()
    directory.chmod(0o755)
    with Home.open(directory):
        assert mode_of(directory) == 0o700
    assert caplog.messages == [f"{directory} was accessible to other users (mode 0755): changed to 0700"]


@pytest.mark.parametrize("name", ["live.json", "lock", "server", "lost+found"])
def test_an_open_directory_of_ours_is_closed(name: str, tmp_path: Path) -> None:
    directory = tmp_path / "state"
    directory.mkdir()
    (directory / name).touch()
    directory.chmod(0o755)
    with Home.open(directory):
        assert mode_of(directory) == 0o700


@pytest.mark.parametrize("mode", [0o755, 0o1777, 0o750, 0o701], ids=oct)
def test_an_open_directory_that_holds_other_things_is_refused_as_it_is(mode: int, tmp_path: Path) -> None:
    directory = tmp_path / "shared"
    directory.mkdir()
    (directory / "of somebody").write_text("x")
    directory.chmod(mode)
    with pytest.raises(ConfigError, match="holds other things") as raised:
        Home.open(directory)
    assert "state_dir" in raised.value.hint
    assert mode_of(directory) == mode
    assert os.listdir(directory) == ["of somebody"]  # noqa: PTH208  # names alone


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        pytest.param(Unchangeable, "its file system keeps no permissions", id="no-permissions"),
        pytest.param(Foreign, "Operation not permitted", id="foreign"),
    ],
)
def test_a_directory_that_cannot_be_closed_is_refused(kind: type[Path], why: str, tmp_path: Path) -> None:
    directory = tmp_path / "state"
    directory.mkdir()
    directory.chmod(0o755)
    with pytest.raises(ConfigError) as raised:
        Home.open(kind(directory))
    assert raised.value.message == f"others can look into {directory} (mode 0755), and that cannot be changed: {why}"
    assert "state_dir" in raised.value.hint


def test_a_second_process_is_refused_until_the_first_leaves(tmp_path: Path) -> None:
    with Home.open(tmp_path), pytest.raises(AnotherInstance):
        InstanceLock(tmp_path).acquire(patience_s=0)
    InstanceLock(tmp_path).acquire(patience_s=0)


@pytest.mark.parametrize("name", ["index.sqlite.new", "live.new", "live.json", "lock"])
def test_nothing_is_written_through_a_link_in_the_state_directory(tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / name).symlink_to(victim)
    with suppress(PicoraSyncError), Home.open(state) as home:
        home.index.set_folder("notes", "/b/notes", "id")
        Live(1, 0.0, "ok", "").write(state / LIVE_NAME)
    assert victim.read_text() == "mine"
