"""Watching on Linux: one inotify watch for each directory that is not ignored (docs/decisions/0040).

Built on watchdog's :class:`InotifyFD`, which reads the events and keeps the watches, but not on its observer. That
one watches ignored directories too, and keeps to itself that events were lost.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

from watchdog.observers.inotify_c import CallbackId, InotifyConstants, InotifyEvent, InotifyFD, Mask, WatchDescriptor

from picora_sync.core.ignore import IGNORE_FILE
from picora_sync.disk.hints import Hints

_APPEARED = InotifyConstants.IN_CREATE | InotifyConstants.IN_MOVED_TO
_VANISHED = InotifyConstants.IN_DELETE | InotifyConstants.IN_MOVED_FROM
_REWRITTEN = InotifyConstants.IN_CLOSE_WRITE | InotifyConstants.IN_MOVED_TO | _VANISHED
_CLOSED = InotifyConstants.IN_CLOSE_WRITE | InotifyConstants.IN_MOVED_TO | InotifyConstants.IN_DELETE
_ROOT_GONE = InotifyConstants.IN_DELETE_SELF | InotifyConstants.IN_MOVE_SELF | InotifyConstants.IN_UNMOUNT

# Nothing in it is raised by reading, our own included (lesson 14). IN_MODIFY: a program may write for hours before it
# closes the file. IN_ATTRIB: what could not be read may be readable now.
MASK = Mask(
    _APPEARED
    | _VANISHED
    | InotifyConstants.IN_MODIFY
    | InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_ATTRIB
    | InotifyConstants.IN_DELETE_SELF
    | InotifyConstants.IN_MOVE_SELF
    | InotifyConstants.IN_ONLYDIR
    | InotifyConstants.IN_DONT_FOLLOW
    | InotifyConstants.IN_EXCL_UNLINK
)

_LIMITS = frozenset({errno.ENOSPC, errno.EMFILE, errno.ENOMEM})


@dataclass(frozen=True, slots=True)
class _Watch:
    wd: WatchDescriptor
    id: CallbackId


class InotifyTree:
    """Watches the directories below ``real_root`` from :meth:`start` to :meth:`stop`; both may raise OSError.

    ``on_gone`` is told that the root was deleted, moved or unmounted, ``on_failed`` that a limit of the system keeps a
    new directory from being watched; both from the reading thread. Implements watchdog's ``WatchCallback``.

    Invariant: ``_paths`` and ``_watches`` are each other's inverse, and change only under ``_lock``.
    """

    def __init__(
        self,
        real_root: str,
        hints: Hints,
        *,
        follow_symlinks: bool,
        on_gone: Callable[[], None],
        on_failed: Callable[[OSError], None],
        open_fd: Callable[[], InotifyFD] = InotifyFD,
    ) -> None:
        self._real_root = real_root
        self._hints = hints
        self._follow = follow_symlinks
        self._on_gone = on_gone
        self._on_failed = on_failed
        self._lock = threading.RLock()
        self._stopped = False
        self._ids = count()
        self._paths: dict[WatchDescriptor, str] = {}
        self._watches: dict[str, _Watch] = {}
        self._moving = (0, "")
        self._fd = open_fd()

    def start(self) -> None:
        """Return when every directory is watched. Raises OSError if the root cannot be, or a limit is reached."""
        self._fd.start()
        self._watch_all()

    def stop(self) -> None:
        """End the watching, and the thread."""
        with self._lock:
            self._stopped = True
        self._fd.stop()
        self._fd.join()

    @property
    def alive(self) -> bool:
        """Whether the reading thread runs."""
        return self._fd.is_alive()

    def on_event(self, event: InotifyEvent) -> None:
        """Something happened in a watched directory."""
        with self._lock:
            directory = self._paths.get(event.wd)
            if self._stopped or directory is None:
                return
            try:
                self._handle(directory, event)
            except OSError as error:
                self._on_failed(error)

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """The kernel ended this watch: its directory is gone."""
        with self._lock:
            path = self._paths.pop(wd, None)
            if path is not None:
                del self._watches[path]
            if path == "" and not self._stopped:
                self._on_gone()

    def on_queue_overflow(self) -> None:
        """Events were lost, new and moved directories among them: find those again, and have the folder scanned.

        Watches that are still right are kept: ending one puts an event into the very queue that was too full.
        """
        with self._lock:
            if self._stopped:
                return
            try:
                self._watch_all()
            except OSError as error:
                self._on_failed(error)
            self._hints.missed("more changed at once than the system could report")

    def _handle(self, directory: str, event: InotifyEvent) -> None:
        if not event.name:
            if event.mask & _ROOT_GONE and directory == "":
                self._on_gone()
            elif event.mask & InotifyConstants.IN_UNMOUNT:
                self._hints.lost("a disk was unmounted")
            return
        name = os.fsdecode(event.name)
        path = f"{directory}/{name}" if directory else name
        if event.mask & InotifyConstants.IN_ISDIR:
            self._heed_move(path, event)
            self._handle_directory(path, event)
            return
        if event.mask & InotifyConstants.IN_MODIFY:
            self._hints.written(path)
        elif event.mask & _CLOSED:
            self._hints.closed(path)
        self._heed_move(path, event)  # last: who writes to the file goes on under its new name
        self._hints.file(path)
        if name == IGNORE_FILE and event.mask & _REWRITTEN:
            self._watch_all()
            self._hints.lost("the ignore rules changed")
        elif self._follow and event.mask & _APPEARED:
            self._handle_link(path)

    def _heed_move(self, path: str, event: InotifyEvent) -> None:
        """The two events of a move bear the same cookie, and the first comes first."""
        if event.mask & InotifyConstants.IN_MOVED_FROM:
            self._moving = (event.cookie, path)
        elif event.mask & InotifyConstants.IN_MOVED_TO:
            (cookie, old), self._moving = self._moving, (0, "")
            if cookie and cookie == event.cookie:
                self._hints.moved(old, path)

    def _handle_directory(self, path: str, event: InotifyEvent) -> None:
        if event.mask & InotifyConstants.IN_MOVED_FROM:
            if self._drop(path):
                self._hints.lost("a directory was renamed or moved away")
        elif event.mask & _APPEARED or (event.mask & InotifyConstants.IN_ATTRIB and path not in self._watches):
            for found in self._watch_below(path):
                self._hints.file(found)

    def _handle_link(self, path: str) -> None:
        full_path = f"{self._real_root}/{path}"
        if os.path.islink(full_path):  # noqa: PTH114  # a string all the way
            self._hints.link(path)
            if os.path.isdir(full_path):  # noqa: PTH112
                self._hints.lost("a link to a directory appeared")

    def _watch_all(self) -> None:
        with self._lock:
            first_id = next(self._ids)
            for _ in self._watch_below(""):
                pass
            for path in [path for path, watch in self._watches.items() if watch.id < first_id]:
                self._forget(path)  # it was not met again: gone, or ignored by now

    def _watch_below(self, top: str) -> Iterator[str]:
        """Watch a directory and all below it that is not ignored; gives the files that were found.

        Each directory is listed after it is watched: what appears in between is seen twice, never missed.
        """
        stack = [top]
        while stack:
            directory = stack.pop()
            if (directory and self._hints.skips(directory)) or not self._watch(directory):
                continue
            prefix = f"{directory}/" if directory else ""
            try:
                with os.scandir(f"{self._real_root}/{directory}") as entries:
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False):
                            stack.append(prefix + entry.name)
                            continue
                        if self._follow and entry.is_symlink():
                            self._hints.link(prefix + entry.name)
                        yield prefix + entry.name
            except OSError:
                continue  # it vanished, which its parent's watch tells, or it cannot be listed, which the scan tells

    def _watch(self, directory: str) -> bool:
        """Watch one directory, whether it is watched already or not; False if it vanished or is not ours to read."""
        id_ = CallbackId(next(self._ids))
        try:
            wd = self._fd.add_callback(os.fsencode(f"{self._real_root}/{directory}"), MASK, self, id_)
        except OSError as error:
            if not directory or error.errno in _LIMITS:
                raise
            return False
        if wd < 0:  # watchdog's way to say that permission is denied
            self._fd.remove_callbacks([(wd, id_)])
            if not directory:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), self._real_root)
            return False
        self._record(directory, _Watch(wd, id_))
        return True

    def _record(self, directory: str, watch: _Watch) -> None:
        """The kernel knows directories, not paths: one that moved while nobody saw it has its old watch still."""
        known_as = self._paths.get(watch.wd)
        for stale in {known_as, directory}:
            if stale is not None and stale in self._watches:
                self._forget(stale)
        self._paths[watch.wd] = directory
        self._watches[directory] = watch

    def _drop(self, directory: str) -> bool:
        """End the watches of a directory and of all below it; whether there were any."""
        below = [path for path in self._watches if path == directory or path.startswith(f"{directory}/")]
        for path in below:
            self._forget(path)
        return bool(below)

    def _forget(self, path: str) -> None:
        watch = self._watches.pop(path)
        del self._paths[watch.wd]
        self._fd.remove_callbacks([(watch.wd, watch.id)])
