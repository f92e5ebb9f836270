"""A folder's supervision: whom it believes, and when it gives up."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from picora_sync.change_queue import ChangeQueue
from picora_sync.content.folder import FolderContent
from picora_sync.core.model import FileRef, PlanLimits
from picora_sync.core.policy import DOC_SETTLE, Folder
from picora_sync.disk.folder import FolderDisk
from picora_sync.disk.reading import StableReader
from picora_sync.folder_watch import ARRIVE_AGAIN_S, FolderWatch, WatcherDied
from picora_sync.index import Index
from picora_sync.reconciler.context import Unit

WAIT_S = 30.0
"""Half of what the watcher itself waits before it tries again."""


class FakeTree:
    """Tells of nothing, as a network disk does."""

    def __init__(self) -> None:
        self.alive = False

    def start(self) -> None:
        self.alive = True

    def stop(self) -> None:
        self.alive = False


@dataclass
class Watched:
    watch: FolderWatch
    queue: ChangeQueue
    trees: list[FakeTree]
    marker: Path
    closed: threading.Event

    def wait(self, holds: Callable[[], object]) -> None:
        for _ in range(int(WAIT_S)):
            if holds():
                return
            self.queue.wait(1.0, threading.Event())
        raise AssertionError(self.watch.live())


@pytest.fixture
def unwatched(tmp_path: Path) -> Iterator[Watched]:
    """Nothing can be watched while ``closed`` is set."""
    root = tmp_path / "notes"
    root.mkdir()
    policy = Folder("notes", str(root))
    queue = ChangeQueue(lambda _: DOC_SETTLE, lambda: 0.0)
    disk, reader = FolderDisk(policy), StableReader()
    content = FolderContent(policy, reader, limits=PlanLimits, mirrored=disk.mirrors, ignored=lambda _: False)
    unit = Unit(policy, disk, content, lambda path, digest: reader.open(f"{root}/{path}", digest))
    trees: list[FakeTree] = []
    closed = threading.Event()

    def open_tree(*_: object, **__: object) -> FakeTree:
        if closed.is_set():
            raise PermissionError(errno.EACCES, "may not be read")
        trees.append(FakeTree())
        return trees[-1]

    watch = FolderWatch(unit, disk, Index.in_memory(), queue, tree=open_tree)
    yield Watched(watch, queue, trees, root / ".picora-sync" / "folder", closed)
    watch.stop()


@pytest.fixture
def watched(unwatched: Watched) -> Watched:
    unwatched.watch.start()
    unwatched.queue.take_rescans()
    return unwatched


def test_a_change_of_which_no_event_told_has_the_folder_polled_and_status_say_so(watched: Watched) -> None:
    watched.watch.distrust(FileRef("notes", "a.md"))
    watched.wait(lambda: watched.watch.live().watch == "polling")
    assert "a.md" in watched.watch.live().why
    assert watched.queue.take_rescans()


def test_a_folder_that_is_polled_anyway_keeps_its_reason(watched: Watched) -> None:
    watched.watch.distrust(FileRef("notes", "a.md"))
    watched.wait(lambda: watched.watch.live().watch == "polling")
    watched.watch.distrust(FileRef("notes", "b.md"))
    assert "a.md" in watched.watch.live().why


def test_a_watcher_that_lives_lets_the_loop_go_on(watched: Watched) -> None:
    watched.watch.look_after(0.0)


def test_a_thread_that_died_ends_the_loop(watched: Watched) -> None:
    watched.trees[0].alive = False
    with pytest.raises(WatcherDied):
        watched.watch.look_after(0.0)


def test_a_root_that_could_not_be_read_at_the_start_is_watched_as_soon_as_it_can_be(unwatched: Watched) -> None:
    watch, aside = unwatched.watch, unwatched.marker.with_name("aside")
    watch.arrive()
    unwatched.marker.rename(aside)
    unwatched.closed.set()
    watch.start()
    unwatched.queue.take_rescans()
    assert (watch.live().watch, "lost its mark" in watch.live().why) == ("missing", True)
    aside.rename(unwatched.marker)
    unwatched.closed.clear()
    watch.look_after(ARRIVE_AGAIN_S)
    unwatched.wait(lambda: watch.live().watch == "ok")
    unwatched.wait(unwatched.queue.take_rescans)
    assert not watch.live().why
