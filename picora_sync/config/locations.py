"""Where things lie by default, on each platform (platformdirs), and how a path in the file is meant."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import platformdirs

_APP = "picora-sync"


def default_config_file() -> Path:
    """``config.yaml`` in the platform's configuration directory: ``~/.config/picora-sync`` on Linux."""
    return platformdirs.user_config_path(_APP, appauthor=False) / "config.yaml"


def default_state_dir(environ: Mapping[str, str]) -> Path:
    """The directory systemd made for the service (``StateDirectory=``), else the platform's state directory."""
    given = environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(given) if given else platformdirs.user_state_path(_APP, appauthor=False)


def resolve(text: str, base: Path, environ: Mapping[str, str]) -> Path:
    """An absolute path, lexically clean; ``~`` is $HOME, a relative path starts at ``base``. Nothing is looked up on
    disk, so that a folder that is mounted later keeps its name.
    """
    path = Path(text)
    if path.parts[:1] == ("~",) and environ.get("HOME"):
        path = Path(environ["HOME"], *path.parts[1:])
    else:
        path = path.expanduser()
    return Path(os.path.normpath(base / path))
