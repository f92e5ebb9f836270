"""launchd's agent (launchd.plist(5)): a value, not yet a file."""

from __future__ import annotations

import plistlib
from pathlib import Path
from typing import Any

from picora_sync.service.installation import Installation

LABEL = "me.picora.sync"


def agent(installation: Installation, log: Path) -> bytes:
    """The property list of one user's agent. launchd cannot be told which exit codes are final: what keeps it from
    starting is tried again once a minute.
    """
    content: dict[str, Any] = {
        "Label": LABEL,
        "ProgramArguments": list(installation.command),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 60,
        "ExitTimeOut": 30,
        "ProcessType": "Background",
        "StandardErrorPath": str(log),
        "Umask": 0o077,
    }
    if installation.environ:
        content["EnvironmentVariables"] = dict(installation.environ)
    return plistlib.dumps(content)
