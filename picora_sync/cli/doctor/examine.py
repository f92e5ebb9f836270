"""Looking: facts of this machine, this installation and this account. Nothing is changed."""

from __future__ import annotations

import os
import platform
import stat
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from urllib.parse import urlsplit

import click

from picora_sync import __version__
from picora_sync.account import client_of
from picora_sync.cli.disk_full import ROOM_BYTES, free_bytes
from picora_sync.cli.doctor.facts import (
    AccountFacts,
    Facts,
    FolderFacts,
    MirrorFacts,
    ServiceFacts,
    StateFacts,
    Trouble,
    Versions,
)
from picora_sync.cli.failures import CommandFailed
from picora_sync.cli.service_host import installation, is_installed, lingers, seen_service
from picora_sync.cli.settings import config_file, configuration, look_at
from picora_sync.cli.status_view import everything_wrong, standing
from picora_sync.config.keys import Key, find_key
from picora_sync.config.locations import default_config_file
from picora_sync.config.model import Config
from picora_sync.control.client import ControlClient
from picora_sync.core.model import Account
from picora_sync.core.pacing import Pacing
from picora_sync.core.policy import Folder
from picora_sync.disk.lease import ELSEWHERE, file_system_of
from picora_sync.errors import ConfigError, IndexDamaged, PicoraSyncError, Stopped
from picora_sync.index import Index
from picora_sync.index.listing import entries
from picora_sync.index.store import SQLITE
from picora_sync.plan_command import prospect
from picora_sync.remote.pacer import ThreadPacer
from picora_sync.report import INDEX_NAME
from picora_sync.service.managers import Systemd

PROGRAM = f"picora-sync/{__version__}"
_WATCHES = Path("/proc/sys/fs/inotify/max_user_watches")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_MOST_NAMES = 200


def examine(ctx: click.Context, key: Key | None, config: Config | None, refused: PicoraSyncError | None) -> Facts:
    """Everything that can be known, given what was found of configuration and key."""
    file = str(config_file(ctx).absolute())
    is_default = file == str(default_config_file())
    versions = _versions(config)
    if config is None:
        return Facts(versions, file, is_default, config=_trouble(refused))
    account, who = (None, None) if key is None else _account(config, key)
    state = _state(config)
    return Facts(
        versions=versions,
        config_file=file,
        is_default=is_default,
        key=_trouble(refused),
        key_source="" if key is None else key.source,
        account=account,
        folders=tuple(_folder(folder) for folder in config.folders),
        watches=_number_in(_WATCHES),
        state=state,
        service=_service(Path(file)),
        mirror=None if state.fault is not None else _mirror(ctx, config, who),
    )


def found(ctx: click.Context) -> tuple[Config | None, Key | None, PicoraSyncError | None]:
    """Configuration and key, as far as there are any, and why not."""
    try:
        config = configuration(ctx)
    except ConfigError as error:
        return None, None, error
    try:
        return config, find_key(config, os.environ), None
    except PicoraSyncError as error:
        return config, None, error


def _trouble(error: PicoraSyncError | None) -> Trouble | None:
    return None if error is None else Trouble(error.message, error.hint, error.code)


def _versions(config: Config | None) -> Versions:
    try:
        client = None if config is None else ControlClient.find(config.state_dir)
        if client is None:
            daemon = ""
        else:
            with client:
                daemon = client.program()
    except PicoraSyncError:
        daemon = ""
    return Versions(PROGRAM, platform.python_version(), SQLITE, platform.platform(), sys.prefix, daemon)


def _account(config: Config, key: Key) -> tuple[AccountFacts, Account | None]:
    url = config.account.url
    proxy = _proxy_for(url)
    stop = threading.Event()
    pacer = ThreadPacer(Pacing(), time.monotonic, stop)
    try:
        with client_of(config, key.secret, pacer, stop) as client:
            who = client.with_usage(client.verify(once=True))
            scope = client.permissions().scope or ""
            told = client.server_time()
            ahead_s = None if told is None else time.time() - told
            return AccountFacts(url, who.user_id, who.plan, scope, ahead_s, proxy), who
    except (PicoraSyncError, Stopped) as error:
        trouble = Trouble(str(error), getattr(error, "hint", ""), getattr(error, "code", ""))
        return AccountFacts(url, proxy=proxy, trouble=trouble), None


def _proxy_for(url: str) -> str:
    """Without name and password."""
    parts = urlsplit(url)
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all") or ""
    host = parts.hostname or ""
    return "" if host in _LOOPBACK or urllib.request.proxy_bypass(host) else proxy.rpartition("@")[2]


