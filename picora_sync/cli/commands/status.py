"""``status``: how folders and account are, with a running daemon or without one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict

import click

from picora_sync.cli.documents import problems_document
from picora_sync.cli.failures import OK, UNFINISHED
from picora_sync.cli.options import json_option
from picora_sync.cli.output import line, write_json, write_table
from picora_sync.cli.settings import look_at
from picora_sync.cli.status_view import FolderStanding, Standing, standing
from picora_sync.cli.words import count, duration, until
from picora_sync.core.attention import About, Concern

STOPPED = 3
_EXIT_CODES = {"ok": OK, "working": OK, "attention": UNFINISHED, "stopped": STOPPED}
_MOST_LEFT = 20


@click.command("status", epilog="Example: picora-sync status --json | jq .account.state")
@json_option
@click.pass_context
def status_command(ctx: click.Context, *, as_json: bool) -> int:
    """Show how folders and account are.

    Exits with 0 if all is well or under way, 1 if something needs attention, 3 if nothing runs that should.
    """
    with look_at(ctx) as look:
        now = standing(look)
    if as_json:
        write_json({**asdict(now), "wrong": problems_document(now.wrong)})
    else:
        _print(now)
    return _EXIT_CODES[now.state]


def _print(now: Standing) -> None:
    line(now.state.upper())
    line(f"Running (process {now.pid})" if now.running else "Not running: start it with `picora-sync run`")
    line(f"Account {now.account.url}: {now.account.state} (the key was last accepted: {_ago(now.account.accepted_at)})")
    if now.account.trouble:
        line(f"  {now.account.trouble}")
    for each in now.wrong:
        if each.about in (About.DAEMON, About.DISK):
            line(f"Attention: {each.problem.message}")
    line()
    write_table(
        ["FOLDER", "FILES", "STATES", "WATCH", "LAST SCAN", "NEXT"], [_row(each) for each in now.folders], folded=(2,)
    )
    for folder in now.folders:
        _print_remarks(folder)
    _print_left([each for each in now.wrong if each.url])
    if now.problems:
        line()
        line(f"{count(now.problems, 'problem')}: `picora-sync problems` says what to do")
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
    shown = ", ".join(f"{number} {state}" for state, number in folder.states.items() if number)
    return [
        folder.name,
        str(sum(folder.states.values()) - folder.states["ignored"]),
        (shown or "none") + (f", {duration(folder.eta_s)} left" if folder.eta_s else ""),
        folder.watch,
        _ago(folder.scanned_at),
        "-" if folder.next_scan_at is None else time.strftime("%H:%M", time.localtime(folder.next_scan_at)),
    ]


def _ago(at: float | None) -> str:
    return "never" if at is None else f"{duration(time.time() - at)} ago"
