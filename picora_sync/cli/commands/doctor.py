"""``doctor``: looks at machine, installation, account and mirror, and says what mends each thing that is wrong."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from picora_sync.cli.doctor.bundle import Cleaner, write_bundle
from picora_sync.cli.doctor.examine import examine, found
from picora_sync.cli.doctor.facts import Facts
from picora_sync.cli.doctor.findings import Finding, findings
from picora_sync.cli.failures import OK, UNFINISHED
from picora_sync.cli.logs import start_logging
from picora_sync.cli.options import json_option
from picora_sync.cli.output import line
from picora_sync.cli.settings import config_file
from picora_sync.cli.words import count, duration, json_text, size
from picora_sync.config.keys import VARIABLE

Say = Callable[[str], None]


@click.command("doctor", epilog="Example: picora-sync doctor --bundle ./picora-sync.zip")
@json_option
@click.option(
    "--bundle",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write what was seen, the configuration and the service's log into this new .zip file, without any key.",
)
@click.pass_context
def doctor_command(ctx: click.Context, *, as_json: bool, bundle: Path | None) -> int:
    """Look for whatever keeps the mirror from working, and say which command mends it.

    Changes nothing. Exits with 0 if there is nothing to mend, else with 1.
    """
    start_logging(ctx, logging.ERROR)
    config, key, refused = found(ctx)
    facts = examine(ctx, key, config, refused)
    made = findings(facts)
    clean = Cleaner(os.environ.get(VARIABLE, "").strip(), "" if key is None else key.secret)
    document = clean(json_text(_document(facts, made)))
    contents = [] if bundle is None else write_bundle(bundle, document, config, config_file(ctx), clean)
    if as_json:
        click.echo(document.encode())
    else:
        _print(facts, made, lambda text: line(clean(text)))
        if contents:
            line(f"Wrote {bundle}: {', '.join(contents)}.")
            line("It holds no key; it names your folders, and the log may name files.")
    return OK if all(each.remark for each in made) else UNFINISHED


def _document(facts: Facts, made: Sequence[Finding]) -> dict[str, object]:
    wrong = [each for each in made if not each.remark]
    return {"ok": not wrong, "findings": [asdict(each) for each in made], "facts": asdict(facts)}


def _print(facts: Facts, made: Sequence[Finding], say: Say) -> None:
    _print_facts(facts, say)
    wrong = [each for each in made if not each.remark]
    for each in made:
        say("")
        say(f"{'Note' if each.remark else 'Wrong'}: {each.about}: {each.message}")
        if each.command:
            say(f"  mend it: {each.command}")
        if each.advice and each.advice != f"run: {each.command}":
            say(f"  {each.advice}")
    say("")
    say(f"{count(len(wrong), 'thing')} to mend." if wrong else "All is well.")


def _print_facts(facts: Facts, say: Say) -> None:
    versions = facts.versions
    say(f"{versions.program}, Python {versions.python}, SQLite {versions.sqlite}, {versions.platform}")
    say(f"installed in {versions.installed_at}, configuration {facts.config_file}")
    if facts.account is not None and facts.account.trouble is None:
        who = facts.account
        clock = "" if who.ahead_s is None else f", clocks differ by {duration(abs(who.ahead_s))}"
        through = f", through the proxy {who.proxy}" if who.proxy else ""
        scope = who.scope or "of a scope not told"
        say(f"account {who.url}: user {who.user}, plan {who.plan or 'not told'}, key {scope}")
        say(f"key from {facts.key_source}{clock}{through}")
    for folder in facts.folders:
        if folder.there:
            say(f"folder {folder.name}: {folder.path}, directories: {folder.directories}")
    if facts.state is not None and facts.state.mode is not None:
        index = "sound" if facts.state.fault is None else "not usable"
        say(f"index in {facts.state.path}: {index}, {size(facts.state.free_bytes)} free")
    if facts.mirror is not None:
        runs = "runs" if facts.mirror.running else "does not run"
        say(f"mirror: {facts.mirror.state}, {runs}, {count(facts.mirror.public, 'file')} public")
    if facts.service is not None and facts.service.installed:
        say(f"service: {facts.service.file}")
