"""The real disk and content stages of one folder, with the troubles of its tree: what may not be read, what fails now
and then, and which directories are mount points. Tests may run as root, and without the right to mount: so these are
injected, as the errors that the system would give; which of them mean that nothing is there, the product says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from picora_sync.content.folder import FolderContent
from picora_sync.core.model import Dependency, Problem
from picora_sync.core.ports import Absent, Derived, Presence, Present, Scan, StableFile, Unknown
from picora_sync.disk.faults import GONE, problem_of, unreadable
from picora_sync.disk.folder import FolderDisk
from picora_sync.disk.scanning import without_failed
from picora_sync.errors import FileUnreadable
from tests.simulation.tree import Tree


class TroubledDisk:
    """The disk stage. ``point`` is told of each moment at which the process may die."""

    def __init__(self, disk: FolderDisk, tree: Tree, point: Callable[[], None]) -> None:
        self._disk = disk
        self._tree = tree
        self._point = point
        self._mounts: frozenset[str] | None = None

    def check_root(self) -> Problem | None:
        return self._disk.check_root()

    def expect_mounts(self, mounts: frozenset[str] | None) -> None:
        self._mounts = mounts

    def scan(self) -> Scan:
        scan, inodes = self._scan(), self._tree.inodes
        if inodes is None:
            return scan
        return replace(scan, files={path: inodes.as_told(found) for path, found in scan.files.items()})

    def look(self, path: str) -> Presence:
        found, inodes = self._look(path), self._tree.inodes
        if inodes is None or not isinstance(found, Present):
            return found
        return Present(inodes.as_told(found.fingerprint), found.born_ns if inodes.tells_births else None)

    def _scan(self) -> Scan:
        self._point()
        scan = self._disk.scan()
        if "" in scan.failed:
            return scan
        if self._tree.flakes():
            return Scan({}, {"": problem_of(self._tree.error(), self._tree.name)}, {}, {})
        mounted = frozenset(self._tree.disks)
        moved = mounted ^ (self._mounts if self._mounts is not None else mounted)
        troubled = {path for path in self._tree.locked if (self._tree.root / path).is_dir()} | moved
        if not troubled:
            return Scan(scan.files, scan.failed, scan.ignored, scan.problems, mounted)
        failed = {path: problem_of(self._tree.error(), path) for path in troubled}
        seen = without_failed(Scan(scan.files, scan.failed | failed, scan.ignored, scan.problems, mounted))
        return replace(seen, failed=scan.failed) if self._tree.errno in GONE else seen

    def _look(self, path: str) -> Presence:
        self._point()
        moved = frozenset(self._tree.disks) ^ (self._mounts or frozenset())
        below = any(path.startswith(f"{top}/") for top in (*self._tree.locked, *moved))
        if below or self._tree.flakes():
            if self._tree.errno in GONE:
                return Absent()
            return Unknown(self._disk.check_root() or problem_of(self._tree.error(), path))
        return self._disk.look(path)

    def is_written(self, path: str) -> bool | None:
        return self._disk.is_written(path)


class TroubledContent:
    """The content stage."""

    def __init__(self, content: FolderContent, tree: Tree, point: Callable[[], None]) -> None:
        self._content = content
        self._tree = tree
        self._point = point

    def derive(self, path: str) -> Derived | Problem:
        self._point()
        require_readable(self._tree, path)
        derived, inodes = self._content.derive(path), self._tree.inodes
        if inodes is None or not isinstance(derived, Derived):
            return derived
        return replace(derived, fingerprint=inodes.as_told(derived.fingerprint))

    def wants_private(self, path: str) -> bool:
        self._point()
        try:
            require_readable(self._tree, path)
        except FileUnreadable:
            return False
        return self._content.wants_private(path)

    def holds_comment(self, path: str) -> bool:
        return self._content.holds_comment(path)

    def stale(self, path: str, depends: tuple[Dependency, ...]) -> bool:
        return self._content.stale(path, depends)

    def refresh(self) -> None:
        self._content.refresh()


class TroubledFile:
    """An audio file that is being sent, and may fail in its midst."""

    def __init__(self, file: StableFile, tree: Tree, path: str) -> None:
        self._file = file
        self._tree = tree
        self._path = path

    @property
    def size_bytes(self) -> int:
        return self._file.size_bytes

    def blocks(self) -> Iterator[bytes]:
        self._tree.sending(self._path)
        for block in self._file.blocks():
            yield block[: len(block) // 2]
            if self._tree.flakes():
                raise unreadable(self._tree.error(), self._path)
            yield block[len(block) // 2 :]

    def confirm(self) -> None:
        self._file.confirm()

    def close(self) -> None:
        self._file.close()


def require_readable(tree: Tree, path: str) -> None:
    """Raises FileUnreadable where the tree is in trouble."""
    locked = path in tree.unreadable or any(path.startswith(f"{top}/") for top in tree.locked)
    if locked or tree.flakes():
        raise unreadable(tree.error(), path)