def _folder(folder: Folder) -> FolderFacts:
    root = folder.root
    try:
        found = os.stat(root)  # noqa: PTH116  # as text, like every path here
    except (OSError, ValueError):
        return FolderFacts(folder.name, root, there=False)
    if not stat.S_ISDIR(found.st_mode):
        return FolderFacts(folder.name, root, there=False)
    number, closed = _directories(root)
    return FolderFacts(
        name=folder.name,
        path=root,
        readable=os.access(root, os.R_OK | os.X_OK),
        writable=os.access(root, os.W_OK),
        directories=number,
        closed=tuple(closed),
        network=_network(found.st_dev),
        ignores_case=_ignores_case(root),
    )


def _directories(root: str) -> tuple[int, list[str]]:
    """How many there are, hidden ones left out, and which of them cannot be read."""
    closed: list[str] = []

    def note(error: OSError) -> None:
        if isinstance(error, PermissionError) and error.filename != root:
            closed.append(str(error.filename))

    number = 0
    for _, names, _ in os.walk(root, onerror=note):
        number += 1
        names[:] = [name for name in names if not name.startswith(".")]
    return number, closed


def _ignores_case(root: str) -> bool:
    """Told by a name that is there anyway: nothing is written."""
    try:
        with os.scandir(root) as listing:
            names = [entry.name for _, entry in zip(range(_MOST_NAMES), listing, strict=False)]
        for name in names:
            if (other := name.swapcase()) != name and other not in names:
                return os.path.lexists(f"{root}/{other}")
    except OSError:
        return False
    return False


def _network(device: int) -> str:
    kind = file_system_of(device)
    return kind if kind in ELSEWHERE or kind.startswith("fuse.sshfs") else ""


def _number_in(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _state(config: Config) -> StateFacts:
    path = config.state_dir
    try:
        seen = path.stat()
    except OSError:
        return StateFacts(str(path))
    fault = None
    try:
        index = Index.open_for_reading(path / INDEX_NAME)
        if index is not None:
            try:
                broken = index.fault()
            finally:
                index.close()
            if broken is not None:
                fault = Trouble(f"the index is damaged: {broken}", "nothing is uploaded twice", IndexDamaged.code)
    except PicoraSyncError as error:
        index, fault = None, _trouble(error)
    return StateFacts(
        path=str(path),
        mode=stat.S_IMODE(seen.st_mode) if os.name == "posix" else None,
        free_bytes=free_bytes(path),
        needed_bytes=ROOM_BYTES,
        network=_network(seen.st_dev),
        fault=fault,
        indexed=index is not None,
    )


def _service(file: Path) -> ServiceFacts:
    """The system's service that names this configuration, if there is one, else the user's own."""
    try:
        person, manager, system = seen_service(file)
    except (CommandFailed, KeyError, ImportError):
        return ServiceFacts()
    installed = is_installed(manager.file)
    outdated, refused = tuple[str, ...](), None
    if installed and (not person.other or os.geteuid() == 0):  # else nobody can see what it sees
        try:
            wanted = manager.content(installation(file, person, system=system))
            outdated = tuple(_differences(manager.file.read_bytes(), wanted))
        except (CommandFailed, PicoraSyncError) as error:
            refused = Trouble(error.message, error.hint)
        except OSError as error:
            refused = Trouble(f"{manager.file} cannot be read: {error.strerror}")
    own = isinstance(manager, Systemd) and not system
    return ServiceFacts(
        manager="systemd" if isinstance(manager, Systemd) else "launchd",
        absent=manager.absent,
        file=str(manager.file),
        installed=installed,
        outdated=outdated,
        refused=refused,
        lingers=not (installed and own and not manager.absent) or lingers(person.name),
        user=person.name,
        system=system,
        by_root=os.geteuid() == 0,
    )


def _differences(is_there: bytes, wanted: bytes) -> Iterator[str]:
    old, new = (text.decode("utf-8", "replace").splitlines() for text in (is_there, wanted))
    for line in unified_diff(old, new, n=0, lineterm=""):
        if line[:1] in "+-" and not line.startswith(("+++", "---")):
            yield line


def _mirror(ctx: click.Context, config: Config, who: Account | None) -> MirrorFacts:
    with look_at(ctx) as look:
        now = standing(look)
        wrong = Counter(concern.problem.code for concern in everything_wrong(look) if concern.serious)
        public = sum(bool(entry.object and entry.object.public) for entry in entries(look.index, moving=look.moving))
    try:
        plan = prospect(config, who)
    except PicoraSyncError:
        return MirrorFacts(now.state, now.running, dict(wrong), public)
    exposed = {
        f"{each.folder}/{each.path}" for each in plan.actions if each.public_before and each.public_after is False
    }
    return MirrorFacts(now.state, now.running, dict(wrong), public, tuple(sorted(exposed)))
