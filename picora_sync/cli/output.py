"""Standard output: JSON documents, tables and lines. What comes from files and servers is made safe here."""

from __future__ import annotations

import codecs
import shutil
import sys
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from itertools import islice
from typing import IO

import click

from picora_sync.cli.styles import painted
from picora_sync.cli.table import Table, wrapped
from picora_sync.cli.words import json_text, safe

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
    """One line; control characters in it are escaped. A terminal that is too narrow gets it in several, ended between
    words.
    """
    text = safe(text)
    for each in wrapped(text, shutil.get_terminal_size().columns) if sys.stdout.isatty() else [text]:
        click.echo(each)


def note(text: str) -> None:
    """The same on standard error: what is worth knowing beside a result."""
    text = safe(text)
    for each in wrapped(text, shutil.get_terminal_size().columns) if sys.stderr.isatty() else [text]:
        click.echo(each, err=True)


def write_table(
    headings: Sequence[str],
    rows: Rows,
    *,
    folded: Collection[int] = (),
    alone: Collection[int] = (),
    wide: bool = False,
) -> None:
    """A table; nothing in it is cut off. On a terminal that is too narrow, the columns ``alone`` stand on lines of
    their own below their row, whole, since URLs are copied and clicked; then the columns ``folded`` are folded.
    ``wide``: one line for each row, as everywhere but on a terminal.
    """
    write_rows(headings, rows, folded=folded, alone=alone, wide=wide)


def write_rows(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    folded: Collection[int] = (),
    alone: Collection[int] = (),
    wide: bool = False,
) -> None:
    """A table of as many rows as there are, of which only some are in memory at a time: a long one is written in parts,
    and a column that was too narrow grows with the next.
    """
    columns = None if wide or not sys.stdout.isatty() else shutil.get_terminal_size().columns
    table = Table(headings, columns, folded, alone, partial(painted, stream=sys.stdout))
    left = iter(rows)
    part = list(islice(left, _PART))
    for each in table.begin(_safe(part)):
        click.echo(each)
    while part := list(islice(left, _PART)):
        for each in table.more(_safe(part)):
            click.echo(each)


def _safe(rows: Rows) -> list[list[str]]:
    return [[safe(cell) for cell in row] for row in rows]


def make_forgiving(streams: Iterable[IO[str]]) -> None:
    """A character the locale cannot show becomes a plain one that means the same, or an escape, instead of ending the
    command.
    """
    codecs.register_error(_FORGIVING, _forgive)
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=_FORGIVING)


_FORGIVING = "picora-sync"
_PLAIN = {"→": "->", "“": '"', "”": '"', "…": "...", "—": "-", "·": "-", "━": "=", "╺": "-", "╸": "="}


def _forgive(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unseen = error.object[error.start : error.end]
    plain = "".join(_PLAIN.get(each) or each.encode("ascii", "backslashreplace").decode() for each in unseen)
    return plain, error.end
