"""Counting what was done, for the summary and the progress display."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from picora_sync.core.plan import Upload

RECENT = 8


@dataclass
class Tally:
    """Numbers since the start of the process."""

    uploads: int = 0
    uploaded_bytes: int = 0
    patched: int = 0
    deleted: int = 0
    recent: deque[str] = field(default_factory=lambda: deque(maxlen=RECENT))

    def uploaded(self, upload: Upload, url: str) -> None:
        """Count a finished upload."""
        self.uploads += 1
        self.uploaded_bytes += upload.wanted.size_bytes
        self.found(upload, url)

    def found(self, upload: Upload, url: str) -> None:
        """A file has its URL, and Picora says that it held the content before."""
        self.recent.append(f"{upload.ref.path}\t{url}")
