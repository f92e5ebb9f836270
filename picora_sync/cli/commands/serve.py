"""``serve``: the embedded Picora alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TypedDict, Unpack

import click

from picora_sync.cli.commands.serve_admin import SCOPES, print_check, print_new_key, revoke_key
from picora_sync.cli.failures import OK, USAGE, CommandFailed
from picora_sync.cli.options import json_option
from picora_sync.cli.output import line, write_json
from picora_sync.config.locations import default_state_dir
from picora_sync.server.accounts import Scope
from picora_sync.server.errors import ServerError
from picora_sync.server.plans import PLANS
from picora_sync.server.process import Ready, serve
from picora_sync.server.settings import ServerSettings


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


@click.command("serve", epilog="Example: picora-sync serve --port 8080 --data ./picora")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free one.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Where everything is kept.")
@click.option(
    "--plan", type=click.Choice(list(PLANS)), default="pro_plus", show_default=True, help="Limits and quotas."
)
@click.option("--key", help="The API key to accept; left out, one is made and kept in the data directory.")
@click.option("--rate-limits/--no-rate-limits", default=True, show_default=True, help="Enforce the API's rate limits.")
@click.option("--allow-remote", is_flag=True, help="Permit a --host that other machines can reach.")
@click.option("--access-log", is_flag=True, help="Log each request.")
@click.option("--database", metavar="URL", help="Where the rows are: a SQLAlchemy URL.  [default: SQLite in --data]")
@click.option(
    "--storage", metavar="URL", help="Where the bytes are, such as s3://bucket.  [default: a directory in --data]"
)
@click.option("--check", is_flag=True, help="Verify everything stored, say what is wrong, and end.")
@click.option("--add-key", is_flag=True, help="Make another key, print it, and end; a running server accepts it.")
@click.option("--scope", type=click.Choice(SCOPES), help="What the new key may do.  [default: read_write_delete]")
@click.option("--revoke", metavar="KEY_OR_ID", help="Refuse a key from now on, and end.")
@click.option("--stop-on-stdin-eof", is_flag=True, hidden=True, help="End together with the parent's pipe.")
@json_option
def serve_command(
    *,
    data: Path | None,
    check: bool,
    add_key: bool,
    scope: Scope | None,
    revoke: str | None,
    stop_on_stdin_eof: bool,
    as_json: bool,
    **settings: Unpack[_Settings],
) -> int:
    """Run the embedded Picora alone, until Ctrl-C.

    With --json it prints one line when it is ready: url, media_url, key, plan and data.
    """
    if scope is not None and not add_key:
        raise click.UsageError("--scope belongs to --add-key.")
    if check + add_key + (revoke is not None) > 1:
        raise click.UsageError("--check, --add-key and --revoke are commands of their own.")
    where = (data or default_state_dir(os.environ) / "server").absolute()
    try:
        chosen = ServerSettings(data=where, **settings)
    except ServerError as error:
        hint = f"{error.hint} To allow it: --allow-remote." if not settings["allow_remote"] else error.hint
        raise CommandFailed(error.message, hint=hint, exit_code=USAGE) from error
    try:
        if check:
            return print_check(chosen, as_json=as_json)
        if add_key:
            return print_new_key(chosen, scope or SCOPES[-1], as_json=as_json)
        if revoke is not None:
            return revoke_key(chosen, revoke, as_json=as_json)
        serve(chosen, _announce_json if as_json else _announcer(chosen), stop_on_stdin_eof=stop_on_stdin_eof)
    except ServerError as error:
        raise CommandFailed(error.message, hint=error.hint) from error
    return OK


def _announce_json(ready: Ready) -> None:
    write_json({**asdict(ready), "data": str(ready.data)})


def _announcer(settings: ServerSettings) -> Callable[[Ready], None]:
    def announce(ready: Ready) -> None:
        kept = settings.key is None
        line(f"Picora runs at {ready.url}")
        line(f"  key    {ready.key}" + (f" (kept in {ready.data / 'key'})" if kept else ""))
        line(f"  data   {ready.data}")
        line(f"  plan   {ready.plan}, rate limits {'on' if settings.rate_limits else 'off'}")
        line()
        line("Ask it something:")
        line(f"  curl -H 'Authorization: Bearer {ready.key}' {ready.url}/v1/auth/verify")
        line("Mirror to it, with this in config.yaml:")
        line(f"  account: {{url: {ready.url}" + (f", key_file: {ready.data / 'key'}}}" if kept else "}"))
        line("Ctrl-C ends it.")

    return announce
