"""Standard output: JSON documents, tables and lines. What comes from files and servers is made safe here."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from typing import IO

import click

from picora_sync.cli.words import json_text, safe, width

Rows = Sequence[Sequence[str]]


def write_json(document: object) -> None:
    """One JSON document on one line, in UTF-8 whatever the locale says."""
    click.echo(json_text(document).encode())


def line(text: str = "") -> None:
    """One line; control characters in it are escaped."""
    click.echo(safe(text))


def write_table(headings: Sequence[str], rows: Rows, *, folded: Collection[int] = ()) -> None:
    """A table; nothing in it is cut off. On a terminal the columns ``folded`` are folded to fit the width: URLs should
    not be among them, since they are copied. Elsewhere every row is one line.
    """
    cells = [[safe(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        from picora_sync.cli.terminal import print_table  # noqa: PLC0415  # rich: only where there is a terminal

        print_table(headings, cells, folded)
    else:
        _plain_table(headings, cells)


def _plain_table(headings: Sequence[str], rows: Rows) -> None:
    widths = [max(map(width, column)) for column in zip(headings, *rows, strict=True)]
    for row in [headings, *rows]:
        padded = (cell + " " * (column - width(cell)) for cell, column in zip(row, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def make_forgiving(streams: Iterable[IO[str]]) -> None:
    """A character the locale cannot show becomes an escape, instead of ending the command."""
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
