"""Tables on a terminal (rich). Nothing in a file's name is taken for markup."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from typing import IO

from rich.console import Console
from rich.table import Table
from rich.text import Text

_ANY_WIDTH = 100_000
STATE_STYLES = {
    "synced": "green",
    "settling": "cyan",
    "queued": "cyan",
    "uploading": "cyan",
    "held": "yellow",
    "blocked": "red",
    "ignored": "dim",
    "missing": "red",
    "polling": "yellow",
    "offline": "red",
    "refused": "red",
    "limited": "yellow",
    "public": "yellow",
    "new, public": "yellow",
    "private → PUBLIC": "bold yellow",
    "unknown → PUBLIC": "bold yellow",
}
"""The colours of the words for states and visibility, wherever they stand alone."""


def console(stream: IO[str] | None = None) -> Console:
    """A console that shows text as it is: no markup, no emoji codes, no guesses what to colour."""
    return Console(file=stream or sys.stdout, markup=False, emoji=False, highlight=False)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], folded: Collection[int]) -> None:
    """Print cells that are safe already. If no column may be folded, rows run over the edge of the terminal."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, heading in enumerate(headings):
        table.add_column(heading, no_wrap=number not in folded, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=STATE_STYLES.get(cell, "")) for cell in row))
    screen = console()
    if not folded:
        natural = screen.measure(table, options=screen.options.update(width=_ANY_WIDTH)).maximum
        screen.width = max(screen.width, natural)
    screen.print(table, soft_wrap=False, crop=False)
