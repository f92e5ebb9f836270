"""How the loop tells what it does: to whoever shows it, and to the file that ``status`` reads."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from picora_sync.report import Live

TELL_S = 0.25
"""The live view is told this often at most."""
LIVE_FILE_S = 1.0
"""The file for ``status`` is written this often at most, and at the end."""


class Telling:
    """Takes snapshots, not more often than anybody can read them."""

    def __init__(self, describe: Callable[[], Live], file: Path, mono: Callable[[], float]) -> None:
        self._describe = describe
        self._file = file
        self._mono = mono
        self._told_at = self._written_at = float("-inf")
        self._untold = False

    def tell(self, on_live: Callable[[Live], None], *, at_once: bool = False) -> None:
        """Tell how it stands, if it is time."""
        now = self._mono()
        if not at_once and now - self._told_at < TELL_S:
            self._untold = True
            return
        self._told_at, self._untold = now, False
        live = self._describe()
        on_live(live)
        if not at_once and now - self._written_at < LIVE_FILE_S:
            self._untold = True
        else:
            self._written_at = now
            with suppress(OSError):  # status shows an older picture; work goes on as long as the index can be written
                live.write(self._file)

    def next_due(self) -> float | None:
        """When something is to be told that was not yet."""
        return self._mono() + LIVE_FILE_S if self._untold else None
