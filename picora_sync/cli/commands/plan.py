"""``plan``: what would be done, and why; also ``sync --dry-run``."""

from __future__ import annotations

import os
import threading

import click

from picora_sync.cli.documents import plan_document
from picora_sync.cli.failures import OK
from picora_sync.cli.options import json_option
from picora_sync.cli.output import note, write_json
from picora_sync.cli.settings import configuration, look_at
from picora_sync.cli.summaries import note_pauses, print_plan
from picora_sync.config.keys import find_key
from picora_sync.config.model import Config
from picora_sync.core.model import Account
from picora_sync.errors import RemoteError
from picora_sync.plan_command import ask, prospect


@click.command("plan", epilog="Example: picora-sync plan")
@json_option
@click.pass_context
def plan_command(ctx: click.Context, *, as_json: bool) -> int:
    """Show what would be done, and why.

    Reads the folders as they are now, also beside a running daemon; changes nothing. Picora is asked for the account's
    limits; where it does not answer, or there is no key, the last ones are taken.
    """
    return show_plan(ctx, as_json=as_json)


def _account(config: Config) -> Account | None:
    """What Picora says of the account; None, which is then said, if it says nothing."""
    try:
        return ask(config, find_key(config, os.environ).secret, threading.Event())
    except RemoteError as error:
        note(f"Note: Picora was not asked for the account's limits: {error.message}.")
        return None


def show_plan(ctx: click.Context, *, as_json: bool) -> int:
    """Print the plan; folders that are not there are named on standard error."""
    config = configuration(ctx)
    report = prospect(config, _account(config))
    with look_at(ctx) as look:
        note_pauses(config, look.index)
    for name, problem in report.away:
        note(f"Note: {problem.message}: nothing is planned for {name}.")
    if as_json:
        write_json(plan_document(report))
    else:
        print_plan(report)
    return OK
