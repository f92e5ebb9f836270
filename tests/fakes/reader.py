"""A Reader that simply reads: no second look, no links refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

from picora_sync.core.model import Fingerprint
from picora_sync.core.ports import Digest, StableFile
from picora_sync.errors import FileUnreadable


class PlainReader:
    """Reads real files. ``unreadable`` are absolute paths that fail; ``reads``, ``heads``: what was asked for."""

    def __init__(self) -> None:
        self.unreadable: set[str] = set()
        self.reads: list[str] = []
        self.heads: list[str] = []

    def read(self, path: str, limit_bytes: int | None = None) -> tuple[bytes, Fingerprint]:
        self.reads.append(path)
        fingerprint = self._fingerprint(path)
        if limit_bytes is not None and fingerprint.size_bytes > limit_bytes:
            raise FileUnreadable("too large", code="FILE_TOO_LARGE")
        return Path(path).read_bytes(), fingerprint

    def head(self, path: str, size_bytes: int) -> bytes:
        self.heads.append(path)
        self._fingerprint(path)
        with Path(path).open("rb") as file:
            return file.read(size_bytes)

    def digest(self, path: str) -> Digest:
        data, fingerprint = self.read(path)
        return Digest(hashlib.sha256(data).hexdigest(), fingerprint)

    def open(self, path: str, expected: Digest) -> StableFile:
        raise NotImplementedError

    def _fingerprint(self, path: str) -> Fingerprint:
        try:
            if path in self.unreadable:
                raise PermissionError(13, "Permission denied")
            status = Path(path).stat()
        except OSError as error:
            raise FileUnreadable(str(error)) from error
        return Fingerprint(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)
