"""Standard output: JSON documents, tables and lines. What comes from files and servers is made safe here."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import IO

import click

from picora_sync.cli.words import json_text, safe, width

Rows = Sequence[Sequence[str]]
_PART = 1000


def write_json(document: object) -> None:
    """One JSON document on one line, in UTF-8 whatever the locale says."""
    click.echo(json_text(document).encode())


def write_json_list(items: Iterable[object]) -> None:
    """A list as :func:`write_json` writes it, one item after the other."""
    before = "["
    for item in items:
        click.echo((before + json_text(item)).encode(), nl=False)
        before = ", "
    click.echo(("[]" if before == "[" else "]").encode())


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


def write_rows(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table of as many rows as there are, of which only some are in memory at a time: a long one is written in parts,
    and a column that was too narrow grows with the next.
    """
    left = iter(rows)
    first = list(islice(left, _PART))
    if len(first) < _PART:
        write_table(headings, first)
        return
    widths = _plain_table(headings, [[safe(cell) for cell in row] for row in first])
    while part := [[safe(cell) for cell in row] for row in islice(left, _PART)]:
        widths = _plain_rows(part, widths)


def _plain_table(headings: Sequence[str], rows: Rows) -> list[int]:
    return _plain_rows([headings, *rows], [0] * len(headings))


def _plain_rows(rows: Rows, least: Sequence[int]) -> list[int]:
    """Returns the widths of the columns."""
    widths = [max(wide, *map(width, column)) for wide, column in zip(least, zip(*rows, strict=True), strict=True)]
    for row in rows:
        padded = (cell + " " * (column - width(cell)) for cell, column in zip(row, widths, strict=True))
        click.echo("  ".join(padded).rstrip())
    return widths


def make_forgiving(streams: Iterable[IO[str]]) -> None:
    """A character the locale cannot show becomes an escape, instead of ending the command."""
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
