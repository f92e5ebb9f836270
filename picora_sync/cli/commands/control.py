"""``pause``, ``resume``, ``rescan``, ``resend`` and ``reload``: one request each (design §9)."""

from __future__ import annotations

import click

from picora_sync.cli.daemon_or_local import ask, complete_folder, find_daemon, folder_name
from picora_sync.cli.failures import OK, UNFINISHED, CommandFailed
from picora_sync.cli.options import json_option
from picora_sync.cli.output import line, write_json
from picora_sync.cli.paths import roots_of
from picora_sync.cli.settings import configuration
from picora_sync.cli.words import count, until
from picora_sync.config.model import Config
from picora_sync.config.values import BadValue, Duration
from picora_sync.control.messages import (
    Pause,
    Paused,
    Reload,
    Reloaded,
    Reply,
    Request,
    Rescan,
    Rescanned,
    Resend,
    Resending,
    Resume,
    document,
)
from picora_sync.control.orders import unknown_folder

_folder = click.argument("folder", required=False, shell_complete=complete_folder)


def _seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    try:
        return None if value is None else Duration.parse(value)
    except BadValue as error:
        raise click.BadParameter(f"{error} ({error.hint})" if error.hint else str(error), ctx, param) from error


@click.command("pause", epilog="Example: picora-sync pause notes --for 2h")
@_folder
@click.option("--for", "for_s", metavar="TIME", callback=_seconds, help="Go on by itself after 30m, 2h, 1d …")
@json_option
@click.pass_context
def pause_command(ctx: click.Context, folder: str | None, *, for_s: float | None, as_json: bool) -> int:
    """Send nothing for FOLDER, or for all folders, until `resume`.

    Also after a restart. What changes is still seen; a note that becomes private is still made private at once.
    """
    config = configuration(ctx)
    name = _named(config, folder)
    return _set_pause(config, Pause(folder=name, for_s=for_s), name, as_json=as_json)


@click.command("resume", epilog="Example: picora-sync resume notes")
@_folder
@json_option
@click.pass_context
def resume_command(ctx: click.Context, folder: str | None, *, as_json: bool) -> int:
    """Let a paused FOLDER, or all of them, go on."""
    config = configuration(ctx)
    name = _named(config, folder)
    return _set_pause(config, Resume(folder=name), name, as_json=as_json)


def _named(config: Config, folder: str | None) -> str | None:
    return None if folder is None else folder_name(folder, roots_of(config.folders))


def _set_pause(config: Config, request: Request, folder: str | None, *, as_json: bool) -> int:
    answer, running = ask(config, request, Paused)
    if as_json:
        return _write(answer, running=running)
    for each in answer.folders:
        if folder not in (None, each.name):
            continue
        if each.paused:
            line(f"{each.name} is paused {until(each.name, each.until)}; what becomes private still does.")
        else:
            line(f"{each.name} goes on" + ("." if running else " with the next `picora-sync sync` or `run`."))
    return OK


@click.command("rescan", epilog="Example: picora-sync rescan notes")
@_folder
@json_option
@click.pass_context
def rescan_command(ctx: click.Context, folder: str | None, *, as_json: bool) -> int:
    """Look through FOLDER, or through all folders, now.

    Events tell the daemon what changed, and it looks by itself every hour: this is for impatience, and for doubt.
    """
    config = configuration(ctx)
    folder = _named(config, folder)
    client = find_daemon(config)
    if client is None:
        return _no_rescan(config, folder, as_json=as_json)
    with client:
        answer = client.ask(Rescan(folder=folder), Rescanned)
    if as_json:
        _write(answer, running=True)
    for each in () if as_json else answer.folders:
        found = f"{count(each.different, 'path')} to look at" if each.different else "nothing new"
        line(f"{each.name}: {each.trouble or found}")
    return UNFINISHED if any(each.trouble for each in answer.folders) else OK


def _no_rescan(config: Config, folder: str | None, *, as_json: bool) -> int:
    names = [each.name for each in config.folders]
    if folder is not None and folder not in names:
        raise unknown_folder(folder, names)
    if as_json:
        return _write(Rescanned(folders=()), running=False)
    line("No daemon runs: the next `picora-sync sync` or `run` looks through every folder first.")
    return OK


@click.command("resend", epilog="Example: picora-sync resend notes")
@click.argument("folder", shell_complete=complete_folder)
@json_option
@click.pass_context
def resend_command(ctx: click.Context, folder: str, *, as_json: bool) -> int:
    """Read every file of FOLDER again, and send what would be sent differently now.

    For after an update of picora-sync, which by itself sends nothing again. What would be the same is not sent.
    """
    config = configuration(ctx)
    folder = folder_name(folder, roots_of(config.folders))
    answer, running = ask(config, Resend(folder=folder), Resending)
    if as_json:
        return _write(answer, running=running)
    when = "now" if running else "with the next `picora-sync sync` or `run`"
    line(f"{count(answer.files, 'file')} of {folder}: read again {when}; what differs is sent.")
    return OK


@click.command("reload", epilog="Example: picora-sync reload")
@json_option
@click.pass_context
def reload_command(ctx: click.Context, *, as_json: bool) -> int:
    """Have the running daemon read its configuration again.

    One that cannot be used changes nothing: the daemon goes on with the one from before.
    """
    client = find_daemon(configuration(ctx))
    if client is None:
        raise CommandFailed("no daemon runs", hint="`picora-sync run` starts it, with the configuration as it is then")
    with client:
        answer = client.ask(Reload(), Reloaded)
    if as_json:
        return _write(answer, running=True)
    line(f"The daemon mirrors {', '.join(answer.folders)} to {answer.url} from now on.")
    return OK


def _write(answer: Reply, *, running: bool) -> int:
    write_json({**document(answer), "running": running})
    return OK
