"""Ctrl-C and SIGTERM ask for an end; the work in hand is finished or abandoned, then the command returns."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

_Handler = Callable[[int, FrameType | None], None]


@dataclass
class Signals:
    """``stop`` is set when a signal asked for an end, ``ended_by``; SIGHUP calls ``hang_up``, in its own thread."""

    stop: threading.Event = field(default_factory=threading.Event)
    ended_by: int | None = None
    hang_up: Callable[[], object] = lambda: None

    def start_again(self) -> None:
        """Go on with a fresh ``stop``, after what used the old one has ended."""
        self.stop = threading.Event()
        if self.ended_by is not None:
            self.stop.set()


@contextmanager
def stop_on_signals(*, reloads: bool = False) -> Iterator[Signals]:
    """Stop on SIGINT and SIGTERM, hear SIGHUP if it ``reloads``; a second Ctrl-C ends at once."""
    signals = Signals()

    def end(number: int, _frame: FrameType | None) -> None:
        signals.ended_by = number
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _apart(signals.stop.set)

    def reload(_number: int, _frame: FrameType | None) -> None:
        _apart(signals.hang_up)

    handlers: dict[signal.Signals, _Handler] = {signal.SIGINT: end, signal.SIGTERM: end}
    if reloads and hasattr(signal, "SIGHUP"):
        handlers[signal.SIGHUP] = reload
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _apart(work: Callable[[], object]) -> None:
    """In a thread of its own: the interrupted one may hold the locks that this needs at this very moment."""
    threading.Thread(target=work, daemon=True).start()
