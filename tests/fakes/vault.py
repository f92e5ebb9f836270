"""A small vault on disk with the content stage on top of it."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

from picora_sync.content.folder import FolderContent
from picora_sync.core.model import PlanLimits, Problem
from picora_sync.core.policy import Folder
from picora_sync.core.ports import Derived
from tests.fakes.reader import PlainReader

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
PNG_URI = "data:image/png;base64," + base64.b64encode(PNG).decode()


class VaultOnDisk:
    """A folder with files, and how it is mirrored."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = Folder(name="notes", root=str(root))
        self.limits = PlanLimits()
        self.unmirrored: set[str] = set()
        self.reader = PlainReader()

    def write(self, path: str, content: str | bytes) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def content(self, **policy: Any) -> FolderContent:
        self.folder = replace(self.folder, **policy)
        return FolderContent(self.folder, self.reader, lambda: self.limits, lambda path: path not in self.unmirrored)

    def derive(self, path: str, **policy: Any) -> Derived | Problem:
        return self.content(**policy).derive(path)

    def note(self, text: str | bytes, *, at: str = "note.md", **policy: Any) -> Derived:
        """Write a note and derive it, which must succeed."""
        self.write(at, text)
        derived = self.derive(at, **policy)
        assert isinstance(derived, Derived), derived
        return derived

    def sent(self, text: str, *, at: str = "note.md", **policy: Any) -> str:
        """Write a note and give the text that would be sent."""
        sent = self.note(text, at=at, **policy).text
        assert sent is not None
        return sent

    def refused(self, content: str | bytes, *, at: str = "note.md", **policy: Any) -> Problem:
        """Write a file and derive it, which must be refused."""
        self.write(at, content)
        problem = self.derive(at, **policy)
        assert isinstance(problem, Problem), problem
        return problem


def codes(derived: Derived) -> list[str]:
    return [problem.code for problem in derived.wanted.problems]
