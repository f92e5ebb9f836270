"""What ``up`` mirrors, and where: folders named on the command line, and one directory for server and state."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from picora_sync.cli.embedded import EmbeddedPicora
from picora_sync.cli.failures import USAGE, CommandFailed
from picora_sync.cli.words import safe
from picora_sync.config.load import load_config
from picora_sync.config.model import AccountConfig, Config, Plan
from picora_sync.config.show import effective_yaml
from picora_sync.core.policy import Folder, Settle
from picora_sync.errors import ConfigError
from picora_sync.index import Index
from picora_sync.index.lock import InstanceLock
from picora_sync.report import INDEX_NAME

NOTE_SETTLE = Settle(quiet_s=2.0, at_most_s=30.0)
AUDIO_SETTLE = Settle(quiet_s=3.0, at_most_s=30.0)
DELETE_AFTER_S = 5.0
_SPECIAL = "\\*?[]!# "


@dataclass(frozen=True, slots=True)
class Playground:
    """A data directory: ``server/`` is the embedded Picora's, ``state/`` is ours."""

    data: Path

    @property
    def server_dir(self) -> Path:
        """What the embedded Picora keeps."""
        return self.data / "server"

    @property
    def state_dir(self) -> Path:
        """The index."""
        return self.data / "state"

    @property
    def config_file(self) -> Path:
        """``picora-sync --config`` with this file looks at the mirror, while it runs and afterwards."""
        return self.data / "config.yaml"

    def prepare(self, roots: Sequence[str]) -> None:
        """Make the directories; raises AnotherInstance if they are in use, CommandFailed if they are to be mirrored."""
        own = [os.path.realpath(each) for each in (self.data, self.server_dir, self.state_dir)]
        if any(root == own[0] or f"{root}/".startswith((f"{own[1]}/", f"{own[2]}/")) for root in roots):
            hint = "name another --data, beside the folders or in a directory of its own inside one"
            raise CommandFailed(f"{self.data} cannot be mirrored into itself", hint=hint, exit_code=USAGE)
        try:
            self.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise CommandFailed(f"{self.data} cannot be used: {error.strerror}", hint="name another --data") from error
        lock = InstanceLock(self.state_dir)
        lock.acquire()
        lock.release()

    def port(self) -> int:
        """The port of the last time, so that URLs stay the same; 0 if there was none."""
        try:
            return urlsplit(load_config(self.config_file, os.environ).account.url).port or 0
        except ConfigError:
            return 0

    def names(self) -> dict[str, str]:
        """The names that roots had the last time, by root: a folder keeps its name, and so its index."""
        index = Index.open_for_reading(self.state_dir / INDEX_NAME)
        if index is None:
            return {}
        try:
            return {root: name for name, root in index.folders()}
        finally:
            index.close()

    def config(self, picora: EmbeddedPicora, folders: Sequence[Folder]) -> Config:
        """The configuration in force; it is also written down for the other commands."""
        account = AccountConfig(picora.url, Plan.PRO_PLUS, self.server_dir / "key")
        config = Config(account, tuple(folders), self.state_dir)
        scratch = self.config_file.with_suffix(".new")
        scratch.unlink(missing_ok=True)
        with scratch.open("x", encoding="utf-8", errors="surrogateescape") as file:  # never through a link
            file.write(effective_yaml(config))
        scratch.replace(self.config_file)
        return config


def check_roots(arguments: Sequence[str]) -> list[str]:
    """Absolute roots; raises CommandFailed for what is no directory, or lies inside another one."""
    roots = list(dict.fromkeys(os.path.realpath(argument) for argument in arguments))
    for argument, root in zip(arguments, map(os.path.realpath, arguments), strict=True):
        if not os.path.lexists(argument):
            raise CommandFailed(f"there is no folder {argument}", hint="name an existing one", exit_code=USAGE)
        if not os.path.isdir(root):  # noqa: PTH112  # bytes that are no UTF-8 must survive
            raise CommandFailed(f"{argument} is no folder", hint="name the one that holds it", exit_code=USAGE)
    for outer in roots:
        for inner in roots:
            if inner.startswith(f"{outer.rstrip('/')}/"):
                raise CommandFailed(f"{inner} lies inside {outer}", hint="name only one of them", exit_code=USAGE)
    return roots


def make_folders(roots: Sequence[str], names: Mapping[str, str], data: Path) -> list[Folder]:
    """One folder per root, quick to settle; what ``up`` itself keeps inside one is left out."""
    taken = {name.casefold() for name in names.values()}
    folders = []
    for root in roots:
        name = names.get(root) or _name(root, taken)
        taken.add(name.casefold())
        folders.append(
            Folder(
                name=name,
                root=root,
                ignore=_ignore(root, os.path.realpath(data)),
                doc_settle=NOTE_SETTLE,
                audio_settle=AUDIO_SETTLE,
                delete_after_s=DELETE_AFTER_S,
            )
        )
    return folders


def _name(root: str, taken: Collection[str]) -> str:
    wanted = safe(os.path.basename(root)).strip() or "root"  # noqa: PTH119  # as above
    name, number = wanted, 1
    while name.casefold() in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name


def _ignore(root: str, data: str) -> tuple[str, ...]:
    prefix = f"{root.rstrip('/')}/"
    if not data.startswith(prefix):
        return ()
    path = "".join(f"\\{each}" if each in _SPECIAL else each for each in data.removeprefix(prefix))
    return (f"/{path}/",)
