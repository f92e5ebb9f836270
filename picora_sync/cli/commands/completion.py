"""``completion``: a script for the shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from picora_sync.cli.failures import OK, CommandFailed
from picora_sync.cli.front import PROGRAM
from picora_sync.cli.program import program

_VARIABLE = "_PICORA_SYNC_COMPLETE"


@click.command("completion", epilog='Example: eval "$(picora-sync completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion_command(shell: str) -> int:
    """Print a script that completes commands, options and paths in a shell."""
    kind = get_completion_class(shell)
    if kind is None:
        raise CommandFailed(f"click knows no completion for {shell}")
    click.echo(kind(program, {}, PROGRAM, _VARIABLE).source())
    return OK
