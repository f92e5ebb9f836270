"""How far a command has come that reads the whole account: one renewed line on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

import click

from picora_sync.cli.words import duration
from picora_sync.report import Progress, Tell

TELL_EVERY_S = 5.0
RENEW_EVERY_S = 0.1


@contextmanager
def steps() -> Iterator[Tell]:
    """On standard error: standard output is for the result."""
    stream = sys.stderr
    if not stream.isatty():
        yield PlainSteps(stream).tell
        return
    from picora_sync.cli.terminal import console  # noqa: PLC0415  # rich: only where there is a terminal

    with console(stream).status("") as shown:
        yield Sparing(lambda progress: shown.update(sentence(progress)), RENEW_EVERY_S).tell


class Sparing:
    """Passes on the first of each stage, and no more often than every so many seconds."""

    def __init__(self, tell: Tell, every_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._tell = tell
        self._every_s = every_s
        self._clock = clock
        self._stage = ""
        self._next_at = 0.0

    def tell(self, progress: Progress) -> None:
        """Tell it, if it is time."""
        now = self._clock()
        if progress.stage != self._stage or now >= self._next_at:
            self._stage, self._next_at = progress.stage, now + self._every_s
            self._tell(progress)


class PlainSteps:
    """For logs and pipes."""

    def __init__(self, stream: IO[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self.tell = Sparing(self._line, TELL_EVERY_S, clock).tell

    def _line(self, progress: Progress) -> None:
        click.echo(sentence(progress), file=self._stream)


def sentence(progress: Progress) -> str:
    """``comparing documents: 120 of 2000, 3 min left``."""
    if progress.total is None:
        return f"{progress.stage}: {progress.done} so far" if progress.done else progress.stage
    left = f", {duration(progress.eta_s)} left" if progress.eta_s >= 1 else ""
    return f"{progress.stage}: {progress.done} of {progress.total}{left}"
