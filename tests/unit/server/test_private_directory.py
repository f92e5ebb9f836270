"""The data directory: closed to others, or refused; what is in it likewise."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from picora_sync.server.claim import claimed
from picora_sync.server.errors import ServerError
from picora_sync.server.keyfile import usable_key
from picora_sync.server.private_directory import keep_private
from picora_sync.server.settings import ServerSettings
from tests.contract import samples
from tests.server_process import Starter


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.parametrize("open_to", [0o755, 0o777, 0o750, 0o701, 0o707, 0o710])
@pytest.mark.parametrize("inside", ["", "picora.db", "key", "lock"])
def test_a_library_that_others_can_read_is_closed(
    tmp_path: Path, open_to: int, inside: str, caplog: pytest.LogCaptureFixture
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    if inside:
        (data / inside).touch()
        (data / inside).chmod(0o666)
    data.chmod(open_to)
    keep_private(data)
    assert mode(data) == 0o700
    assert f"(mode {open_to:04o}); changed to 0700" in caplog.text
    if inside:
        assert mode(data / inside) == 0o600


def test_what_is_private_is_left_alone_without_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "other").mkdir(mode=0o700)
    tmp_path.chmod(0o700)
    keep_private(tmp_path)
    assert not caplog.text


def test_a_directory_of_other_things_is_refused_and_left_open(tmp_path: Path) -> None:
    """Closing /tmp, /srv or a home page would take from others what is theirs."""
    (tmp_path / "index.html").touch()
    tmp_path.chmod(0o1777)
    with pytest.raises(ServerError, match=r"others can read it \(mode 1777\), and it holds other things") as refused:
        keep_private(tmp_path)
    assert "--data" in refused.value.hint
    assert mode(tmp_path) == 0o1777


def test_a_link_is_followed_to_what_is_closed(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    real.chmod(0o755)
    (tmp_path / "data").symlink_to(real)
    keep_private(tmp_path / "data")
    assert mode(real) == 0o700


def test_what_a_link_in_it_leads_to_is_closed_too(tmp_path: Path) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "blobs"
    data.mkdir(mode=0o700)
    elsewhere.mkdir()
    elsewhere.chmod(0o755)
    (data / "blobs").symlink_to(elsewhere)
    (data / "nowhere").symlink_to(tmp_path / "nothing")
    keep_private(data)
    assert mode(elsewhere) == 0o700


def in_a_directory_of_nobody(data: Path) -> None:
    os.chown(data, 65534, 65534)


def with_a_file_of_nobody(data: Path) -> None:
    (data / "key").touch()
    os.chown(data / "key", 65534, 65534)


def with_a_link_of_nobody(data: Path) -> None:
    (data / "key").symlink_to("/etc/hostname")
    os.chown(data / "key", 65534, 65534, follow_symlinks=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of somebody else")
@pytest.mark.parametrize("arrange", [in_a_directory_of_nobody, with_a_file_of_nobody, with_a_link_of_nobody])
def test_what_belongs_to_somebody_else_is_refused(tmp_path: Path, arrange: Callable[[Path], None]) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    arrange(data)
    with pytest.raises(ServerError, match="belongs to another user"):
        keep_private(data)


@pytest.mark.usefixtures("open_umask")
def test_every_file_of_a_server_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    """Database, log of the database, bytes and key, with umask 0."""
    starter = Starter(tmp_path / "data")
    try:
        running = starter()
        running.client.post("/v1/docs", json={"filename": "a.md", "content": "x" * 300_000})
        running.client.post("/v1/images", files={"file": ("a.png", samples.png(), "image/png")})
        found = {path.relative_to(starter.data).as_posix(): mode(path) for path in starter.data.rglob("*")}
    finally:
        starter.end()
    assert {"picora.db", "picora.db-wal", "key", "lock", "blobs"} <= found.keys()
    assert mode(starter.data) == 0o700
    assert [name for name, bits in found.items() if bits & 0o077] == []


def test_a_server_says_why_it_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "index.html").touch()
    tmp_path.chmod(0o755)
    assert "cannot hold the library: others can read it" in Starter(tmp_path).refusal()


@pytest.mark.parametrize("name", ["key", "lock"])
@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing"])
def test_nothing_is_written_through_a_symbolic_link(tmp_path: Path, name: str, there: bool) -> None:
    data, other = tmp_path / "data", tmp_path / "other.txt"
    data.mkdir(mode=0o700)
    if there:
        other.write_text("somebody else's")
    (data / name).symlink_to(other)
    with pytest.raises(ServerError, match="is a symbolic link"), claimed(data):
        usable_key(ServerSettings(data=data))
    assert not there or other.read_text() == "somebody else's"
    assert other.exists() == there


def test_what_a_link_leads_to_is_not_closed(tmp_path: Path) -> None:
    data, shared = tmp_path / "data", tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    data.mkdir(mode=0o700)
    (data / "picora.db").touch(mode=0o600)
    (data / "elsewhere").symlink_to(shared)
    keep_private(data)
    assert mode(shared) == 0o755
