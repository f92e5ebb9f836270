"""``completion``: a script for the shell."""

from __future__ import annotations

import click

from picora_sync.cli.failures import OK
from picora_sync.cli.front import PROGRAM
from picora_sync.cli.program import program
from picora_sync.cli.shells import SHELLS, VARIABLE


@click.command("completion", epilog='Example: eval "$(picora-sync completion bash)"')
@click.argument("shell", type=click.Choice(list(SHELLS)))
def completion_command(shell: str) -> int:
    """Print a script that completes commands, options and paths in a shell."""
    click.echo(SHELLS[shell](program, {}, PROGRAM, VARIABLE).source())
    return OK
