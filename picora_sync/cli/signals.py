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
    """``stop`` is set when a signal came; ``ended_by`` is the one that asked for an end, not only for a new start."""

    stop: threading.Event = field(default_factory=threading.Event)
    ended_by: int | None = None

    def start_again(self) -> None:
        """Go on with a fresh ``stop``, after a SIGHUP."""
        self.stop = threading.Event()
        if self.ended_by is not None:
            self.stop.set()


@contextmanager
def stop_on_signals(*, reloads: bool = False) -> Iterator[Signals]:
    """Stop on SIGINT and SIGTERM, and on SIGHUP if it ``reloads``; a second Ctrl-C ends at once."""
    signals = Signals()

    def end(number: int, _frame: FrameType | None) -> None:
        signals.ended_by = number
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _set(signals.stop)

    def reload(_number: int, _frame: FrameType | None) -> None:
        _set(signals.stop)

    handlers: dict[signal.Signals, _Handler] = {signal.SIGINT: end, signal.SIGTERM: end}
    if reloads and hasattr(signal, "SIGHUP"):
        handlers[signal.SIGHUP] = reload
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _set(stop: threading.Event) -> None:
    """From a thread of its own: the interrupted one may hold the event's lock at this very moment."""
    threading.Thread(target=stop.set, daemon=True).start()
