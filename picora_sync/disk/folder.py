"""One folder on disk: implements :class:`picora_sync.core.ports.Disk`."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence

from picora_sync.core.ignore import IgnoreRules, parents_of
from picora_sync.core.model import Fingerprint, Problem, kind_of
from picora_sync.core.policy import Folder
from picora_sync.core.ports import Absent, Ignored, Presence, Present, Scan, Unknown
from picora_sync.disk import lease
from picora_sync.disk.births import born_ns
from picora_sync.disk.faults import GONE, printable, problem_of, type_name
from picora_sync.disk.reading import is_inside
from picora_sync.disk.root import RootIdentity
from picora_sync.disk.rules import RuleBook
from picora_sync.disk.scanning import LINK_REFUSED, Walk, link_problem, without_failed
from picora_sync.errors import FileUnreadable

_LANDMARKS = 20


class FolderDisk:
    """Scans and looks by the folder's rules; believes nothing while the root is not the one it knows.

    ``state_paths`` are absolute directories of picora-sync itself, left out where they lie inside the folder.
    ``on_entry`` is called for each entry of a scan; what it raises ends that.
    Raises :class:`picora_sync.core.ignore.BadPattern` for a wrong pattern in ``folder.ignore``.
    """

    def __init__(
        self, folder: Folder, *, state_paths: Sequence[str] = (), on_entry: Callable[[], None] = lambda: None
    ) -> None:
        self._on_entry = on_entry
        self._root = folder.root
        self._follow = folder.follow_symlinks
        self._identity = RootIdentity(folder.root, folder.name)
        self._ignore = folder.ignore
        self._state_paths = state_paths
        self._known_root: str | None = None
        self._known_book: RuleBook | None = None
        IgnoreRules.of(folder.ignore)  # raises what is said above
        self._mounts: frozenset[str] | None = None

    # What follows is found out when it is asked for: whoever makes this must not wait for the disk.

    # Not cached_property, whose lock all folders share: one that hangs would have all of them hang.

    @property
    def _real_root(self) -> str:
        if self._known_root is None:
            self._known_root = os.path.realpath(self._root)
        return self._known_root

    @property
    def _book(self) -> RuleBook:
        if self._known_book is None:
            own = self._below_root(self._state_paths)
            self._known_book = RuleBook(self._root, IgnoreRules.of(self._ignore, own=own))
        return self._known_book

    def mark_root(self, expected_id: str | None, landmarks: Sequence[str] = ()) -> str | Problem:
        """The root's id, to be kept in the index and given again at each start; None on the first run only.

        "" is the id of a root that cannot be written; it is known by ``landmarks``, some files of it in the index.
        """
        return self._identity.mark(expected_id, landmarks)

    def check_root(self) -> Problem | None:
        """None if the root is there and is the one we know; else why nothing below it can be believed."""
        return self._identity.check()

    def expect_mounts(self, mounts: frozenset[str] | None) -> None:
        """The mount points below the root as far as they are known: where one appeared or vanished since, the subtree
        is unknown (design §6.1). None: whatever the next scan finds is right.
        """
        self._mounts = mounts

    def why_ignored(self, path: str, *, is_dir: bool = False) -> str | None:
        """Why a path of any kind is left out by the rules, whether it exists or not; None if it is not.

        Where the rules cannot be known, that is the reason.
        """
        reason = self._book.why_ignored(path, is_dir=is_dir)
        return reason.message if isinstance(reason, Problem) else reason

    def mirrors(self, path: str) -> bool:
        """Whether a file is there that is mirrored. Raises FileUnreadable if that cannot be known now."""
        match self.look(path):
            case Unknown(problem):
                raise FileUnreadable(problem.message, hint=problem.hint, code=problem.code)
            case presence:
                return isinstance(presence, Present)

    def scan(self) -> Scan:
        """Walk the folder; the root is checked before and after, so that no half of a walk is believed."""
        problem = self.check_root()
        scan = Scan({}, {}, {}, {})
        if problem is None:
            scan = self._walk().run()
            problem = self.check_root()
        if problem is not None:
            return Scan({}, {"": problem}, {}, {})
        self._compare_mounts(scan)
        scan = without_failed(scan)
        if scan.files:
            step = max(1, len(scan.files) // _LANDMARKS)
            self._identity.remember(list(scan.files)[::step])
        return scan

    def _walk(self) -> Walk:
        return Walk(self._root, self._book, follow_symlinks=self._follow, on_entry=self._on_entry)

    def look(self, path: str) -> Presence:
        """What is at this path right now."""
        presence = self._away() or self._look(path)
        return (self._away() or presence) if isinstance(presence, Absent) else presence

    def is_written(self, path: str) -> bool | None:
        """Whether some program has this file open for writing; None if the system does not tell us that."""
        return lease.is_written(f"{self._root}/{path}", follow_symlinks=self._follow)

    def _away(self) -> Unknown | None:
        """What is to be said of every path while the root is not the one we know."""
        problem = self.check_root()
        return None if problem is None else Unknown(problem, of_root=True)

    def _look(self, path: str) -> Presence:
        rules = self._descend(path)
        if not isinstance(rules, IgnoreRules):
            return rules
        status = self._status(path)
        if not isinstance(status, os.stat_result):
            return status
        reason = rules.why_entry_ignored(path, is_dir=False)
        if reason is None and kind_of(path) is None:
            reason = "neither a note nor audio, by its name"
        if reason is not None:
            return Ignored(reason)
        if stat.S_ISLNK(status.st_mode):
            return self._follow_link(path)
        return _regular(status, born_ns(f"{self._root}/{path}", status))

    def _descend(self, path: str) -> IgnoreRules | Absent | Unknown | Ignored:
        """The rules for the file's directory, or what is to be said of the file because of a directory above it."""
        rules = self._book.at_root()
        device = self._device() if self._mounts is not None else 0
        for parent in parents_of(path):
            if isinstance(rules, Problem):
                return Unknown(rules, readable=True)
            status = self._status(parent)
            if not isinstance(status, os.stat_result):
                return Unknown(_mount_changed(parent)) if parent in (self._mounts or ()) else status
            why = self._why_not_through(parent, status) or rules.why_entry_ignored(parent, is_dir=True)
            if why is not None:
                below = self._status(path)
                return Ignored(why) if isinstance(below, os.stat_result) else below
            if self._mounts is not None:
                if (status.st_dev != device) != (parent in self._mounts):
                    return Unknown(_mount_changed(parent))
                device = status.st_dev
            rules = self._book.below(parent, rules)
        return Unknown(rules, readable=True) if isinstance(rules, Problem) else rules

    def _device(self) -> int | None:
        """The root's device; None if the root went away just now."""
        try:
            return os.stat(self._root).st_dev  # noqa: PTH116  # a string all the way
        except OSError:
            return None

    def _why_not_through(self, parent: str, status: os.stat_result) -> str | None:
        if not stat.S_ISLNK(status.st_mode):
            return None
        if not self._follow:
            return f"below {printable(parent)}, {LINK_REFUSED}"
        problem = link_problem(f"{self._root}/{parent}", parent, self._real_root)
        return None if problem is None else problem.message

    def _follow_link(self, path: str) -> Presence:
        if not self._follow:
            return Ignored(LINK_REFUSED)
        full_path = f"{self._root}/{path}"
        problem = link_problem(full_path, path, self._real_root)
        if problem is not None:
            return Ignored(problem.message)
        try:
            status = os.stat(full_path)  # noqa: PTH116  # a string all the way
            return _regular(status, born_ns(full_path, status, follow=True))
        except OSError as error:
            return Absent() if error.errno in GONE else Unknown(problem_of(error, path))

    def _status(self, path: str) -> os.stat_result | Absent | Unknown:
        try:
            return os.lstat(f"{self._root}/{path}")
        except OSError as error:
            return Absent() if error.errno in GONE else Unknown(problem_of(error, path))

    def _compare_mounts(self, scan: Scan) -> None:
        if self._mounts is None:
            self._mounts = scan.mounts
        for path in scan.mounts ^ self._mounts:
            if self._book.why_ignored(path, is_dir=True) is None:
                scan.failed[path] = _mount_changed(path)

    def _below_root(self, paths: Sequence[str]) -> list[str]:
        real = [os.path.realpath(path) for path in paths]
        return [os.path.relpath(path, self._real_root) for path in real if is_inside(path, self._real_root)]


def _regular(status: os.stat_result, born: int | None) -> Presence:
    kind = type_name(status.st_mode)
    return Present(Fingerprint.of(status), born) if kind is None else Ignored(f"{kind}, no regular file")


def _mount_changed(path: str) -> Problem:
    return Problem(
        "MOUNT_CHANGED",
        f"{printable(path)} became a mount point, or ceased to be one",
        "Mount or unmount it as it was before. Nothing below it is sent or deleted meanwhile.",
    )
