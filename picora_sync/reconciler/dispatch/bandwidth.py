"""How far the uploads under way have come, and how fast they may be; counted where the bytes are read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from picora_sync.core.model import FileRef
from picora_sync.core.ports import StableFile
from picora_sync.errors import Stopped

PIECES_PER_S = 4
"""A limited upload is sent in pieces of this part of a second, so that it flows instead of stuttering."""


class Throttle:
    """A bandwidth shared by all uploads. ``wait`` sleeps for seconds, and returns True if the program is ending."""

    def __init__(self, bytes_per_s: int, clock: Callable[[], float], wait: Callable[[float], bool]) -> None:
        self._bytes_per_s = bytes_per_s
        self._clock = clock
        self._wait = wait
        self._lock = threading.Lock()
        self._free_at = clock()

    @property
    def piece_bytes(self) -> int:
        """The most that is sent at once."""
        return max(1, self._bytes_per_s // PIECES_PER_S)

    def take(self, size_bytes: int) -> None:
        """Wait for the turn of so many bytes; raises Stopped if the program is ending."""
        with self._lock:
            now = self._clock()
            start = max(now, self._free_at)
            self._free_at = start + size_bytes / self._bytes_per_s
        if start > now and self._wait(start - now):
            raise Stopped


class Meter:
    """Bytes read for sending, per file. Written by workers, read by the loop: single assignments only."""

    def __init__(self, throttle: Throttle | None = None) -> None:
        self._sent: dict[FileRef, int] = {}
        self._throttle = throttle

    def sent_bytes(self, ref: FileRef) -> int:
        """How much of the file was handed to the connection."""
        return self._sent.get(ref, 0)

    def watch(self, ref: FileRef, file: StableFile) -> StableFile:
        """The same file, counted and held to the bandwidth."""
        self._sent[ref] = 0
        return _Metered(file, ref, self._sent, self._throttle)


class _Metered:
    def __init__(self, file: StableFile, ref: FileRef, sent: dict[FileRef, int], throttle: Throttle | None) -> None:
        self._file = file
        self._ref = ref
        self._sent = sent
        self._throttle = throttle

    @property
    def size_bytes(self) -> int:
        return self._file.size_bytes

    def blocks(self) -> Iterator[bytes]:
        done = 0
        for block in self._file.blocks():
            for piece in self._pieces(block):
                yield piece
                done += len(piece)
                self._sent[self._ref] = done

    def confirm(self) -> None:
        self._file.confirm()

    def close(self) -> None:
        self._sent.pop(self._ref, None)
        self._file.close()

    def _pieces(self, block: bytes) -> Iterator[bytes]:
        throttle = self._throttle
        if throttle is None:
            yield block
            return
        for start in range(0, len(block), throttle.piece_bytes):
            piece = block[start : start + throttle.piece_bytes]
            throttle.take(len(piece))
            yield piece
