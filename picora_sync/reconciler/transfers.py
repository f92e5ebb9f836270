"""How far the uploads under way have come; counted where the bytes are read."""

from __future__ import annotations

from collections.abc import Iterator

from picora_sync.core.model import FileRef
from picora_sync.core.ports import StableFile


class Meter:
    """Bytes read for sending, per file. Written by workers, read by the loop: single assignments only."""

    def __init__(self) -> None:
        self._sent: dict[FileRef, int] = {}

    def sent_bytes(self, ref: FileRef) -> int:
        """How much of the file was handed to the connection."""
        return self._sent.get(ref, 0)

    def watch(self, ref: FileRef, file: StableFile) -> StableFile:
        """The same file, counted."""
        self._sent[ref] = 0
        return _Metered(file, ref, self._sent)


class _Metered:
    def __init__(self, file: StableFile, ref: FileRef, sent: dict[FileRef, int]) -> None:
        self._file = file
        self._ref = ref
        self._sent = sent

    @property
    def size_bytes(self) -> int:
        return self._file.size_bytes

    def blocks(self) -> Iterator[bytes]:
        done = 0
        for block in self._file.blocks():
            yield block
            done += len(block)
            self._sent[self._ref] = done

    def confirm(self) -> None:
        self._file.confirm()

    def close(self) -> None:
        self._sent.pop(self._ref, None)
        self._file.close()
