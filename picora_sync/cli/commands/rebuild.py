"""``rebuild``: a new index from folders and account."""

from __future__ import annotations

import logging
import os

import click

from picora_sync.cli.documents import rebuild_document
from picora_sync.cli.failures import OK, UNFINISHED
from picora_sync.cli.logs import start_logging
from picora_sync.cli.options import json_option
from picora_sync.cli.output import line, write_json, write_table
from picora_sync.cli.progress_line import steps
from picora_sync.cli.settings import configuration
from picora_sync.cli.signals import stop_on_signals
from picora_sync.cli.summaries import MOST_PROBLEMS, print_problems
from picora_sync.cli.words import count
from picora_sync.config.keys import find_key
from picora_sync.rebuild_command import restore
from picora_sync.report import RebuildReport

MOST_OTHERS = 20


@click.command("rebuild", epilog="Example: picora-sync rebuild, then picora-sync plan")
@click.option("--claim", is_flag=True, help="What is found counts as ours: it may be deleted when its file is.")
@json_option
@click.pass_context
def rebuild_command(ctx: click.Context, *, claim: bool, as_json: bool) -> int:
    """Make a new index from folders and account, after the old one was damaged or lost.

    Only reads from Picora. What is found there is not deleted later, unless it is claimed; the old index is kept. One
    that was interrupted goes on where it was.
    """
    start_logging(ctx, logging.WARNING)
    config = configuration(ctx)
    key = find_key(config, os.environ).secret
    with stop_on_signals() as signals, steps() as tell:
        report = restore(config, key, signals.stop, tell, claim=claim)
    if as_json:
        write_json(rebuild_document(report))
    else:
        _print(report)
    return UNFINISHED if report.problems else OK


def _print(report: RebuildReport) -> None:
    line(
        f"{report.recognised} of {count(report.files, 'file')} found on Picora, in {count(report.objects, 'object')}, "
        f"with {count(report.requests, 'request')}"
    )
    if report.kept is not None:
        line(f"The old index is kept as {report.kept}")
    _print_others(report)
    print_problems(report.problems[:MOST_PROBLEMS])
    if len(report.problems) > MOST_PROBLEMS:
        line(f"and {count(len(report.problems) - MOST_PROBLEMS, 'more problem')}: `picora-sync problems` lists them")
    if report.recognised < report.files:
        line("The next `picora-sync sync` or `run` uploads the others; `picora-sync plan` lists them.")


def _print_others(report: RebuildReport) -> None:
    """Nobody knows any more which of them were ours: what a note was before it became private may still be public."""
    if not report.others:
        return
    rows = [["public" if each.public else "private", each.title or "", each.url] for each in report.others]
    write_table(["VISIBILITY", "TITLE", "URL"], rows[:MOST_OTHERS], folded=[1], alone=[2])
    if len(rows) > MOST_OTHERS:
        line(f"and {count(len(rows) - MOST_OTHERS, 'more object')}: --json lists them all")
    line(
        f"{count(len(rows), 'other object')} on Picora, left alone: no file matches. "
        "Delete there what is an older version of a file of yours."
    )
