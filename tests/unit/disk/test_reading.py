"""What was hashed is what is sent, or an error says why not."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from picora_sync.core.model import Fingerprint
from picora_sync.core.ports import Digest
from picora_sync.disk.faults import problem_of
from picora_sync.disk.reading import BLOCK_BYTES, OpenFile, StableReader
from picora_sync.errors import FileChanged, FileUnreadable, Stopped

BIG = b"0123456789abcdef" * (BLOCK_BYTES // 16 * 2) + b"tail"


@pytest.fixture
def reader() -> StableReader:
    return StableReader()


def written(path: Path, data: bytes = b"# Hello\n") -> str:
    path.write_bytes(data)
    return str(path)


def opened(reader: StableReader, path: str) -> OpenFile:
    return reader.open(path, reader.digest(path))


@pytest.mark.parametrize("data", [b"", b"x", b"x" * BLOCK_BYTES, BIG], ids=["empty", "small", "one-block", "big"])
def test_read_and_digest_agree(reader: StableReader, tmp_path: Path, data: bytes) -> None:
    path = written(tmp_path / "a.md", data)
    got, fingerprint = reader.read(path)
    assert got == data
    assert reader.digest(path) == Digest(hashlib.sha256(data).hexdigest(), fingerprint)
    assert fingerprint.size_bytes == len(data)


def test_file_of_exactly_the_limit_is_read(reader: StableReader, tmp_path: Path) -> None:
    assert reader.read(written(tmp_path / "a.md", b"12345"), limit_bytes=5)[0] == b"12345"


def test_file_over_the_limit_is_refused_with_its_code(reader: StableReader, tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="6 bytes") as caught:
        reader.read(written(tmp_path / "a.md", b"123456"), limit_bytes=5)
    assert caught.value.problem_code == "FILE_TOO_LARGE"


@pytest.mark.parametrize(("size_bytes", "head"), [(0, b""), (3, b"123"), (6, b"123456"), (9, b"123456")])
def test_the_head_of_a_file_is_read_alone(reader: StableReader, tmp_path: Path, size_bytes: int, head: bytes) -> None:
    assert reader.head(written(tmp_path / "a.md", b"123456"), size_bytes) == head


def test_the_head_of_a_file_that_is_not_there_has_changed(reader: StableReader, tmp_path: Path) -> None:
    with pytest.raises(FileChanged):
        reader.head(str(tmp_path / "a.md"), 10)


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the address of a socket may not be longer than about a hundred bytes
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(a_pipe, "NOT_A_FILE", id="pipe"),
        pytest.param(a_socket, "NOT_A_FILE", id="socket"),
        pytest.param(Path.mkdir, "NOT_A_FILE", id="directory"),
        pytest.param(lambda path: path.symlink_to(path.parent / "b.md"), "SYMLINK", id="link"),
        pytest.param(lambda path: path.symlink_to(path), "SYMLINK", id="link-to-itself"),
    ],
)
def test_what_is_no_regular_file_is_unreadable(
    reader: StableReader, tmp_path: Path, make: Callable[[Path], None], code: str
) -> None:
    written(tmp_path / "b.md")
    make(tmp_path / "a.md")
    for act in (reader.read, reader.digest):
        with pytest.raises(FileUnreadable) as caught:
            act(str(tmp_path / "a.md"))
        assert caught.value.problem_code == code
        assert caught.value.hint


def test_device_is_unreadable(reader: StableReader) -> None:
    with pytest.raises(FileUnreadable, match="a device"):
        reader.read("/dev/null")


def test_too_long_a_name_is_unreadable(reader: StableReader, tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable) as caught:
        reader.read(str(tmp_path / ("x" * 256)))
    assert caught.value.problem_code == "NAME_TOO_LONG"


def test_file_without_permission_is_unreadable(reader: StableReader, unprivileged: Path) -> None:
    path = written(unprivileged / "a.md")
    (unprivileged / "a.md").chmod(0)
    with pytest.raises(FileUnreadable) as caught:
        reader.digest(path)
    assert caught.value.problem_code == "PERMISSION_DENIED"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a file that opens but gives EIO when it is read")
def test_read_error_makes_the_file_unreadable() -> None:
    fd = os.open("/proc/self/mem", os.O_RDONLY)
    broken = OpenFile(fd, "/proc/self/mem", Digest("", Fingerprint(5, 0, 0, 0, 0)))
    with pytest.raises(FileUnreadable) as caught:
        next(broken.blocks())
    assert caught.value.problem_code == "IO_ERROR"
    broken.close()


@pytest.mark.parametrize("path", ["nowhere.md", "file/nowhere.md"], ids=["vanished", "parent-is-no-directory"])
def test_file_that_is_not_there_has_changed(reader: StableReader, tmp_path: Path, path: str) -> None:
    written(tmp_path / "file")
    with pytest.raises(FileChanged):
        reader.read(str(tmp_path / path))


@pytest.mark.parametrize(
    "name",
    ["x" * 252 + ".md", "a\nb.md", "😀.md", os.fsdecode(b"caf\xe9.md"), "e\u0301.md", "-rf.md"],
    ids=["255-bytes", "newline", "emoji", "not-utf8", "decomposed", "dash"],
)
def test_any_name_can_be_read_and_reported(reader: StableReader, tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name)
    assert reader.read(path)[0] == b"# Hello\n"
    with pytest.raises(FileUnreadable) as caught:
        reader.read(path, limit_bytes=1)
    caught.value.message.encode()


def test_opened_file_gives_its_bytes_and_confirms(reader: StableReader, tmp_path: Path) -> None:
    file = opened(reader, written(tmp_path / "a.mp3", BIG))
    assert file.size_bytes == len(BIG)
    blocks = list(file.blocks())
    assert [len(block) for block in blocks] == [BLOCK_BYTES, BLOCK_BYTES, 4]
    assert b"".join(blocks) == BIG
    file.confirm()
    file.close()
    file.close()


def test_blocks_may_be_asked_for_again(reader: StableReader, tmp_path: Path) -> None:
    file = opened(reader, written(tmp_path / "a.mp3", BIG))
    next(file.blocks())
    assert b"".join(file.blocks()) == BIG
    file.confirm()
    file.close()


def test_file_that_was_not_sent_whole_is_not_confirmed(reader: StableReader, tmp_path: Path) -> None:
    file = opened(reader, written(tmp_path / "a.mp3", BIG))
    next(file.blocks())
    with pytest.raises(FileChanged):
        file.confirm()
    file.close()


def replace_it(path: Path) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(path.read_bytes())
    other.replace(path)


def rewrite_it(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"changed")


def grow_it(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


CHANGES = [
    pytest.param(replace_it, id="replaced"),
    pytest.param(rewrite_it, id="rewritten"),
    pytest.param(grow_it, id="grown"),
    pytest.param(lambda path: os.truncate(path, 5), id="truncated"),
    pytest.param(Path.unlink, id="vanished"),
    pytest.param(lambda path: path.rename(path.with_name("b.mp3")), id="renamed"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_change_between_hashing_and_opening_is_seen(
    reader: StableReader, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    path = tmp_path / "a.mp3"
    digest = reader.digest(written(path, BIG))
    change(path)
    with pytest.raises(FileChanged):
        reader.open(str(path), digest)


@pytest.mark.parametrize("change", CHANGES)
def test_change_while_sending_is_seen_before_the_end(
    reader: StableReader, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    path = tmp_path / "a.mp3"
    file = opened(reader, written(path, BIG))
    blocks = file.blocks()
    sent = len(next(blocks))
    change(path)

    def finish() -> int:
        rest = sum(map(len, blocks))
        file.confirm()
        return rest

    with pytest.raises(FileChanged):
        sent += finish()
    assert sent <= file.size_bytes
    file.close()


def test_grown_file_never_gives_more_than_its_size(reader: StableReader, tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    file = opened(reader, written(path, b"12345"))
    grow_it(path)
    assert b"".join(file.blocks()) == b"12345"
    file.close()


def test_file_that_grows_meanwhile_is_never_hashed_half(reader: StableReader, tmp_path: Path) -> None:
    path = written(tmp_path / "a.mp3", BIG)
    stop, grown = threading.Event(), threading.Event()

    def grow() -> None:
        with (tmp_path / "a.mp3").open("ab", buffering=0) as file:
            for _ in range(200_000):
                if stop.is_set():
                    return
                file.write(b"x")
                grown.set()

    thread = threading.Thread(target=grow)
    thread.start()
    assert grown.wait(60)
    try:
        for _ in range(5):
            try:
                digest = reader.digest(path)
            except FileChanged:
                continue
            data = (BIG + b"x" * digest.fingerprint.size_bytes)[: digest.fingerprint.size_bytes]
            assert digest.sha256 == hashlib.sha256(data).hexdigest()
    finally:
        stop.set()
        thread.join(60)


def test_link_is_followed_when_the_folder_says_so(tmp_path: Path) -> None:
    written(tmp_path / "a.md")
    (tmp_path / "b.md").symlink_to("a.md")
    reader = StableReader(follow_symlinks=True, inside=lambda: [str(tmp_path)])
    assert reader.read(str(tmp_path / "b.md"))[0] == b"# Hello\n"


@pytest.mark.parametrize("follow", [True, False])
@pytest.mark.parametrize("path", ["link.md", "up/secret.md"], ids=["file", "directory-above-it"])
def test_no_link_leads_out_of_the_folder(tmp_path: Path, follow: bool, path: str) -> None:
    root = tmp_path / "notes"
    root.mkdir()
    written(tmp_path / "secret.md")
    (root / "link.md").symlink_to("../secret.md")
    (root / "up").symlink_to("..")
    with pytest.raises(FileUnreadable) as caught:
        StableReader(follow, inside=lambda: [str(root)]).read(str(root / path))
    assert caught.value.problem_code in {"LINK_OUTSIDE", "SYMLINK"}


def test_root_that_is_reached_through_a_link_is_no_way_out(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    written(tmp_path / "real" / "a.md")
    (tmp_path / "root").symlink_to("real")
    root = str(tmp_path / "root")
    assert StableReader(inside=lambda: [root]).read(f"{root}/a.md")[0] == b"# Hello\n"


def test_descriptors_are_given_back_whatever_happens(reader: StableReader, tmp_path: Path) -> None:
    path = written(tmp_path / "a.md")
    digest = reader.digest(path)
    grow_it(tmp_path / "a.md")
    os.mkfifo(tmp_path / "pipe")
    for _ in range(3):
        with pytest.raises(FileChanged):
            reader.open(path, digest)
        with pytest.raises(FileUnreadable):
            reader.read(str(tmp_path / "pipe"))
        reader.read(path)
    assert not open_files() & {identity(each.stat()) for each in tmp_path.iterdir()}


def open_files() -> set[tuple[int, int]]:
    """What is behind the first thousand descriptors of this process."""
    found = set()
    for descriptor in range(1000):
        with contextlib.suppress(OSError):
            found.add(identity(os.fstat(descriptor)))
    return found


def identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EACCES, "PERMISSION_DENIED"),
        (errno.EPERM, "PERMISSION_DENIED"),
        (errno.EIO, "IO_ERROR"),
        (errno.ESTALE, "IO_ERROR"),
        (errno.ENOTCONN, "IO_ERROR"),
        (errno.ELOOP, "SYMLINK"),
        (errno.EISDIR, "NOT_A_FILE"),
        (errno.ENAMETOOLONG, "NAME_TOO_LONG"),
        (errno.EMFILE, "TOO_MANY_FILES"),
        (errno.EAGAIN, "FILE_LOCKED"),
        (errno.EDOM, "FILE_UNREADABLE"),
    ],
    ids=lambda value: errno.errorcode[value] if isinstance(value, int) else None,
)
def test_each_error_has_a_code_a_sentence_and_a_hint(number: int, code: str) -> None:
    problem = problem_of(OSError(number, os.strerror(number)), "/notes/a.md")
    assert problem.code == code
    assert problem.message.startswith("/notes/a.md ")
    assert problem.hint.endswith(".")


def test_whoever_hashes_a_file_is_called_after_each_mib(tmp_path: Path) -> None:
    calls: list[None] = []
    reader = StableReader(on_block=lambda: calls.append(None))
    reader.digest(written(tmp_path / "a.mp3", b"x" * (3 * BLOCK_BYTES + 1)))
    assert len(calls) == 4


def test_and_can_end_that(tmp_path: Path) -> None:
    def stop() -> None:
        raise Stopped

    path = written(tmp_path / "a.mp3", b"x" * (3 * BLOCK_BYTES))
    with pytest.raises(Stopped):
        StableReader(on_block=stop).digest(path)
    assert identity((tmp_path / "a.mp3").stat()) not in open_files()
