"""``help``: what a command does, as its ``--help`` says it."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from picora_sync.cli.failures import OK
from picora_sync.cli.program import Suggesting, program


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001  # click's signature
    return [CompletionItem(name) for name in program.list_commands(ctx) if name.startswith(incomplete)]


@click.command("help", epilog="Example: picora-sync help config check")
@click.argument("command", nargs=-1, shell_complete=_complete)
@click.pass_context
def help_command(ctx: click.Context, command: tuple[str, ...]) -> int:
    """Show what a COMMAND does, or list the commands."""
    shown: click.Command = program
    place = ctx.find_root()
    for name in command:
        if not isinstance(shown, Suggesting):
            raise click.UsageError(f"{place.info_name} has no commands of its own", ctx)
        shown = shown.find(place, name)
        place = click.Context(shown, info_name=name, parent=place)
    click.echo(shown.get_help(place))
    return OK
