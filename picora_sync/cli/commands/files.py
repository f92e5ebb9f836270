"""``ls``, ``url`` and ``history``: which file is where."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import click
from click.shell_completion import CompletionItem

from picora_sync.cli.documents import file_document, history_document
from picora_sync.cli.failures import OK, CommandFailed
from picora_sync.cli.options import json_option
from picora_sync.cli.output import line, write_json, write_table
from picora_sync.cli.paths import Place, choose
from picora_sync.cli.settings import Look, look_at
from picora_sync.core.chronicle import Turn, chronicle
from picora_sync.core.model import FileRef
from picora_sync.errors import PicoraSyncError
from picora_sync.index.listing import Entry, old_versions


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001  # click's signature
    """Files on disk, and FOLDER/PATH of those that are known, a directory at a time."""
    try:
        with look_at(ctx) as look:
            known = [f"{row.ref.folder}/{row.ref.path}" for row in look.index.files.all()]
    except PicoraSyncError:
        known = []
    rests = (name[len(incomplete) :].partition("/") for name in known if name.startswith(incomplete))
    names = sorted({f"{incomplete}{head}{slash}" for head, slash, _ in rests if head.isprintable()})
    return [*map(CompletionItem, names), CompletionItem(incomplete, type="file")]


_VISIBILITY = {True: "public", False: "private", None: "unknown"}


@click.command("ls", epilog="Example: picora-sync ls notes/2026")
@click.argument("path", required=False, shell_complete=_complete)
@json_option
@click.pass_context
def ls_command(ctx: click.Context, path: str | None, *, as_json: bool) -> int:
    """List files, with their state and URL.

    A file that is gone is listed as long as Picora still has it, and so is an old version that it refused to delete.
    PATH is a file or directory on disk, or FOLDER/PATH; without it, all files are listed.
    """
    with look_at(ctx) as look:
        everything = list(look.entries())
        listed = _select(look, [*everything, *old_versions(look.index, everything)], path)
    if as_json:
        write_json([file_document(entry) for entry in listed])
    elif listed:
        write_table(["STATE", "PATH", "TITLE", "VISIBILITY", "URL"], [_row(e) for e in listed])
    else:
        line("No file is known yet: run `picora-sync sync`.")
    return OK


@click.command("url", epilog="Example: curl -O $(picora-sync url ~/Podcast/episode-1.mp3)")
@click.argument("path", shell_complete=_complete)
@json_option
@click.pass_context
def url_command(ctx: click.Context, path: str, *, as_json: bool) -> int:
    """Print the URL of a file.

    PATH is a file on disk, or FOLDER/PATH.
    """
    with look_at(ctx) as look:
        listed = _select(look, list(look.entries()), path)
    if len(listed) != 1:
        raise CommandFailed(f"{path} stands for {len(listed)} files", hint="name one of those that `ls` shows")
    entry = listed[0]
    if as_json:
        write_json(file_document(entry))
    elif entry.object is not None:
        line(entry.object.url)
    if entry.object is None:
        why = entry.problem.message if entry.problem else f"its state is {entry.state.value}"
        raise CommandFailed(f"{path} has no URL yet: {why}", hint=entry.problem.hint if entry.problem else "")
    return OK


@click.command("history", epilog="Example: picora-sync history notes/welcome.md")
@click.argument("path", required=False, shell_complete=_complete)
@json_option
@click.pass_context
def history_command(ctx: click.Context, path: str | None, *, as_json: bool) -> int:
    """Show which URLs files had, and when, oldest first.

    An edited note gets a new id, and so a new URL: what it replaced is named beside it.
    PATH is a file or directory on disk, or FOLDER/PATH; files that are gone are remembered, too.
    """
    with look_at(ctx) as look:
        entries = look.index.objects.history()
        place = _place(look, path, (entry.ref for entry in entries)) if path is not None else None
    turns = list(chronicle(entry for entry in entries if place is None or place.holds(entry.ref)))
    if as_json:
        write_json(history_document(turns))
    elif turns:
        write_table(["TIME", "EVENT", "PATH", "URL", "INSTEAD OF"], [_turn(turn) for turn in turns])
    else:
        line("Nothing was sent yet.")
    return OK


def _turn(turn: Turn) -> list[str]:
    entry = turn.entry
    path = f"{entry.ref.folder}/{entry.ref.path}"
    return [_time(entry.at), turn.why, path, entry.url, turn.before.url if turn.before else ""]


def _select(look: Look, listed: list[Entry], path: str | None) -> list[Entry]:
    if path is None:
        return listed
    place = _place(look, path, (entry.ref for entry in listed))
    return [entry for entry in listed if place.holds(entry.ref)]


def _place(look: Look, path: str, known: Iterator[FileRef]) -> Place:
    return choose(path, look.config.folders, known, os.getcwd())  # noqa: PTH109  # as text, like every path here


def _row(entry: Entry) -> list[str]:
    item = entry.object
    path = f"{entry.ref.folder}/{entry.ref.path}"
    if item is None:
        return [entry.state.value, path, "", "", ""]
    return [entry.state.value, path, item.title or "", _VISIBILITY[item.public], item.url]


def _time(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
