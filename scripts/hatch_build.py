"""What hatchling does besides when it builds the wheel: it makes the manual page."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """The page lies in no tree: it is made of the commands that there are."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  (hatchling's signature)
        """Put the page where `man` finds it, below the prefix of the installation."""
        sys.path.insert(0, self.root)
        try:
            from picora_sync.cli.manual import manual  # noqa: PLC0415  (from the tree that is built)
        finally:
            sys.path.remove(self.root)
        page = Path(mkdtemp(), "picora-sync.1")
        page.write_text(manual(), encoding="utf-8")
        build_data["shared_data"][str(page)] = "share/man/man1/picora-sync.1"
