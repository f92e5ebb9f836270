"""``up``: no configuration, no account; an embedded Picora, and folders mirrored into it."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from picora_sync.cli.commands.sync import exit_code, finish
from picora_sync.cli.embedded import EmbeddedPicora, embedded_picora
from picora_sync.cli.failures import INTERRUPTED, OK
from picora_sync.cli.front import PROGRAM
from picora_sync.cli.logs import start_logging
from picora_sync.cli.options import json_option
from picora_sync.cli.output import line
from picora_sync.cli.signals import Signals, stop_on_signals
from picora_sync.cli.summaries import print_numbers
from picora_sync.cli.up_workspace import Playground, check_roots, make_folders
from picora_sync.cli.view import screen
from picora_sync.cli.words import safe
from picora_sync.config.model import Config
from picora_sync.control.inbox import Inbox
from picora_sync.control.server import listening
from picora_sync.daemon import Daemon


@click.command("up", epilog="Example: picora-sync up ~/Vault ~/Podcast")
@click.argument("folders", metavar="[FOLDER]...", nargs=-1, type=click.Path())
@click.option("--once", is_flag=True, help="Stop when everything is synced.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Keep server and state here.")
@json_option
@click.pass_context
def up_command(ctx: click.Context, folders: tuple[str, ...], *, once: bool, data: Path | None, as_json: bool) -> int:
    """Mirror folders into a Picora of their own, and watch.

    Needs no configuration and no account: an embedded Picora runs as long as this command does. Without FOLDER it
    mirrors the current directory, without --data everything is forgotten at the end. Ctrl-C ends it.
    """
    start_logging(ctx, logging.WARNING)
    roots = check_roots(folders or (".",))
    with _playground(data) as playground, stop_on_signals() as signals:
        playground.prepare(roots)
        mirrored = make_folders(roots, playground.names(), playground.data)
        server = embedded_picora(playground.server_dir, playground.data, playground.port(), signals.stop.set)
        with server as picora:
            config = playground.config(picora, mirrored)
            if not as_json:
                _greet(config, playground, kept=data is not None)
            code = _mirror(config, picora, signals, once=once, as_json=as_json)
    return code


@contextmanager
def _playground(data: Path | None) -> Iterator[Playground]:
    if data is not None:
        yield Playground(data.absolute())
        return
    with tempfile.TemporaryDirectory(prefix="picora-sync-") as temporary:
        yield Playground(Path(temporary))


def _greet(config: Config, playground: Playground, *, kept: bool) -> None:
    line(f"Picora runs at {config.account.url}, its data in {playground.data}" + ("" if kept else " (until the end)"))
    command = shlex.join([_program(), "--config", str(playground.config_file), "ls"])
    click.echo(safe(f"Look at it with: {command}"))  # on one line, however long: to be copied


def _program() -> str:
    """What starts this program from the current directory: its name, or where it is when it is not on the PATH."""
    if shutil.which(PROGRAM):
        return PROGRAM
    beside = Path(sys.executable).with_name(PROGRAM)
    return str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)


def _mirror(config: Config, picora: EmbeddedPicora, signals: Signals, *, once: bool, as_json: bool) -> int:
    inbox = Inbox()
    with (
        Daemon.open(config, picora.key, stop=signals.stop) as daemon,
        listening(config.state_dir, inbox, os.environ),
    ):
        daemon.connect()
        title = "Mirroring" if once else "Mirroring and watching, Ctrl-C ends it"
        with screen(daemon.index, title=title, as_json=as_json, from_the_start=True, passing=once) as shown:
            if once:
                daemon.sync(shown.show)
            else:
                daemon.run(shown.show, inbox)
        report = daemon.report()
    if as_json or once:
        finish(report, shown.opened, as_json=as_json)
    else:
        print_numbers(report)
    if not once:
        return OK  # Ctrl-C is how watching ends
    return INTERRUPTED if signals.ended_by is not None else exit_code(report, shown.last, waited=True)
