"""The content stage of an older picora-sync, which took what it could not read for prose, and comments for text."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from picora_sync.content.folder import FolderContent
from picora_sync.core.model import Kind, Problem
from picora_sync.core.ports import Derived
from picora_sync.core.titles import stem_of


class OlderContent(FolderContent):
    """Every note is public, and its text is sent as it is."""

    def derive(self, path: str) -> Derived | Problem:
        made = super().derive(path)
        if isinstance(made, Problem) or made.wanted.kind is not Kind.DOC:
            return made
        data = Path(f"{self._folder.root}/{path}").read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        wanted = replace(made.wanted, public=True, unclear=False, selected=True, problems=(), sha256=sha256)
        if "%%" in path:
            wanted = replace(wanted, title=stem_of(path))
        return replace(made, text=data.decode(), wanted=replace(wanted, size_bytes=len(data)))

    def wants_private(self, _: str) -> bool:
        return False
