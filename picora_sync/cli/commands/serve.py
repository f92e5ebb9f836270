"""``serve``: the embedded Picora alone."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict, Unpack

import click

from picora_sync.cli.commands.serve_admin import SCOPES, print_check, print_new_key, revoke_key
from picora_sync.cli.commands.serve_greeting import announce, announce_json, warn
from picora_sync.cli.failures import OK, OTHER_INSTANCE, USAGE, CommandFailed
from picora_sync.cli.logs import start_logging
from picora_sync.cli.options import json_option
from picora_sync.config.keys import key_in
from picora_sync.config.locations import default_state_dir
from picora_sync.errors import KeyRefused
from picora_sync.server.accounts import Scope
from picora_sync.server.errors import DataInUse, ServerError
from picora_sync.server.plans import PLANS
from picora_sync.server.process import Ready, serve
from picora_sync.server.settings import MOST_WORKERS, ServerSettings

KEY_VARIABLE = "PICORA_SERVE_KEY"
"""Where the key to accept may stand instead of the command line."""


class _Settings(TypedDict):
    """The options that are settings of the server as they are."""

    host: str
    port: int
    plan: str
    key: str | None
    database: str | None
    storage: str | None
    rate_limits: bool
    allow_remote: bool
    access_log: bool
    public_url: str | None
    workers: int
    soft_delete: bool
    purge: bool


@click.command("serve", epilog="Example: picora-sync serve --port 8080 --data ./picora")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free one.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where everything is kept.  [default: the directory server in the state directory]",
)
@click.option(
    "--plan", type=click.Choice(list(PLANS)), default="pro_plus", show_default=True, help="Limits and quotas."
)
@click.option(
    "--key",
    help="The API key to accept; left out, one is made and kept in the data directory. Other users of this machine can "
    f"see it in the list of processes: --key-file, or the variable {KEY_VARIABLE}, hides it.",
)
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file that holds the API key to accept, and that only you can read (chmod 600).",
)
@click.option("--rate-limits/--no-rate-limits", default=True, show_default=True, help="Enforce the API's rate limits.")
@click.option("--allow-remote", is_flag=True, help="Permit a --host that other machines can reach.")
@click.option(
    "--public-url", metavar="URL", help="Behind a proxy: where clients find it, such as https://notes.example."
)
@click.option("--access-log", is_flag=True, help="Log each request.")
@click.option(
    "--database", metavar="URL", help="Where the rows are: postgresql://user@host/name.  [default: SQLite in --data]"
)
@click.option(
    "--storage", metavar="URL", help="Where the bytes are, such as s3://bucket.  [default: a directory in --data]"
)
@click.option(
    "--workers",
    type=click.IntRange(1, MOST_WORKERS),
    default=1,
    show_default=True,
    help="Processes that serve together; more than one need PostgreSQL.",
)
@click.option("--soft-delete", is_flag=True, help="Keep deleted documents in a trash, as the live service does.")
@click.option(
    "--purge/--no-purge", default=True, show_default=True, help="Whether ?hard=true takes them out of the trash."
)
@click.option("--check", is_flag=True, help="Verify everything stored, say what is wrong, and end.")
@click.option("--add-key", is_flag=True, help="Make another key, print it, and end; a running server accepts it.")
@click.option("--scope", type=click.Choice(SCOPES), help="What the new key may do.  [default: read_write_delete]")
@click.option("--revoke", metavar="KEY_OR_ID", help="Refuse a key from now on, and end.")
@click.option("--stop-on-stdin-eof", is_flag=True, hidden=True, help="End together with the parent's pipe.")
@json_option
@click.pass_context
def serve_command(  # noqa: PLR0913  (an option each)
    ctx: click.Context,
    *,
    data: Path | None,
    key_file: Path | None,
    check: bool,
    add_key: bool,
    scope: Scope | None,
    revoke: str | None,
    stop_on_stdin_eof: bool,
    as_json: bool,
    **settings: Unpack[_Settings],
) -> int:
    """Run the embedded Picora alone, until Ctrl-C.

    With --json it prints one line when it is ready: url, media_url, key, plan, data, and the address it listens on.
    """
    start_logging(ctx, logging.WARNING)
    if scope is not None and not add_key:
        raise click.UsageError("--scope belongs to --add-key.")
    if check + add_key + (revoke is not None) > 1:
        raise click.UsageError("--check, --add-key and --revoke are commands of their own.")
    where = (data or default_state_dir(os.environ) / "server").absolute()
    settings["key"] = key_to_accept(settings["key"], key_file)
    try:
        chosen = ServerSettings(data=where, **settings)
    except ServerError as error:
        raise CommandFailed(error.message, hint=error.hint, exit_code=USAGE) from error
    try:
        if check:
            return print_check(chosen, as_json=as_json)
        if add_key:
            return print_new_key(chosen, scope or SCOPES[-1], as_json=as_json)
        if revoke is not None:
            return revoke_key(chosen, revoke, as_json=as_json)
        serve(chosen, _greeter(chosen, as_json=as_json), stop_on_stdin_eof=stop_on_stdin_eof)
    except DataInUse as error:
        raise CommandFailed(error.message, hint=error.hint, exit_code=OTHER_INSTANCE) from error
    except ServerError as error:
        raise CommandFailed(error.message, hint=error.hint) from error
    return OK


def key_to_accept(given: str | None, file: Path | None) -> str | None:
    """The key of the command line, of the file, or of the environment; None if nobody names one."""
    if given is not None and file is not None:
        raise click.UsageError("--key and --key-file name one key each: leave one out.")
    if file is None:
        return given or os.environ.get(KEY_VARIABLE, "").strip() or None
    try:
        return key_in(file).secret
    except KeyRefused as error:
        raise CommandFailed(error.message, hint=error.hint, exit_code=USAGE) from error


def _greeter(settings: ServerSettings, *, as_json: bool) -> Callable[[Ready], None]:
    def greet(ready: Ready) -> None:
        warn(settings, ready)
        if as_json:
            announce_json(ready)
        else:
            announce(settings, ready)

    return greet
