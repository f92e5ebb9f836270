"""Which names a file had before, as a watcher saw it get others: hints, which the disk must confirm (design §3)."""

from __future__ import annotations

from collections import deque

from picora_sync.core.model import FileRef

REMEMBERED = 1000
"""So many moves are remembered, the last ones."""


class Moves:
    """Moves of files and directories in the order in which they happened."""

    def __init__(self) -> None:
        self._seen: deque[tuple[FileRef, FileRef]] = deque(maxlen=REMEMBERED)

    def saw(self, old: FileRef, new: FileRef) -> None:
        """A file or a directory got another name."""
        self._seen.append((old, new))

    def former(self, ref: FileRef) -> frozenset[FileRef]:
        """The names that the file which is called this may have had before, however often it was moved."""
        names = {ref}
        for old, new in reversed(self._seen):
            names |= {FileRef(old.folder, old.path + name.path[len(new.path) :]) for name in names if _is_in(name, new)}
        return frozenset(names - {ref})


def _is_in(ref: FileRef, moved: FileRef) -> bool:
    return ref.folder == moved.folder and (ref.path == moved.path or ref.path.startswith(f"{moved.path}/"))
