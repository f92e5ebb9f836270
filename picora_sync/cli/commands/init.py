"""``init``: from a few answers to a configuration, a key in its place, and a service."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from picora_sync.cli.commands.service import install
from picora_sync.cli.failures import OK, USAGE, CommandFailed
from picora_sync.cli.init_key import NewKey, choose_key
from picora_sync.cli.init_preview import preview, print_preview, templates_below
from picora_sync.cli.key_check import NARROW, ask_account, described
from picora_sync.cli.output import line
from picora_sync.cli.service_host import can_be_asked
from picora_sync.cli.settings import config_file
from picora_sync.config.draft import Draft, FolderDraft, draft_text
from picora_sync.config.load import parse_config
from picora_sync.config.locations import default_config_file
from picora_sync.config.model import DEFAULT_URL, AccountConfig, Config, Visibility
from picora_sync.config.values import ApiUrl, BadValue
from picora_sync.content.publishers import template_directories
from picora_sync.content.vault import vault_root
from picora_sync.core.model import Account
from picora_sync.core.policy import Folder
from picora_sync.errors import KeyRefused
from picora_sync.plan_command import prospect

_ANY = "default"
_WORDS = [each.value for each in Visibility]
_CHOICE = click.Choice([_ANY, *_WORDS])
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Asker:
    """Answers come from the options; what they leave open is asked for, if ``interactive``."""

    interactive: bool

    def url(self, given: str | None) -> str:
        """The address of a Picora. Raises CommandFailed if the option is none."""
        text = given
        while True:
            if text is None:
                text = click.prompt("Address of Picora's API", default=DEFAULT_URL) if self.interactive else DEFAULT_URL
            try:
                return ApiUrl.parse(text)
            except BadValue as error:
                wrong = CommandFailed(f"{text}: {error}", hint=error.hint, exit_code=USAGE)
            if given is not None or not self.interactive:
                raise wrong
            line(wrong.in_full)
            text = None

    def folders(self, given: Sequence[Path]) -> list[Path]:
        """Directories that are there. Raises CommandFailed if none is given, and nobody can be asked."""
        if given:
            return list(given)
        if not self.interactive:
            raise CommandFailed("no folder is named", hint="name one with --folder PATH", exit_code=USAGE)
        found: list[Path] = []
        while True:
            what = "Another folder (Enter: no more)" if found else "Folder to mirror"
            text = click.prompt(what, default="" if found else None, show_default=False)
            if not text:
                return found
            try:
                found.append(_directory(Path(text)))
            except CommandFailed as error:
                line(error.in_full)

    def visibility(self, given: str | None, folder: Path) -> Visibility | None:
        """Who can read what says nothing itself; None for the default of each kind."""
        if given is None and self.interactive:
            line(f"Who can read what of {folder.name} says nothing itself?")
            line("  default  notes: nobody but you; audio: everybody")
            line("  private  nobody but you")
            line("  public   everybody")
            given = click.prompt("Visibility", type=_CHOICE, default=_ANY, show_choices=False)
        return None if given in (None, _ANY) else Visibility(given)


def _directory(path: Path) -> Path:
    try:
        absolute = Path(os.path.normpath(path.expanduser().absolute()))
        is_there = absolute.is_dir()
    except (OSError, RuntimeError, ValueError):
        absolute, is_there = path, False
    if not is_there:
        raise CommandFailed(f"there is no directory {absolute}", hint="make it, or name another", exit_code=USAGE)
    try:
        str(absolute).encode()
    except UnicodeEncodeError:
        raise CommandFailed(
            f"the name of {absolute} is not UTF-8", hint="a configuration cannot name it: rename it", exit_code=USAGE
        ) from None
    return absolute


@click.command("init", epilog="Example: picora-sync init --key-file FILE --folder ~/Vault/Public --yes")
@click.option("--url", help=f"Address of Picora's API.  [default: {DEFAULT_URL}]")
@click.option(
    "--key-file", type=click.Path(path_type=Path), help="The file that holds the API key, and that only you can read."
)
@click.option("--keyring", is_flag=True, help="Put the key into the system's keyring instead of a file.")
@click.option("--folder", "folders", multiple=True, type=click.Path(path_type=Path), help="What to mirror; repeatable.")
@click.option("--visibility", type=click.Choice(_WORDS), help="Who can read what says nothing itself, in every folder.")
@click.option("--state-dir", type=click.Path(path_type=Path), help="Where the index lies.")
@click.option("--offline", is_flag=True, help="Do not ask Picora whose key it is.")
@click.option("--yes", is_flag=True, help="Ask nothing: take the options, and defaults for the rest.")
@click.pass_context
def init_command(  # noqa: PLR0913  (an option each)
    ctx: click.Context,
    *,
    url: str | None,
    key_file: Path | None,
    keyring: bool,
    folders: tuple[Path, ...],
    visibility: str | None,
    state_dir: Path | None,
    offline: bool,
    yes: bool,
) -> int:
    """Make the configuration, and show what would be mirrored before writing it.

    Asks for account, key and folders. Never overwrites anything. With --yes the options alone decide.
    """
    file = config_file(ctx).absolute()
    _refuse_what_is_there(file)
    interactive = not yes
    if interactive and not sys.stdin.isatty():
        raise CommandFailed("not a terminal: cannot ask", hint="give --key-file, --folder and --yes", exit_code=USAGE)
    named = [_directory(path) for path in folders]
    asker = Asker(interactive)
    address = asker.url(url)
    key, account = _key_and_account(asker, address, NewKey(key_file, file.parent / "key", keyring=keyring), offline)
    places = asker.folders(named)
    drafts = tuple(_folder_draft(path, asker.visibility(visibility, path)) for path in places)
    index = None if state_dir is None else Path(os.path.abspath(state_dir.expanduser()))  # noqa: PTH100
    draft = Draft(drafts, address, None if keyring else key.file, index)
    text = draft_text(draft)
    config = parse_config(text, file, os.environ)
    report = prospect(config, account)
    print_preview(report, preview(config, report), [each.templates for each in drafts])
    line()
    if interactive and not click.confirm(f"Write {file}?", default=True):
        raise CommandFailed("nothing was written")
    key.store(address)
    _write(file, text)
    line(f"Wrote {file}" + ("" if key.is_there else f", and the key to {key.place}"))
    return _go_on(ctx, file, interactive=interactive)


def _refuse_what_is_there(file: Path) -> None:
    if os.path.lexists(file):
        raise CommandFailed(
            f"there is a configuration already: {file}",
            hint="`picora-sync config check` looks at it; move it away to begin anew, or name another with --config",
        )


def _key_and_account(asker: Asker, url: str, new: NewKey, offline: bool) -> tuple[NewKey, Account | None]:
    """A key that Picora takes, and whose it is. Raises KeyRefused, or another RemoteError."""
    for attempt in range(_ATTEMPTS):
        key = choose_key(new, interactive=asker.interactive)
        if offline:
            return key, None
        config = Config(AccountConfig(url=url), (), Path())
        try:
            account, may = ask_account(config, key.secret)
        except KeyRefused as error:
            if not key.asked or attempt == _ATTEMPTS - 1:
                raise
            line(error.in_full)
            continue
        line(f"Picora answers: {described(account, may)}.")
        if may.scope in NARROW:
            line(NARROW[may.scope])
        return key, account
    raise AssertionError


def _folder_draft(path: Path, visibility: Visibility | None) -> FolderDraft:
    vault = Path(vault_root(Folder(path.name, str(path))))
    return FolderDraft(path, visibility, templates_below(path, vault, template_directories(vault)))


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise CommandFailed(
            f"{file} cannot be written: {error.strerror or error}", hint="name another place with --config FILE"
        ) from error


def _go_on(ctx: click.Context, file: Path, *, interactive: bool) -> int:
    """Offer the service, or say what comes next."""
    if interactive and can_be_asked():
        if click.confirm("Run it as a service from now on?", default=True):
            code: int = ctx.invoke(install, system=False, user=None, only_print=False)
            return code
        line("`picora-sync service install` does that later.")
    option = "" if file == default_config_file() else f" --config {file}"
    system = " --system --user ACCOUNT" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""
    line(f"Next: `picora-sync{option} sync` mirrors once, `picora-sync{option} service install{system}` from now on.")
    return OK
