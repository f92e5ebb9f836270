"""What wakes the main thread: signals, and other threads, as bytes of a pipe.

The kernel hands a signal to any thread; after SIGSTOP and SIGCONT often not to the main one. Python runs its handlers
in the main thread alone, and nothing would wake that from a lock: SIGTERM would be missed. The bytes are written in
whichever thread the signal came to.
"""

from __future__ import annotations

import select
import signal
import socket
from contextlib import suppress
from types import FrameType
from typing import Self

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STOP = b"\0"  # no signal has this number
_MOST_BYTES = 4096


class Wakeups:
    """A context of the main thread, in which signals do nothing by themselves, but wake :meth:`wait`."""

    def __enter__(self) -> Self:
        self._reading, self._writing = socket.socketpair()
        self._writing.settimeout(0)
        self._wakeup_fd = signal.set_wakeup_fd(self._writing.fileno(), warn_on_full_buffer=False)
        self._handlers = {number: signal.signal(number, noted) for number in (*_ENDING, signal.SIGCHLD)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_fd)
        self._reading.close()
        self._writing.close()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until something happens; True if it asks for an end, False for a child that died, or for nothing."""
        if not select.select([self._reading], [], [], timeout_s)[0]:
            return False
        return any(number != signal.SIGCHLD for number in self._reading.recv(_MOST_BYTES))

    def set(self) -> None:
        """Ask for an end, from any thread; named as in ``threading.Event``, which granian takes it for."""
        with suppress(OSError):  # it has ended, or so much waits to be read that this makes no difference
            self._writing.send(_STOP)


def noted(_number: int, _frame: FrameType | None) -> None:
    """A handler that does nothing: the pipe has told."""
