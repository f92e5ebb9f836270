"""A lease tells who has a file open for writing, and neither stops them nor ends us."""

from __future__ import annotations

import fcntl
import mmap
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from picora_sync.disk.lease import file_system_of, is_written

BLOCKED_S = 5.0
"""Far less than the 45 s that the kernel gives the holder of a lease."""


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    path = tmp_path / "talk.wav"
    path.write_bytes(b"RIFF" * 1000)
    if is_written(str(path)) is None:
        pytest.skip("this system gives no leases here")
    return path


def _mapped(path: Path) -> Callable[[], None]:
    fd = os.open(path, os.O_RDWR)
    mapping = mmap.mmap(fd, 0)
    os.close(fd)  # a program that maps a file need not keep its descriptor
    return mapping.close


def _opened(flags: int) -> Callable[[Path], Callable[[], None]]:
    def open_(path: Path) -> Callable[[], None]:
        fd = os.open(path, flags)
        return lambda: os.close(fd)

    return open_


@pytest.mark.parametrize(
    "begin",
    [
        pytest.param(_opened(os.O_WRONLY), id="writes"),
        pytest.param(_opened(os.O_WRONLY | os.O_APPEND), id="appends"),
        pytest.param(_opened(os.O_WRONLY | os.O_TRUNC), id="truncates"),
        pytest.param(_opened(os.O_RDWR), id="may-write"),
        pytest.param(_mapped, id="maps"),
    ],
)
def test_who_may_write_is_noticed_until_the_file_is_closed(
    audio: Path, begin: Callable[[Path], Callable[[], None]]
) -> None:
    end = begin(audio)
    assert is_written(str(audio)) is True
    end()
    assert is_written(str(audio)) is False


def test_readers_are_no_writers(audio: Path) -> None:
    with audio.open("rb"):
        assert is_written(str(audio)) is False


def test_one_of_two_writers_is_enough(audio: Path) -> None:
    with audio.open("ab"):
        with audio.open("ab"):
            pass
        assert is_written(str(audio)) is True


def test_the_file_is_asked_about_not_its_name(audio: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere.wav"
    other.hardlink_to(audio)
    with other.open("ab"):
        assert is_written(str(audio)) is True


def test_links_are_followed_only_where_the_folder_says_so(audio: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.wav"
    link.symlink_to(audio)
    assert is_written(str(link)) is None
    assert is_written(str(link), follow_symlinks=True) is False


def test_a_missing_file_is_not_known(tmp_path: Path) -> None:
    assert is_written(str(tmp_path / "none.wav")) is None


def test_what_is_no_file_is_not_known_and_waited_for_by_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    assert is_written(str(tmp_path / "pipe.wav")) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_somebody_elses_file_is_not_known(audio: Path) -> None:
    script = (
        "import os, sys\n"
        "from picora_sync.disk.lease import _is_written\n"
        "os.setresuid(65534, 65534, 65534)\n"
        "sys.exit(0 if _is_written(0) is None else 1)"
    )
    with audio.open("rb") as file:
        assert subprocess.run([sys.executable, "-c", script], stdin=file, check=False).returncode == 0


ASKING = """
import sys
from picora_sync.disk.lease import is_written
print("ready", flush=True)
for _ in range(60_000):
    is_written(sys.argv[1])
"""


def test_opening_a_file_while_it_is_asked_about_ends_nobody_and_takes_no_time(audio: Path) -> None:
    """The holder of a lease is sent a signal when somebody opens the file: SIGIO, unless it says otherwise. That
    happens about once in 20,000 times.
    """
    longest_s = 0.0
    with subprocess.Popen([sys.executable, "-c", ASKING, str(audio)], stdout=subprocess.PIPE, text=True) as asking:
        assert asking.stdout is not None
        assert asking.stdout.readline() == "ready\n"
        while asking.poll() is None:
            began = time.monotonic()
            os.close(os.open(audio, os.O_WRONLY))
            longest_s = max(longest_s, time.monotonic() - began)
    assert asking.returncode == 0, "a signal ended it"
    assert longest_s < BLOCKED_S


def test_a_lease_is_given_back(audio: Path) -> None:
    fd = os.open(audio, os.O_RDONLY)
    try:
        assert is_written(str(audio)) is False
        assert fcntl.fcntl(fd, fcntl.F_GETLEASE) == fcntl.F_UNLCK
        os.close(os.open(audio, os.O_WRONLY | os.O_NONBLOCK))  # it would be refused while a lease lasts
    finally:
        os.close(fd)


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:43 / /mnt/nas rw shared:2 master:3 - nfs4 nas:/audio rw,vers=4.2
41 22 0:44 / /mnt/my\\040share - cifs rw - cifs //nas/audio rw
damaged
"""


@pytest.mark.parametrize(
    ("device", "kind"), [((8, 1), "ext4"), ((0, 43), "nfs4"), ((0, 44), "cifs"), ((0, 4), ""), ((8, 11), "")]
)
def test_the_file_system_of_a_device_is_found(tmp_path: Path, device: tuple[int, int], kind: str) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTS)
    assert file_system_of(os.makedev(*device), tmp_path / "mountinfo") == kind


def test_without_a_list_of_mounts_no_file_system_is_known(tmp_path: Path) -> None:
    assert file_system_of(0, tmp_path / "none") == ""
