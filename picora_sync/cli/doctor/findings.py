"""Facts → findings: a table of pure functions, each with the command that mends what it finds."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from picora_sync.cli.doctor.facts import Facts, FolderFacts
from picora_sync.cli.words import count, duration, size
from picora_sync.config.findings import ConfigMissing
from picora_sync.errors import IndexDamaged

MOST_AHEAD_S = 300.0
"""Certificates and time stamps bear a clock that is off by less."""
_PRIVATE = 0o700
_SHOWN = 5
_SYSCTL = "/etc/sysctl.d/60-picora-sync.conf"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and what mends it: a command where there is one. A ``remark`` is nothing to mend."""

    about: str
    message: str
    command: str = ""
    advice: str = ""
    remark: bool = False


Rule = Callable[[Facts], Iterator[Finding]]


def findings(facts: Facts) -> list[Finding]:
    """Everything that the rules find, in their order."""
    return [finding for rule in RULES for finding in rule(facts)]


def ours(facts: Facts, *words: str) -> str:
    """A command line of this program, for this configuration."""
    option = () if facts.is_default else ("--config", facts.config_file)
    return shlex.join(["picora-sync", *option, *words])


def of_service(facts: Facts, act: str) -> str:
    """A command line for the service that was seen."""
    seen = facts.service
    if seen is None or not seen.system:
        return ours(facts, "service", act)
    return ("" if seen.by_root else "sudo ") + ours(facts, "service", act, "--system", "--user", seen.user)


def configuration(facts: Facts) -> Iterator[Finding]:
    """The file can be used."""
    if facts.config is None:
        return
    if facts.config.code == ConfigMissing.code:
        yield Finding("configuration", facts.config.message, ours(facts, "init"))
    else:
        yield Finding("configuration", facts.config.message, ours(facts, "config", "check"), facts.config.hint)


def key(facts: Facts) -> Iterator[Finding]:
    """There is a key."""
    if facts.key is not None:
        yield Finding("key", facts.key.message, _command_in(facts.key.hint), facts.key.hint)


def account(facts: Facts) -> Iterator[Finding]:
    """Picora answers, and takes the key."""
    if facts.account is None or facts.account.trouble is None:
        return
    trouble = facts.account.trouble
    through = f" (through the proxy {facts.account.proxy})" if facts.account.proxy else ""
    yield Finding("account", trouble.message + through, ours(facts, "config", "check"), trouble.hint)


def scope(facts: Facts) -> Iterator[Finding]:
    """The key may do what a mirror does."""
    what = {
        "read": "the key may only read: nothing can be uploaded or made private",
        "read_write": "the key may not delete: what you delete here stays on Picora, and so do old versions of notes",
    }
    if facts.account and facts.account.scope in what:
        advice = "make a key with the scope read_write_delete in your Picora settings, and put it into "
        yield Finding(
            "key",
            what[facts.account.scope],
            advice=advice + facts.key_source,
        )


def clock(facts: Facts) -> Iterator[Finding]:
    """Our clock is about the server's."""
    ahead = facts.account.ahead_s if facts.account else None
    if ahead is not None and abs(ahead) > MOST_AHEAD_S:
        way = "ahead of" if ahead > 0 else "behind"
        yield Finding(
            "clock",
            f"the clock of this machine is {duration(abs(ahead))} {way} Picora's",
            "sudo timedatectl set-ntp true",
        )


def folders(facts: Facts) -> Iterator[Finding]:
    """Each folder is there, can be read, and sees its changes."""
    for folder in facts.folders:
        quoted = shlex.quote(folder.path)
        about = f"folder {folder.name}"
        if not folder.there:
            yield Finding(
                about,
                f"{folder.path} is not there: nothing of it is sent or deleted",
                f"ls -ld {quoted}",
                "mount it, or correct its path in the configuration",
            )
            continue
        if not folder.readable:
            yield Finding(about, f"{folder.path} cannot be read", f"chmod u+rx {quoted}")
        for path in folder.closed[:_SHOWN]:
            yield Finding(
                about, f"{path} cannot be read: nothing below it is sent or deleted", f"chmod u+rx {shlex.quote(path)}"
            )
        if len(folder.closed) > _SHOWN:
            yield Finding(about, f"and {len(folder.closed) - _SHOWN} more directories cannot be read")
        yield from _remarks(folder, about)


