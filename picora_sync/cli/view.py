"""What is shown while a mirror runs: nothing, plain lines, or (:mod:`live_view`) a picture that renews itself."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Protocol

import click

from picora_sync.cli.live_model import Observer, Picture, progress, waiting
from picora_sync.cli.visibility import word_for
from picora_sync.cli.words import safe
from picora_sync.core.model import FileRef, FileState
from picora_sync.index import Index
from picora_sync.index.listing import Entry
from picora_sync.report import Live

PROGRESS_EVERY_S = 5.0


class View(Protocol):
    """Shows pictures one after the other."""

    def show(self, picture: Picture) -> None:
        """Show what changed."""

    def close(self) -> None:
        """Leave the screen as it is to stay."""


class NoView:
    """Shows nothing: somebody reads the JSON document that comes at the end."""

    def show(self, picture: Picture) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class PlainView:
    """One line per file that came to rest, and how far it is from time to time; for logs and pipes.

    ``known`` are files that need not be told about unless they change.
    """

    def __init__(
        self, stream: IO[str], known: Mapping[FileRef, Entry], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._known = dict(known)
        self._clock = clock
        self._files: Mapping[FileRef, Entry] | None = None
        self._told = ""
        self._next_progress = clock() + PROGRESS_EVERY_S
        self._account = "ok"

    def show(self, picture: Picture) -> None:
        """Print what is new."""
        if picture.live.account != self._account:
            self._account = picture.live.account
            self._line(f"account: {picture.live.account} {picture.live.trouble}".rstrip())
        if picture.files is not self._files:
            self._files = picture.files
            self._changes(picture.files)
        if self._clock() >= self._next_progress:
            self._next_progress = self._clock() + PROGRESS_EVERY_S
            self._progress(picture)

    def close(self) -> None:
        """Nothing is kept back."""

    def _changes(self, files: Mapping[FileRef, Entry]) -> None:
        for ref in self._known.keys() - files.keys():
            del self._known[ref]
            self._line(f"gone     {ref.folder}/{ref.path}")
        for ref, entry in files.items():
            if entry == self._known.get(ref):
                continue
            if entry.state in (FileState.SYNCED, FileState.BLOCKED, FileState.HELD):
                self._known[ref] = entry
                self._line(f"{entry.state.value:8} {ref.folder}/{ref.path}  {_tail(entry)}".rstrip())

    def _progress(self, picture: Picture) -> None:
        text = progress(picture) if picture.done < picture.total else waiting(picture)
        if text and text != self._told:
            self._told = text
            self._line(text)

    def _line(self, text: str) -> None:
        click.echo(safe(text), file=self._stream)


def _tail(entry: Entry) -> str:
    if entry.state is FileState.BLOCKED and entry.problem is not None:
        return entry.problem.message
    return f"{word_for(entry)}  {entry.object.url}" if entry.object is not None else ""


class Screen:
    """Where a run is shown; remembers its last snapshot. ``opened`` is what became public since the start, when it is
    finished; ``known`` are the files as they were then.
    """

    def __init__(self, view: View, observer: Observer, known: Mapping[FileRef, Entry]) -> None:
        self._view = view
        self._observer = observer
        self._known = known
        self.last: Live | None = None
        self.opened: list[Entry] = []

    def show(self, live: Live) -> None:
        """Show a snapshot; the loop calls this."""
        self.last = live
        self._view.show(self._observer.picture(live))

    def finish(self) -> None:
        """Show how it stands at the end, exactly."""
        if self.last is not None:
            picture = self._observer.picture(self.last, exact=True)
            self._view.show(picture)
            self.opened = [entry for ref, entry in picture.files.items() if _opened(entry, self._known.get(ref))]


def _opened(entry: Entry, before: Entry | None) -> bool:
    was_public = before is not None and before.object is not None and before.object.public is True
    return entry.object is not None and entry.object.public is True and not was_public


@contextmanager
def screen(
    index: Index, *, title: str, as_json: bool, known: Mapping[FileRef, Entry], passing: bool = True
) -> Iterator[Screen]:
    """A live view on a terminal, plain lines otherwise; on standard error if a JSON document goes to the other.

    A ``passing`` live view gives its place to the summary at the end.
    """
    stream = sys.stderr if as_json else sys.stdout
    view: View
    if stream.isatty():
        from picora_sync.cli.live_view import LiveView  # noqa: PLC0415  # rich: only where there is a terminal

        view = LiveView(stream, title, passing=passing)
    else:
        view = NoView() if as_json else PlainView(stream, known)
    shown = Screen(view, Observer(index), known)
    try:
        yield shown
        shown.finish()
    finally:
        view.close()
