"""Showing something again and again: in one place on a terminal, line after line elsewhere."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, redirect_stdout

from picora_sync.cli.failures import OK
from picora_sync.cli.signals import Signals, stop_on_signals

EVERY_S = 1.0


def repeat(
    show: Callable[[bool], object],
    every_s: float = EVERY_S,
    signals: Callable[[], AbstractContextManager[Signals]] = stop_on_signals,
) -> int:
    """Show it until a signal comes. ``show`` prints, all of it or (not on a terminal) its first line."""
    on_screen = sys.stdout.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")
    out, before = sys.stdout, ""
    with signals() as heard:
        while not heard.stop.is_set():
            page = _Page(terminal=on_screen)
            with redirect_stdout(page):
                show(on_screen)
            text = page.text()
            if text != before:
                out.write(_over_the_last(text) if on_screen else text)
                out.flush()
            before = text
            heard.stop.wait(every_s)
    return OK


class _Page(io.TextIOWrapper):
    """What is printed meanwhile."""

    def __init__(self, *, terminal: bool) -> None:
        self._bytes = io.BytesIO()
        super().__init__(self._bytes, encoding=sys.stdout.encoding, errors=sys.stdout.errors, write_through=True)
        self._terminal = terminal

    def isatty(self) -> bool:
        """As the screen that it is for."""
        return self._terminal

    def text(self) -> str:
        """All of it."""
        return self._bytes.getvalue().decode(self.encoding, "replace")


def _over_the_last(text: str) -> str:
    """From the upper left corner, as much as the screen holds; what was there before goes away line by line."""
    lines = text.splitlines()[: shutil.get_terminal_size().lines - 1]
    return "\x1b[H" + "".join(f"{line}\x1b[K\n" for line in lines) + "\x1b[J"
