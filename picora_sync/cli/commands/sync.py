"""``sync``: one full pass, then exit."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager

import click

from picora_sync.cli.commands.plan import show_plan
from picora_sync.cli.daemon_or_local import find_daemon
from picora_sync.cli.documents import sync_document
from picora_sync.cli.failures import INTERRUPTED, OK, UNFINISHED, CommandFailed
from picora_sync.cli.logs import start_logging
from picora_sync.cli.options import json_option
from picora_sync.cli.output import write_json
from picora_sync.cli.settings import configuration
from picora_sync.cli.signals import stop_on_signals
from picora_sync.cli.summaries import note_pauses, print_report
from picora_sync.cli.view import Screen, screen
from picora_sync.config.keys import KeyPlace, find_key
from picora_sync.config.model import Config
from picora_sync.control.client import ControlClient
from picora_sync.control.messages import Sync
from picora_sync.daemon import Daemon
from picora_sync.index import Index
from picora_sync.index.listing import Entry
from picora_sync.report import INDEX_NAME, Live, SyncReport


@click.command("sync", epilog="Example: picora-sync sync --dry-run")
@click.option("--dry-run", is_flag=True, help="Show what would be done, as `plan` does.")
@click.option("--no-wait", is_flag=True, help="Leave files that still change, or just vanished, for the next run.")
@json_option
@click.pass_context
def sync_command(ctx: click.Context, *, dry_run: bool, no_wait: bool, as_json: bool) -> int:
    """Mirror the configured folders once, then exit.

    Waits for files that still change. The exit code is 1 if anything is blocked or held. A running daemon is asked to
    do it; Ctrl-C then ends the waiting only.
    """
    start_logging(ctx, logging.WARNING)
    if dry_run:
        return show_plan(ctx, as_json=as_json)
    config = configuration(ctx)
    client = find_daemon(config)
    if client is not None:
        with client:
            return _ask_daemon(client, config, wait=not no_wait, as_json=as_json)
    key = find_key(config, os.environ).secret
    place = KeyPlace(config, os.environ)
    with stop_on_signals() as signals, Daemon.open(config, key, stop=signals.stop, source=place) as daemon:
        daemon.connect()
        with _shown(daemon.index, config, as_json=as_json) as shown:
            daemon.sync(shown.show, wait=not no_wait)
        report = daemon.report()
    finish(report, shown.opened, as_json=as_json)
    return INTERRUPTED if signals.ended_by is not None else exit_code(report, shown.last, waited=not no_wait)


def _ask_daemon(client: ControlClient, config: Config, *, wait: bool, as_json: bool) -> int:
    index = Index.open_for_reading(config.state_dir / INDEX_NAME) or Index.in_memory()
    try:
        with _shown(index, config, as_json=as_json) as shown:
            report = client.sync(Sync(wait=wait), shown.show)
    except KeyboardInterrupt as interrupt:
        raise CommandFailed("stopped waiting; the daemon goes on with it", exit_code=INTERRUPTED) from interrupt
    finally:
        index.close()
    finish(report, shown.opened, as_json=as_json)
    return exit_code(report, shown.last, waited=wait)


def _shown(index: Index, config: Config, *, as_json: bool) -> AbstractContextManager[Screen]:
    note_pauses(config, index)
    return screen(index, title=f"Mirroring to {config.account.url}", as_json=as_json)


def finish(report: SyncReport, opened: Sequence[Entry], *, as_json: bool) -> None:
    """Say how it ended, and what became public."""
    if as_json:
        write_json(sync_document(report, opened))
    else:
        print_report(report, opened)


def exit_code(report: SyncReport, last: Live | None, *, waited: bool) -> int:
    """1 if anything is left that should not be; without waiting, what still changes may be left."""
    missing = last is not None and any(folder.watch == "missing" for folder in last.folders)
    left = waited and report.synced < report.files
    unfinished = report.blocked or report.held or report.left or report.gaps or missing or left
    return UNFINISHED if unfinished else OK
