"""``config check``, ``show``, ``example`` and ``schema``."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence

import click

from picora_sync.cli.failures import OK
from picora_sync.cli.key_check import NARROW, ask_account, described
from picora_sync.cli.logs import start_logging
from picora_sync.cli.options import json_option
from picora_sync.cli.output import line, write_json
from picora_sync.cli.program import Suggesting
from picora_sync.cli.settings import config_file, configuration
from picora_sync.cli.words import count, safe_lines
from picora_sync.config.example import example
from picora_sync.config.keys import find_key
from picora_sync.config.model import Config
from picora_sync.config.show import effective, effective_yaml, schema
from picora_sync.core.model import Account
from picora_sync.core.policy import Folder
from picora_sync.remote.permissions import Permissions
from picora_sync.state_dir import expect_usable
from picora_sync.workers import in_time


@click.group("config", cls=Suggesting, epilog="Example: picora-sync config check")
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
    expect_usable(config.state_dir)
    key = find_key(config, os.environ)
    missing = [folder for folder in config.folders if not in_time(folder.root, os.path.isdir, otherwise=False)]
    if not as_json:
        _tell_file(ctx, config, missing, key.source)
    answer = None if offline else ask_account(config, key.secret)
    if as_json:
        write_json(_document(ctx, config, missing, key.source, answer))
    elif answer is not None:
        account, may = answer
        line(f"Picora answers: {described(account, may)}.")
        if may.scope in NARROW:
            line(NARROW[may.scope])
    return OK


def _tell_file(ctx: click.Context, config: Config, missing: Sequence[Folder], source: str) -> None:
    line(f"{config_file(ctx)} is fine: {count(len(config.folders), 'folder')}, account {config.account.url}")
    for folder in missing:
        line(f"Note: {folder.root} ({folder.name}) is not there now; it may be mounted later.")
    line(f"The API key comes from {source}.")


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
