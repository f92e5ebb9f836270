"""The root command: global options, and the commands, each in a module that is imported when it is called."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import click

from picora_sync.cli.failures import exit_code_for
from picora_sync.cli.output import make_forgiving

PROGRAM = "picora-sync"


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command is, and its line in the list of commands (a test compares it with the command's own)."""

    module: str
    summary: str


COMMANDS = {
    "up": Entry("up", "Mirror folders into a Picora of their own, and watch."),
    "run": Entry("run", "Mirror the configured folders until stopped: the daemon, in the foreground."),
    "sync": Entry("sync", "Mirror the configured folders once, then exit."),
    "plan": Entry("plan", "Show what would be done, and why."),
    "status": Entry("status", "Show how folders and account are."),
    "ls": Entry("files", "List files, with their state and URL."),
    "url": Entry("files", "Print the URL of a file."),
    "problems": Entry("problems", "Show what is wrong with account, daemon, disk and files, and what to do about it."),
    "history": Entry("files", "Show which URLs files had, and when, oldest first."),
    "approve": Entry("approve", "Carry out the removals of FOLDER that are held."),
    "verify": Entry("verify", "Compare the index with the account."),
    "rebuild": Entry("rebuild", "Make a new index from folders and account, after the old one was damaged or lost."),
    "pause": Entry("control", "Send nothing for FOLDER, or for all folders, until `resume`."),
    "resume": Entry("control", "Let a paused FOLDER, or all of them, go on."),
    "rescan": Entry("control", "Look through FOLDER, or through all folders, now."),
    "resend": Entry("control", "Read every file of FOLDER again, and send what would be sent differently now."),
    "forget": Entry("forget", "Forget a FOLDER that was taken out of the configuration."),
    "reload": Entry("control", "Have the running daemon read its configuration again."),
    "serve": Entry("serve", "Run the embedded Picora alone, until Ctrl-C."),
    "config": Entry("config", "Check and show the configuration."),
    "completion": Entry("completion", "Print a script that completes commands, options and paths in a shell."),
}


@dataclass
class Invocation:
    """What the global options say."""

    config_file: Path | None = None
    verbose: bool = False
    log_format: str = "text"


class Commands(click.Group):
    """Finds commands in :data:`COMMANDS`, and lists them without importing any."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """In the order of the table: what is needed first comes first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """Import a command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module = import_module(f"picora_sync.cli.commands.{entry.module}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        take_global_options(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        """The list in the help text."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


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
            help="The configuration to use.",
        ),
        click.Option(
            ["-v", "--verbose"],
            is_flag=True,
            hidden=hidden,
            expose_value=False,
            callback=_set,
            help="Log every step, and tracebacks of unexpected errors.",
        ),
        click.Option(
            ["--log-format"],
            type=click.Choice(["text", "json"]),
            hidden=hidden,
            expose_value=False,
            callback=_set,
            help="How log lines are written to standard error.",
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
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Try it without an account: picora-sync up FOLDER",
)
@click.version_option(package_name=PROGRAM, prog_name=PROGRAM, message="%(prog)s %(version)s")
@click.pass_context
def program(ctx: click.Context) -> None:
    """Keep folders of notes and podcasts mirrored, one way, to Picora."""
    ctx.ensure_object(Invocation)


def run(arguments: Sequence[str]) -> int:
    """Run a command line; returns the exit code. Every failure ends here, in a sentence."""
    make_forgiving([sys.stdout, sys.stderr])
    invocation = Invocation()
    try:
        code = program.main(list(arguments), prog_name=PROGRAM, standalone_mode=False, obj=invocation)
        sys.stdout.flush()
    except Exception as error:  # noqa: BLE001  # the last place that can turn an error into a sentence
        return exit_code_for(error, verbose=invocation.verbose)
    except KeyboardInterrupt as interrupt:
        return exit_code_for(interrupt, verbose=invocation.verbose)
    return int(code or 0)
