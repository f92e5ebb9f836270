"""The bytes of a file at any offset, through a budget of reads and bytes."""

from __future__ import annotations

from typing import BinaryIO, Final

MOST_BYTES: Final = 12 << 20
"""All that is read of a file for its title and length, hashing aside."""
MOST_LOOKS: Final = 10_000
LEAST_BYTES_PER_S: Final = 12.5
"""A tenth of a kilobit a second: no codec needs less, so that a length that would take less is a lie."""
_LEAST_BLOCK: Final = 4 << 10
_MOST_BLOCK: Final = 256 << 10


class Spent(Exception):
    """The budget is used up."""


class ReadWindow:
    """Reads ahead where looks follow each other, so that a walk over small pieces costs few system calls."""

    def __init__(self, file: BinaryIO, size_bytes: int) -> None:
        self._file = file
        self.size_bytes = size_bytes
        self._start, self._block = 0, b""
        self._block_bytes = _LEAST_BLOCK
        self._bytes_left, self._looks_left = MOST_BYTES, MOST_LOOKS

    @property
    def bytes_left(self) -> int:
        """How much may still be read."""
        return self._bytes_left

    def at(self, offset: int, length: int) -> bytes:
        """The bytes there; fewer at the end of the file. Raises Spent, OSError."""
        self._looks_left -= 1
        if self._looks_left < 0:
            raise Spent
        length = min(length, self.size_bytes - offset)
        if offset < 0 or length <= 0:
            return b""
        end = self._start + len(self._block)
        if not self._start <= offset <= offset + length <= end:
            follows = self._start <= offset <= end + _LEAST_BLOCK
            self._block_bytes = min(2 * self._block_bytes, _MOST_BLOCK) if follows else _LEAST_BLOCK
            self._fill(offset, max(length, self._block_bytes))
        return self._block[offset - self._start : offset - self._start + length]

    def _fill(self, offset: int, length: int) -> None:
        length = min(length, self.size_bytes - offset)
        self._bytes_left -= length
        if self._bytes_left < 0:
            raise Spent
        self._file.seek(offset)
        self._start, self._block = offset, self._file.read(length)
