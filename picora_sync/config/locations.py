"""Where things lie by default, on each platform (platformdirs), and how a path in the file is meant."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from picora_sync.errors import ConfigError

_APP = "picora-sync"


def default_config_file() -> Path:
    """``config.yaml`` in the platform's configuration directory: ``~/.config/picora-sync`` on Linux."""
    return platformdirs.user_config_path(_APP, appauthor=False) / "config.yaml"


def default_state_dir(environ: Mapping[str, str]) -> Path:
    """The directory systemd made for the service (``StateDirectory=``), else the platform's state directory."""
    given = environ.get("STATE_DIRECTORY", "").split(":")[0]
    if given:
        return Path(given).absolute()
    path = platformdirs.user_state_path(_APP, appauthor=False)
    if not path.is_absolute():
        raise ConfigError(
            f"no place for the index is known: {path} is no absolute path",
            hint="set HOME or XDG_STATE_HOME to an absolute path, or write state_dir: into the configuration",
        )
    return path


def read_regular(file: Path, most_bytes: int) -> bytes:
    """The beginning of a file. Raises OSError, also for a pipe, which would keep us waiting for whoever writes it."""
    descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as stream:
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is a pipe, not a file")
        return stream.read(most_bytes)


def resolve(text: str, base: Path, environ: Mapping[str, str]) -> Path:
    """An absolute path, lexically clean; ``~`` is $HOME, a relative path starts at ``base``. Nothing is looked up on
    disk, so that a folder that is mounted later keeps its name.
    """
    path = Path(text)
    if path.parts[:1] == ("~",) and environ.get("HOME"):
        path = Path(environ["HOME"], *path.parts[1:])
    else:
        try:
            path = path.expanduser()
        except RuntimeError as error:
            raise ConfigError(f"nobody's home is known for {path.parts[0]}", hint="write the path out") from error
    return Path(os.path.normpath(base / path))
