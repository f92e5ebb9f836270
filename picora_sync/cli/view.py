"""What is shown while a mirror runs: nothing, plain lines, or (:mod:`live_view`) a picture that renews itself."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Protocol

import click

from picora_sync.cli.live_model import Observer, Picture, progress, waiting
from picora_sync.cli.visibility import word_for
from picora_sync.cli.words import safe
from picora_sync.core.model import FileState
from picora_sync.index import Index
from picora_sync.index.listing import Entry
from picora_sync.report import Live

PROGRESS_EVERY_S = 5.0


class Display(Protocol):
    """Shows pictures one after the other."""

    def show(self, picture: Picture) -> None:
        """Show what changed."""

    def close(self) -> None:
        """Leave the screen as it is to stay."""


class PlainView:
    """One line per file that came to rest, and how far it is from time to time; for logs and pipes."""

    def __init__(self, stream: IO[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._told = ""
        self._next_progress = clock() + PROGRESS_EVERY_S
        self._account = "ok"

    def show(self, picture: Picture) -> None:
        """Print what is new."""
        if picture.live.account != self._account:
            self._account = picture.live.account
            self._line(f"account: {picture.live.account} {picture.live.trouble}".rstrip())
        for ref in picture.gone:
            self._line(f"gone     {ref.folder}/{ref.path}")
        for entry in picture.changed:
            self._line(f"{entry.state.value:8} {entry.ref.folder}/{entry.ref.path}  {_tail(entry)}".rstrip())
        if self._clock() >= self._next_progress:
            self._next_progress = self._clock() + PROGRESS_EVERY_S
            self._progress(picture)

    def close(self) -> None:
        """Nothing is kept back."""

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
    """Where a run is shown, if it is; remembers its last snapshot. ``opened`` is what everybody can read since the
    start, and could not before, when it is finished.
    """

    def __init__(self, view: Display | None, observer: Observer) -> None:
        self._view = view
        self._observer = observer
        self.last: Live | None = None
        self.opened: list[Entry] = []

    def show(self, live: Live) -> None:
        """Show a snapshot; the loop calls this. For nobody nothing is counted."""
        self.last = live
        if self._view is not None:
            self._view.show(self._observer.picture(live))

    def finish(self) -> None:
        """Show how it stands at the end, exactly."""
        if self.last is not None:
            if self._view is not None:
                self._view.show(self._observer.picture(self.last, exact=True))
            self.opened = self._observer.opened()


@contextmanager
def screen(
    index: Index, *, title: str, as_json: bool, from_the_start: bool = False, passing: bool = True
) -> Iterator[Screen]:
    """A live view on a terminal, plain lines otherwise; on standard error if a JSON document goes to the other.

    It shows what changes from now on, or all files ``from_the_start``. A ``passing`` live view gives its place to the
    summary at the end.
    """
    stream = sys.stderr if as_json else sys.stdout
    view: Display | None
    if stream.isatty():
        from picora_sync.cli.live_view import LiveView  # noqa: PLC0415  # rich: only where there is a terminal

        view = LiveView(stream, title, passing=passing)
    else:
        view = None if as_json else PlainView(stream)
    shown = Screen(view, Observer(index, -1 if from_the_start else index.states.last_change()))
    try:
        yield shown
        shown.finish()
    finally:
        if view is not None:
            view.close()
