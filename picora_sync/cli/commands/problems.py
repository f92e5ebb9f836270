"""``problems``: what is wrong, and what to do about it."""

from __future__ import annotations

import click

from picora_sync.cli.documents import problems_document
from picora_sync.cli.failures import OK
from picora_sync.cli.options import json_option
from picora_sync.cli.output import line, write_json
from picora_sync.cli.settings import look_at
from picora_sync.cli.status_view import everything_wrong
from picora_sync.core.attention import Concern


@click.command("problems", epilog="Example: picora-sync problems --json | jq -r '.[].path'")
@json_option
@click.pass_context
def problems_command(ctx: click.Context, *, as_json: bool) -> int:
    """Show what is wrong with account, daemon, disk and files, and what to do about it.

    What Picora refused to delete is among it, with its URL.
    """
    with look_at(ctx) as look:
        problems = everything_wrong(look)
    if as_json:
        write_json(problems_document(problems))
        return OK
    for each in problems:
        place = f"{each.ref.folder}/{each.ref.path}" if each.ref.folder else each.about.value
        line(f"{_word(each):7}  {place}")
        line(f"         {each.problem.message} [{each.problem.code}]")
        if each.problem.hint:
            line(f"         Hint: {each.problem.hint}")
    if not problems:
        line("No problems.")
    return OK


def _word(concern: Concern) -> str:
    if concern.blocking:
        return "blocked"
    if concern.url:
        return "left"
    return "problem" if concern.serious else "note"
