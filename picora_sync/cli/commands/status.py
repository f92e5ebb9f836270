"""``status``: how folders and account are, with a running daemon or without one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict

import click

from picora_sync.cli.documents import problems_document
from picora_sync.cli.failures import OK, UNFINISHED
from picora_sync.cli.options import json_option
from picora_sync.cli.output import line, write_json, write_table
from picora_sync.cli.repeating import repeat
from picora_sync.cli.settings import look_at
from picora_sync.cli.status_view import FolderStanding, MirrorStatus, standing
from picora_sync.cli.status_words import account_lines, ago, headline, states_of
from picora_sync.cli.styles import in_colour, styled
from picora_sync.cli.words import count, safe, until
from picora_sync.core.attention import Concern

STOPPED = 3
_EXIT_CODES = {"ok": OK, "working": OK, "attention": UNFINISHED, "stopped": STOPPED}
_COLOURS = {"ok": "bold green", "working": "bold cyan", "attention": "bold red", "stopped": "bold red"}
_MOST_LEFT = 20


@click.command("status", epilog="Example: picora-sync status --watch")
@click.option("--watch", is_flag=True, help="Show it anew every second, until Ctrl-C.")
@json_option
@click.pass_context
def status_command(ctx: click.Context, *, watch: bool, as_json: bool) -> int:
    """Show how folders and account are.

    The first line says it in one word, and why. Exits with 0 (OK, WORKING), 1 (ATTENTION: somebody has to do something)
    or 3 (STOPPED: nothing runs that should). With --watch and without a terminal each change is one line more.
    """
    if watch:
        return repeat(lambda whole: _show(ctx, as_json=as_json, whole=whole))
    return _EXIT_CODES[_show(ctx, as_json=as_json)]


def _show(ctx: click.Context, *, as_json: bool, whole: bool = True) -> str:
    with look_at(ctx) as look:
        now = standing(look)
    if as_json:
        write_json({**asdict(now), "wrong": problems_document(now.wrong)})
    else:
        _print_headline(now)
    if whole and not as_json:
        _print(now)
    return now.state


def _print_headline(now: MirrorStatus) -> None:
    text = headline(now)
    if in_colour(sys.stdout):
        word, colon, why = text.partition(":")
        text = styled(word, _COLOURS[now.state]) + colon + safe(why)
        click.echo(text)
    else:
        line(text)


def _print(now: MirrorStatus) -> None:
    line(
        f"Running (process {now.pid})"
        if now.running
        else "Not running: `picora-sync run` starts the daemon, `picora-sync sync` mirrors once"
    )
    for each in account_lines(now.account):
        line(each)
    line()
    rows = [_row(each) for each in now.folders]
    write_table(["FOLDER", "FILES", "PUBLIC", "STATES", "WATCH", "CHANGED", "SCANNED"], rows, folded=(0, 3, 5, 6))
    for folder in now.folders:
        _print_remarks(folder)
    _print_left([each for each in now.wrong if each.url])
    if now.problems:
        line()
        serious = now.problems - now.notes
        told = [count(serious, "problem")] if serious else []
        told += [count(now.notes, "note")] if now.notes else []
        line(f"{' and '.join(told)}: `picora-sync problems` shows {'it' if now.problems == 1 else 'them'}")
    for folder in now.folders:
        if folder.states["held"]:
            line(f"Removals are held: `picora-sync approve {folder.name}` shows them")


def _print_remarks(folder: FolderStanding) -> None:
    if folder.why:
        line(f"{folder.name}: {folder.why}")
    if folder.paused:
        line(f"{folder.name} is paused {until(folder.name, folder.paused_until)}")


def _print_left(left: Sequence[Concern]) -> None:
    for each in left[:_MOST_LEFT]:
        line(f"{each.ref.folder}/{each.ref.path}: {each.problem.message}")
    if len(left) > _MOST_LEFT:
        line(f"and {len(left) - _MOST_LEFT} more that are still on Picora")


def _row(folder: FolderStanding) -> list[str]:
    files = sum(folder.states.values()) - folder.states["ignored"]
    seen = [ago(folder.changed_at), ago(folder.scanned_at)]
    return [folder.name, str(files), str(folder.public), states_of(folder), folder.watch, *seen]
