"""Exception → what a person reads, and the exit code (design §9)."""

from __future__ import annotations

import os
import shutil
import sys

import click

from picora_sync.cli.styles import in_colour, styled
from picora_sync.cli.table import wrapped
from picora_sync.cli.words import safe, safe_lines
from picora_sync.errors import AnotherInstance, PicoraSyncError, Stopped, in_full

OK = 0
UNFINISHED = 1
"""Finished with blocked or held files."""

USAGE = 2
INTERNAL = 70
OTHER_INSTANCE = AnotherInstance.exit_code
INTERRUPTED = 130

_SERVER_LIBRARIES = {"falcon", "granian", "multipart", "obstore", "py_svg_hush", "regex", "sqlalchemy"}
"""What the extra ``server`` installs."""


class CommandFailed(Exception):
    """A command cannot do what was asked, for a reason that is no error of the pipeline."""

    def __init__(self, message: str, *, hint: str = "", exit_code: int = UNFINISHED) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code

    @property
    def in_full(self) -> str:
        """The sentence, and what to do about it."""
        return in_full(self.message, self.hint)


def exit_code_for(error: BaseException, *, verbose: bool) -> int:
    """Say on standard error what happened, and return the code to exit with."""
    if isinstance(error, click.UsageError):
        error.show()
        if error.ctx is None:  # which would have said how the command is used
            click.echo("Hint: `picora-sync --help` lists commands and options", err=True)
        return USAGE
    if isinstance(error, BrokenPipeError):
        _silence_stdout()
        return OK
    expected = _expected(error)
    if expected is None:
        if verbose:
            import traceback  # noqa: PLC0415  # as below

            trace = _without_credentials("".join(traceback.format_exception(error)))
            click.echo(safe_lines(trace), err=True)
        hint = "this is a mistake in picora-sync: please report it" + ("" if verbose else ", with what -v shows")
        expected = CommandFailed(f"unexpected {type(error).__name__}: {error}", hint=hint, exit_code=INTERNAL)
    _tell(expected.message, expected.hint)
    return expected.exit_code


def _expected(error: BaseException) -> CommandFailed | PicoraSyncError | None:
    """What a person is told; None for what nobody foresaw."""
    match error:
        case PicoraSyncError() | CommandFailed():
            return error
        case click.ClickException():
            return CommandFailed(error.format_message(), exit_code=error.exit_code)
        case click.Abort() | KeyboardInterrupt() | Stopped():
            return CommandFailed("interrupted", exit_code=INTERRUPTED)
        case ModuleNotFoundError() if error.name in _SERVER_LIBRARIES:
            return CommandFailed(
                "the embedded Picora is not installed", hint="in its clone, run: pip install '.[server]'"
            )
        case _:
            return None


def _tell(message: str, hint: str) -> None:
    message, hint = _without_credentials(message), _without_credentials(hint)
    error = _fitted(f"Error: {safe_lines(message)}")
    click.echo(styled(error, "red") if in_colour(sys.stderr) else error, err=True)
    if hint:
        click.echo(_fitted(f"Hint: {safe(hint)}"), err=True)


def _fitted(text: str) -> str:
    if not sys.stderr.isatty():
        return text
    columns = shutil.get_terminal_size().columns
    return "\n".join(part for line in text.split("\n") for part in wrapped(line, columns))


def _without_credentials(text: str) -> str:
    from picora_sync.core.redaction import without_credentials  # noqa: PLC0415  # only where something failed

    return without_credentials(text)


def _silence_stdout() -> None:
    """Whoever read us has gone: what is still buffered must not fail at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
