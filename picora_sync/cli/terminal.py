"""A console for what renews itself on a terminal (rich). Nothing in a file's name is taken for markup."""

from __future__ import annotations

import sys
from typing import IO

from rich.console import Console


def console(stream: IO[str] | None = None) -> Console:
    """A console that shows text as it is: no markup, no emoji codes, no guesses what to colour."""
    return Console(file=stream or sys.stdout, markup=False, emoji=False, highlight=False)
