"""What a service manager has to know of this installation and its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

CARRIED = (
    *("XDG_STATE_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *(f"{scheme}_proxy" for scheme in ("http", "https", "all", "no")),
    *(f"{scheme}_PROXY" for scheme in ("HTTP", "HTTPS", "ALL", "NO")),
)
"""Variables of the shell that change what the daemon does: a service has none of them by itself."""


@dataclass(frozen=True, slots=True)
class Installation:
    """``program`` is the command line up to the global options, its first word an absolute path. ``writable`` are the
    directories that the daemon writes to; ``key_file`` is set if the service manager has to hand the key over.
    """

    program: tuple[str, ...]
    config_file: Path
    writable: tuple[Path, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    key_file: Path | None = None

    @property
    def command(self) -> tuple[str, ...]:
        """The daemon's command line."""
        return (*self.program, "--config", str(self.config_file), "run")


def carried(environ: Mapping[str, str]) -> dict[str, str]:
    """What of the environment a service is given. A proxy's password is no part of it: units are read by others."""
    given = {name: environ[name] for name in CARRIED if environ.get(name)}
    return {name: value for name, value in given.items() if not (name.lower().endswith("proxy") and "@" in value)}
