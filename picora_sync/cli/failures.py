"""Exception → what a person reads, and the exit code (design §9)."""

from __future__ import annotations

import os
import sys
import traceback

import click

from picora_sync.cli.words import safe, safe_lines
from picora_sync.errors import PicoraSyncError

OK = 0
UNFINISHED = 1
"""Finished with blocked or held files."""

USAGE = 2
INTERNAL = 70
INTERRUPTED = 130


class CommandFailed(Exception):
    """A command cannot do what was asked, for a reason that is no error of the pipeline."""

    def __init__(self, message: str, *, hint: str = "", exit_code: int = UNFINISHED) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code


def exit_code_for(error: BaseException, *, verbose: bool) -> int:
    """Say on standard error what happened, and return the code to exit with."""
    match error:
        case PicoraSyncError() | CommandFailed():
            _tell(error.message, error.hint)
            return error.exit_code
        case click.UsageError():
            error.show()
            return USAGE
        case click.ClickException():
            _tell(error.format_message(), "")
            return error.exit_code
        case click.Abort() | KeyboardInterrupt():
            _tell("Interrupted", "")
            return INTERRUPTED
        case BrokenPipeError():
            _silence_stdout()
            return OK
        case _:
            return _unexpected(error, verbose=verbose)


def _unexpected(error: BaseException, *, verbose: bool) -> int:
    if verbose:
        click.echo(safe_lines("".join(traceback.format_exception(error))), err=True)
    hint = "this is a mistake in picora-sync: please report it" + ("" if verbose else ", with what -v shows")
    _tell(f"unexpected {type(error).__name__}: {error}", hint)
    return INTERNAL


def _tell(message: str, hint: str) -> None:
    click.secho(f"Error: {safe_lines(message)}", fg=None if os.environ.get("NO_COLOR") else "red", err=True)
    if hint:
        click.echo(f"Hint: {safe(hint)}", err=True)


def _silence_stdout() -> None:
    """Whoever read us has gone: what is still buffered must not fail at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
