"""A stored audio file as its parsers see it: positioned reads that are counted, so that no file keeps a worker busy."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

_MOST_READS = 3000
_MOST_BYTES = 8 * 1024 * 1024
_MOST_GRANTED = 24 * 1024 * 1024
_AHEAD = 16 * 1024


class TooMuch(ValueError):
    """More would have to be read than a probe may cost."""


class Source:
    """Use it as a context manager."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.size = os.fstat(self._fd).st_size
        self._reads, self._bytes = _MOST_READS, _MOST_BYTES
        self._granted = 0
        self._from, self._held = 0, b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._fd)

    def renew(self) -> None:
        """Give the next question its own budget."""
        self._reads, self._bytes = _MOST_READS, _MOST_BYTES

    def allow(self, extra: int) -> None:
        """Let so many more bytes be read."""
        self._bytes += extra

    def grant(self, picture_bytes: int) -> bool:
        """Let a picture be read beside the rest, as long as there were not too many of them; whether it may."""
        self._granted += picture_bytes
        if self._granted > _MOST_GRANTED:
            return False
        self.allow(picture_bytes)
        return True

    def get(self, position: int, count: int) -> bytes:
        """The bytes from there on; fewer, or none, beyond the end.

        Raises:
            TooMuch: the budget is used up.
        """
        if position < 0 or count < 0:
            raise ValueError("there is nothing before the file")
        last = min(position + count, self.size)
        if position >= last:
            return b""
        if not (self._from <= position and last <= self._from + len(self._held)):
            wanted = min(max(last - position, _AHEAD), self.size - position)
            self._reads -= 1
            self._bytes -= wanted
            if self._reads < 0 or self._bytes < 0:
                raise TooMuch("the file is too intricate")
            self._from, self._held = position, os.pread(self._fd, wanted, position)
        return self._held[position - self._from : last - self._from]

    def number(self, position: int, count: int, order: str = "big") -> int:
        """An unsigned number of so many bytes.

        Raises:
            ValueError: the file ends before it does.
        """
        data = self.get(position, count)
        if len(data) < count:
            raise ValueError("the file ends in a number")
        return int.from_bytes(data, "big" if order == "big" else "little")
