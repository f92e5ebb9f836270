"""``config check``, ``show``, ``example`` and ``schema``."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence

import click

from picora_sync.account import client_of
from picora_sync.cli.failures import OK
from picora_sync.cli.logs import start_logging
from picora_sync.cli.options import json_option
from picora_sync.cli.output import line, write_json
from picora_sync.cli.settings import config_file, configuration
from picora_sync.cli.signals import stop_on_signals
from picora_sync.cli.words import count, safe_lines
from picora_sync.config.example import example
from picora_sync.config.keys import find_key
from picora_sync.config.model import Config
from picora_sync.config.show import effective, effective_yaml, schema
from picora_sync.core.model import Account
from picora_sync.core.pacing import Pacing
from picora_sync.core.policy import Folder
from picora_sync.remote.pacer import ThreadPacer
from picora_sync.remote.permissions import Permissions

SCOPES_UNTOLD = "what the key may do, Picora does not tell: a refused call names the scope that is missing"
NARROW = {
    "read": "Note: with this key nothing can be uploaded or made private. Make one with the scope read_write_delete.",
    "read_write": "Note: with this key, what you delete here stays on Picora, and so do the old versions of notes that "
    "you edit. Make one with the scope read_write_delete.",
}
"""What a scope that is not enough means."""


@click.group("config", epilog="Example: picora-sync config check")
def config_command() -> None:
    """Check and show the configuration."""


@config_command.command("check", epilog="Example: picora-sync --config ./config.yaml config check")
@click.option("--offline", is_flag=True, help="Look at the file and the key alone, and do not ask the server.")
@json_option
@click.pass_context
def check(ctx: click.Context, *, offline: bool, as_json: bool) -> int:
    """Find every mistake in the configuration, with its line (exit code 78), and ask the server whose key it is: 77 if
    it is refused, 69 if nobody answers.
    """
    start_logging(ctx, logging.ERROR)
    config = configuration(ctx)
    key = find_key(config, os.environ)
    missing = [folder for folder in config.folders if not os.path.isdir(folder.root)]  # noqa: PTH112  # as text, like every path here
    if not as_json:
        _tell_file(ctx, config, missing, key.source)
    answer = None if offline else _ask(config, key.secret)
    if as_json:
        write_json(_document(ctx, config, missing, key.source, answer))
    elif answer is not None:
        account, may = answer
        line(f"Picora answers: {_described(account, may)}.")
        if may.scope in NARROW:
            line(NARROW[may.scope])
    return OK


def _tell_file(ctx: click.Context, config: Config, missing: Sequence[Folder], source: str) -> None:
    line(f"{config_file(ctx)} is fine: {count(len(config.folders), 'folder')}, account {config.account.url}")
    for folder in missing:
        line(f"Note: {folder.root} ({folder.name}) is not there now; it may be mounted later.")
    line(f"The API key comes from {source}.")


def _ask(config: Config, key: str) -> tuple[Account, Permissions]:
    """Whose key it is, and what it may do; nothing is changed. Raises the RemoteError that kept us from knowing."""
    with stop_on_signals() as signals:
        pacer = ThreadPacer(Pacing(), time.monotonic, signals.stop)
        with client_of(config, key, pacer, signals.stop) as client:
            return client.with_usage(client.verify(once=True)), client.permissions()


def _described(account: Account, may: Permissions) -> str:
    plan = f"plan {account.plan}" if account.plan else "a plan that it does not tell"
    scope = f"the key's scope is {may.scope}" if may.scope else SCOPES_UNTOLD
    return f"user {account.user_id}, {plan}; {scope}"


def _document(
    ctx: click.Context,
    config: Config,
    missing: Sequence[Folder],
    source: str,
    answer: tuple[Account, Permissions] | None,
) -> dict[str, object]:
    account: dict[str, object] | None = None
    if answer is not None:
        who, may = answer
        account = {"user": who.user_id, "plan": who.plan or None, "scopes": may.scope}
    return {
        "file": str(config_file(ctx)),
        "folders": [folder.name for folder in config.folders],
        "missing": [folder.name for folder in missing],
        "url": config.account.url,
        "key_source": source,
        "account": account,
    }


@config_command.command("show", epilog="Example: picora-sync config show > everything.yaml")
@json_option
@click.pass_context
def show(ctx: click.Context, *, as_json: bool) -> int:
    """Print the configuration in force, defaults included. The API key is no part of it."""
    config = configuration(ctx)
    if as_json:
        write_json(effective(config))
    else:
        click.echo(safe_lines(effective_yaml(config)), nl=False)
    return OK


@config_command.command("example", epilog="Example: picora-sync config example > config.yaml")
def example_command() -> int:
    """Print an example of a configuration: every key there is, and what it does."""
    click.echo(example(), nl=False)
    return OK


@config_command.command("schema", epilog="Example: picora-sync config schema > picora-sync.schema.json")
def schema_command() -> int:
    """Print the JSON schema of the configuration, for editors."""
    write_json(schema())
    return OK
