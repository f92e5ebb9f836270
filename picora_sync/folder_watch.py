"""One folder of the daemon: recognised, watched, and looked through from time to time."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection
from dataclasses import replace
from functools import partial

from picora_sync.change_queue import REGULAR_SCAN, ChangeQueue
from picora_sync.content.vault import vault_root
from picora_sync.core.ignore import IgnoreRules
from picora_sync.core.model import ASSET_SUFFIXES, FileRef, Problem, suffix_of
from picora_sync.core.policy import Folder
from picora_sync.core.silence import DISK_SILENT
from picora_sync.disk.faults import printable
from picora_sync.disk.folder import FolderDisk
from picora_sync.disk.patience import Asking, Directly
from picora_sync.disk.watching import FolderWatcher, OpenTree, WatchState, open_tree
from picora_sync.index import Index
from picora_sync.reconciler.context import Unit
from picora_sync.report import FolderLive

log = logging.getLogger(__name__)

ARRIVE_AGAIN_S = 5.0
"""A root that is missing, or not ours, is looked for this often."""
LANDMARKS = 20


class WatcherDied(RuntimeError):
    """A thread that watches ended, and with it what keeps the folder mirrored: the process must (design §12)."""


InodesByPath = dict[str, tuple[int, int] | None]
"""Device and inode by path; None where nothing is."""


class _Attachments:
    """Hints about the images of a vault outside the mirrored folder: only their names matter."""

    def __init__(self, folder: str, queue: ChangeQueue) -> None:
        self._folder = folder
        self._queue = queue

    def touch(self, ref: FileRef) -> None:
        if suffix_of(ref.path) in ASSET_SUFFIXES:
            self._queue.touch(FileRef(self._folder, ref.path))

    def written(self, ref: FileRef) -> None:
        """No image is waited for."""

    def closed(self, ref: FileRef) -> None:
        """No image is waited for."""

    def forget_written(self, folder: str) -> None:
        """No image is waited for."""

    def rescan(self, folder: str, why: str) -> None:  # noqa: ARG002  (the vault is no folder of the queue's)
        self._queue.rescan(self._folder, why)


def _watch_attachments(policy: Folder, vault: str, queue: ChangeQueue, tree: OpenTree) -> FolderWatcher:
    """A watcher for the rest of the vault, since notes may embed images from there (design §5)."""
    own = os.path.relpath(policy.root, vault)
    rules = IgnoreRules.of((), own=[own])

    def on_state(state: WatchState, problem: Problem | None) -> None:
        if state is not WatchState.OK and problem is not None:
            log.warning("%s: attachments in %s: %s", policy.name, vault, problem.in_full)

    changes = _Attachments(policy.name, queue)
    return FolderWatcher(replace(policy, root=vault), rules.why_ignored, changes, on_state, tree=tree)


class FolderWatch:
    """Keeps one folder's watcher and its timer; called by the loop's thread only, except for the watcher's news."""

    def __init__(
        self,
        unit: Unit,
        disk: FolderDisk,
        index: Index,
        queue: ChangeQueue,
        *,
        tree: OpenTree = open_tree,
        asking: Asking | None = None,
    ) -> None:
        self.unit = unit
        self._asking = asking or Directly()
        self._disk = disk
        self._index = index
        self._queue = queue
        self._tree = tree
        self._watchers: list[FolderWatcher] = []
        self._watching = False
        self._state: tuple[WatchState, Problem | None] = (WatchState.OK, None)
        self._absent: Problem | None = None
        self._places: InodesByPath = {}
        self._next_look = 0.0
        self._next_scan = 0.0

    def recognise(self) -> Problem | None:
        """Check the root against what the index knows of it, if it knows it; writes nothing."""
        known = self._index.folder(self.unit.policy.name)
        if known is None:
            return None
        answer = self._disk.mark_root(known[1], self._landmarks())
        return answer if isinstance(answer, Problem) else None

    def follow_rename(self, configured: Collection[str]) -> None:
        """Take over what is known of this root under a name that is ``configured`` no more (design §5)."""
        name, root = self.unit.policy.name, self.unit.policy.root
        mark = self._asking.ask(self._first_mark, lambda problem: problem) if self._index.folder(name) is None else None
        if isinstance(mark, str) and (former := self._index.former_name(root, mark, configured)) is not None:
            with self._index.transaction():
                self._index.rename_folder(former, name)
            log.info("%s: goes on with what is known of %s", name, former)

    def _first_mark(self) -> str | Problem:
        return self._disk.mark_root(None)

    def arrive(self) -> Problem | None:
        """Recognise the root, or mark it on the folder's first run; None if it is there and ours."""
        name = self.unit.policy.name
        known = self._index.folder(name)
        mark = partial(self._disk.mark_root, known[1] if known else None, self._landmarks())
        answer = self._asking.ask(mark, lambda problem: problem)
        if isinstance(answer, Problem):
            if self._absent != answer:
                log.warning("%s: %s", name, answer.in_full)
            self._absent = answer
            return answer
        self._absent = None
        with self._index.transaction():
            self._index.set_folder(name, self.unit.policy.root, answer)
        return None

    def start(self) -> None:
        """Watch from here on, and have the folder looked through."""
        absent = self.arrive()
        if absent is None or absent.code != DISK_SILENT:
            self._watch()
        self._queue.rescan(self.unit.policy.name, "start")

    def _watch(self) -> None:
        policy, queue, tree = self.unit.policy, self._queue, self._tree
        self._watching = True
        self._places = self._now_at()
        self._watchers = [
            FolderWatcher(policy, self._disk.why_ignored, queue, self._on_state, on_moved=queue.moved, tree=tree)
        ]
        if (vault := self._asking.ask(partial(vault_root, policy), lambda _: policy.root)) != policy.root:
            self._watchers.append(_watch_attachments(policy, vault, queue, tree))
        for watcher in self._watchers:
            watcher.start()

    def stop(self) -> None:
        """End the watching. This may hang where the file system does."""
        if self._watching:
            self._watching = False
            for watcher in self._watchers:
                watcher.stop()

    def distrust(self, changed: FileRef) -> None:
        """A scan found this change, of which no event told: from now on the folder is polled (design §3)."""
        if self._watching and self._state[0] is WatchState.OK:
            self._watchers[0].distrust(f"the system did not tell that {printable(changed.path)} changed")

    def look_after(self, now: float) -> None:
        """Look for a missing root, for disks that were mounted or unmounted, and ask for a scan when it is time.

        Raises WatcherDied.
        """
        if self._watching and not all(watcher.alive for watcher in self._watchers):
            raise WatcherDied(f"nothing watches {self.unit.policy.name} any more")
        if self._watching and (places := self._now_at()) != self._places:
            self._places = places
            self.arrive()
            for watcher in self._watchers:  # events come from directories, not from paths
                watcher.renew("another directory is in the folder's place")
        if self._absent is not None and now >= self._next_look:
            self._next_look = now + ARRIVE_AGAIN_S
            if self.arrive() is None:
                log.info("%s: the folder is back", self.unit.policy.name)
                if not self._watching:
                    self._watch()
                for watcher in self._watchers:  # what kept them from watching it may be over, too
                    watcher.renew("the folder is back")
        if not self._next_scan:
            self._next_scan = now + self.unit.policy.rescan_s
        elif now >= self._next_scan:
            self._next_scan = now + self.unit.policy.rescan_s
            self._queue.rescan(self.unit.policy.name, REGULAR_SCAN)

    def next_due(self) -> float | None:
        """When :meth:`look_after` has something to do."""
        times = [self._next_scan] if self._next_scan else []
        if self._absent is not None:
            times.append(self._next_look)
        return min(times, default=None)

    def live(self) -> FolderLive:
        """How it stands, for ``status``."""
        state, problem = self._state
        if self._absent is not None:
            state, problem = WatchState.MISSING, self._absent
        elif state is WatchState.MISSING:  # the watcher has not heard yet that it is back
            state, problem = WatchState.POLLING, None
        why = problem.in_full if problem else ""
        return FolderLive(self.unit.policy.name, self.unit.policy.root, state.value, why)

    def _now_at(self) -> InodesByPath:
        """Which directories the root and the mount points below it lead to."""
        root = self.unit.policy.root
        below = self._index.mounts(self.unit.policy.name) or ()
        paths = (root, *(f"{root}/{mount}" for mount in below))
        return self._asking.ask(lambda: {path: _place_of(path) for path in paths}, self._unseen)

    def _unseen(self, problem: Problem) -> InodesByPath:
        """Nobody can tell: the loop looks for the folder until it can."""
        if self._absent is None:
            log.warning("%s: %s", self.unit.policy.name, problem.in_full)
        self._absent = problem
        return self._places

    def _landmarks(self) -> list[str]:
        """Some files that were there, by which a root that cannot be written is known."""
        return self._index.files.landmarks(self.unit.policy.name, LANDMARKS)

    def _on_state(self, state: WatchState, problem: Problem | None) -> None:
        before = self._state[0]
        self._state = (state, problem)
        if state is WatchState.MISSING:
            self._absent = problem  # the loop looks for itself, and says it
        elif problem is not None:
            log.warning("%s: %s", self.unit.policy.name, problem.in_full)
        if before is not WatchState.OK and state is WatchState.OK:
            if self._absent is None:
                log.info("%s: changes are seen at once again", self.unit.policy.name)
            self._queue.rescan(self.unit.policy.name, "watching works again")
        self._queue.wake()


def _place_of(path: str) -> tuple[int, int] | None:
    """Which directory this path leads to: another one after a disk was mounted there, or unmounted."""
    try:
        status = os.stat(path)  # noqa: PTH116  # each turn of the loop, a string all the way
    except OSError:
        return None
    return status.st_dev, status.st_ino