def _remarks(folder: FolderFacts, about: str) -> Iterator[Finding]:
    if folder.network:
        advice = "set `rescan:` of this folder to a few minutes"
        text = f"it is on {folder.network}: what other machines change there is seen by the next look through it alone"
        yield Finding(about, text, advice=advice, remark=True)
    if folder.readable and not folder.writable:
        text = "it cannot be written: without its marker an emptied folder and an unmounted disk look alike"
        advice = f"deletions are held then; to have the marker: chmod u+w {shlex.quote(folder.path)}"
        yield Finding(about, text, advice=advice, remark=True)
    if folder.ignores_case:
        yield Finding(about, "its file system takes A.md and a.md for one file", remark=True)


def watches(facts: Facts) -> Iterator[Finding]:
    """The kernel allows as many watches as there are directories."""
    needed = sum(folder.directories for folder in facts.folders)
    if facts.watches is not None and needed > facts.watches:
        wanted = max(524_288, 2 * needed)
        yield Finding(
            "watching",
            f"{needed:,} directories, and {facts.watches:,} can be watched: the rest is looked through now and then",
            f"echo fs.inotify.max_user_watches={wanted} | sudo tee {_SYSCTL} && sudo sysctl --system",
        )


def state(facts: Facts) -> Iterator[Finding]:
    """The index is sound, private, and has room."""
    if facts.state is None:
        return
    quoted = shlex.quote(facts.state.path)
    if facts.state.fault is not None:
        command = "rebuild" if facts.state.fault.code == IndexDamaged.code else "status"
        yield Finding("index", facts.state.fault.message, ours(facts, command), facts.state.fault.hint)
    if facts.state.mode is not None and facts.state.mode & ~_PRIVATE:
        yield Finding("index", f"others can look into {facts.state.path}", f"chmod 700 {quoted}")
    if facts.state.free_bytes < facts.state.needed_bytes:
        left = size(facts.state.free_bytes)
        yield Finding("disk", f"the disk of {facts.state.path} has only {left} left: work pauses", f"df -h {quoted}")
    if facts.state.network:
        advice = "put state_dir: on a disk of this machine"
        yield Finding("index", f"{facts.state.path} is on {facts.state.network}, where locks may fail", "", advice)


def service(facts: Facts) -> Iterator[Finding]:
    """The service is of this installation and this configuration, and runs."""
    seen = facts.service
    if seen is None or not seen.manager:
        return
    if not seen.installed:
        if not seen.absent:
            advice = f"to have it run by itself: {ours(facts, 'service', 'install')}"
            yield Finding("service", "it is not installed", advice=advice, remark=True)
        return
    if seen.refused is not None:
        yield Finding("service", f"it would not start: {seen.refused.message}", advice=seen.refused.hint)
    elif seen.outdated:
        lines = "; ".join(seen.outdated[:_SHOWN])
        yield Finding(
            "service", f"it is of another installation or configuration ({lines})", of_service(facts, "install")
        )
    if facts.mirror is not None and not facts.mirror.running and not seen.absent:
        yield Finding("service", "it is installed, and does not run", of_service(facts, "start"))
    if not seen.lingers:
        advice = f"to have it run from boot on: loginctl enable-linger {seen.user}"
        yield Finding("service", "it ends when you log out", advice=advice, remark=True)


def versions(facts: Facts) -> Iterator[Finding]:
    """The daemon that runs is the one that is installed."""
    daemon = facts.versions.daemon
    if daemon and daemon != facts.versions.program:
        command = "restart" if facts.service and facts.service.installed else ""
        text = f"the running daemon is {daemon}, and {facts.versions.program} is installed"
        yield Finding("version", text, of_service(facts, command) if command else "", "restart it")


def exposed(facts: Facts) -> Iterator[Finding]:
    """Nothing is public that should be private."""
    if facts.mirror is None or not facts.mirror.exposed:
        return
    names = ", ".join(facts.mirror.exposed[:_SHOWN])
    more = f", and {len(facts.mirror.exposed) - _SHOWN} more" if len(facts.mirror.exposed) > _SHOWN else ""
    yield Finding("visibility", f"public, and should be private: {names}{more}", ours(facts, "sync"))


def problems(facts: Facts) -> Iterator[Finding]:
    """Nothing needs attention."""
    if facts.mirror is not None and facts.mirror.state == "attention":
        told = ", ".join(f"{code} ({number})" for code, number in sorted(facts.mirror.problems.items()))
        number = count(sum(facts.mirror.problems.values()), "problem")
        yield Finding("files", f"{number} to see to: {told}", ours(facts, "problems"))


RULES: tuple[Rule, ...] = (
    *(configuration, key, account, scope, clock, folders, watches, state, service, versions, exposed, problems),
)


def _command_in(hint: str) -> str:
    """The command that a hint names."""
    for mark in ("run: ", "make it: "):
        if hint.startswith(mark):
            return hint.removeprefix(mark)
    return ""
