"""Colours of words that stand alone: one table for tables, the live view and headings."""

from __future__ import annotations

import os
from typing import IO

import click

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
    "failing": "red",
    "refused": "red",
    "restricted": "yellow",
    "limited": "yellow",
    "public": "yellow",
    "new, public": "yellow",
    "private → PUBLIC": "bold yellow",
    "unknown → PUBLIC": "bold yellow",
}
"""A word for a state or a visibility → its colour, with ``bold`` or ``dim`` before it."""


def painted(word: str, stream: IO[str]) -> str:
    """The word in its colour, if it has one and the stream shows it."""
    style = STATE_STYLES.get(word)
    return word if style is None or not in_colour(stream) else styled(word, style)


def styled(text: str, style: str) -> str:
    """The text in a colour, be the stream what it may."""
    *how, colour = style.split()
    if colour == "dim":
        return click.style(text, dim=True)
    return click.style(text, fg=colour, bold=True if "bold" in how else None)


def in_colour(stream: IO[str]) -> bool:
    """Whether it is a terminal that shows colours, and whose owner wants them (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") not in ("dumb", "unknown")
