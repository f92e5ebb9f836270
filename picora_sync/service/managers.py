"""The service managers: where each keeps what it runs, and the command lines that have it do something. Nothing is run
or written here, and no shell reads any of it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from picora_sync.service.agent import LABEL, agent
from picora_sync.service.installation import Installation
from picora_sync.service.units import system_unit, user_unit

Command = tuple[str, ...]
SYSTEM_UNITS = Path("/etc/systemd/system")
"""Where the administrator's own units are."""


class Act(StrEnum):
    """What a service manager can be asked to do."""

    ENABLE = "enable"
    DISABLE = "disable"
    FORGET = "forget"
    """The file is gone."""
    START = "start"
    STOP = "stop"
    RESTART = "restart"
    STATUS = "status"
    LOGS = "logs"
    FOLLOW = "follow"


class Manager(Protocol):
    """One service manager, for one user or the machine."""

    @property
    def file(self) -> Path:
        """Where it reads what to run."""

    def content(self, installation: Installation) -> bytes:
        """What stands there."""

    def commands(self, act: Act) -> tuple[Command, ...]:
        """One after the other; only the last one must succeed, the others prepare for it."""

    @property
    def absent(self) -> str:
        """Why nothing can be asked of it here; "" if it can."""


@dataclass(frozen=True, slots=True)
class Systemd:
    """systemd; ``user`` is the account for which the machine's own manager runs the daemon, "" for a user's own one."""

    home: Path
    environ: Mapping[str, str]
    user: str = ""

    @property
    def unit(self) -> str:
        """The unit's name."""
        return f"picora-sync@{self.user}.service" if self.user else "picora-sync.service"

    @property
    def file(self) -> Path:
        """As in the protocol."""
        if self.user:
            return SYSTEM_UNITS / self.unit
        return Path(self.environ.get("XDG_CONFIG_HOME") or self.home / ".config", "systemd", "user", self.unit)

    @property
    def absent(self) -> str:
        """As in the protocol."""
        return "" if os.path.isdir("/run/systemd/system") else "systemd does not run this machine"  # noqa: PTH112

    def content(self, installation: Installation) -> bytes:
        """As in the protocol."""
        unit = system_unit(installation, self.user) if self.user else user_unit(installation)
        return unit.encode()

    def commands(self, act: Act) -> tuple[Command, ...]:
        """As in the protocol."""
        scope = () if self.user else ("--user",)
        systemctl = ("systemctl", *scope)
        journal = ("journalctl", *scope, "--unit", self.unit, "--lines", "100")
        reload = (*systemctl, "daemon-reload")
        again = (*systemctl, "restart", self.unit)
        return {
            Act.ENABLE: (reload, (*systemctl, "enable", self.unit), again),  # an older one may run already
            Act.DISABLE: ((*systemctl, "disable", "--now", self.unit),),
            Act.FORGET: (reload,),
            Act.START: ((*systemctl, "start", self.unit),),
            Act.STOP: ((*systemctl, "stop", self.unit),),
            Act.RESTART: (again,),
            Act.STATUS: ((*systemctl, "status", "--no-pager", "--lines", "5", self.unit),),
            Act.LOGS: ((*journal, "--no-pager"),),
            Act.FOLLOW: ((*journal, "--follow"),),
        }[act]


@dataclass(frozen=True, slots=True)
class Launchd:
    """The agents of the user who is logged in to a Mac."""

    home: Path
    uid: int

    @property
    def log(self) -> Path:
        """Where the daemon's log goes."""
        return self.home / "Library" / "Logs" / "picora-sync.log"

    @property
    def file(self) -> Path:
        """As in the protocol."""
        return self.home / "Library" / "LaunchAgents" / f"{LABEL}.plist"

    @property
    def absent(self) -> str:
        """As in the protocol."""
        return ""

    def content(self, installation: Installation) -> bytes:
        """As in the protocol."""
        return agent(installation, self.log)

    def commands(self, act: Act) -> tuple[Command, ...]:
        """As in the protocol."""
        domain = f"gui/{self.uid}"
        service = f"{domain}/{LABEL}"
        load = ("launchctl", "bootstrap", domain, str(self.file))
        unload = ("launchctl", "bootout", service)
        start, tail = ("launchctl", "kickstart"), ("tail", "-n", "100")
        return {
            Act.ENABLE: (unload, load),
            Act.DISABLE: (unload,),
            Act.FORGET: (),
            Act.START: (load, (*start, service)),
            Act.STOP: (unload,),
            Act.RESTART: (load, (*start, "-k", service)),
            Act.STATUS: (("launchctl", "print", service),),
            Act.LOGS: ((*tail, str(self.log)),),
            Act.FOLLOW: ((*tail, "-F", str(self.log)),),
        }[act]
