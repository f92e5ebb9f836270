"""Counting what was done, for the summary and the progress display."""

from __future__ import annotations

from dataclasses import dataclass

from picora_sync.core.plan import Upload


@dataclass
class Tally:
    """Numbers since the start of the process."""

    uploads: int = 0
    uploaded_bytes: int = 0
    patched: int = 0
    deleted: int = 0

    def uploaded(self, upload: Upload) -> None:
        """Count a finished upload."""
        self.uploads += 1
        self.uploaded_bytes += upload.wanted.size_bytes
