"""``approve``: carry out, or forget, the removals that are held (design §6.4)."""

from __future__ import annotations

import sys
import time

import click

from picora_sync.cli.failures import OK, USAGE, CommandFailed
from picora_sync.cli.output import line, write_table
from picora_sync.cli.settings import configuration
from picora_sync.cli.words import count
from picora_sync.config.model import Config
from picora_sync.core.model import FileRef
from picora_sync.core.plan import Reason
from picora_sync.index import Index
from picora_sync.index.lock import InstanceLock
from picora_sync.summary import INDEX_NAME

Held = list[tuple[FileRef, str]]


@click.command("approve", epilog="Example: picora-sync approve notes")
@click.argument("folder")
@click.option("--keep", is_flag=True, help="Keep what is on Picora, and forget that it came from these files.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def approve_command(ctx: click.Context, folder: str, *, keep: bool, yes: bool) -> int:
    """Carry out the removals of FOLDER that are held.

    Shows them first. What is approved is removed by the next `sync` or `run`, unless the file came back.
    """
    config = configuration(ctx)
    if not config.state_dir.is_dir():
        raise CommandFailed(f"nothing of {folder} is held: there is no index yet", hint="run `picora-sync sync`")
    lock = InstanceLock(config.state_dir)
    lock.acquire()
    try:
        index = Index.open(config.state_dir / INDEX_NAME)
        try:
            return _approve(config, index, folder, keep=keep, yes=yes)
        finally:
            index.close()
    finally:
        lock.release()


def _approve(config: Config, index: Index, folder: str, *, keep: bool, yes: bool) -> int:
    names = [each.name for each in config.folders]
    if folder not in names:
        raise CommandFailed(f"there is no folder {folder}", hint=f"one of: {', '.join(names)}", exit_code=USAGE)
    held = [(ref, why) for ref, why, approved in index.holds.held(folder) if not approved]
    if not held:
        line(f"Nothing of {folder} is held.")
        return OK
    write_table(["PATH", "WHY"], [[ref.path, why] for ref, why in held], folded=(0, 1))
    if not yes and not _agreed(len(held), keep=keep):
        line("Nothing was changed.")
        return OK
    if keep:
        forget(index, held, time.time())
        line(f"Forgot {count(len(held), 'file')}; what is on Picora stays.")
    else:
        with index.transaction():
            index.holds.approve(ref for ref, _ in held)
        line(f"Approved {count(len(held), 'removal')}: the next `picora-sync sync` or `run` carries them out.")
    return OK


def _agreed(number: int, *, keep: bool) -> bool:
    if not sys.stdin.isatty():
        raise CommandFailed("nobody can be asked here", hint="add --yes to approve what is listed", exit_code=USAGE)
    question = "Forget" if keep else "Remove from Picora"
    return click.confirm(f"{question} {count(number, 'file')}?")


def forget(index: Index, held: Held, now: float) -> None:
    """Let these files go, but leave their objects alone from now on; one that other files share stays theirs."""
    with index.transaction():
        for ref, _ in held:
            row = index.files.get(ref)
            if row is not None and row.bound is not None:
                if len(index.files.bound_to([row.bound])) == 1:
                    index.objects.forget(row.bound)
                else:
                    index.objects.unbind(ref, now, Reason.REMOVED)
            index.files.forget(ref)
