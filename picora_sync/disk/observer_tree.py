"""Watching where there is no inotify: watchdog's observer for the system (FSEvents on macOS)."""

from __future__ import annotations

import os
from collections.abc import Callable

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from picora_sync.core.ignore import IGNORE_FILE
from picora_sync.disk.hints import Hints

# Without the events of opening and reading: our own reads must raise nothing (lesson 14).
_EVENTS: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]


class ObserverTree(FileSystemEventHandler):
    """Watches all below ``real_root`` recursively, and leaves out what is ignored as it comes in.

    ``on_gone`` is told that the root was deleted or moved, from watchdog's thread.
    """

    def __init__(self, real_root: str, hints: Hints, *, on_gone: Callable[[], None]) -> None:
        self._real_root = real_root
        self._hints = hints
        self._on_gone = on_gone
        self._observer = Observer()

    def start(self) -> None:
        """Return when the folder is watched. Raises OSError if it cannot be."""
        self._observer.schedule(self, self._real_root, recursive=True, event_filter=_EVENTS)
        self._observer.start()

    def stop(self) -> None:
        """End the watching, and the threads."""
        was_alive = self._observer.is_alive()
        self._observer.stop()  # even if it never ran: some observers own threads from the beginning
        if was_alive:
            self._observer.join()

    @property
    def alive(self) -> bool:
        """Whether watchdog's thread runs."""
        return self._observer.is_alive()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Something happened: both ends of a move are hints of their own."""
        self._heed_move(event)
        for raw in (event.src_path, event.dest_path):
            path = self._hints.relative(os.fsdecode(raw)) if raw else None
            if path == "" and isinstance(event, DirDeletedEvent | DirMovedEvent):
                self._on_gone()
            elif path and not self._hints.skips(os.path.dirname(path)):  # noqa: PTH120  # a string all the way
                if event.is_directory:
                    self._directory(path)
                    continue
                self._hints.file(path)
                if path.rpartition("/")[2] == IGNORE_FILE:
                    self._hints.lost("the ignore rules changed")

    def _heed_move(self, event: FileSystemEvent) -> None:
        if isinstance(event, FileMovedEvent | DirMovedEvent):
            old, new = (self._hints.relative(os.fsdecode(raw)) for raw in (event.src_path, event.dest_path))
            if old and new:
                self._hints.moved(old, new)

    def _directory(self, path: str) -> None:
        """A directory appeared or vanished: the events of what is in it may be missing or come under another name."""
        if not self._hints.skips(path):
            self._hints.lost("a directory appeared, was renamed or vanished")
