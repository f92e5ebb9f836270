"""``problems``: what is wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

import click

from picora_sync.cli.documents import problems_document
from picora_sync.cli.failures import OK
from picora_sync.cli.options import json_option
from picora_sync.cli.output import line, write_json
from picora_sync.cli.settings import look_at
from picora_sync.cli.status_view import everything_wrong
from picora_sync.cli.words import place
from picora_sync.core.attention import Concern

_MOST_NAMES = 3
"""So many of the others are named."""


@click.command("problems", epilog="Example: picora-sync problems --json | jq -r '.[].path'")
@click.option("--all", "every", is_flag=True, help="Name every file, also where the same is said of many.")
@json_option
@click.pass_context
def problems_command(ctx: click.Context, *, every: bool, as_json: bool) -> int:
    """Show what is wrong with account, daemon, disk and files, and what to do about it.

    What Picora refused to delete is among it, with its URL. What is the same for many files is said once.
    """
    with look_at(ctx) as look:
        problems = everything_wrong(look)
    if as_json:
        write_json(problems_document(problems))
        return OK
    alike: dict[object, list[Concern]] = {}
    for number, each in enumerate(problems):
        alike.setdefault((_word(each), each.problem, number if every else 0), []).append(each)
    for first, *others in alike.values():
        _print(first, others)
    if not problems:
        line("No problems.")
    return OK


def _print(first: Concern, others: Sequence[Concern]) -> None:
    name = place(first.ref) if first.ref.folder else first.about.value
    more = f" and {len(others)} more: {', '.join(place(each.ref) for each in others[:_MOST_NAMES])}" if others else ""
    line(f"{_word(first):7}  {name}{more}{', …' if len(others) > _MOST_NAMES else ''}")
    line(f"         {first.problem.message} [{first.problem.code}]")
    if first.problem.hint:
        line(f"         Hint: {first.problem.hint}")


def _word(concern: Concern) -> str:
    if concern.blocking:
        return "blocked"
    if concern.url:
        return "left"
    return "problem" if concern.serious else "note"
