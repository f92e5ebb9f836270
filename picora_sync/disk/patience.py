"""Asking a file system that may not answer, such as that of a server that went away (decision 0266).

A call into it cannot be ended from here: it is made by a thread of the folder's, and who asks waits only so long.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, TypeVar, cast

from picora_sync.core.model import Dependency, Problem
from picora_sync.core.ports import Content, Derived, Disk, Presence, Scan, Unknown
from picora_sync.core.silence import does_not_answer

SILENT_S = 3.0
"""Longer than a healthy file system takes for one file; several folders may be on the same dead server."""
ENDING_S = 0.1
"""Nobody waits for an answer while the program ends."""

T = TypeVar("T")


class Asking(Protocol):
    """A way to ask the file system of one folder."""

    def ask(self, question: Callable[[], T], silent: Callable[[Problem], T]) -> T:
        """The answer to a question, which may raise; where none comes in time, what ``silent`` makes of that."""


class Directly:
    """In the caller's own thread, however long that takes."""

    def ask(self, question: Callable[[], T], silent: Callable[[Problem], T]) -> T:
        """The answer."""
        del silent
        return question()


class _Question:
    """What is asked, and what came of it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._outcome: Any = None
        self._error: BaseException | None = None
        self.is_answered: queue.SimpleQueue[None] = queue.SimpleQueue()

    def carry_out(self) -> None:
        try:
            self._outcome = self._work()
        except BaseException as error:  # noqa: BLE001  (whoever asked is told)
            self._error = error

    def outcome(self) -> Any:  # noqa: ANN401  (of the work)
        if self._error is not None:
            raise self._error
        return self._outcome


class Patience:
    """Implements :class:`Asking` for the folder at ``root``.

    As long as a question is overdue, no other is asked. ``on_change`` is called when one was not answered in time, and,
    by another thread, when it is answered after all.
    """

    def __init__(self, root: str, is_over: Callable[[], bool], on_change: Callable[[str], None]) -> None:
        self._root = root
        self._is_over = is_over
        self._on_change = on_change
        self._questions: queue.SimpleQueue[_Question | None] = queue.SimpleQueue()
        self._lock = threading.Lock()  # around what follows
        self._open: set[_Question] = set()
        self._is_silent = False
        self._thread: threading.Thread | None = None

    def ask(self, question: Callable[[], T], silent: Callable[[Problem], T]) -> T:
        """As :class:`Asking` has it."""
        asked = _Question(question)
        if self._put(asked):
            with suppress(queue.Empty):
                asked.is_answered.get(timeout=ENDING_S if self._is_over() else SILENT_S)
            if not self._gives_up(asked):
                return cast(T, asked.outcome())
        return silent(does_not_answer(self._root))

    def close(self) -> None:
        """The thread ends, as soon as it is answered."""
        self._questions.put(None)

    def _put(self, asked: _Question) -> bool:
        with self._lock:
            if self._is_silent:
                return False
            self._open.add(asked)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"asking-{self._root}", daemon=True)
                self._thread.start()
        self._questions.put(asked)
        return True

    def _gives_up(self, asked: _Question) -> bool:
        """Whether there is no answer yet."""
        with self._lock:
            if asked not in self._open:
                return False
            self._is_silent = True
        self._on_change("its file system does not answer")
        return True

    def _run(self) -> None:
        while (asked := self._questions.get()) is not None:
            asked.carry_out()
            with self._lock:
                self._open.remove(asked)
                was_silent, self._is_silent = self._is_silent, False
            asked.is_answered.put(None)
            if was_silent:
                self._on_change("its file system answers again")


class PatientDisk:
    """The disk stage for a thread that must not hang; scans are made by another."""

    def __init__(self, disk: Disk, asking: Asking) -> None:
        self._disk = disk
        self._asking = asking

    def check_root(self) -> Problem | None:
        """As :class:`Disk` has it."""
        return self._asking.ask(self._disk.check_root, lambda problem: problem)

    def expect_mounts(self, mounts: frozenset[str] | None) -> None:
        """As :class:`Disk` has it."""
        self._disk.expect_mounts(mounts)

    def scan(self) -> Scan:
        """As :class:`Disk` has it."""
        return self._disk.scan()

    def look(self, path: str) -> Presence:
        """As :class:`Disk` has it."""
        return self._asking.ask(partial(self._disk.look, path), lambda problem: Unknown(problem, of_root=True))

    def is_written(self, path: str) -> bool | None:
        """As :class:`Disk` has it."""
        return self._asking.ask(partial(self._disk.is_written, path), lambda _: None)


class PatientContent:
    """The content stage for it; what reads whole files, or looks through many, is done by others."""

    def __init__(self, content: Content, asking: Asking) -> None:
        self._content = content
        self._asking = asking

    def derive(self, path: str) -> Derived | Problem:
        """As :class:`Content` has it."""
        return self._content.derive(path)

    def wants_private(self, path: str) -> bool:
        """As :class:`Content` has it."""
        return self._asking.ask(partial(self._content.wants_private, path), lambda _: False)

    def holds_comment(self, path: str) -> bool:
        """As :class:`Content` has it."""
        return self._content.holds_comment(path)

    def stale(self, path: str, depends: Sequence[Dependency]) -> bool:
        """As :class:`Content` has it."""
        return self._content.stale(path, depends)

    def refresh(self) -> None:
        """As :class:`Content` has it."""
        self._content.refresh()
