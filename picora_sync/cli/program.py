"""The root command: global options, and the commands, each in a module that is imported when it is called."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

import click

from picora_sync import __version__
from picora_sync.cli.failures import exit_code_for
from picora_sync.cli.front import (
    COMMANDS,
    CONFIG_HELP,
    LOG_FORMAT_HELP,
    MOST_COLUMNS,
    OTHER_NAMES,
    PROGRAM,
    SUMMARY,
    VERBOSE_HELP,
    help_text,
)
from picora_sync.cli.output import make_forgiving
from picora_sync.cli.words import safe


@dataclass
class Invocation:
    """What the global options say."""

    config_file: Path | None = None
    verbose: bool = False
    log_format: str = "text"


class Suggesting(click.Group):
    """A group that knows what may have been meant."""

    others: Mapping[str, str] = MappingProxyType({})
    """What other programs call it, and what it is called here."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is named first, and the rest."""
        if ctx.resilient_parsing or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        return args[0], self.find(ctx, args[0]), args[1:]

    def find(self, ctx: click.Context, name: str) -> click.Command:
        """The command of this name. Raises UsageError with the nearest one there is."""
        command = self.get_command(ctx, name)
        if command is None:
            known = self.list_commands(ctx)
            close = difflib.get_close_matches(name.casefold(), known, n=1)
            meant = self.others.get(name.casefold(), close[0] if close else "")
            hint = f"did you mean '{meant}'?" if meant else f"'{ctx.command_path} --help' lists the commands"
            raise click.UsageError(f"there is no command '{safe(name)}' ({hint})", ctx)
        return command


class Commands(Suggesting):
    """Finds commands in :data:`COMMANDS`, and lists them without importing any."""

    others = OTHER_NAMES

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """In the order of the table: what is needed first comes first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """Import a command."""
        known = COMMANDS.get(cmd_name)
        if known is None:
            return None
        module = import_module(f"picora_sync.cli.commands.{known[0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        take_global_options(command)
        return command

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        """The same text that is shown without click."""
        formatter.write(help_text(formatter.width))


def _set(ctx: click.Context, param: click.Parameter, value: object) -> None:
    """Note a global option; one that is not given leaves what the root command was told."""
    if value and param.name is not None:
        setattr(ctx.ensure_object(Invocation), param.name, value)


def _global_options(*, hidden: bool) -> list[click.Parameter]:
    file = click.Path(path_type=Path, dir_okay=False)
    return [
        click.Option(
            ["--config", "config_file"],
            metavar="FILE",
            type=file,
            hidden=hidden,
            expose_value=False,
            callback=_set,
            help=CONFIG_HELP,
        ),
        click.Option(
            ["-v", "--verbose"],
            is_flag=True,
            hidden=hidden,
            expose_value=False,
            callback=_set,
            help=VERBOSE_HELP,
        ),
        click.Option(
            ["--log-format"],
            type=click.Choice(["text", "json"]),
            hidden=hidden,
            expose_value=False,
            callback=_set,
            help=LOG_FORMAT_HELP,
        ),
    ]


def take_global_options(command: click.Command) -> None:
    """Let the global options stand after the command, too."""
    if not any(parameter.name == "config_file" for parameter in command.params):
        command.params += _global_options(hidden=True)
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            take_global_options(inner)


@click.command(
    cls=Commands,
    params=_global_options(hidden=False),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": MOST_COLUMNS},
    help=SUMMARY,
)
@click.version_option(__version__, "-V", "--version", prog_name=PROGRAM, message="%(prog)s %(version)s")
@click.pass_context
def program(ctx: click.Context) -> None:
    """The root of all commands."""
    ctx.ensure_object(Invocation)


def run(arguments: Sequence[str]) -> int:
    """Run a command line; returns the exit code. Every failure ends here, in a sentence."""
    make_forgiving([sys.stdout, sys.stderr])
    invocation = Invocation()
    if "_PICORA_SYNC_COMPLETE" in os.environ:
        from picora_sync.cli.shells import know_the_shells  # noqa: PLC0415  # nobody else needs them

        know_the_shells()
    try:
        code = program.main(list(arguments), prog_name=PROGRAM, standalone_mode=False, obj=invocation)
        sys.stdout.flush()
    except Exception as error:  # noqa: BLE001  # the last place that can turn an error into a sentence
        return exit_code_for(error, verbose=invocation.verbose)
    except KeyboardInterrupt as interrupt:
        return exit_code_for(interrupt, verbose=invocation.verbose)
    return int(code or 0)
