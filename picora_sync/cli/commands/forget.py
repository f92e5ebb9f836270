"""``forget``: a folder that was taken out of the configuration (design §5)."""

from __future__ import annotations

import sys

import click
from click.shell_completion import CompletionItem

from picora_sync.cli.daemon_or_local import ask, expect_state, folder_name
from picora_sync.cli.failures import OK, USAGE, CommandFailed
from picora_sync.cli.options import json_option
from picora_sync.cli.output import line, write_json
from picora_sync.cli.paths import roots_of
from picora_sync.cli.settings import configuration, look_at
from picora_sync.cli.words import count, safe
from picora_sync.control.messages import Forget, Forgotten, Known, ShowKnown, document
from picora_sync.errors import PicoraSyncError


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001  # click's signature
    try:
        with look_at(ctx) as look:
            configured = {folder.name for folder in look.config.folders}
            names = [name for name, _ in look.index.folders() if name not in configured]
    except PicoraSyncError:
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@click.command("forget", epilog="Example: picora-sync forget old-notes --delete")
@click.argument("folder", shell_complete=_complete)
@click.option("--delete", is_flag=True, help="Delete what came from it on Picora, too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def forget_command(ctx: click.Context, folder: str, *, delete: bool, yes: bool, as_json: bool) -> int:
    """Forget a FOLDER that was taken out of the configuration.

    Its files on disk are never touched. What it made on Picora stays, unless --delete is given; what picora-sync did
    not make, or another folder holds too, stays in any case.
    """
    config = configuration(ctx)
    expect_state(config)
    with look_at(ctx) as look:
        folder = folder_name(folder, [*look.index.folders(), *roots_of(config.folders)])
    known, _ = ask(config, ShowKnown(folder=folder), Known)
    if not yes and not _agreed(known, delete=delete):
        line("Nothing was changed.")
        return OK
    request = Forget(folder=folder, files=known.files, objects=known.objects, delete=delete)
    answer, running = ask(config, request, Forgotten)
    if as_json:
        write_json({**document(answer), "running": running})
        return OK
    line(f"Forgot {folder}: {count(answer.files, 'file')}.")
    if answer.deleting:
        when = "Being deleted on Picora" if running else "To be deleted by the next `picora-sync sync` or `run`"
        line(f"{when}: {count(answer.deleting, 'object')}.")
    return OK


def _agreed(known: Known, *, delete: bool) -> bool:
    if not sys.stdin.isatty():
        raise CommandFailed("not a terminal: cannot ask for confirmation", hint="add --yes", exit_code=USAGE)
    what = f"{count(known.files, 'file')} of {safe(known.folder)}"
    if delete:
        return click.confirm(f"Forget {what}, and delete {count(known.objects, 'object')} from Picora?", err=True)
    return click.confirm(f"Forget {what}, and leave {count(known.objects, 'object')} on Picora?", err=True)
