"""Watching a folder for as long as the program runs: by events where that works, by polling where it does not."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from picora_sync.core.model import Problem
from picora_sync.core.policy import Folder
from picora_sync.core.ports import Changes
from picora_sync.disk.faults import printable, problem_of
from picora_sync.disk.hints import Hints, OnMoved, WhyIgnored, unheard

POLL_S = 60.0

_GONE = frozenset({errno.ENOENT, errno.ENOTDIR})


class WatchState(StrEnum):
    """How changes of a folder are noticed; the words of ``status --json`` (design §9)."""

    OK = "ok"
    POLLING = "polling"
    MISSING = "missing"


OnState = Callable[[WatchState, Problem | None], None]
"""Told each change of state, with the reason unless all is well; from any thread."""


class Tree(Protocol):
    """A way to watch all below one root."""

    def start(self) -> None:
        """Return when changes are seen from here on. Raises OSError if that is not possible."""

    def stop(self) -> None:
        """End the watching, and the threads."""

    @property
    def alive(self) -> bool:
        """Whether its threads run."""


class OpenTree(Protocol):
    """Makes the tree for one root; see :func:`open_tree`."""

    def __call__(
        self,
        real_root: str,
        hints: Hints,
        *,
        follow_symlinks: bool,
        on_gone: Callable[[], None],
        on_failed: Callable[[OSError], None],
    ) -> Tree:
        """A tree that is not started yet. Raises OSError if the system allows no more of them."""


def open_tree(
    real_root: str,
    hints: Hints,
    *,
    follow_symlinks: bool,
    on_gone: Callable[[], None],
    on_failed: Callable[[OSError], None],
) -> Tree:
    """The best way to watch that this system has."""
    if sys.platform == "linux":
        from picora_sync.disk.inotify_tree import InotifyTree  # noqa: PLC0415  # cannot be imported elsewhere

        return InotifyTree(real_root, hints, follow_symlinks=follow_symlinks, on_gone=on_gone, on_failed=on_failed)
    from picora_sync.disk.observer_tree import ObserverTree  # noqa: PLC0415  # only where it is needed

    return ObserverTree(real_root, hints, on_gone=on_gone)


class FolderWatcher:
    """Gives hints to ``changes`` from :meth:`start` to :meth:`stop`, and heals itself. ``on_moved`` is told what got
    another name, before ``changes`` are.

    While events do not work (a limit of the system, a root that is missing, :meth:`distrust`) it tries again every
    ``poll_s`` seconds and, unless the root is missing, has the folder scanned that often.
    """

    def __init__(
        self,
        folder: Folder,
        why_ignored: WhyIgnored,
        changes: Changes,
        on_state: OnState,
        *,
        on_moved: OnMoved = unheard,
        poll_s: float = POLL_S,
        tree: OpenTree = open_tree,
    ) -> None:
        self._folder = folder
        self._why_ignored = why_ignored
        self._changes = changes
        self._on_state = on_state
        self._on_moved = on_moved
        self._poll_s = poll_s
        self._open_tree = tree
        self._tree: Tree | None = None
        self._status: tuple[WatchState, Problem | None] | None = None
        self._news = threading.Condition()
        self._reports: list[Problem] = []
        self._ending = False
        self._renewing = ""
        self._distrusted: Problem | None = None
        self._thread = threading.Thread(target=self._supervise, name=f"watch-{folder.name}", daemon=True)

    def start(self) -> None:
        """Return when changes are seen from here on, or it is known why not; then is the time for the first scan."""
        self._try_to_watch()
        self._thread.start()

    def stop(self) -> None:
        """End the watching; no hint comes after this."""
        with self._news:
            self._ending = True
            self._news.notify()
        self._thread.join()
        self._close()

    @property
    def alive(self) -> bool:
        """False if a thread died, which nothing here survives: the program should end (design §12)."""
        tree = self._tree
        return self._thread.is_alive() and (tree is None or tree.alive)

    def distrust(self, why: str) -> None:
        """A scan found what events should have brought: poll from now on, until the program starts again."""
        problem = Problem(
            "WATCH_UNRELIABLE",
            f"{printable(self._folder.root)}: {why}",
            "Changes are found by looking every minute. Network and virtual disks often report none themselves.",
        )
        with self._news:
            self._distrusted = problem
        self._report(problem)

    def renew(self, why: str) -> None:
        """Watch what is at the root now, and have it scanned: it may be another directory than before, such as a disk
        mounted over it, or one that could not be watched before.
        """
        with self._news:
            self._renewing = why
            self._news.notify()

    def _supervise(self) -> None:
        while True:
            with self._news:
                if not (self._ending or self._reports or self._renewing):
                    watching = self._status == (WatchState.OK, None)
                    self._news.wait(None if watching else self._poll_s)
                if self._ending:
                    return
                reports, self._reports = self._reports, []
                renewing, self._renewing = self._renewing, ""
            if reports or renewing:
                self._close()
            if reports:
                self._set_state(reports[-1])
            self._try_to_watch()
            if renewing:
                self._changes.rescan(self._folder.name, renewing)

    def _try_to_watch(self) -> None:
        if self._tree is not None:
            return
        problem = self._distrusted or self._watch()
        first_time, was_watching = self._status is None, self._status == (WatchState.OK, None)
        self._set_state(problem)
        if problem is None and not (first_time or was_watching):
            self._changes.rescan(self._folder.name, "watching works again")
        elif problem is not None and _state_for(problem) is WatchState.POLLING:
            self._changes.rescan(self._folder.name, "changes are found by looking only")

    def _watch(self) -> Problem | None:
        real_root = os.path.realpath(self._folder.root)
        hints = Hints(self._folder.name, real_root, self._why_ignored, self._changes, self._on_moved)
        try:
            tree = self._open_tree(
                real_root,
                hints,
                follow_symlinks=self._folder.follow_symlinks,
                on_gone=lambda: self._report(self._missing()),
                on_failed=lambda error: self._report(self._why_not(error)),
            )
        except OSError as error:
            return self._why_not(error)
        try:
            tree.start()
        except OSError as error:
            tree.stop()
            return self._why_not(error)
        self._tree = tree
        return None

    def _close(self) -> None:
        tree, self._tree = self._tree, None
        if tree is not None:
            tree.stop()
            self._changes.forget_written(self._folder.name)

    def _report(self, problem: Problem) -> None:
        with self._news:
            self._reports.append(problem)
            self._news.notify()

    def _set_state(self, problem: Problem | None) -> None:
        status = (_state_for(problem), problem)
        if status != self._status:
            self._status = status
            self._on_state(*status)

    def _missing(self) -> Problem:
        return Problem(
            "ROOT_MISSING",
            f"the folder {printable(self._folder.root)} is not there",
            "Mount or restore it. Nothing is sent or deleted meanwhile.",
        )

    def _why_not(self, error: OSError) -> Problem:
        root = printable(self._folder.root)
        if error.errno in _GONE:
            return self._missing()
        if error.errno == errno.ENOSPC:
            return _limit(f"{root} has more directories than may be watched", "max_user_watches", 524288)
        if error.errno == errno.EMFILE:
            return _limit(f"{root} cannot be watched: too many programs watch", "max_user_instances", 1024)
        return problem_of(error, self._folder.root)


def _limit(message: str, key: str, value: int) -> Problem:
    return Problem(
        "WATCH_LIMIT",
        message,
        f"Changes are found by looking every minute. To see them at once: sudo sysctl fs.inotify.{key}={value}",
    )


def _state_for(problem: Problem | None) -> WatchState:
    if problem is None:
        return WatchState.OK
    return WatchState.MISSING if problem.code == "ROOT_MISSING" else WatchState.POLLING
