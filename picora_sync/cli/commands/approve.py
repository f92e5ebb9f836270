"""``approve``: carry out, or forget, the removals that are held (design §6.4)."""

from __future__ import annotations

import sys

import click

from picora_sync.cli.daemon_or_local import ask, complete_folder, expect_state, folder_name
from picora_sync.cli.failures import OK, UNFINISHED, USAGE, CommandFailed
from picora_sync.cli.options import json_option
from picora_sync.cli.output import line, write_json, write_table
from picora_sync.cli.paths import roots_of
from picora_sync.cli.settings import configuration
from picora_sync.cli.words import count
from picora_sync.control.messages import Approve, Approved, Held, OpenAudio, RemovalRow, ShowHeld, document


@click.command("approve", epilog="Example: picora-sync approve notes")
@click.argument("folder", shell_complete=complete_folder)
@click.option("--keep", is_flag=True, help="Keep what is on Picora, and forget that it came from these files.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def approve_command(ctx: click.Context, folder: str, *, keep: bool, yes: bool, as_json: bool) -> int:
    """Carry out the removals of FOLDER that are held.

    Audio that another program has had open for hours waits here, too, and is then sent as it is.

    Shows them first, and approves exactly those: one that is something else by then is left alone. A running daemon
    carries them out at once, otherwise the next `sync` or `run` does, unless the file came back. With --json and
    without --yes they are only shown.
    """
    config = configuration(ctx)
    folder = folder_name(folder, roots_of(config.folders))
    expect_state(config)
    held, running = ask(config, ShowHeld(folder=folder), Held)
    shown_only = as_json and not yes
    left_open = () if keep else held.open
    if not (held.rows or left_open) or shown_only:
        answer = Approved(folder=folder, approved=0, kept=0, refused=(), paused=False)
    else:
        if not as_json:
            lines = [[row.path, row.why, row.url or ""] for row in held.rows]
            lines += [[row.path, row.why, ""] for row in left_open]
            write_table(["PATH", "WHY", "URL"], lines, folded=(0, 1), alone=[2])
        if not yes and not _agreed(len(held.rows), len(left_open), keep=keep):
            line("Nothing was changed.")
            return OK
        rows = tuple(RemovalRow(path=row.path, object=row.object) for row in held.rows)
        send = tuple(OpenAudio(path=row.path, version=row.version) for row in left_open)
        answer, running = ask(config, Approve(folder=folder, rows=rows, keep=keep, open=send), Approved)
    if as_json:
        shown = document(held)
        write_json({**document(answer), "rows": shown["rows"], "open": shown["open"], "running": running})
    else:
        _tell(answer, running=running)
    return UNFINISHED if answer.refused or (shown_only and (held.rows or left_open)) else OK


def _tell(answer: Approved, *, running: bool) -> None:
    for row in answer.refused:
        line(f"Left alone: {row.path}: {row.why}")
    if answer.kept:
        line(f"Forgot {count(answer.kept, 'file')}; what is on Picora stays.")
    if answer.approved and answer.paused:
        line(f"Approved {count(answer.approved, 'removal')}: carried out after `picora-sync resume {answer.folder}`.")
    elif answer.approved and running:
        line(f"Approved {count(answer.approved, 'removal')}: the daemon carries them out.")
    elif answer.approved:
        line(f"Approved {count(answer.approved, 'removal')}: the next `picora-sync sync` or `run` carries them out.")
    if answer.sent:
        when = "" if running else ", with the next `picora-sync sync` or `run`"
        line(f"Approved {count(answer.sent, 'open file')}, to be sent unchanged{when}.")
    if not (answer.refused or answer.kept or answer.approved or answer.sent):
        line(f"Nothing of {answer.folder} is held.")


def _agreed(removals: int, left_open: int, *, keep: bool) -> bool:
    if not sys.stdin.isatty():
        raise CommandFailed(
            "not a terminal: cannot ask for confirmation", hint="add --yes to approve what is listed", exit_code=USAGE
        )
    questions = [f"{'forget' if keep else 'remove from Picora'} {count(removals, 'file')}"] if removals else []
    if left_open:
        questions.append(f"send {count(left_open, 'open file')} unchanged")
    question = ", and ".join(questions)
    return click.confirm(f"{question[:1].upper()}{question[1:]}?", err=True)
