"""A command's request: asked of the running daemon, or carried out here, under the lock, if none runs."""

from __future__ import annotations

import os
import threading
import time

import click
from click.shell_completion import CompletionItem

from picora_sync.cli.failures import CommandFailed
from picora_sync.cli.paths import Roots, folder_of
from picora_sync.cli.settings import configuration
from picora_sync.config.model import Config
from picora_sync.control.client import ControlClient
from picora_sync.control.messages import A, Request
from picora_sync.errors import AnotherInstance, PicoraSyncError
from picora_sync.index.lock import is_held

START_WITHIN_S = 5.0
"""A daemon that is just starting listens within this time."""
_LOOK_EVERY_S = 0.1
_NO_KEY = "nothing-is-sent-here"


def find_daemon(config: Config) -> ControlClient | None:
    """The daemon that works with the state directory, None if nobody does.

    Raises AnotherInstance if somebody does who takes no commands.
    """
    until = time.monotonic() + START_WITHIN_S
    while (client := ControlClient.find(config.state_dir)) is None and is_held(config.state_dir):
        if time.monotonic() >= until:
            raise AnotherInstance(
                f"another picora-sync works with {config.state_dir}, and takes no commands",
                hint="a `sync` ends by itself; a daemon of an older version must be restarted",
            )
        time.sleep(_LOOK_EVERY_S)
    return client


def ask(config: Config, request: Request, kind: type[A]) -> tuple[A, bool]:
    """The answer, and whether a daemon gave it."""
    try:
        return _asked(config, request, kind) or (_carried_out(config, request, kind), False)
    except AnotherInstance:  # one that has begun between the look for it and the lock
        answer = _asked(config, request, kind)
        if answer is None:
            raise
        return answer


def _asked(config: Config, request: Request, kind: type[A]) -> tuple[A, bool] | None:
    client = find_daemon(config)
    if client is None:
        return None
    with client:
        return client.ask(request, kind), True


def _carried_out(config: Config, request: Request, kind: type[A]) -> A:
    from picora_sync.daemon import Daemon  # noqa: PLC0415  # only where none runs

    with Daemon.open(config, _NO_KEY, stop=threading.Event()) as daemon:
        answer = daemon.orders.carry_out(request)
        assert isinstance(answer, kind)  # noqa: S101  (each request has one kind of answer)
        return answer


def expect_state(config: Config) -> None:
    """Raises CommandFailed where nothing was ever mirrored: looking makes no state directory."""
    if not config.state_dir.is_dir():
        raise CommandFailed("nothing is known yet: there is no index", hint="run `picora-sync sync`")


def folder_name(argument: str, roots: Roots) -> str:
    """The folder that is meant by its name, or by where it is. Raises CommandFailed."""
    return folder_of(argument, roots, os.getcwd())  # noqa: PTH109  # as text, like every path here


def complete_folder(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001  # click's signature
    """The names of configured folders, for the shell; where they are is for the shell itself."""
    if incomplete[:1] in ("/", ".", "~"):
        return [CompletionItem(incomplete, type="dir")]
    try:
        names = [folder.name for folder in configuration(ctx).folders]
    except PicoraSyncError:
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
