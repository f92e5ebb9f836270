"""``service``: the daemon under systemd or launchd."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click

from picora_sync.cli.failures import OK, USAGE, CommandFailed
from picora_sync.cli.output import line, write_json
from picora_sync.cli.program import Suggesting
from picora_sync.cli.service_host import (
    Person,
    carry_out,
    installation,
    is_installed,
    lingers,
    manager_for,
    me,
    require,
    show,
    somebody,
    write,
)
from picora_sync.cli.settings import config_file, configuration
from picora_sync.config.keys import KeyringSilent, KeyUnusable, find_key
from picora_sync.service.managers import Act, Manager

system_option = click.option("--system", is_flag=True, help="The machine's service manager, not your own one (root).")
user_option = click.option(
    "--user", metavar="NAME", help="With --system: the account it runs as.  [default: whose configuration it is]"
)


@click.group("service", cls=Suggesting, epilog="Example: picora-sync service install")
def service_command() -> None:
    """Run the daemon as a service: systemd on Linux, launchd on macOS."""


@service_command.command("install", epilog="Example: sudo picora-sync --config FILE service install --system")
@system_option
@user_option
@click.option("--print", "only_print", is_flag=True, help="Print the file, and change nothing.")
@click.pass_context
def install(ctx: click.Context, *, system: bool, user: str | None, only_print: bool) -> int:
    """Install and start it, from now on at every login; with --system at every boot.

    Run it again after the configuration or the installation has moved: the service names both, and the folders.
    """
    file = config_file(ctx).absolute()
    person, manager = _whose(system, user, file)
    found = installation(file, person, system=system)
    content = manager.content(found)
    if only_print:
        click.echo(content, nl=False)
        return OK
    require(manager)
    write(manager, content)
    _make_state_dir(found.writable[0], person)
    line(f"Wrote {manager.file}")
    carry_out(manager, Act.ENABLE)
    line("The service is installed, and runs: `picora-sync status` shows how it is.")
    if manager.file.suffix == ".service" and not system and not lingers(person.name):
        line(f"It ends when you log out. To have it run from boot on: loginctl enable-linger {person.name}")
    return OK


@service_command.command("uninstall", epilog="Example: picora-sync service uninstall")
@system_option
@user_option
@click.pass_context
def uninstall(ctx: click.Context, *, system: bool, user: str | None) -> int:
    """Stop it and take its file away. Configuration, key, index and what is on Picora stay."""
    manager = _installed(ctx, system, user)
    carry_out(manager, Act.DISABLE)
    try:
        manager.file.unlink()
    except OSError as error:
        raise CommandFailed(f"{manager.file} cannot be removed: {error.strerror}", hint="remove it yourself") from error
    carry_out(manager, Act.FORGET)
    line(f"The service is stopped, and {manager.file} is gone. Configuration and index are still there.")
    return OK


def _simple(act: Act, summary: str, done: str) -> click.Command:
    @click.pass_context
    def callback(ctx: click.Context, *, system: bool, user: str | None) -> int:
        carry_out(_installed(ctx, system, user), act)
        line(done)
        return OK

    made: Callable[..., int] = user_option(system_option(callback))
    return click.command(act.value, help=summary, epilog=f"Example: picora-sync service {act.value}")(made)


service_command.add_command(_simple(Act.START, "Start it.", "It runs."))
service_command.add_command(_simple(Act.STOP, "Stop it, until the next login or boot.", "It is stopped."))
service_command.add_command(_simple(Act.RESTART, "Stop it, and start it again.", "It was started again."))


@service_command.command("status", epilog="Example: picora-sync service status")
@system_option
@user_option
@click.pass_context
def status(ctx: click.Context, *, system: bool, user: str | None) -> int:
    """Show what the service manager says of it; its exit code is 0 if it runs."""
    return show(_installed(ctx, system, user), Act.STATUS)


@service_command.command("logs", epilog="Example: picora-sync service logs --follow")
@click.option("--follow", is_flag=True, help="Go on, until Ctrl-C.")
@system_option
@user_option
@click.pass_context
def logs(ctx: click.Context, *, follow: bool, system: bool, user: str | None) -> int:
    """Show the last lines of its log."""
    return show(_installed(ctx, system, user), Act.FOLLOW if follow else Act.LOGS)


@service_command.command("surroundings", hidden=True, epilog="Example: picora-sync service surroundings")
@click.pass_context
def surroundings(ctx: click.Context) -> int:
    """Print what the service sees, as one JSON document; `service install` asks for it in the service's environment."""
    config = configuration(ctx)
    trouble = hint = ""
    try:
        find_key(config, os.environ)
    except KeyringSilent:  # the daemon waits for it
        pass
    except KeyUnusable as error:
        trouble, hint = error.message, error.hint
    write_json(
        {
            "state_dir": str(config.state_dir),
            "folders": [folder.root for folder in config.folders],
            "key_file": str(config.account.key_file or ""),
            "key_trouble": trouble,
            "key_hint": hint,
        }
    )
    return OK


def _whose(system: bool, user: str | None, file: Path) -> tuple[Person, Manager]:
    if user is not None and not system:
        raise CommandFailed("--user belongs to --system", hint="your own service runs as you", exit_code=USAGE)
    if not system and os.environ.get("SUDO_USER") and os.geteuid() == 0:
        raise CommandFailed(
            "with sudo this would be root's service, not yours",
            hint="leave out sudo; the machine's service manager is asked with --system",
            exit_code=USAGE,
        )
    person = somebody(user, file) if system else me()
    return person, manager_for(person, system=system)


def _installed(ctx: click.Context, system: bool, user: str | None) -> Manager:
    """Raises CommandFailed if it is not installed."""
    _, manager = _whose(system, user, config_file(ctx).absolute())
    if not is_installed(manager.file):
        raise CommandFailed(
            f"the service is not installed: there is no {manager.file}",
            hint="run `picora-sync service install`" + (" --system" if system else ""),
            exit_code=3,
        )
    return manager


def _make_state_dir(path: Path, person: Person) -> None:
    """The sandbox lets only what exists be written to."""
    if os.path.lexists(path):
        return
    try:
        path.mkdir(mode=0o700, parents=True)
        if person.other:
            os.chown(path, person.uid, person.gid)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be made: {error.strerror}", hint="set state_dir: to another one") from error
