"""``verify``: index and account compared."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Sequence

import click

from picora_sync.cli.daemon_or_local import find_daemon
from picora_sync.cli.documents import verify_document
from picora_sync.cli.failures import OK, UNFINISHED
from picora_sync.cli.logs import start_logging
from picora_sync.cli.options import json_option
from picora_sync.cli.output import line, write_json, write_table
from picora_sync.cli.progress_line import steps
from picora_sync.cli.settings import configuration
from picora_sync.cli.signals import stop_on_signals
from picora_sync.cli.words import count
from picora_sync.config.keys import find_key
from picora_sync.config.model import Config
from picora_sync.control.messages import Repair, Repaired, Sync
from picora_sync.report import Discrepancy, VerifyReport
from picora_sync.verify_command import by_itself, repair, verify

_WORDS = {"missing": "not on Picora any more", "changed": "changed on Picora", "content": "other content on Picora"}


@click.command("verify", epilog="Example: picora-sync verify --sample 20")
@click.option(
    "--sample",
    metavar="N",
    type=click.IntRange(min=0),
    default=0,
    help="Also read N objects, chosen at random; all if there are no more.",
)
@click.option("--repair", "repairs", is_flag=True, help="Fix what was found, with one pass as `sync` makes it.")
@click.option("--yes", is_flag=True, help="Do not ask whether much may be uploaded again.")
@json_option
@click.pass_context
def verify_command(ctx: click.Context, *, sample: int, repairs: bool, yes: bool, as_json: bool) -> int:
    """Compare the index with the account.

    Names what is not there any more, what somebody else changed, and with --sample what holds other bytes than were
    sent; the exit code is then 1. Works beside a running daemon, which compares by itself once a day; with --repair
    the daemon is asked to fix what was found.
    """
    start_logging(ctx, logging.ERROR)
    config = configuration(ctx)
    key = find_key(config, os.environ).secret
    with stop_on_signals() as signals:
        if repairs:
            with steps() as tell:
                report = repair(
                    config,
                    key,
                    signals.stop,
                    tell,
                    lambda why: yes or _agreed(why),
                    lambda order: _carry_out(config, key, signals.stop, order),
                    sample=sample,
                )
        else:
            with steps() as tell:
                report = verify(config, key, signals.stop, tell, sample=sample)
    if as_json:
        write_json(verify_document(report))
    else:
        _print(report, repaired=repairs)
    return UNFINISHED if len(report.found) > report.repaired else OK


def _carry_out(config: Config, key: str, stop: threading.Event, order: Repair) -> int:
    """By the daemon, if one runs."""
    client = find_daemon(config)
    if client is None:
        return by_itself(config, key, stop, order, lambda _: None)
    with client:
        client.ask(order, Repaired)
        return client.sync(Sync(wait=False), lambda _: None).requests


def _agreed(why: Sequence[str]) -> bool:
    """Much at once may mean another server, or one that lost its data: nobody but a person can tell."""
    if not sys.stdin.isatty():
        return False
    for sentence in why:
        click.echo(f"\n{sentence}.", err=True)
    return click.confirm("Upload all of it again?", err=True)


def _print(report: VerifyReport, *, repaired: bool) -> None:
    if report.found:
        write_table(["FINDING", "PATH", "URL"], [_row(each) for each in report.found], folded=[0, 1], alone=[2])
        line()
    line(
        f"{count(report.compared, 'object')} compared, {len(report.found)} of them other than expected; "
        f"{count(report.others, 'other object')} on Picora, left alone"
    )
    if report.sampled:
        unread = f", {report.unread} of them could not be compared" if report.unread else ""
        line(f"{count(report.sampled, 'object')} read{unread}")
    if report.found and not repaired:
        line(_advice(report))
    elif report.found:
        line(f"{report.repaired} of {len(report.found)} fixed")
    if report.held:
        line(f"{report.held} not uploaded again, since it is much at once: --yes does it")


def _advice(report: VerifyReport) -> str:
    if any(each.what == "content" for each in report.found):
        return f"`picora-sync verify --sample {report.compared} --repair` sends again what holds other content."
    return "A running daemon fixes it within a day; `picora-sync verify --repair` does it now."


def _row(each: Discrepancy) -> list[str]:
    what = _WORDS[each.what] + (f": {each.detail}" if each.detail else "")
    return [what, ", ".join(f"{ref.folder}/{ref.path}" for ref in each.files), each.url]
