"""``problems``: what is wrong, and what to do about it."""

from __future__ import annotations

import click

from picora_sync.cli.documents import problems_document
from picora_sync.cli.failures import OK
from picora_sync.cli.options import json_option
from picora_sync.cli.output import line, write_json
from picora_sync.cli.settings import look_at
from picora_sync.index.notices import all_problems


@click.command("problems", epilog="Example: picora-sync problems --json | jq -r '.[].path'")
@json_option
@click.pass_context
def problems_command(ctx: click.Context, *, as_json: bool) -> int:
    """Show what is wrong, and what to do about it; what blocks a file comes first."""
    with look_at(ctx) as look:
        problems = all_problems(look.index)
    if as_json:
        write_json(problems_document(problems))
        return OK
    for ref, problem, blocking in problems:
        line(f"{'blocked' if blocking else 'note   '}  {ref.folder}/{ref.path}")
        line(f"         {problem.message} [{problem.code}]")
        if problem.hint:
            line(f"         Hint: {problem.hint}")
    if not problems:
        line("No problems.")
    return OK
