"""One walk over a folder: what is there, what is left out, and what could not be seen (design §5, §6.3)."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable

from picora_sync.core.ignore import IgnoreRules, parents_of
from picora_sync.core.model import UNTAKEN_SUFFIXES, Fingerprint, Problem, kind_of, suffix_of
from picora_sync.core.ports import Scan
from picora_sync.disk.faults import GONE, printable, problem_of, type_name
from picora_sync.disk.reading import is_inside
from picora_sync.disk.rules import RuleBook

LINK_LOOP = "LINK_LOOP"
"""What it leads to is mirrored where it lies."""
LINK_REFUSED = "a symbolic link, and follow_symlinks is off"


class Walk:
    """Walks once, with a stack of its own, and collects. Never raises for what it finds.

    With ``follow_symlinks``, a link to a file or directory inside the folder is walked as if it stood there, but
    links found below a linked directory are not followed again: their targets lie inside the folder too, so nothing
    is missed, and no circle of links can make the walk long. ``on_entry`` is called before each entry; what it raises
    ends the walk.
    """

    def __init__(
        self, root: str, book: RuleBook, *, follow_symlinks: bool, on_entry: Callable[[], None] = lambda: None
    ) -> None:
        self._on_entry = on_entry
        self._root = root
        self._real_root = os.path.realpath(root)
        self._book = book
        self._follow = follow_symlinks
        self._files: dict[str, Fingerprint] = {}
        self._failed: dict[str, Problem] = {}
        self._ignored: dict[str, str] = {}
        self._problems: dict[str, Problem] = {}
        self._gaps: dict[str, Problem] = {}
        self._mounts: set[str] = set()
        self._untaken: Counter[str] = Counter()
        self._stack: list[tuple[str, IgnoreRules, int, bool]] = []

    def run(self) -> Scan:
        """Walk, and give what was found."""
        rules = self._book.at_root()
        if isinstance(rules, Problem):
            self._failed[""] = rules
        else:
            try:
                self._stack.append(("", rules, os.stat(self._root).st_dev, False))  # noqa: PTH116  # a string
            except OSError as error:
                self._failed[""] = problem_of(error, self._root)
        while self._stack:
            self._list(*self._stack.pop())
        mounts = frozenset(self._mounts)
        return Scan(self._files, self._failed, self._ignored, self._problems, mounts, self._untaken, self._gaps)

    def _list(self, directory: str, rules: IgnoreRules, device: int, linked: bool) -> None:
        prefix = f"{directory}/" if directory else ""
        try:
            with os.scandir(f"{self._root}/{directory}") as entries:
                for entry in entries:
                    self._on_entry()
                    if entry.is_symlink():
                        self._link(prefix + entry.name, entry, rules, device, linked)
                    elif entry.is_dir(follow_symlinks=False):
                        self._enter(prefix + entry.name, entry, rules, device, linked)
                    elif kind_of(entry.name) is not None:
                        self._file(prefix + entry.name, entry, rules, follow=False)
                    elif suffix_of(entry.name) in UNTAKEN_SUFFIXES:
                        self._leave(prefix + entry.name, rules)
        except OSError as error:
            if error.errno not in GONE or not directory:
                self._failed[directory] = problem_of(error, directory or self._root)

    def _file(self, path: str, entry: os.DirEntry[str], rules: IgnoreRules, *, follow: bool) -> None:
        reason = rules.why_entry_ignored(path, is_dir=False)
        if reason is not None:
            self._ignored[path] = reason
            return
        try:
            status = entry.stat(follow_symlinks=follow)
        except OSError as error:
            if error.errno not in GONE:
                self._failed[path] = problem_of(error, path)
            return
        if stat.S_ISREG(status.st_mode):
            self._files[path] = Fingerprint.of(status)
        else:
            self._ignored[path] = f"{type_name(status.st_mode)}, no regular file"

    def _leave(self, path: str, rules: IgnoreRules) -> None:
        if rules.why_entry_ignored(path, is_dir=False) is None:
            self._untaken[suffix_of(path)] += 1

    def _enter(self, path: str, entry: os.DirEntry[str], above: IgnoreRules, device: int, linked: bool) -> None:
        if above.why_entry_ignored(path, is_dir=True) is not None:
            return
        rules = self._book.below(path, above)
        if isinstance(rules, Problem):
            self._failed[path] = rules
            return
        try:
            own_device = entry.stat(follow_symlinks=False).st_dev
        except OSError as error:
            if error.errno not in GONE:
                self._failed[path] = problem_of(error, path)
            return
        if own_device != device:
            self._mounts.add(path)
        self._stack.append((path, rules, own_device, linked))

    def _link(self, path: str, entry: os.DirEntry[str], rules: IgnoreRules, device: int, linked: bool) -> None:
        if not self._follow:
            if kind_of(path) is not None:
                self._ignored[path] = rules.why_entry_ignored(path, is_dir=False) or LINK_REFUSED
            return
        full_path = f"{self._root}/{path}"
        try:
            is_dir = entry.is_dir()
        except OSError as error:
            self._gaps[path] = problem_of(error, path)
            return
        if rules.why_entry_ignored(path, is_dir=is_dir) is not None or not (is_dir or kind_of(path)):
            return
        problem = link_problem(full_path, path, self._real_root)
        if problem is not None:
            (self._problems if problem.code == LINK_LOOP else self._gaps)[path] = problem
        elif not is_dir:
            self._file(path, entry, rules, follow=True)
        elif not linked:
            self._enter(path, entry, rules, device, linked=True)


def link_problem(full_path: str, path: str, real_root: str) -> Problem | None:
    """What keeps a symbolic link from being followed: it leads out of the folder, or to a directory it lies in."""
    target = os.path.realpath(full_path)
    if not is_inside(target, real_root):
        return Problem(
            "LINK_OUTSIDE",
            f"the link {printable(path)} leads out of the folder, to {printable(target)}",
            "Put the file itself into the folder; links out of it are never followed.",
        )
    if is_inside(os.path.realpath(os.path.dirname(full_path)), target):  # noqa: PTH120  # a string all the way
        return Problem(
            LINK_LOOP, f"the link {printable(path)} leads to a directory that it lies in", "Remove the link."
        )
    return None


def without_failed(scan: Scan) -> Scan:
    """The scan with nothing said about subtrees that failed: what was seen of them is not the whole truth."""
    if not scan.failed:
        return scan
    failed = scan.failed.keys()

    def is_known(path: str) -> bool:
        return "" not in failed and path not in failed and failed.isdisjoint(parents_of(path))

    return Scan(
        {path: fingerprint for path, fingerprint in scan.files.items() if is_known(path)},
        scan.failed,
        {path: why for path, why in scan.ignored.items() if is_known(path)},
        scan.problems,
        scan.mounts,
        scan.untaken,
        scan.gaps,
    )
