"""A folder in memory that keeps time stamps and inodes as a file system does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count

from picora_sync.core.model import Fingerprint, Problem, kind_of
from picora_sync.core.ports import Absent, Digest, Ignored, Presence, Present, Scan, StableFile, Unknown
from picora_sync.errors import FileChanged, FileUnreadable

DEVICE = 1
FIRST_INODE = 100
UNREADABLE = Problem("FILE_UNREADABLE", "cannot be read", "check its permissions")
MOUNT_CHANGED = Problem("MOUNT_CHANGED", "became a mount point, or ceased to be one", "mount it")
ROOT_MISSING = Problem("ROOT_MISSING", "the folder is not there", "mount it")


@dataclass(frozen=True)
class FakeFile:
    data: bytes
    mtime_ns: int
    ctime_ns: int
    inode: int
    born_ns: int = 0

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint(len(self.data), self.mtime_ns, self.ctime_ns, self.inode, DEVICE)


class FakeDisk:
    """One folder. Implements ``Disk``; the other methods are what a person or a program does to the folder.

    ``rules`` are ignored paths with the reason, ``broken`` are paths that cannot be read, nor what is below them,
    ``missing_root`` takes the whole folder away. ``written`` says of files whether a program has them open for writing;
    of the others that cannot be told. Folders on one device share its ``inodes``: two files have never the same at
    once. What was deleted leaves its inode to the next file that is made if it ``reuses_inodes``; when a file was made
    it says only if it ``tells_births``.
    """

    def __init__(self, wall: Callable[[], float], inodes: Iterator[int] | None = None) -> None:
        self._wall = wall
        self._inodes = inodes or count(FIRST_INODE)
        self.files: dict[str, FakeFile] = {}
        self.rules: dict[str, str] = {}
        self.broken: dict[str, Problem] = {}
        self.written: dict[str, bool] = {}
        self.missing_root = False
        self.on_scan: Callable[[], None] = lambda: None
        self.tells_births = False
        self.reuses_inodes = False
        self._freed: list[int] = []
        self._births = count(1)
        self.mounts: frozenset[str] = frozenset()
        self._expected_mounts: frozenset[str] | None = None

    # --- Disk -------------------------------------------------------------------------------------------------------

    def check_root(self) -> Problem | None:
        return ROOT_MISSING if self.missing_root else None

    def expect_mounts(self, mounts: frozenset[str] | None) -> None:
        self._expected_mounts = mounts

    def scan(self) -> Scan:
        self.on_scan()
        if self.missing_root:
            return Scan({}, {"": ROOT_MISSING}, {}, {})
        mirrored = {path for path in self.files if kind_of(path) is not None}
        ignored = {path: why for path, why in self.rules.items() if path in mirrored}
        failed = {path: problem for path, problem in self.broken.items() if path not in ignored}
        failed |= dict.fromkeys(self._changed_mounts(), MOUNT_CHANGED)
        readable = {path for path in mirrored if self._broken(path) is None and not self._is_below_change(path)}
        files = {path: self.files[path].fingerprint for path in sorted(readable - ignored.keys())}
        return Scan(files, failed, ignored, {}, self.mounts)

    def is_written(self, path: str) -> bool | None:
        return self.written.get(path)

    def look(self, path: str) -> Presence:
        if self.missing_root:
            return Unknown(ROOT_MISSING, of_root=True)
        if self._is_below_change(path):
            return Unknown(MOUNT_CHANGED)
        if (problem := self._broken(path)) is not None:
            return Unknown(problem)
        file = self.files.get(path)
        if file is None:
            return Absent()
        born_ns = file.born_ns if self.tells_births else None
        return Ignored(self.rules[path]) if path in self.rules else Present(file.fingerprint, born_ns)

    def _broken(self, path: str) -> Problem | None:
        return next((why for top, why in self.broken.items() if f"{path}/".startswith(f"{top}/")), None)

    def _changed_mounts(self) -> frozenset[str]:
        return frozenset() if self._expected_mounts is None else self.mounts ^ self._expected_mounts

    def _is_below_change(self, path: str) -> bool:
        return any(path.startswith(f"{mount}/") for mount in self._changed_mounts())

    # --- what the content stage does --------------------------------------------------------------------------------

    def read(self, path: str) -> tuple[bytes, Fingerprint]:
        """Its bytes; raises FileUnreadable."""
        file = self.files.get(path)
        if file is None or self._broken(path) is not None or self.missing_root:
            raise FileUnreadable(f"{path} cannot be read")
        return file.data, file.fingerprint

    def open(self, path: str, expected: Digest) -> StableFile:
        """As ``Reader.open``."""
        _, fingerprint = self.read(path)
        if fingerprint != expected.fingerprint:
            raise FileChanged(f"{path} changed")
        return _FakeStableFile(self, path, expected)

    # --- what happens to it -----------------------------------------------------------------------------------------

    def write(self, path: str, data: bytes) -> None:
        """Write in place: the inode stays."""
        now = self._now_ns()
        old = self.files.get(path)
        if old is None:
            inode = self._freed.pop() if self.reuses_inodes and self._freed else next(self._inodes)
            self.files[path] = FakeFile(data, now, now, inode, now + next(self._births))
        else:
            self.files[path] = replace(old, data=data, mtime_ns=now, ctime_ns=now)

    def save_over(self, path: str, data: bytes) -> None:
        """What editors do: write a temporary file and rename it over."""
        old = self.files.pop(path, None)
        self.write(path, data)
        if old is not None:
            self._freed.append(old.inode)

    def move(self, old: str, new: str) -> None:
        self.files[new] = replace(self.files.pop(old), ctime_ns=self._now_ns())

    def remove(self, path: str) -> None:
        self._freed.append(self.files.pop(path).inode)

    def age(self, path: str, seconds: float) -> None:
        """Let the file look as if it had not been touched for so long."""
        then = self._now_ns() - int(seconds * 1e9)
        self.files[path] = replace(self.files[path], mtime_ns=then, ctime_ns=then)

    def _now_ns(self) -> int:
        return int(self._wall() * 1e9)


class _FakeStableFile:
    def __init__(self, disk: FakeDisk, path: str, expected: Digest) -> None:
        self._disk = disk
        self._path = path
        self._expected = expected

    @property
    def size_bytes(self) -> int:
        return self._expected.fingerprint.size_bytes

    def blocks(self) -> Iterator[bytes]:
        yield self._disk.read(self._path)[0]

    def confirm(self) -> None:
        data, fingerprint = self._disk.read(self._path)
        now = Digest(hashlib.sha256(data).hexdigest(), fingerprint)
        if now != self._expected:
            raise FileChanged(f"{self._path} changed")

    def close(self) -> None:
        return
