"""``config check``, ``show`` and ``schema``."""

from __future__ import annotations

import os

import click

from picora_sync.cli.failures import OK
from picora_sync.cli.options import json_option
from picora_sync.cli.output import line, write_json
from picora_sync.cli.settings import config_file, configuration
from picora_sync.cli.words import count, safe_lines
from picora_sync.config.keys import find_key
from picora_sync.config.show import effective, effective_yaml, schema


@click.group("config", epilog="Example: picora-sync config check")
def config_command() -> None:
    """Check and show the configuration."""


@config_command.command("check", epilog="Example: picora-sync --config ./config.yaml config check")
@click.pass_context
def check(ctx: click.Context) -> int:
    """Find every mistake in the configuration, with its line (exit code 78), and the API key (77)."""
    config = configuration(ctx)
    line(f"{config_file(ctx)} is fine: {count(len(config.folders), 'folder')}, account {config.account.url}")
    for folder in config.folders:
        if not os.path.isdir(folder.root):  # noqa: PTH112  # as text, like every path here
            line(f"Note: {folder.root} ({folder.name}) is not there now; it may be mounted later.")
    line(f"The API key comes from {find_key(config, os.environ).source}.")
    return OK


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


@config_command.command("schema", epilog="Example: picora-sync config schema > picora-sync.schema.json")
def schema_command() -> int:
    """Print the JSON schema of the configuration, for editors."""
    write_json(schema())
    return OK
