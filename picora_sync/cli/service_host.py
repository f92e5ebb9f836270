"""The service on this machine: what it will see when it runs, its file, and its manager's commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from picora_sync.cli.failures import USAGE, CommandFailed
from picora_sync.config.keys import key_in
from picora_sync.errors import ConfigError
from picora_sync.service.installation import Installation, carried
from picora_sync.service.managers import SYSTEM_UNITS, Act, Command, Launchd, Manager, Systemd
from picora_sync.service.units import command_line

_WITHIN_S = 60.0
PROGRAM = (sys.executable, "-P", "-m", "picora_sync")
"""This installation, whatever the PATH says; nothing of the current directory is imported."""


@dataclass(frozen=True, slots=True)
class Person:
    """The account that the daemon runs as. ``other`` is set if it is not who runs this command."""

    name: str
    uid: int
    gid: int
    home: Path
    other: bool = False


def me() -> Person:
    """Who runs this command."""
    import pwd  # noqa: PLC0415  (no Windows has it)

    entry = pwd.getpwuid(os.getuid())
    return Person(entry.pw_name, entry.pw_uid, entry.pw_gid, Path(os.environ.get("HOME") or entry.pw_dir))


def somebody(name: str | None, config_file: Path) -> Person:
    """The account of this name, else whose configuration it is. Raises CommandFailed if that is root, or nobody."""
    import pwd  # noqa: PLC0415  (no Windows has it)

    try:
        entry = pwd.getpwuid(config_file.stat().st_uid) if name is None else pwd.getpwnam(name)
    except KeyError:
        hint = f"make it: sudo useradd --system {name}" if name else "name one with --user"
        raise CommandFailed(f"there is no account {name or 'that owns the configuration'}", hint=hint) from None
    except OSError as error:
        raise ConfigError(
            f"{config_file} cannot be read: {error.strerror}", hint="name the configuration with --config"
        ) from error
    if entry.pw_uid == 0:
        raise CommandFailed(
            "the service needs no rights of root, and is not run with them",
            hint="name the account that may read the folders: --user NAME",
            exit_code=USAGE,
        )
    return Person(entry.pw_name, entry.pw_uid, entry.pw_gid, Path(entry.pw_dir), other=entry.pw_uid != os.geteuid())


def manager_for(person: Person, *, system: bool) -> Manager:
    """The service manager of this platform. Raises CommandFailed where there is none that is known."""
    if sys.platform == "darwin":
        if system:
            raise CommandFailed("launchd runs it for the user who is logged in", hint="leave out --system")
        return Launchd(person.home, person.uid)
    if sys.platform != "linux":
        raise CommandFailed(
            f"no service manager is known for {sys.platform}", hint="have it run `picora-sync run`", exit_code=78
        )
    return Systemd(person.home, os.environ, person.name if system else "")


def environment_of(person: Person, environ: Mapping[str, str]) -> dict[str, str]:
    """What the daemon sees when a service manager starts it: hardly anything of the shell's variables."""
    kept = {} if person.other else carried(environ)
    session = (
        {}
        if person.other
        else {n: environ[n] for n in ("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "LANG") if environ.get(n)}
    )
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    login = {"HOME": str(person.home), "USER": person.name, "LOGNAME": person.name}
    return {**path, **login, **session, **kept}


def installation(config_file: Path, person: Person, *, system: bool) -> Installation:
    """This installation as the service will run it. It is started once, in the service's own environment, to say what
    it sees: what the shell alone knows is no help to it.

    Raises CommandFailed with what it said, if it cannot run so.
    """
    seen = _seen(config_file, person)
    key_file = Path(seen["key_file"]) if seen["key_file"] else None
    handed = key_file if system and key_file and not _owns(person, key_file) else None
    if handed is not None:
        key_in(handed)
    elif seen["key_trouble"]:
        raise CommandFailed(f"the service finds no key: {seen['key_trouble']}", hint=seen["key_hint"], exit_code=77)
    kept = {} if person.other else carried(os.environ)
    return Installation(PROGRAM, config_file, (Path(seen["state_dir"]), *map(Path, seen["folders"])), kept, handed)


def _seen(config_file: Path, person: Person) -> dict[str, str]:
    if person.other and os.geteuid() != 0:
        raise CommandFailed(f"only root can run a service as {person.name}", hint="run the same command with sudo")
    command = [*PROGRAM, "--config", str(config_file), "service", "surroundings"]
    drop = {"user": person.uid, "group": person.gid, "extra_groups": os.getgrouplist(person.name, person.gid)}
    try:
        said = subprocess.run(  # noqa: S603  # our own program, no shell
            command,
            env=environment_of(person, os.environ),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_WITHIN_S,
            check=False,
            **(drop if person.other else {}),  # type: ignore[call-overload]
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise CommandFailed(
            f"{person.name} cannot run {PROGRAM[0]}: {error}",
            hint="install picora-sync where that account can read it, such as /opt/picora-sync",
        ) from error
    if said.returncode:
        text = said.stderr.decode("utf-8", "replace").strip().removeprefix("Error: ")
        raise CommandFailed(f"as a service it would not start: {text}", exit_code=said.returncode)
    document: dict[str, str] = json.loads(said.stdout)
    return document


def _owns(person: Person, file: Path) -> bool:
    try:
        return file.stat().st_uid == person.uid
    except OSError:
        return True


def write(manager: Manager, content: bytes) -> None:
    """Put the file in its place, whole or not at all. Raises CommandFailed."""
    try:
        manager.file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=manager.file.parent, prefix=".picora-sync-", delete=False) as made:
            made.write(content)
        try:
            os.chmod(made.name, 0o644)  # noqa: PTH101  # as units are: the manager's own tools read it
            os.replace(made.name, manager.file)  # noqa: PTH105
        except BaseException:
            with suppress(OSError):
                os.unlink(made.name)  # noqa: PTH108
            raise
    except OSError as error:
        raise CommandFailed(
            f"{manager.file} cannot be written: {error.strerror or error}",
            hint="with --system, run it as root (sudo)",
        ) from error


def carry_out(manager: Manager, act: Act) -> None:
    """Have the manager do it. Raises CommandFailed with what it said."""
    require(manager)
    *first, last = manager.commands(act) or ((),)
    for command in first:
        _run(command)
    if last and (said := _run(last)):
        raise CommandFailed(f"`{' '.join(last)}` failed: {said}", hint=_hint(said))


def show(manager: Manager, act: Act) -> int:
    """Let its own tool speak; returns that one's exit code."""
    require(manager)
    command = manager.commands(act)[-1]
    try:
        return subprocess.run(command, check=False).returncode  # noqa: S603  # a list of words, no shell
    except FileNotFoundError:
        raise CommandFailed(f"{command[0]} is not installed", hint="see the log of your service manager") from None


def can_be_asked() -> bool:
    """Whether a service manager of one's own is there."""
    return sys.platform in ("linux", "darwin") and not manager_for(me(), system=False).absent


def require(manager: Manager) -> None:
    """Raises CommandFailed where the manager does not run."""
    if manager.absent:
        raise CommandFailed(
            f"{manager.absent}, so it cannot run the service",
            hint="`picora-sync run` is the daemon: have your own service manager, or cron's @reboot, start it",
            exit_code=78,
        )


def _run(command: Command) -> str:
    """What it complained of, "" if it succeeded."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603
    except FileNotFoundError:
        return f"{command[0]} is not installed"
    return (done.stderr.strip() or f"exit code {done.returncode}") if done.returncode else ""


def _hint(said: str) -> str:
    if "connect to bus" in said or "connect to user scope" in said:
        return "log in as this user, not through su or sudo: its service manager runs only then"
    return "`picora-sync service status` and `picora-sync service logs` say more"


def is_installed(file: Path) -> bool:
    """Whether the manager has a file of ours."""
    return file.is_file()


def system_account(config_file: Path, units: Path = SYSTEM_UNITS) -> str | None:
    """As whom the machine's service manager runs the daemon for this configuration; None if it does not."""
    named = command_line(["--config", str(config_file), "run"]).encode()
    for file in sorted(units.glob("picora-sync@*.service")):
        try:
            if named in file.read_bytes():
                return file.stem.partition("@")[2]
        except OSError:
            continue
    return None


def seen_service(config_file: Path) -> tuple[Person, Manager, bool]:
    """The system's service that names this configuration, which is told, if there is one; else one's own.

    Raises CommandFailed, KeyError or ImportError where there can be none.
    """
    account = system_account(config_file)
    person = me() if account is None else somebody(account, config_file)
    return person, manager_for(person, system=account is not None), account is not None


def lingers(name: str) -> bool:
    """Whether the user's service manager runs without a login."""
    return Path("/var/lib/systemd/linger", name).exists()
