"""Where the threads that listen and the loop's thread meet: only the latter may touch the index."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable

from picora_sync.control.messages import Reply, Request
from picora_sync.errors import CommandRefused, PicoraSyncError

Said = Reply | PicoraSyncError


class Ask:
    """One request on its way to the loop, and what is said to it on its way back.

    ``last`` marks the final answer; a request that takes long is answered with progress before it.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.abandoned = False
        """Nobody waits for an answer any more."""
        self._said: queue.SimpleQueue[tuple[Said, bool]] = queue.SimpleQueue()

    def say(self, answer: Said, *, last: bool = True) -> None:
        """Called by the loop's thread."""
        self._said.put((answer, last))

    def hear(self, timeout_s: float) -> tuple[Said, bool] | None:
        """What is said next, and whether it is the last; None if nothing is said in time."""
        try:
            return self._said.get(timeout=timeout_s)
        except queue.Empty:
            return None


class Inbox:
    """The requests that the loop has not taken yet. ``wake`` is called when one arrives."""

    def __init__(self) -> None:
        self.wake: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._waiting: deque[Ask] = deque()
        self._closed = False

    def put(self, request: Request) -> Ask:
        """Hand a request over, from any thread; raises CommandRefused if the process is ending."""
        ask = Ask(request)
        with self._lock:
            if self._closed:
                raise stopping()
            self._waiting.append(ask)
        self.wake()
        return ask

    def withdraw(self, ask: Ask) -> bool:
        """Take a request back; False if the loop has taken it already."""
        with self._lock:
            if ask not in self._waiting:
                return False
            self._waiting.remove(ask)
            return True

    def take(self) -> list[Ask]:
        """What has arrived since the last call."""
        with self._lock:
            taken = list(self._waiting)
            self._waiting.clear()
            return taken

    def give_back(self, ask: Ask) -> None:
        """Let the next loop take it."""
        with self._lock:
            self._waiting.appendleft(ask)

    def close(self) -> None:
        """Nothing is taken any more: whoever waits is told so."""
        with self._lock:
            self._closed = True
        for ask in self.take():
            ask.say(stopping())


def stopping() -> CommandRefused:
    """The answer of a daemon that ends."""
    return CommandRefused("STOPPING", "the daemon is stopping", hint="`picora-sync status` shows how things are")
